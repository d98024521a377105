//! The changes of the herd, for pages that are open: it watches all servers as long as a page
//! listens and a little longer, and not at all if none does.
//!
//! Everything that the servers tell is read, so that what is shown is not old; what pages are told
//! of it is a sample (`moves.rs`).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use mio::Registry;
use mio::event::Event;

use super::looks::Herd;
use super::moves::Moves;
use crate::limits::LIMITS;
use crate::reactor::Wake;
use crate::units::Mono;
use crate::watch::{self, Watch};

/// A watcher that comes and goes with the pages.
pub struct Follower<'a> {
    herd: &'a Herd,
    registry: Registry,
    wake: Wake,
    /// None: nobody listens.
    watch: Option<Watch<'a>>,
    /// When the watch ends, unless somebody listens by then.
    until: Mono,
    moves: Moves,
    /// Why servers are not watched, by their places in the topology.
    unwatched: BTreeMap<usize, String>,
    /// When the next event leaves, if there is something to tell.
    event_at: Option<Mono>,
    all: Option<All>,
}

/// The event with the clients that moved last.
struct All {
    at: Mono,
    /// How many moves there had been.
    count: u64,
    event: Arc<[u8]>,
}

/// An event for all pages, and the number of changes that it is about.
pub type News = (Arc<[u8]>, u64);

impl<'a> Follower<'a> {
    /// A follower whose tokens are those of a [`Watch`], in a poll that `wake` wakes.
    pub fn new(herd: &'a Herd, registry: Registry, wake: Wake) -> Follower<'a> {
        Follower {
            herd,
            registry,
            wake,
            watch: None,
            until: Mono(0),
            moves: Moves::default(),
            unwatched: BTreeMap::new(),
            event_at: None,
            all: None,
        }
    }

    /// Takes in an event of the poll.
    pub fn event(&mut self, event: &Event) {
        if let Some(watch) = &mut self.watch {
            watch.event(event);
        }
    }

    /// Begins or ends to watch, and takes what the servers have told.
    pub fn act(&mut self, has_listeners: bool, now: Mono) {
        if has_listeners {
            self.until = now + LIMITS.web_watch;
            if self.watch.is_none() {
                // If there is no descriptor for it, the next turn tries again.
                self.watch = self.begin().ok();
            }
        } else if self.until <= now {
            self.end();
        }
        self.take();
        if self.moves.has_news() {
            // The changes of one move come at nearly the same time.
            let at = now + LIMITS.web_beat;
            self.event_at = Some(self.event_at.map_or(at, |before| before.min(at)));
        } else if self.moves.is_stale() && self.event_at.is_none() {
            self.event_at = Some(now + LIMITS.web_beat);
        }
    }

    fn take(&mut self) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        while let Some(event) = watch.poll_event() {
            match event {
                watch::Event::Change {
                    server,
                    teller,
                    report,
                    is_past,
                    ..
                } => {
                    let server = &self.herd.topology.servers[server].name;
                    self.moves.take(server, teller, &report, is_past);
                }
                watch::Event::Skipped { count, .. } => self.moves.skip(count),
                watch::Event::Up { server, .. } => {
                    if self.unwatched.remove(&server).is_some() {
                        self.moves.set_stale();
                    }
                }
                watch::Event::Down { server, why, .. } => {
                    let name = &self.herd.topology.servers[server].name;
                    self.unwatched.insert(server, format!("{name}: {why}"));
                    self.moves.set_stale();
                }
            }
        }
    }

    fn begin(&self) -> io::Result<Watch<'a>> {
        let (herd, wake) = (self.herd, Wake::clone(&self.wake));
        let registry = self.registry.try_clone()?;
        let secrets = herd.secrets.as_ref();
        let mut watch = Watch::new(&herd.topology, secrets, registry, wake, herd.random);
        watch.begin_with(LIMITS.web_clients as u64);
        Ok(watch)
    }

    fn end(&mut self) {
        if self.watch.take().is_some() {
            self.moves = Moves::default();
            self.unwatched.clear();
            (self.event_at, self.all) = (None, None);
        }
    }

    /// The event that is due, if one is.
    pub fn news(&mut self, now: Mono) -> Option<News> {
        self.event_at.filter(|at| *at <= now)?;
        let has_news = self.moves.has_news();
        // All clients are told once a second at most.
        let all_at = self.all.as_ref().map(|it| it.at + LIMITS.web_look);
        let waits = all_at.filter(|at| *at > now);
        if self.moves.is_stale() && waits.is_none() {
            self.event_at = has_news.then_some(now);
            return Some((self.all(now), 0));
        }
        self.event_at = waits.filter(|_| self.moves.is_stale());
        has_news.then(|| {
            let (event, changes) = self.moves.event();
            (event.into_bytes().into(), changes)
        })
    }

    /// The event with the clients that moved last, at most a second old. If there were moves
    /// meanwhile, another one follows.
    pub fn all(&mut self, now: Mono) -> Arc<[u8]> {
        let count = self.moves.count();
        match &self.all {
            Some(all) if now.since(all.at) < LIMITS.web_look => {
                if all.count != count {
                    self.moves.set_stale();
                }
                Arc::clone(&all.event)
            }
            _ => {
                let event = self.moves.all(self.unwatched.values()).into_bytes();
                let (at, event) = (now, Arc::from(event));
                let all = All { at, count, event };
                Arc::clone(&self.all.insert(all).event)
            }
        }
    }

    /// How long the poll may wait, in nanoseconds; none: for ever.
    pub fn timeout(&mut self, now: Mono) -> Option<u64> {
        let watch = self.watch.as_mut()?.timeout();
        let ends = [Some(self.until), self.event_at].into_iter().flatten();
        let ends = ends.map(|at| at.since(now)).min();
        watch.into_iter().chain(ends).min()
    }
}
