//! The commands of a story, each a line that reads as a sentence, and what they do to the world.

use herd::limits::Limits;
use herd::node::{Ack, Door, Fsync, LookupError, Refusal};
use herd::secret::Secret;
use herd::wire::json::no_answer;

use super::net::Listener;
use super::tokens::{Token, duration, number, tokens};
use super::world::{Settings, World, Wrong};
use crate::support::wire::Network;

/// A story while it is told.
#[derive(Debug)]
pub struct Story {
    settings: Settings,
    /// None until the herd is named.
    world: Option<World>,
    /// Reports that `moves` has sent: each is newer than all before.
    moves: u64,
}

impl Story {
    /// One that has not begun.
    pub fn new() -> Story {
        let settings = Settings {
            limits: Limits::default(),
            window: 64 << 10,
            pool: 68,
            ack: Ack::Local,
            journal: None,
            plain: Vec::new(),
            secret: None,
        };
        Story {
            settings,
            world: None,
            moves: 0,
        }
    }

    /// The world, once the herd is named.
    pub fn world(&mut self) -> Option<&mut World> {
        self.world.as_mut()
    }

    /// Obeys a command and gives back what happened. A command that ends with `&` is followed by
    /// the next before anybody takes a turn.
    pub fn obey(&mut self, line: &str) -> Wrong<Vec<String>> {
        let (line, at_once) = match line.strip_suffix('&') {
            Some(line) => (line, true),
            None => (line, false),
        };
        let tokens = tokens(line)?;
        let words: Vec<&str> = tokens.iter().filter_map(Token::word).collect();
        let text = tokens.iter().find_map(Token::text);
        match &words[..] {
            ["world", settings @ ..] => return self.set(settings),
            ["herd", links @ ..] => self.found(links)?,
            _ => {}
        }
        let Some(world) = &mut self.world else {
            return Err("name the herd first: herd A-B B-C".into());
        };
        match &words[..] {
            ["herd", ..] => {}
            [name, rest @ ..] if world.outsider(name).is_ok() => {
                outside(world, &mut self.moves, name, rest, text)?;
            }
            words if reports(world, words, text)? => {}
            words => changes(world, words, text)?,
        }
        if !at_once {
            world.run();
        }
        Ok(std::mem::take(&mut world.net.tale))
    }

    /// `world key=value …`, as tests/scripts/README.md has it.
    fn set(&mut self, settings: &[&str]) -> Wrong<Vec<String>> {
        if self.world.is_some() {
            return Err("the world is made already".into());
        }
        let limits = &mut self.settings.limits;
        for setting in settings {
            let Some((key, value)) = setting.split_once('=') else {
                return Err(format!("{setting} is not key=value"));
            };
            let ack = match *setting {
                "ack=herd" => Some(Ack::Herd),
                "ack=herd-or-error" => Some(Ack::HerdOrError),
                _ => None,
            };
            if let Some(ack) = ack {
                self.settings.ack = ack;
                continue;
            }
            let times = match key {
                "half_line" => Some(&mut limits.half_line),
                "stall" => Some(&mut limits.stall),
                _ => None,
            };
            if let Some(time) = times {
                *time = duration(value)?;
                continue;
            }
            let size = value.parse::<usize>();
            let place = match key {
                "client_line" => &mut limits.client_line,
                "server_line" => &mut limits.server_line,
                "lines_per_turn" => &mut limits.lines_per_turn,
                "outbox_high" => &mut limits.outbox_high,
                "outbox_low" => &mut limits.outbox_low,
                "replies" => &mut limits.replies,
                "lookups" => &mut limits.lookups,
                "link_outbox" => &mut limits.link_outbox,
                "records" => &mut limits.records,
                "unidentified" => &mut limits.unidentified,
                "window" => &mut self.settings.window,
                "pool" => &mut self.settings.pool,
                "journal_batch" => &mut limits.journal_batch,
                "journal_slice" => &mut limits.journal_slice,
                "link_steps" => &mut limits.link_steps,
                "watchers" => &mut limits.watchers,
                "watch_outbox" => &mut limits.watch_outbox,
                "watch_steps" => &mut limits.watch_steps,
                "compare_floor" => {
                    limits.compare_floor = number(value)?;
                    continue;
                }
                "journal_floor" => {
                    limits.journal_floor = number(value)?;
                    continue;
                }
                "fsync" => {
                    self.settings.journal = Some(match value {
                        "always" => Fsync::Always,
                        "everysec" => Fsync::EverySecond,
                        "off" => Fsync::Off,
                        _ => return Err(format!("{value} is no fsync")),
                    });
                    continue;
                }
                "plain" => {
                    self.settings.plain.push(value.into());
                    continue;
                }
                "secret" => {
                    let secret = Secret::new(value.as_bytes()).ok_or("the secret is too short")?;
                    self.settings.secret = Some(secret.into());
                    continue;
                }
                _ => return Err(format!("the world has no {key}")),
            };
            *place = size.map_err(|_| format!("{value} is no number"))?;
        }
        Ok(Vec::new())
    }

