//! Looks at the herd: a question to all servers, on a thread of its own, since it waits for them.
//! However many ask, the servers are asked once in a second, and not at all if nobody does.

use std::io;
use std::sync::Arc;

use super::http::{HTML, JSON, PROMETHEUS, Response, TEXT};
use super::page::{event, page};
use super::routes::View;
use crate::limits::LIMITS;
use crate::reactor::{Pool, Size, Wake, wall};
use crate::secret::Secrets;
use crate::status::{Level, Survey};
use crate::topology::Topology;
use crate::units::Mono;

/// The herd that is looked at.
pub struct Herd {
    pub topology: Topology,
    pub secrets: Option<Secrets>,
    /// Gives a number that was not used before.
    pub random: fn() -> io::Result<u128>,
}

/// A look, in all the ways to show it.
pub struct Look {
    page: Response,
    status: Response,
    metrics: Response,
    health: Response,
    stream: Response,
    /// For pages that are open.
    pub event: Arc<[u8]>,
}

/// The looks of a process.
pub struct Looks {
    pool: Pool<(), Result<Look, String>>,
    /// The last look, and when it came.
    last: Option<(Mono, Arc<Look>)>,
    /// When the next look may begin.
    next: Mono,
    is_under_way: bool,
}

impl Looks {
    /// Looks at `herd` when asked to, and wakes the loop when it has.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn new(herd: Arc<Herd>, wake: &Wake) -> io::Result<Looks> {
        let size = Size {
            workers: 1,
            jobs_max: 1,
            batch: 1,
        };
        let look = move |(): &()| Look::take(&herd).map_err(|why| format!("cannot ask: {why}"));
        Ok(Looks {
            pool: Pool::start("looks", size, look, wake)?,
            last: None,
            next: Mono(0),
            is_under_way: false,
        })
    }

    /// The last look, if it is fresh.
    pub fn fresh(&self, now: Mono) -> Option<Arc<Look>> {
        let (at, look) = self.last.as_ref()?;
        (now.since(*at) < LIMITS.web_look).then(|| Arc::clone(look))
    }

    /// When the next look may begin, unless one is under way.
    pub fn next_at(&self) -> Option<Mono> {
        (!self.is_under_way).then_some(self.next)
    }

    /// Begins a look, if it is time for one.
    pub fn begin(&mut self, now: Mono) {
        if self.next_at().is_some_and(|at| at <= now) {
            self.is_under_way = self.pool.submit(()).is_ok();
        }
    }

    /// The look that has come since the last call, or why there is none.
    pub fn finished(&mut self, now: Mono) -> Option<Result<Arc<Look>, String>> {
        let ((), look) = self.pool.results().pop()?;
        self.is_under_way = false;
        self.next = now + LIMITS.web_look;
        let look = look.unwrap_or_else(|| Err("the look at the herd broke off".to_string()));
        Some(look.map(|look| {
            let look = Arc::new(look);
            self.last = Some((now, Arc::clone(&look)));
            look
        }))
    }
}

impl Look {
    fn take(herd: &Herd) -> io::Result<Look> {
        let survey = Survey::take(&herd.topology, herd.secrets.as_ref(), herd.random)?;
        let (summary, line) = (survey.summary(), survey.line());
        let time = wall().to_the_second();
        let event = event(&summary, &line, &time).into_bytes();
        let health = match survey.health.level() {
            Level::Well => 200,
            Level::Locked | Level::Degraded | Level::Down => 503,
        };
        let new = |kind, text: String| Response::new(200, kind, text.into_bytes());
        Ok(Look {
            page: new(HTML, page(&summary, &line, &time)),
            status: new(JSON, survey.json()),
            metrics: new(PROMETHEUS, survey.samples()),
            health: Response::new(health, TEXT, line.into_bytes()),
            stream: Response::new(200, "text/event-stream", event.clone()),
            event: event.into(),
        })
    }

    pub fn view(&self, view: View) -> &Response {
        match view {
            View::Page => &self.page,
            View::Status => &self.status,
            View::Metrics => &self.metrics,
            View::Health => &self.health,
            View::Events => &self.stream,
        }
    }
}
