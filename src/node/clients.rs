//! The clients' door: IAMAT, WHATSAT, and the echo of everything else.

use super::lookups::Waiting;
use super::notes::Level;
use super::table::{Source, Verdict};
use super::{Action, LookupError, Node, Query, Timer};
use crate::limits::Limit;
use crate::units::{ConnId, LookupId};
use crate::wire::{Command, Difference, Location, Report, Time, json, push_echo};

impl Node {
    /// Obeys a client's line.
    pub(super) fn client_line(&mut self, conn: ConnId, line: &[u8]) {
        self.note_line(conn, '<', line);
        let valid = match Command::parse(line) {
            Some(Command::Iamat {
                client,
                location,
                time,
            }) => self.iamat(conn, client, location, time),
            Some(Command::Whatsat {
                client,
                radius_km,
                bound,
            }) => self.whatsat(conn, client, radius_km, bound),
            None => self.plain_line(conn, line),
        };
        if !valid {
            self.counts.invalid += 1;
            self.scratch.clear();
            push_echo(&mut self.scratch, line);
            self.reply(conn);
        }
    }

    /// A client says where it is. False: it cannot be, and nothing was done.
    fn iamat(
        &mut self,
        conn: ConnId,
        client: &[u8],
        location: Location<'_>,
        time: Time<'_>,
    ) -> bool {
        let difference = self.now.wall - time.at;
        if difference < -self.limits.clock_ahead {
            self.hits.add(Limit::clock_ahead);
            return false;
        }
        let difference = Difference::new(difference);
        let server = self.name.as_bytes();
        let report = Report {
            server,
            difference: difference.text(),
            client,
            location,
            time,
        };
        self.scratch.clear();
        match self.table.offer(&report, Source::Client) {
            Verdict::Accepted(slot) => {
                self.news = true;
                self.scratch.extend_from_slice(self.table.line(slot));
            }
            Verdict::Duplicate(_) | Verdict::Older => report.push(&mut self.scratch),
            Verdict::Full(limit) => {
                self.hits.add(limit);
                return false;
            }
        }
        self.counts.iamats += 1;
        self.acknowledge(conn);
        true
    }

    /// A client asks what is near another. False: that one is not known.
    fn whatsat(&mut self, conn: ConnId, client: &[u8], radius_km: u32, bound: usize) -> bool {
        let Some(slot) = self.table.find(client) else {
            return false;
        };
        let location = self.table.location(slot);
        let query = Query {
            latitude: location.latitude(),
            longitude: location.longitude(),
            radius_m: radius_km * 1000,
            bound,
        };
        // The AT line of this moment, whatever comes while the workers look.
        let line = self.table.line(slot).to_vec();
        self.note_line(conn, '>', &line);
        let Some(session) = self.sessions.get_mut(conn) else {
            return true;
        };
        self.counts.whatsats += 1;
        session.lookups += 1;
        let ticket = session.replies.reserve(line);
        let id = self.lookups.begin(Waiting {
            conn,
            ticket,
            since: self.now.mono,
        });
        self.timers
            .set(Timer::Lookup(id), self.now.mono + self.limits.lookup_wait);
        let LookupId(number) = id;
        let (latitude, longitude) = (&query.latitude, &query.longitude);
        self.note(
            Level::Info,
            format_args!("lookup {number}: {radius_km} km around {latitude},{longitude}"),
        );
        self.actions.push_back(Action::LookUp(id, query));
        true
    }

    /// The answer of a lookup, or why there is none.
    pub(super) fn looked_up(&mut self, id: LookupId, answer: Result<Vec<u8>, LookupError>) {
        let LookupId(number) = id;
        self.timers.stop(Timer::Lookup(id));
        let Some(Waiting {
            conn,
            ticket,
            since,
        }) = self.lookups.end(id)
        else {
            return self.note(
                Level::Info,
                format_args!("lookup {number}: nobody waits any more"),
            );
        };
        let ms = self.now.mono.since(since) / crate::units::MILLISECOND;
        let mut text = match answer {
            Ok(text) => {
                let size = text.len();
                let fate = format_args!("lookup {number}: JSON of {size} bytes after {ms} ms");
                self.notes.note(Level::Info, fate);
                text
            }
            Err(error) => {
                self.counts.lookups_failed += 1;
                let fate = format_args!("lookup {number}: failed after {ms} ms: {error}");
                self.notes.note(Level::Warn, fate);
                json::no_answer("UNKNOWN_ERROR", &error.to_string()).into_bytes()
            }
        };
        text.extend_from_slice(b"\n\n");
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.lookups -= 1;
        session.replies.fill(ticket, &text, &mut session.outbox);
        self.flush(conn);
        self.settle(conn);
    }

    /// No worker had an answer in time.
    pub(super) fn lookup_late(&mut self, id: LookupId) {
        self.hits.add(Limit::lookup_wait);
        self.actions.push_back(Action::Forget(id));
        self.looked_up(id, Err(LookupError::Late));
    }

    /// The client of a lookup has gone.
    pub(super) fn forget(&mut self, id: LookupId) {
        self.lookups.end(id);
        self.timers.stop(Timer::Lookup(id));
        self.actions.push_back(Action::Forget(id));
    }
}