    /// `herd A-B B-C D`: servers and links. All start but those that are plain.
    fn found(&mut self, links: &[&str]) -> Wrong {
        let mut names: Vec<String> = Vec::new();
        let mut neighbours: Vec<Vec<usize>> = Vec::new();
        let mut place = |name: &str| {
            names.iter().position(|it| it == name).unwrap_or_else(|| {
                names.push(name.into());
                names.len() - 1
            })
        };
        for link in links {
            let ends: Vec<usize> = link.split('-').map(&mut place).collect();
            let most = ends.iter().max().map_or(0, |most| most + 1);
            neighbours.resize(neighbours.len().max(most), Vec::new());
            for pair in ends.windows(2) {
                neighbours[pair[0]].push(pair[1]);
                neighbours[pair[1]].push(pair[0]);
            }
        }
        let is_ours = |name: &String| !self.settings.plain.contains(name);
        let ours: Vec<bool> = names.iter().map(is_ours).collect();
        let mut world = World::new(self.settings.clone(), names, neighbours);
        let mut places = (0..world.len()).filter(|&place| ours[place]);
        places.try_for_each(|place| world.start(place))?;
        self.world = Some(world);
        Ok(())
    }
}

/// A command to somebody outside.
fn outside(
    world: &mut World,
    moves: &mut u64,
    name: &str,
    words: &[&str],
    text: Option<&[u8]>,
) -> Wrong {
    let end = world.outsider(name)?;
    let mut send = |bytes: &[u8]| match world.net.say(end, bytes) {
        count if count == bytes.len() => Ok(()),
        count => Err(format!("there was room for {count} bytes only")),
    };
    match (words, text) {
        (["sends"], Some(text)) => send(text)?,
        (["sends", "byte", "by", "byte"], Some(text)) => {
            text.chunks(1).try_for_each(send)?;
        }
        (["moves", clients, "clients", times, "times"], None) => {
            let before = world.net.tale.len();
            let (clients, times): (u64, u64) = (number(clients)?, number(times)?);
            for time in 0..times {
                let mut packet = String::new();
                for client in 0..clients {
                    *moves += 1;
                    let place = time % 90;
                    let when = format!("900.{moves:09}");
                    packet += &format!("IAMAT m{client} +{place}-{place} {when}\n");
                }
                world.net.say(end, packet.as_bytes());
                world.run();
            }
            // Too many answers to read: they are counted.
            let answer = format!("{name} < ");
            let tale = world.net.tale.split_off(before);
            let (answers, rest): (Vec<String>, _) =
                tale.into_iter().partition(|line| line.starts_with(&answer));
            let count: usize = answers.iter().map(|it| it.matches("\\n").count()).sum();
            world.net.tale.push(format!("{answer}{count} lines"));
            world.net.tale.extend(rest);
        }
        (["ends"], None) => world.net.finish(end),
        (["closes"], None) => world.net.close(end),
        (["breaks"], None) => world.net.reset(end),
        (["stops", "reading"], None) => _ = world.net.takes.insert(end, 0),
        (["takes", count], None) => _ = world.net.takes.insert(end, number(count)?),
        (["reads"], None) => _ = world.net.takes.remove(&end),
        _ => return Err(format!("{name} cannot do that")),
    }
    Ok(())
}

