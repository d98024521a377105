//! One connection of a load run, without its socket: what is on its way out, which replies it is
//! owed, and whether those that come are right. It knows no socket and no clock.

use std::collections::VecDeque;

use super::protocol::Protocol;
use super::stats::{Fault, Stats};
use super::verify;
use super::workload::{Request, Said, Workload};
use crate::buffers::{BufferPool, Line, LineBuffer, Outbox};
use crate::limits::LIMITS;
use crate::units::{Mono, Now};

/// A connection to a herd.
#[derive(Debug)]
pub struct LoadConn {
    workload: Workload,
    /// Requests without a reply yet, in order, and since when they are waiting.
    owed: VecDeque<(Mono, Request)>,
    outbox: Outbox,
    lines: LineBuffer,
    /// The server's name, once it has said it.
    server: Vec<u8>,
    /// The AT line of the last move: that of a WHATSAT must be the same.
    report: Vec<u8>,
    /// The reply to a WHATSAT, as far as it has come.
    answer: Vec<u8>,
}

impl LoadConn {
    pub fn new(workload: Workload) -> LoadConn {
        LoadConn {
            workload,
            owed: VecDeque::new(),
            outbox: Outbox::default(),
            lines: LineBuffer::default(),
            server: Vec::new(),
            report: Vec::new(),
            answer: Vec::new(),
        }
    }

    /// Checks a line. False: nobody asked for it.
    fn line(&mut self, now: Mono, line: &[u8], stats: &mut Stats) -> bool {
        let Some(&(since, request)) = self.owed.front() else {
            stats.fault(Fault::Unasked, 1, || sample(None, line));
            return false;
        };
        let verdict = match request {
            Request::Move(said) => self.moved(line, &said),
            Request::Near => self.near(line),
        };
        match verdict {
            Verdict::Unfinished => return true,
            Verdict::Right => stats.answered(now.since(since)),
            Verdict::Bad(fault, text) => stats.fault(fault, 1, || sample(Some(request), &text)),
        }
        self.owed.pop_front();
        true
    }

    /// Checks the reply to an IAMAT.
    fn moved(&mut self, line: &[u8], said: &Said) -> Verdict {
        if !verify::is_report(line, &mut self.server, said) {
            return bad_line(line);
        }
        self.report.clear();
        self.report.extend_from_slice(line);
        Verdict::Right
    }

    /// Checks a line of the reply to a WHATSAT; an empty one ends it.
    fn near(&mut self, line: &[u8]) -> Verdict {
        if self.answer.is_empty() && !line.starts_with(b"AT ") {
            return bad_line(line);
        }
        self.answer.extend_from_slice(line);
        self.answer.push(b'\n');
        if !line.is_empty() && self.answer.len() <= LIMITS.load_reply {
            return Verdict::Unfinished;
        }
        let answer = std::mem::take(&mut self.answer);
        let json = answer.strip_prefix(self.report.as_slice());
        match json.and_then(|json| json.strip_prefix(b"\n")) {
            Some(json) if verify::is_answer(json, self.workload.bound()) => Verdict::Right,
            Some(json) => Verdict::Bad(Fault::Places, json.to_vec()),
            None => Verdict::Bad(Fault::Wrong, answer),
        }
    }
}

impl Protocol for LoadConn {
    fn owed(&self) -> usize {
        self.owed.len()
    }

