//! The deeds of guests, and the checks of what they are told.

use std::collections::BTreeMap;

use herd::node::LookupError;
use herd::units::{ConnId, LookupId, MILLISECOND};

use super::guest::{Acked, Facts, Guest, State, Value, no_answer, rank, value};
use super::visit::{Ask, Leaves};
use super::world::{Happening, World};
use crate::support::kernel::{Answer, Numbers, Watch};
use crate::support::shell::Shell;
use crate::support::wire::{End, Holder, Network, Wire};

impl World {
    /// A guest comes, says the next piece, or leaves.
    pub fn step(&mut self, number: usize) {
        let guest = &mut self.guests[number];
        let (place, delay) = (guest.visit.place, guest.visit.delay);
        match (guest.state, guest.wire) {
            (State::Away, _) => {
                guest.state = State::Here;
                self.said.extend(said(guest));
                let holders = [Holder::Guest(number), Holder::Kernel(place)];
                let from = ([192, 0, 2, 1], 50_000 + number as u16).into();
                let end = self.connect(Wire::new(holders, from, [delay; 2]));
                self.guests[number].wire = Some(end.wire);
                self.plan(self.now + delay, Happening::Knock(end.other()));
                self.next_step(number, delay);
            }
            (State::Here, Some(wire)) => match guest.visit.pieces.get(guest.sent) {
                Some((_, count)) => {
                    let before = &guest.visit.pieces[..guest.sent];
                    let start: usize = before.iter().map(|(_, count)| count).sum();
                    let bytes = guest.visit.stream[start..start + count].to_vec();
                    guest.sent += 1;
                    self.send(End::dialler(wire), &bytes);
                    self.next_step(number, 0);
                }
                None => self.leave(number, wire),
            },
            _ => {}
        }
    }

    fn next_step(&mut self, number: usize, wait: u64) {
        let guest = &self.guests[number];
        let gap = guest
            .visit
            .pieces
            .get(guest.sent)
            .map_or(0, |(gap, _)| *gap);
        self.plan(self.now + wait + gap, Happening::Step(number));
    }

    /// All is said.
    fn leave(&mut self, number: usize, wire: usize) {
        let guest = &mut self.guests[number];
        let answered = guest.answered == guest.visit.lines.len();
        match guest.visit.leaves {
            Leaves::Rudely => {
                guest.state = State::Void;
                self.reset(End::dialler(wire));
            }
            // An unterminated line is one only when the end is said.
            Leaves::Late if !answered && guest.visit.stream.ends_with(b"\n") => {}
            Leaves::Late | Leaves::Politely => {
                guest.finished = true;
                self.finish(End::dialler(wire));
            }
        }
    }

    /// Something has come for a guest.
    pub fn guest_hears(&mut self, number: usize) {
        let guest = &mut self.guests[number];
        if !std::mem::replace(&mut guest.reading, true) {
            let (_, pause) = guest.visit.reads;
            self.plan(self.now + pause, Happening::Read(number));
        }
    }

    /// A guest reads what has come.
    pub fn guest_reads(&mut self, number: usize) {
        let guest = &mut self.guests[number];
        guest.reading = false;
        let (State::Here, Some(wire)) = (guest.state, guest.wire) else {
            return;
        };
        let side = &self.wires[wire].sides[0];
        let (there, ended, broken) = (side.unread().len(), side.ended, side.broken);
        if broken {
            let told = (guest.received, guest.checked);
            let what = format!("guest {number} was reset after {told:?} bytes");
            self.guests[number].state = State::Void;
            return self.fail("resets", what);
        }
        let count = there.min(guest.visit.reads.0);
        if count > 0 {
            guest.received += count;
            let late = guest.visit.leaves == Leaves::Late
                && !guest.finished
                && guest.sent == guest.visit.pieces.len()
                && guest.answered == guest.visit.lines.len()
                && guest.received == guest.checked;
            self.tell_guest(number, wire, count);
            self.took(End::dialler(wire), count);
            if late {
                self.guests[number].finished = true;
                self.finish(End::dialler(wire));
            }
        }
        if count < there || count > 0 && ended {
            return self.guest_hears(number);
        }
        if ended {
            let guest = &mut self.guests[number];
            guest.state = State::Served;
            let whole = guest.answered == guest.visit.lines.len();
            let all = guest.received == guest.checked;
            if !whole || !all {
                let (got, lines) = (guest.answered, guest.visit.lines.len());
                let what = format!("guest {number} got {got} of {lines} answers, and the end");
                self.fail("answers", what);
            }
            self.close(End::dialler(wire));
        }
    }

