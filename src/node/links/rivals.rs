//! Two processes with the name of one neighbour, each with a run of its own: a second copy of a
//! machine, the same topology started twice.
//!
//! A restart looks the same at first: a new run comes, and the run before it never comes back. So
//! the first HELLO of an unknown run is believed at once. When an earlier run comes back, both are
//! alive. From then on the run that was met first keeps its links while they live, and the others
//! are refused; both sides say so. Two processes that even have one run are told apart by
//! `lineage.rs`.

use std::collections::VecDeque;

use super::lineage::Lineage;
use crate::limits::Limits;
use crate::units::Mono;
use crate::wire::Run;

/// The runs of one neighbour.
#[derive(Debug, Default)]
pub struct Rivals {
    /// In the order in which they were met, each with the address at which it last had a link.
    met: VecDeque<(Run, String)>,
    /// The links of the present run.
    pub lineage: Lineage,
    /// When two of them were last seen to be alive, and what is wrong.
    seen: Option<(Mono, String)>,
}

/// The answer to a HELLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It may be the present one.
    Granted,
    /// The same, but another process of that name is alive: a warning.
    Contested(String),
    /// Another process of that name was there before, and is alive.
    Refused(String),
}

impl Rivals {
    /// A HELLO of `run` came from `address`. The neighbour's present run is `present`, if that has
    /// a link.
    pub fn claim(
        &mut self,
        (name, run, address): (&str, Run, &str),
        present: Option<Run>,
        now: Mono,
        limits: &Limits,
    ) -> Claim {
        let former = self.place(run);
        let here = former.unwrap_or_else(|| self.meet(run, address, limits));
        let there = present.and_then(|present| self.place(present));
        let other = there.filter(|there| *there != here);
        let is_trusted = former.is_none() && self.trouble(now, limits).is_none();
        let Some(there) = other.filter(|_| !is_trusted) else {
            self.met[here].1 = address.to_string();
            return Claim::Granted;
        };
        if here < there {
            self.met[here].1 = address.to_string();
        }
        let (older, newer) = (&self.met[here.min(there)], &self.met[here.max(there)]);
        let why = format!(
            "two servers are {name}: run {} at {} and run {} at {}; the first keeps the link",
            older.0, older.1, newer.0, newer.1
        );
        self.seen = Some((now, why.clone()));
        match here < there {
            true => Claim::Contested(why),
            false => Claim::Refused(why),
        }
    }

    /// Another process than the one that is linked came from `address`, and has the same run: why
    /// it is refused.
    pub fn same_run(&mut self, name: &str, run: Run, address: &str, now: Mono) -> String {
        let linked = self.lineage.address();
        let why = format!(
            "two servers are {name}: both have the run {run}, one at {linked} and one at \
             {address}; the first keeps the link. Was a running machine copied?"
        );
        self.seen = Some((now, why.clone()));
        why
    }

    /// Says that two processes are alive, if they were until recently.
    pub fn trouble(&self, now: Mono, limits: &Limits) -> Option<&str> {
        // The one that is refused comes back within the longest wait and its jitter.
        let (at, why) = self.seen.as_ref()?;
        (now.since(*at) <= 2 * limits.redial_refused).then_some(why)
    }

    fn place(&self, run: Run) -> Option<usize> {
        self.met.iter().position(|(met, _)| *met == run)
    }

    fn meet(&mut self, run: Run, address: &str, limits: &Limits) -> usize {
        if self.met.len() == limits.runs {
            self.met.pop_front();
        }
        self.met.push_back((run, address.to_string()));
        self.met.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SECOND;

    const LIMITS: Limits = Limits::PRODUCT;

    fn claim(rivals: &mut Rivals, run: u64, present: Option<u64>, second: u64) -> &'static str {
        let at = format!("10.0.0.{run}");
        let now = Mono(second * SECOND);
        match rivals.claim(("Hands", Run(run), &at), present.map(Run), now, &LIMITS) {
            Claim::Granted => "granted",
            Claim::Contested(why) | Claim::Refused(why) if !why.contains(&at) => "no address",
            Claim::Contested(_) => "contested",
            Claim::Refused(_) => "refused",
        }
    }

    #[test]
    fn restarts_are_believed() {
        let mut rivals = Rivals::default();
        for run in 1..100 {
            // Its predecessor's link may still seem to be alive.
            assert_eq!(claim(&mut rivals, run, Some(run - 1), run), "granted");
            assert_eq!(claim(&mut rivals, run, Some(run), run), "granted");
        }
        assert!(rivals.met.len() <= LIMITS.runs);
        assert_eq!(rivals.trouble(Mono(0), &LIMITS), None);
    }

    #[test]
    fn the_older_of_several_keeps_the_link_while_it_is_alive() {
        let mut rivals = Rivals::default();
        assert_eq!(claim(&mut rivals, 1, None, 0), "granted");
        assert_eq!(claim(&mut rivals, 2, Some(1), 0), "granted");
        assert_eq!(claim(&mut rivals, 1, Some(2), 1), "contested");
        for second in 2..1000 {
            assert_eq!(claim(&mut rivals, 2, Some(1), second), "refused");
            assert_eq!(claim(&mut rivals, 3, Some(1), second), "refused");
        }
        let text = rivals.trouble(Mono(1000 * SECOND), &LIMITS);
        assert!(text.is_some_and(|text| text.contains("at 10.0.0.1 and run")));
        // It is gone. The next one has the link, and nobody contests it after a while.
        assert_eq!(claim(&mut rivals, 3, None, 1001), "granted");
        assert_eq!(claim(&mut rivals, 2, Some(3), 1002), "contested");
        assert_eq!(rivals.trouble(Mono(1200 * SECOND), &LIMITS), None);
        assert_eq!(claim(&mut rivals, 4, Some(2), 1200), "granted");
    }
}
