//! Slow turns: a turn that takes longer than a limit keeps every client waiting, so the log says
//! what took the time.
//!
//! It must see every turn, so it may cost next to nothing. The time of a whole turn is known
//! anyway, and so is the time at which each connection's bytes came: from there to the next such
//! time is that connection's. Two readings of the clock more in a turn, 25 ns each, say when the
//! last connection is done and the log begins, and two more how long a write of the journal takes:
//! these two files may have to wait for a disk. It knows no socket and no file, and cannot fail.

use super::phase::Phase;
use crate::limits::{LIMITS, Throttle};
use crate::node::Remote;
use crate::units::{ConnId, MILLISECOND, Mono};

/// A connection that brought bytes in this turn.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    pub conn: ConnId,
    /// The bytes that were read.
    pub bytes: usize,
    /// The lines that the node had handled before.
    pub lines: u64,
}

/// The present turn, and the slow ones before it.
#[derive(Debug)]
pub struct SlowTurns {
    /// A turn that takes longer is slow, in nanoseconds; 0: none is.
    limit: u64,
    /// The slow turns since the start.
    pub count: u64,
    said: Throttle,
    /// The connection whose lines are being handled, and since when.
    present: Option<(Served, Mono)>,
    /// The connection that has taken longest, and how long; its lines are now its own.
    longest: Option<(Served, u64)>,
    /// The other end of that connection; none: it is not known any more.
    remote: Option<Remote>,
    /// The journal or the log is being written since then.
    writing: Option<(Phase, Mono)>,
    /// The time until the last connection was done; in the journal, and in the log.
    served: u64,
    journal: u64,
    log: u64,
    /// The processor time that the loop's thread had used when that was last looked at.
    ran: Option<u64>,
}

impl SlowTurns {
    /// Turns longer than `limit` nanoseconds are slow; 0: none is.
    pub fn new(limit: u64) -> SlowTurns {
        SlowTurns {
            limit,
            count: 0,
            said: Throttle::default(),
            present: None,
            longest: None,
            remote: None,
            writing: None,
            served: 0,
            journal: 0,
            log: 0,
            ran: None,
        }
    }

    /// Whether slow turns are looked for.
    pub fn is_on(&self) -> bool {
        self.limit > 0
    }

    /// Whether it wants to know when the turn enters this phase.
    pub fn awaits(&self, phase: Phase) -> bool {
        match phase {
            Phase::Journal | Phase::Log => self.is_on(),
            Phase::Node => self.writing.is_some(),
            Phase::Read | Phase::Flush => false,
        }
    }

    /// The turn enters another phase.
    pub fn enter(&mut self, phase: Phase, now: Mono) {
        match self.writing.take() {
            Some((Phase::Journal, since)) => self.journal += now.since(since),
            Some((_, since)) => self.log += now.since(since),
            None => {}
        }
        if matches!(phase, Phase::Journal | Phase::Log) {
            self.writing = Some((phase, now));
        }
    }

    /// A turn begins.
    pub fn begin(&mut self) {
        (self.present, self.longest) = (None, None);
        (self.served, self.journal, self.log) = (0, 0, 0);
    }

    /// Bytes came in on a connection.
    pub fn received(&mut self, served: Served, now: Mono) {
        if self.is_on() {
            self.close(now, served.lines);
            self.present = Some((served, now));
        }
    }

    /// Every connection is served, `length` nanoseconds after the turn began. The node has handled
    /// `lines` so far. Only one connection of a turn is looked up, the longest, and now: its reply
    /// may be the last that it gets.
    pub fn served(
        &mut self,
        length: u64,
        now: Mono,
        lines: u64,
        remote: impl FnOnce(ConnId) -> Option<Remote>,
    ) {
        self.close(now, lines);
        self.remote = self.longest.and_then(|(served, _)| remote(served.conn));
        self.served = length.saturating_sub(self.journal + self.log);
    }

    /// The present connection is done.
    fn close(&mut self, now: Mono, lines: u64) {
        let Some((served, since)) = self.present.take() else {
            return;
        };
        let time = now.since(since);
        if self.longest.is_none_or(|(_, longest)| time > longest) {
            let lines = lines - served.lines;
            self.longest = Some((Served { lines, ..served }, time));
        }
    }

    /// The turn ends. True: it was slow.
    pub fn end(&mut self, length: u64) -> bool {
        let is_slow = self.is_on() && length > self.limit;
        self.count += u64::from(is_slow);
        is_slow
    }

    /// Looks at the processor time that the thread has used so far.
    pub fn look(&mut self, ran: Option<u64>) {
        self.ran = ran;
    }

    /// Says of the slow turn that has just ended what took its time; unless that was said of
    /// another one a short while ago, and this one is only counted. `ran` is the processor time
    /// that the thread has used so far.
    pub fn line(
        &mut self,
        length: u64,
        now: Mono,
        ran: Option<u64>,
        name: impl Fn(Remote) -> String,
    ) -> Option<String> {
        // All that it used since the last look, of which the slow turn had a part.
        let most = ran
            .zip(self.ran)
            .map(|(now, then)| now.saturating_sub(then));
        self.ran = ran;
        let before = self.said.permit(now, LIMITS.warning_gap)?;
        let mut line = format!("turn of {}", shown(length));
        if let Some(most) = most.filter(|most| *most < length / 2) {
            let bound = if most < MILLISECOND { "" } else { "at most " };
            line += &format!(", of which its thread ran for {bound}{}", shown(most));
        }
        let parts = parts(length, [self.served, self.journal, self.log]);
        line += &format!(": {parts}");
        if let Some((served, time)) = self.longest {
            let gone = || "a connection that is gone".to_string();
            let name = self.remote.map_or_else(gone, name);
            let (lines, bytes) = (served.lines, served.bytes);
            let time = shown(time);
            let many = if lines == 1 { "" } else { "s" };
            line += &format!("; longest: {name}, {time}, {lines} line{many}, {bytes} bytes");
        }
        Some(line + &before)
    }
}