    fn tell_guest(&mut self, number: usize, wire: usize, count: usize) {
        let place = self.guests[number].visit.place;
        if let Some(trace) = &mut self.trace {
            let bytes = &self.wires[wire].sides[0].unread()[..count];
            trace.outside(self.now, place, number, '<', bytes);
        }
    }

    /// Counts, and tells, the lines of a neighbour.
    fn count(&mut self, end: End, way: (usize, usize), bytes: &[u8]) -> Option<u64> {
        let mut mark = None;
        let line = &mut self.wires[end.wire].sides[end.side].line;
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            line.extend_from_slice(piece);
            if line.last() != Some(&b'\n') {
                break;
            }
            mark = line.strip_prefix(b"MARK ").and_then(|rest| {
                let seq = rest.split(|&byte| byte == b' ').next()?;
                std::str::from_utf8(seq).ok()?.parse().ok()
            });
            let counts = match line.starts_with(b"AT ") {
                true => &mut self.carried,
                false => &mut self.spoken,
            };
            *counts.entry(way).or_default() += 1;
            if let Some(trace) = &mut self.trace {
                trace.line(self.now, way, line);
            }
            line.clear();
        }
        mark
    }

    /// An acknowledged update is known, and must not be lost.
    fn raise_floor(&mut self, server: &Shell, acked: Vec<Acked>) {
        for acked in acked {
            let (client, new) = (acked.client, acked.value);
            let known = line_of(server, &client).and_then(|line| value(&line));
            match known {
                Some((_, known)) if known >= new => {
                    let floor = self.floor.entry(client).or_insert_with(|| known.clone());
                    if *floor < known {
                        *floor = known;
                    }
                }
                known => {
                    let what = format!("{client} at {new:?} is acknowledged, but {known:?} known");
                    self.fail("acknowledged", what);
                }
            }
        }
    }

    /// A server has lost its state. Updates that nobody else holds may be lost with it.
    pub fn lower_floor(&mut self, gone: usize) {
        let mut held: BTreeMap<String, Value> = BTreeMap::new();
        for (place, server) in self.servers() {
            for line in server
                .node
                .inspect()
                .lines()
                .into_iter()
                .filter(|_| place != gone)
            {
                if let Some((client, value)) = value(line) {
                    let most = held.entry(client).or_insert_with(|| value.clone());
                    if *most < value {
                        *most = value;
                    }
                }
            }
        }
        self.floor.retain(|client, floor| match held.get(client) {
            Some(most) => {
                if *floor > *most {
                    *floor = most.clone();
                }
                true
            }
            None => false,
        });
    }

    /// The line of the client of that WHATSAT, as the server knows it.
    pub fn known(&self, server: &Shell, numbers: Numbers) -> Vec<u8> {
        let lines = self.guests.iter().flat_map(|guest| &guest.visit.lines);
        let client = lines.into_iter().find_map(|line| match &line.ask {
            Ask::Whatsat {
                client,
                numbers: it,
            } if *it == numbers => Some(client),
            _ => None,
        });
        client
            .and_then(|client| line_of(server, client))
            .unwrap_or_default()
    }

    /// Every AT line of a table is a client's, heard by the server that it names.
    pub fn invented(&self, line: &[u8]) -> bool {
        let known = value(line).is_some_and(|said| self.said.contains(&said));
        let server = rank(line).map(|(_, [_, server, ..])| server);
        let named = |name: &String| Some(name.as_bytes()) == server.as_deref();
        !known || !self.places.iter().any(|place| named(&place.name))
    }
}

impl Watch for World {
    fn heard(&mut self, shell: &Shell, end: End, bytes: &[u8]) -> Option<u64> {
        let place = shell.place;
        self.mark((place as u64) << 32 | end.wire as u64, bytes);
        if let Holder::Guest(number) = self.side(end.other()).holder {
            let now = self.now;
            let calm = self.calm(shell);
            let guest = &mut self.guests[number];
            let known = |client: &str| line_of(shell, client);
            guest.hears(bytes.len(), (now, calm), known);
            if let Some(trace) = &mut self.trace {
                trace.outside(now, place, number, '>', bytes);
            }
        }
        let way = self.wires[end.wire].way(1 - end.side)?;
        self.count(end, way, bytes)
    }