/// A command to the world.
fn changes(world: &mut World, words: &[&str], text: Option<&[u8]>) -> Wrong {
    match (words, text) {
        (["connect", name, server], None) => {
            let place = world.place(server)?;
            world.enter(name, place, Door::Clients, None)?;
        }
        ([who @ ("connect" | "stranger"), name, server, "from", from], None) => {
            let place = world.place(server)?;
            let from = match world.place(from) {
                Ok(neighbour) => crate::support::kernel::address(neighbour),
                Err(_) => from.parse().map_err(|_| format!("{from} is no address"))?,
            };
            let door = match *who {
                "connect" => Door::Clients,
                _ => Door::Servers,
            };
            world.enter(name, place, door, Some(from))?;
        }
        (
            [
                "impostor" | "impostors",
                names @ ..,
                "plays" | "play",
                server,
            ],
            None,
        ) => {
            let place = world.place(server)?;
            if world.shell(place).is_ok() {
                return Err("kill it first".into());
            }
            let names = names.iter().map(|name| name.to_string()).collect();
            world.net.listeners[place] = Listener::Impostors(names);
        }
        (["wait", time], None) => world.wait(duration(time)?),
        (["clock", server, by], None) => {
            let place = world.place(server)?;
            let size = i128::from(duration(by.trim_start_matches(['+', '-']))?);
            world.move_clock(place, if by.starts_with('-') { -size } else { size });
        }
        (["cut", one, other], None) => {
            let (one, other) = (world.place(one)?, world.place(other)?);
            world.net.cuts.extend([(one, other), (other, one)]);
        }
        (["cut", "from", one, "to", other], None) => {
            let way = (world.place(one)?, world.place(other)?);
            world.net.cuts.insert(way);
        }
        (["heal"], None) => world.net.heal(),
        (["kill", server], None) => world.kill(world.place(server)?)?,
        (["start", server], None) => world.start(world.place(server)?)?,
        (["freeze", server], None) => world.shell(world.place(server)?)?.frozen = true,
        (["thaw", server], None) => world.shell(world.place(server)?)?.frozen = false,
        (["shut", "down", server], None) => world.shut_down(world.place(server)?)?,
        (["answer", lookup], Some(text)) => world.answer(number(lookup)?, Ok(text.to_vec()))?,
        (["fail", lookup], Some(why)) => {
            let why = String::from_utf8_lossy(why).into_owned();
            world.answer(number(lookup)?, Err(LookupError::Failed(why)))?;
        }
        (["refuse", lookup, status], Some(message)) => {
            let message = String::from_utf8_lossy(message).into_owned();
            let refusal = Refusal {
                status: status.to_string(),
                text: no_answer(status, &message).into(),
                message,
            };
            let refusal = LookupError::Refused(Box::new(refusal));
            world.answer(number(lookup)?, Err(refusal))?;
        }
        (["disk", server, "forgets"], None) => {
            let disk = world.disk(world.place(server)?)?;
            (disk.text, disk.safe) = (Vec::new(), 0);
        }
        (["disk", server, state @ ..], None) => {
            let disk = world.disk(world.place(server)?)?;
            (disk.full, disk.broken, disk.hangs, disk.once) = match state {
                ["full"] => (true, false, false, false),
                ["breaks"] => (false, true, false, false),
                ["hangs"] => (false, false, true, false),
                ["works"] => (false, false, false, false),
                ["works", "once"] => (false, false, false, true),
                _ => return Err("a disk is full, breaks, hangs, or works (once)".into()),
            };
        }
        (["watch", from, to], None) => {
            let way = (world.place(from)?, world.place(to)?);
            world.net.watched.insert(way);
        }
        _ => return Err("no such command; tests/scripts/README.md has all".into()),
    }
    Ok(())
}

/// A question about the world. False: this is none.
fn reports(world: &mut World, words: &[&str], text: Option<&[u8]>) -> Wrong<bool> {
    let told = match words {
        ["tables"] => world.tables(),
        ["journal", server] => world.journal(world.place(server)?),
        ["count"] => {
            let carried = std::mem::take(&mut world.net.carried);
            let names = &world.net.names;
            let total = carried.values().sum::<usize>();
            let ways = carried.iter().map(|((from, to), count)| {
                let (from, to) = (&names[*from], &names[*to]);
                format!("{from} > {to}: {count}")
            });
            ways.chain([format!("AT lines in all: {total}")]).collect()
        }
        ["dials"] => {
            let dials = std::mem::take(&mut world.net.dials);
            let names = &world.net.names;
            dials
                .iter()
                .map(|((from, to), count)| {
                    let (from, to) = (&names[*from], &names[*to]);
                    format!("{from} dialled {to} {count} times")
                })
                .collect()
        }
        ["notes" | "warnings", server] => {
            let place = world.place(server)?;
            let notes = world.notes(place)?;
            let text = String::from_utf8_lossy(text.unwrap_or_default());
            let is_wanted = |note: &&str| match words[0] {
                "warnings" => note.contains("[WARN]") || note.contains("[ERROR]"),
                _ => note.contains(&*text),
            };
            notes
                .lines()
                .filter_map(|note| note.split_once(' ').map(|(_time, note)| note))
                .filter(is_wanted)
                .map(String::from)
                .collect()
        }
        ["hits", server] => {
            let place = world.place(server)?;
            let node = &world.shell(place)?.node;
            let hit = node.inspect().limits_hit();
            hit.map(|(name, count)| format!("{server} met {name} {count} times"))
                .collect()
        }
        ["owed", server, name] => {
            let owed = world.owed(world.place(server)?, name)?;
            vec![format!("{server} holds {owed} bytes for {name}")]
        }
        _ => return Ok(false),
    };
    world.net.tale.extend(told);
    Ok(true)
}