/// The parts of a turn that are worth naming, the longest first.
fn parts(length: u64, [served, journal, log]: [u64; 3]) -> String {
    let rest = length.saturating_sub(served + journal + log);
    let mut parts = [
        (served, "connections"),
        (journal, "journal"),
        (log, "log"),
        (rest, "timers, news and replies"),
    ];
    parts.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    let first = parts[0].0;
    let worth = parts.iter().filter(|(time, _)| *time * 10 >= first);
    let shown = worth.map(|(time, name)| format!("{name} {}", shown(*time)));
    shown.collect::<Vec<String>>().join(", ")
}

/// Whole milliseconds, as people read them.
fn shown(time: u64) -> String {
    match time / MILLISECOND {
        0 => "less than 1 ms".to_string(),
        ms => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::units::PeerId;

    const MS: u64 = MILLISECOND;

    fn name(remote: Remote) -> String {
        match remote {
            Remote::Address(from) => from.to_string(),
            Remote::Neighbour(PeerId(id)) => format!("neighbour {id}"),
        }
    }

    fn served(conn: ConnId, bytes: usize, lines: u64) -> Served {
        Served { conn, bytes, lines }
    }

    /// A turn of 82 ms from `at` on: two connections, the journal, the log.
    fn turn(slow: &mut SlowTurns, at: u64) -> bool {
        let (client, link) = (ConnId::new(1, 0), ConnId::new(2, 1));
        let remote = |conn| match conn == client {
            true => Some(Remote::Address(SocketAddr::from(([10, 0, 0, 7], 4711)))),
            false => Some(Remote::Neighbour(PeerId(3))),
        };
        let ms = |ms: u64| Mono(at + ms * MS);
        slow.begin();
        slow.received(served(client, 16_384, 100), ms(1));
        slow.received(served(link, 70, 356), ms(60));
        slow.served(61 * MS, ms(61), 357, remote);
        slow.enter(Phase::Journal, ms(62));
        slow.enter(Phase::Node, ms(80));
        slow.enter(Phase::Log, ms(81));
        slow.enter(Phase::Node, ms(82));
        slow.end(82 * MS)
    }

    #[test]
    fn a_slow_turn_says_what_took_the_time() {
        let mut slow = SlowTurns::new(50 * MS);
        assert!(turn(&mut slow, 0));
        let line = slow.line(82 * MS, Mono(82 * MS), None, name);
        assert_eq!(
            line.as_deref(),
            Some(
                "turn of 82 ms: connections 61 ms, journal 18 ms; longest: 10.0.0.7:4711, 59 ms, \
                 256 lines, 16384 bytes"
            )
        );
        // The next one is counted, and the one after a minute says so.
        assert!(turn(&mut slow, 100 * MS));
        assert_eq!(slow.line(82 * MS, Mono(182 * MS), None, name), None);
        let later = 100 * MS + LIMITS.warning_gap;
        assert!(turn(&mut slow, later));
        let line = slow.line(82 * MS, Mono(later + 82 * MS), None, name);
        assert!(line.is_some_and(|line| line.ends_with(" (1 more before)")));
        assert_eq!(slow.count, 3);
    }

    #[test]
    fn a_turn_in_which_the_thread_did_not_run_says_so() {
        let mut slow = SlowTurns::new(50 * MS);
        slow.look(Some(7 * MS));
        assert!(turn(&mut slow, 0));
        let line = slow.line(82 * MS, Mono(82 * MS), Some(10 * MS), name);
        let start = "turn of 82 ms, of which its thread ran for at most 3 ms: connections ";
        assert!(line.is_some_and(|line| line.starts_with(start)));
        // Since the last look it ran for so long that nothing is known of this turn.
        assert!(turn(&mut slow, LIMITS.warning_gap));
        let line = slow.line(82 * MS, Mono(2 * LIMITS.warning_gap), Some(100 * MS), name);
        assert!(line.is_some_and(|line| line.starts_with("turn of 82 ms: ")));
    }

    #[test]
    fn the_limit_itself_is_not_slow_and_without_one_nothing_is() {
        assert!(!turn(&mut SlowTurns::new(82 * MS), 0));
        assert!(!turn(&mut SlowTurns::new(0), 0));
        let off = SlowTurns::new(0);
        let all = [Phase::Read, Phase::Node, Phase::Journal, Phase::Log];
        assert!(!all.iter().any(|phase| off.awaits(*phase)));
    }

    #[test]
    fn what_no_connection_and_no_file_took_is_named_too() {
        let mut slow = SlowTurns::new(MS);
        slow.begin();
        slow.served(0, Mono(0), 0, |_| None);
        assert!(slow.end(70 * MS));
        let line = slow.line(70 * MS, Mono(70 * MS), None, name);
        let want = "turn of 70 ms: timers, news and replies 70 ms";
        assert_eq!(line.as_deref(), Some(want));
    }
}