    /// `MARK <seq>` says that all up to there was told: if that is all there is, the listener has
    /// it now, or better.
    fn marked(&mut self, listener: &Shell, conn: ConnId, end: End, seq: u64) {
        let Holder::Server(place, _) = self.side(end.other()).holder else {
            return;
        };
        let Some(teller) = self.places[place].server.as_deref() else {
            return;
        };
        let obeyed = listener
            .node
            .inspect()
            .conn_stats(conn)
            .is_some_and(|load| load.unread == 0);
        let (told, heard) = (
            teller.node.inspect().table(),
            listener.node.inspect().table(),
        );
        if self.garble.is_done || !obeyed || told.seq != seq || told.digest == heard.digest {
            return;
        }
        let lacks = teller.node.inspect().lines().into_iter().find(|line| {
            let client = value(line).map(|(client, _)| client).unwrap_or_default();
            let known = line_of(listener, &client);
            known.is_none_or(|known| rank(&known) < rank(line))
        });
        if let Some(line) = lacks {
            let what = format!("MARK {seq} came before {}", line.escape_ascii());
            self.fail("mark", what);
        }
    }

    /// Bytes for a guest are right, or the run fails.
    fn offered(&mut self, server: &Shell, end: End, unsent: &[u8]) {
        let number = match self.side(end.other()).holder {
            Holder::Guest(number) => number,
            Holder::Watcher(number) => return self.check_watched(server, number, unsent),
            _ => return,
        };
        let (place, error_after) = (server.place, self.error_after());
        let guest = &mut self.guests[number];
        let fresh = (guest.written + unsent.len()).saturating_sub(guest.checked);
        if fresh == 0 {
            return;
        }
        let facts = Facts {
            name: &self.places[place].name,
            clock: &self.places[place].clock,
            now: self.now,
            line_max: self.weather.limits.client_line,
            half_line: self.weather.limits.half_line,
            error_after,
            lookups: &self.lookups,
        };
        match guest.check(&unsent[unsent.len() - fresh..], &facts) {
            Ok(acked) => {
                self.check_journaled(server, &acked);
                self.check_everywhere(&acked);
                self.raise_floor(server, acked);
            }
            Err(what) => self.fail("replies", format!("to guest {number}: {what}")),
        }
    }

    /// After the server gave it up, an answer is nothing.
    fn answered(&mut self, numbers: Numbers, answer: &Answer) {
        let text = match answer {
            Ok(json) => [&json[..], b"\n\n"].concat(),
            Err(LookupError::Busy) => no_answer("too many lookups at once; ask again later"),
            Err(LookupError::Failed(why)) => no_answer(why),
            Err(LookupError::Refused(refusal)) => [&refusal.text[..], b"\n\n"].concat(),
            Err(LookupError::Late) => return,
        };
        if let Some(lookup) = self.lookups.get_mut(&numbers) {
            lookup.text.get_or_insert(text);
        }
    }

    /// A worker that is at it goes on, or not.
    fn forgotten(&mut self, _: &Shell, _: LookupId, numbers: Numbers) -> bool {
        if let Some(lookup) = self.lookups.get_mut(&numbers) {
            let late = no_answer("the place service did not answer in time");
            lookup.text.get_or_insert(late);
        }
        self.random.percent(50)
    }

    fn closed(&mut self, shell: &Shell, conn: ConnId, end: End) {
        self.unrest += u64::from(self.wires[end.wire].way(end.side).is_some());
        for _ in 0..self.weather.stale {
            let at = self.now + self.random.between(0, 1000) * MILLISECOND;
            self.plan(at, Happening::Stale(shell.place, shell.life, conn));
        }
    }

    /// A guest at that end is owed nothing any more: the other end went away.
    fn deserted(&mut self, end: End) {
        if let Holder::Guest(guest) = self.side(end).holder {
            let ending = self.guests[guest].state == State::Here;
            if ending {
                self.guests[guest].state = State::Void;
            }
        }
    }

    fn wrong(&mut self, check: &'static str, what: String) {
        self.fail(check, what);
    }
}

/// The AT line of a client, as a server knows it.
pub fn line_of(server: &Shell, client: &str) -> Option<Vec<u8>> {
    let is = |line: &&[u8]| line.split(|&byte| byte == b' ').nth(3) == Some(client.as_bytes());
    server
        .node
        .inspect()
        .lines()
        .into_iter()
        .find(is)
        .map(<[u8]>::to_vec)
}

/// All that a guest says of who is where.
fn said(guest: &Guest) -> Vec<(String, Value)> {
    let lines = guest.visit.lines.iter();
    lines
        .filter_map(|line| match &line.ask {
            Ask::Iamat {
                client,
                location,
                at,
                ..
            } => Some((client.clone(), (*at, location.as_bytes().to_vec()))),
            _ => None,
        })
        .collect()
}
