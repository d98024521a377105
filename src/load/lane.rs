//! One connection of a load run, without its socket: what is on its way out, which replies it is
//! owed, and whether those that come are right. It knows no socket and no clock.

use std::collections::VecDeque;

use super::Talk;
use super::check;
use super::script::{BOUND, Request, Said, Script};
use super::tally::{Fault, Tally};
use crate::buffers::{BufferPool, Line, LineBuffer, Outbox};
use crate::units::{Mono, Now};

/// A reply may have so many bytes: what a place service may say at most, 5 MiB, and some more.
/// Of more, what has come is checked as if it were all; a longer line ends the connection.
const REPLY_MAX: usize = 6 << 20;
/// A sample shows so many bytes of a line.
const SAMPLE_MAX: usize = 200;

/// One connection.
#[derive(Debug)]
pub struct Lane {
    script: Script,
    /// Requests that are to be answered, in order, and since when.
    owed: VecDeque<(Mono, Request)>,
    outbox: Outbox,
    lines: LineBuffer,
    /// The memory of `lines` while it is empty.
    spares: BufferPool,
    /// The server at the other end, once it has said its name.
    server: Vec<u8>,
    /// The AT line of the last move: that of a WHATSAT must be the same.
    report: Vec<u8>,
    /// The reply to a WHATSAT, as far as it has come.
    answer: Vec<u8>,
}

impl Lane {
    /// A connection that asks what `script` says.
    pub fn new(script: Script) -> Lane {
        Lane {
            script,
            owed: VecDeque::new(),
            outbox: Outbox::default(),
            lines: LineBuffer::default(),
            spares: BufferPool::new(REPLY_MAX),
            server: Vec::new(),
            report: Vec::new(),
            answer: Vec::new(),
        }
    }

    /// Checks a line. False: nobody asked for it.
    fn line(&mut self, now: Mono, line: &[u8], tally: &mut Tally) -> bool {
        let Some(&(since, request)) = self.owed.front() else {
            tally.fault(Fault::Unasked, 1, || sample(None, line));
            return false;
        };
        let reply = match request {
            Request::Move(said) => self.moved(line, &said),
            Request::Near => self.near(line),
        };
        match reply {
            Reply::Unfinished => return true,
            Reply::Right => {
                tally.right += 1;
                tally.latency.record(now.since(since));
            }
            Reply::Bad(fault, text) => tally.fault(fault, 1, || sample(Some(request), &text)),
        }
        self.owed.pop_front();
        true
    }

    /// The reply to an IAMAT.
    fn moved(&mut self, line: &[u8], said: &Said) -> Reply {
        if !check::is_report(line, &mut self.server, said) {
            return bad_line(line);
        }
        if self.script.asks_near() {
            self.report.clear();
            self.report.extend_from_slice(line);
        }
        Reply::Right
    }

    /// A line of the reply to a WHATSAT; an empty one ends it.
    fn near(&mut self, line: &[u8]) -> Reply {
        if self.answer.is_empty() && !line.starts_with(b"AT ") {
            return bad_line(line);
        }
        self.answer.extend_from_slice(line);
        self.answer.push(b'\n');
        if !line.is_empty() && self.answer.len() <= REPLY_MAX {
            return Reply::Unfinished;
        }
        let answer = std::mem::take(&mut self.answer);
        let json = answer.strip_prefix(self.report.as_slice());
        match json.and_then(|json| json.strip_prefix(b"\n")) {
            Some(json) if check::is_answer(json, BOUND) => Reply::Right,
            Some(json) => Reply::Bad(Fault::Places, json.to_vec()),
            None => Reply::Bad(Fault::Wrong, answer),
        }
    }
}

impl Talk for Lane {
    fn owed(&self) -> usize {
        self.owed.len()
    }

    fn ask(&mut self, now: Now, since: Mono) {
        let request = self.script.ask(now.wall, &mut self.outbox);
        self.owed.push_back((since, request));
    }

    fn unsent(&self) -> &[u8] {
        self.outbox.unsent()
    }

    fn advance(&mut self, count: usize) {
        self.outbox.advance(count);
    }

    fn received(&mut self, now: Mono, bytes: &[u8], tally: &mut Tally) -> bool {
        let mut fresh = bytes;
        // Taken out while its lines are borrowed from it.
        let mut lines = std::mem::take(&mut self.lines);
        while let Some(line) = lines.next(&mut fresh, REPLY_MAX) {
            let goes_on = match line {
                Line::Whole(line) => self.line(now, line, tally),
                Line::Overlong(line) => {
                    self.line(now, line, tally);
                    false
                }
            };
            if !goes_on {
                return false;
            }
        }
        lines.keep(fresh, &mut self.spares);
        self.lines = lines;
        true
    }

    fn lost(&mut self, why: &str, tally: &mut Tally) {
        tally.fault(Fault::Unanswered, self.owed.len() as u64, || why.into());
        self.owed.clear();
    }
}

/// What a line comes to.
enum Reply {
    /// More lines belong to this reply.
    Unfinished,
    Right,
    /// What is wrong, and the text that is.
    Bad(Fault, Vec<u8>),
}

/// A line in the place of an AT line that is none, or not the right one.
fn bad_line(line: &[u8]) -> Reply {
    let fault = match line.starts_with(b"? ") {
        true => Fault::Refused,
        false => Fault::Wrong,
    };
    Reply::Bad(fault, line.to_vec())
}

