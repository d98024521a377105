//! Warnings about time: clients and servers whose clocks are far ahead of ours, and jumps of ours.
//! Here are the counts and the words; where a report arrives it is decided what happens to it.
//! `links/skew.rs` compares the neighbours' clocks.

use super::log_lines::shown;
use crate::limits::{Limits, Throttle};
use crate::units::{MILLISECOND, Mono, Now, SECOND, Wall};
use crate::wire::Report;

/// Warnings about clocks.
#[derive(Debug, Default)]
pub struct Clocks {
    /// The wall clock less the monotonic one in the last turn. It changes when somebody sets the
    /// wall clock.
    offset: Option<i128>,
    /// The newest time in the journal, until the first turn.
    journal: Option<Wall>,
    /// Clients whose IAMATs were refused since `since`.
    ahead: Vec<Vec<u8>>,
    since: Mono,
    refusals: Throttle,
    reports: Throttle,
    jumps: Throttle,
}

impl Clocks {
    /// The journal has a report of this time.
    pub fn replayed(&mut self, at: Wall) {
        self.journal = self.journal.max(Some(at));
    }

    /// A turn has come: is our own clock right? A warning, if something says that it is not.
    pub fn observe(&mut self, now: Now, limits: &Limits) -> Option<String> {
        let offset = now.wall.0 - i128::from(now.mono.0);
        match self.offset.replace(offset) {
            Some(before) => self.jumped(offset - before, now, limits),
            None => self.began(now, limits),
        }
    }

    fn began(&mut self, now: Now, limits: &Limits) -> Option<String> {
        let newest = self.journal.take()?;
        let (ahead, wall) = (newest - now.wall, now.wall);
        let size = seconds(ahead);
        (ahead > limits.report_ahead).then(|| {
            format!(
                "the newest report in the journal, of {newest}, is {size} s ahead of this \
                 server's clock, {wall}: is that clock wrong?"
            )
        })
    }

    fn jumped(&mut self, by: i128, now: Now, limits: &Limits) -> Option<String> {
        if by.unsigned_abs() <= limits.clock_skew.into() {
            return None;
        }
        let before = self.jumps.permit(now.mono, limits.warning_gap)?;
        let way = if by < 0 { "back" } else { "forward" };
        let (size, wall) = (seconds(by), now.wall);
        Some(format!(
            "this server's clock was put {way} by {size} s, to {wall}{before}"
        ))
    }

    /// An IAMAT is refused because its time is too far ahead of our clock: a warning, and another
    /// one when that happens to several clients.
    pub fn refused(
        &mut self,
        client: &[u8],
        at: Wall,
        now: Now,
        limits: &Limits,
    ) -> [Option<String>; 2] {
        let (size, wall) = (seconds(at - now.wall), now.wall);
        let permit = self.refusals.permit(now.mono, limits.warning_gap);
        let warning = permit.map(|before| {
            let client = shown(client);
            format!(
                "an IAMAT of {client} is refused: its time, {at}, is {size} s ahead of this \
                 server's clock, {wall}{before}"
            )
        });
        [warning, self.doubt(client, now, limits)]
    }

    /// One client alone may have a wrong clock; when several have, it is perhaps ours.
    fn doubt(&mut self, client: &[u8], now: Now, limits: &Limits) -> Option<String> {
        if now.mono.since(self.since) >= limits.warning_gap {
            self.ahead.clear();
        }
        let is_full = self.ahead.len() >= limits.clock_doubt;
        if is_full || self.ahead.iter().any(|it| it == client) {
            return None;
        }
        if self.ahead.is_empty() {
            self.since = now.mono;
        }
        self.ahead.push(client.to_vec());
        let (count, gap, wall) = (self.ahead.len(), limits.warning_gap / SECOND, now.wall);
        (count == limits.clock_doubt).then(|| {
            format!(
                "IAMATs of {count} clients were too far ahead within {gap} s: is this server's \
                 clock wrong? It says {wall}"
            )
        })
    }

    /// `who` told us a report that is too far ahead of our clock: a warning, now and then.
    pub fn heard(
        &mut self,
        who: &str,
        report: &Report<'_>,
        now: Now,
        limits: &Limits,
    ) -> Option<String> {
        let before = self.reports.permit(now.mono, limits.warning_gap)?;
        let (client, server) = (shown(report.client), shown(report.server));
        let (at, wall) = (report.time.at, now.wall);
        let size = seconds(at - wall);
        Some(format!(
            "{who}: its report of {client}, which {server} heard, is of {at}, {size} s ahead of \
             this server's clock, {wall}{before}"
        ))
    }
}

/// The size of a distance, to the millisecond.
pub fn seconds(nanoseconds: i128) -> String {
    let ms = nanoseconds.unsigned_abs() / u128::from(MILLISECOND);
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::PRODUCT;

    fn now(mono: u64, wall: i128) -> Now {
        let second = i128::from(SECOND);
        Now {
            mono: Mono(mono * SECOND),
            wall: Wall(wall * second),
        }
    }

    #[test]
    fn a_jump_is_told_and_a_slow_adjustment_is_not() {
        let mut clocks = Clocks::default();
        for (mono, wall) in [(0, 1000), (1, 1001), (2, 1007), (3, 1003), (4, 999)] {
            assert_eq!(clocks.observe(now(mono, wall), &LIMITS), None, "{wall}");
        }
        let told = clocks.observe(now(5, 0), &LIMITS).unwrap();
        assert!(told.contains("put back by 1000.000 s, to 1970-01-01T00:00:00.0"));
        assert_eq!(clocks.observe(now(6, 5000), &LIMITS), None);
        let told = clocks.observe(now(70, 9000), &LIMITS).unwrap();
        assert!(told.contains("forward by 3936.000 s"), "{told}");
        assert!(told.ends_with("(1 more before)"), "{told}");
    }

    #[test]
    fn a_journal_from_the_future_is_told_once() {
        let day = LIMITS.report_ahead;
        for (ahead, is_told) in [(day, false), (day + 1, true)] {
            let mut clocks = Clocks::default();
            clocks.replayed(Wall(now(0, 1000).wall.0 + ahead));
            clocks.replayed(Wall(0));
            let told = clocks.observe(now(0, 1000), &LIMITS);
            assert_eq!(told.is_some(), is_told);
            assert_eq!(clocks.observe(now(1, 1001), &LIMITS), None);
        }
    }

    #[test]
    fn several_clients_that_are_ahead_make_a_server_doubt_itself() {
        let mut clocks = Clocks::default();
        let mut refused = |client: &str, mono| {
            let at = now(0, 1_000_000).wall;
            let told = clocks.refused(client.as_bytes(), at, now(mono, 1000), &LIMITS);
            told.map(|line| line.is_some())
        };
        assert_eq!(refused("a", 0), [true, false]);
        assert_eq!(refused("a", 1), [false, false]);
        assert_eq!(refused("b", 2), [false, false]);
        assert_eq!(refused("c", 3), [false, true]);
        assert_eq!(refused("d", 4), [false, false]);
        // A minute later it begins again.
        assert_eq!(refused("d", 63), [true, false]);
        assert_eq!(refused("e", 64), [false, false]);
        assert_eq!(refused("f", 122), [false, true]);
    }
}