    fn ask(&mut self, now: Now, since: Mono) {
        let request = self.workload.ask(now.wall, &mut self.outbox);
        self.owed.push_back((since, request));
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn received(&mut self, now: Mono, bytes: &[u8], stats: &mut Stats) -> bool {
        let mut fresh = bytes;
        // Taken out while its lines are borrowed from it.
        let mut lines = std::mem::take(&mut self.lines);
        while let Some(line) = lines.next(&mut fresh, LIMITS.load_reply) {
            let (line, is_whole) = match line {
                Line::Whole(line) => (line, true),
                Line::Overlong(line) => (line, false),
            };
            if !self.line(now, line, stats) || !is_whole {
                return false;
            }
        }
        lines.keep(fresh, &mut BufferPool::new(0));
        self.lines = lines;
        true
    }
}

/// The result of checking a line.
enum Verdict {
    /// More lines belong to this reply.
    Unfinished,
    Right,
    /// The text is wrong in this way.
    Bad(Fault, Vec<u8>),
}

/// A wrong line instead of an AT line.
fn bad_line(line: &[u8]) -> Verdict {
    let fault = match line.starts_with(b"? ") {
        true => Fault::Refused,
        false => Fault::Wrong,
    };
    Verdict::Bad(fault, line.to_vec())
}

/// A request and the reply that came, for a person.
fn sample(asked: Option<Request>, got: &[u8]) -> String {
    let asked = match &asked {
        Some(Request::Move(said)) => format!("IAMAT {}", said.escape_ascii()),
        Some(Request::Near) => "a WHATSAT".to_string(),
        None => "nothing".to_string(),
    };
    let shown = &got[..got.len().min(LIMITS.load_sample)];
    format!("asked {asked}, got \"{}\"", shown.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Questions;
    use crate::units::Wall;

    /// A connection with one client and a percentage of WHATSATs, and its results.
    struct Chat {
        conn: LoadConn,
        stats: Stats,
        /// The AT line of the last move, less its LF.
        report: String,
    }

    impl Chat {
        fn new(percent: u64) -> Chat {
            Chat {
                conn: LoadConn::new(Workload::new(0, 1, 1, Questions::usual(percent))),
                stats: Stats::default(),
                report: String::new(),
            }
        }

        /// Asks once, 10 nanoseconds after 0; returns the right reply.
        fn ask(&mut self) -> String {
            let now = Now {
                mono: Mono(10),
                wall: Wall(1_520_023_934_918_963_997),
            };
            self.conn.ask(now, now.mono);
            self.stats.asked += 1;
            let asked = self.conn.outbox.unsent().to_vec();
            self.conn.outbox.advance(asked.len());
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
            self.conn
                .received(Mono(42), text.as_bytes(), &mut self.stats)
        }

        /// The faults so far, by name.
        fn faults(&self) -> Vec<(&str, u64)> {
            let faults = self.stats.faults();
            faults.map(|(name, seen)| (name, seen.count)).collect()
        }
    }

    #[test]
    fn right_replies_are_right_however_they_come() {
        for size in [1, 7, 64, 10_000] {
            let mut chat = Chat::new(50);
            let replies: String = (0..20).map(|_| chat.ask()).collect();
            assert_eq!(chat.conn.owed(), 20);
            for piece in replies.as_bytes().chunks(size) {
                assert!(chat.hear(str::from_utf8(piece).unwrap()));
            }
            assert_eq!((chat.stats.right, chat.faults()), (20, vec![]), "{size}");
            assert_eq!((chat.stats.open(), chat.conn.owed()), (0, 0));
            assert_eq!(chat.stats.latency.value_at_quantile(0.5), 32);
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
            let before = chat.stats.right;
            let reply = chat.ask();
            let wrong = reply.replacen(from, to, 1);
            assert_ne!(wrong, reply);
            let next = chat.ask();
            assert!(chat.hear(&wrong) && chat.hear(&next), "{from} {to}");
            assert_eq!(chat.faults(), [(want, 1)], "{from} {to}");
            assert_eq!((chat.stats.right, chat.stats.open()), (before + 1, 0));
        }
    }

    #[test]
    fn a_reply_that_nobody_asked_for_ends_the_connection() {
        let mut chat = Chat::new(0);
        let reply = chat.ask();
        assert!(chat.hear(&reply));
        assert!(!chat.hear("hello\nhello\n"));
        assert_eq!(chat.faults(), [("unasked", 1)]);
        let samples = chat.stats.faults().map(|(_, seen)| seen.sample.as_str());
        assert!(samples.eq(["asked nothing, got \"hello\""]));
    }

    #[test]
    fn an_endless_reply_ends_the_connection() {
        let mut chat = Chat::new(0);
        chat.ask();
        let megabyte = "x".repeat(1 << 20);
        let heard = (0..10).take_while(|_| chat.hear(&megabyte)).count();
        assert_eq!(heard, LIMITS.load_reply >> 20);
        assert_eq!(chat.faults(), [("wrong", 1)]);
    }

    #[test]
    fn half_a_reply_is_still_owed() {
        let mut chat = Chat::new(0);
        let replies = [chat.ask(), chat.ask(), chat.ask()];
        assert!(chat.hear(&replies[0]) && chat.hear(&replies[1][..20]));
        assert_eq!((chat.stats.right, chat.conn.owed()), (1, 2));
    }
}