/// What was asked and what came, for a person.
fn sample(asked: Option<Request>, got: &[u8]) -> String {
    let asked = match &asked {
        Some(Request::Move(said)) => format!("IAMAT {}", said.escape_ascii()),
        Some(Request::Near) => "a WHATSAT".to_string(),
        None => "nothing".to_string(),
    };
    let shown = &got[..got.len().min(SAMPLE_MAX)];
    format!("asked {asked}, got \"{}\"", shown.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Wall;

    /// A lane of one client, `percent` of whose requests are WHATSAT, and what came of it.
    struct Chat {
        lane: Lane,
        tally: Tally,
        /// The AT line of the last move, less its LF.
        report: String,
    }

    impl Chat {
        fn new(percent: u64) -> Chat {
            Chat {
                lane: Lane::new(Script::new(0, 1, 1, percent)),
                tally: Tally::default(),
                report: String::new(),
            }
        }

        /// Asks once, 10 nanoseconds after 0; returns the right reply.
        fn ask(&mut self) -> String {
            let now = Now {
                mono: Mono(10),
                wall: Wall(1_520_023_934_918_963_997),
            };
            self.lane.ask(now, now.mono);
            self.tally.asked += 1;
            let asked = self.lane.unsent().to_vec();
            self.lane.advance(asked.len());
            let asked = String::from_utf8(asked).unwrap();
            if let Some(said) = asked.strip_prefix("IAMAT ") {
                self.report = format!("AT Goloman +0.000000001 {}", said.trim_end());
                return format!("{}\n", self.report);
            }
            let json = r#"{"results":[],"status":"OK"}"#;
            format!("{}\n{json}\n\n", self.report)
        }

        /// `text` comes 32 nanoseconds after it was asked for.
        fn hear(&mut self, text: &str) -> bool {
            self.lane
                .received(Mono(42), text.as_bytes(), &mut self.tally)
        }

        /// The faults so far, by name.
        fn faults(&self) -> Vec<(&str, u64)> {
            let all = Fault::ALL.map(|fault| (fault.name(), self.tally.seen(fault).count));
            all.into_iter().filter(|(_, count)| *count > 0).collect()
        }
    }

    #[test]
    fn right_replies_are_right_however_they_come() {
        for size in [1, 7, 64, 10_000] {
            let mut chat = Chat::new(50);
            let replies: String = (0..20).map(|_| chat.ask()).collect();
            assert_eq!(chat.lane.owed(), 20);
            for piece in replies.as_bytes().chunks(size) {
                assert!(chat.hear(str::from_utf8(piece).unwrap()));
            }
            assert_eq!((chat.tally.right, chat.faults()), (20, vec![]), "{size}");
            assert_eq!((chat.tally.open(), chat.lane.owed()), (0, 0));
            assert_eq!(chat.tally.latency.quantile(0.5), 32);
        }
    }

    #[test]
    fn each_wrong_reply_is_a_fault_of_its_kind_and_the_next_is_checked_again() {
        let cases: [(u64, &str, &str, &str); 8] = [
            (0, "AT Goloman +0.000000001 ", "? IAMAT ", "refused"),
            (0, "AT Goloman", "AT Hands", "wrong"),
            (0, "934.9", "934.8", "wrong"),
            (0, "AT ", "OK AT ", "wrong"),
            (50, "\n{", "0\n{", "wrong"),
            (50, "AT Goloman", "AT Hands", "wrong"),
            (50, "\"OK\"", "\"UNKNOWN_ERROR\"", "places"),
            (50, "}\n\n", "\n\n", "places"),
        ];
        for (percent, from, to, want) in cases {
            let mut chat = Chat::new(percent);
            let mut right = chat.ask();
            right += &if percent > 0 {
                String::new()
            } else {
                chat.ask()
            };
            assert!(chat.hear(&right));
            let before = chat.tally.right;
            let reply = chat.ask();
            let wrong = reply.replacen(from, to, 1);
            assert_ne!(wrong, reply);
            let next = chat.ask();
            assert!(chat.hear(&wrong) && chat.hear(&next), "{from} {to}");
            assert_eq!(chat.faults(), [(want, 1)], "{from} {to}");
            assert_eq!((chat.tally.right, chat.tally.open()), (before + 1, 0));
        }
    }

    #[test]
    fn what_nobody_asked_for_ends_the_connection() {
        let mut chat = Chat::new(0);
        let reply = chat.ask();
        assert!(chat.hear(&reply));
        assert!(!chat.hear("hello\nhello\n"));
        assert_eq!(chat.faults(), [("unasked", 1)]);
        let sample = &chat.tally.seen(Fault::Unasked).sample;
        assert_eq!(sample, "asked nothing, got \"hello\"");
    }

    #[test]
    fn an_endless_reply_ends_the_connection() {
        let mut chat = Chat::new(0);
        chat.ask();
        let megabyte = "x".repeat(1 << 20);
        let heard = (0..10).take_while(|_| chat.hear(&megabyte)).count();
        assert_eq!(heard, REPLY_MAX >> 20);
        assert_eq!(chat.faults(), [("wrong", 1)]);
    }

    #[test]
    fn what_is_owed_when_the_connection_ends_is_unanswered() {
        let mut chat = Chat::new(0);
        let replies = [chat.ask(), chat.ask(), chat.ask()];
        assert!(chat.hear(&replies[0]) && chat.hear(&replies[1][..20]));
        chat.lane.lost("it was reset", &mut chat.tally);
        assert_eq!(chat.faults(), [("unanswered", 2)]);
        assert_eq!((chat.tally.right, chat.tally.open()), (1, 0));
    }
}
