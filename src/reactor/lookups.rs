//! Lookups of places: the questions of a turn are handed to the workers together, and what these
//! have answered is taken together.

use std::io;
use std::sync::Arc;

use super::clock::Clock;
use super::pool::{Pool, Size, Wake};
use super::shell::Shell;
use super::slices::{Span, of_places, timed};
use crate::limits::{LIMITS, Limit};
use crate::node::{Event, LookupError, Query};
use crate::places::Provider;
use crate::units::LookupId;

/// A question for the provider.
type Lookup = (LookupId, Query);

type Answer = Result<Vec<u8>, LookupError>;

/// The workers that ask the provider.
pub struct Lookups {
    pool: Pool<Lookup, (Answer, Option<Span>)>,
    /// The questions of this turn.
    asked: Vec<Lookup>,
}

impl Lookups {
    /// Starts the workers. They time their jobs by `clock`, if there is one.
    ///
    /// # Errors
    /// When there is no room for another thread.
    pub fn start(
        places: Arc<dyn Provider>,
        clock: Option<Clock>,
        wake: &Wake,
    ) -> io::Result<Lookups> {
        let size = Size {
            workers: LIMITS.workers,
            jobs_max: LIMITS.lookup_queue,
            batch: places.batch(),
        };
        let lookup = move |(_, query): &Lookup| places.nearby(query);
        let lookup = timed(clock, of_places, lookup);
        Ok(Lookups {
            pool: Pool::start("places", size, lookup, wake)?,
            asked: Vec::new(),
        })
    }

    /// Has the provider asked once the turn's questions are handed over.
    pub fn ask(&mut self, id: LookupId, query: Query, shell: &mut Shell) {
        // The queue and idle workers have room for no more.
        if self.asked.len() >= LIMITS.lookup_queue + LIMITS.workers {
            refuse(id, shell);
        } else {
            self.asked.push((id, query));
        }
    }

    /// Nobody waits for this lookup any more. One that no worker has taken is dropped.
    pub fn forget(&mut self, id: LookupId) {
        self.asked.retain(|(it, _)| *it != id);
        self.pool.forget(|(it, _)| *it == id);
    }

    /// Hands the questions of this turn to the workers. False: some found the queue full, and the
    /// node is told.
    pub fn hand_over(&mut self, shell: &mut Shell) -> bool {
        if !self.asked.is_empty() {
            self.pool.submit_all(&mut self.asked);
        }
        let all_fit = self.asked.is_empty();
        for (id, _) in self.asked.drain(..) {
            refuse(id, shell);
        }
        all_fit
    }

    /// Takes in what the workers have answered.
    pub fn take_results(&self, shell: &mut Shell) {
        for ((id, _), result) in self.pool.results() {
            let why = "the lookup failed; the log of the server says more";
            let bug = || Err(LookupError::Failed(why.into()));
            let (answer, span) = result.unwrap_or_else(|| (bug(), None));
            shell.watch.worked(span);
            shell.tell(Event::LookedUp { id, answer });
        }
    }
}

fn refuse(id: LookupId, shell: &mut Shell) {
    shell.node.hit(Limit::lookup_queue);
    let answer = Err(LookupError::Busy);
    shell.tell(Event::LookedUp { id, answer });
}
