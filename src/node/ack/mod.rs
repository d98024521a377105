//! Barriers that replies wait for, and the echo wave that tells when the herd has an update.

mod barriers;
mod wave;

pub use barriers::Barriers;
pub use wave::Waves;

use super::api::Ack;
use super::conn::{Sessions, Waiting};
use super::context::Context;
use super::log_lines::Level;
use super::timer::Timer;
use crate::limits::{Limit, Throttle};

/// The replies that wait, and how far their barriers have moved.
#[derive(Debug, Default)]
pub struct Acks {
    pub barriers: Barriers,
    pub waves: Waves,
    /// Changes up to this one are safe on the disk, or no reply waits for that.
    pub synced: u64,
    /// Replies that did not wait until every server had their update, since the start.
    pub late: u64,
    warnings: Throttle,
}

impl Acks {
    /// Nobody waits. Changes up to `synced` are safe.
    pub fn new(synced: u64) -> Acks {
        Acks {
            synced,
            ..Acks::default()
        }
    }

    /// The barrier of an update that is known here: the change that must be synced and the wave
    /// that must return; none: its reply may leave. `last` is the newest change.
    pub fn barrier(&self, last: u64, ack: Ack) -> Option<(u64, u64)> {
        match ack {
            Ack::Local if last <= self.synced => None,
            Ack::Local => Some((last, 0)),
            // The change counts even while the journal fails: it may be sound again before the
            // herd has answered.
            Ack::Herd | Ack::HerdOrError => Some((last, self.waves.next())),
        }
    }

    /// The next reply that may leave, and whether it is late.
    pub fn release(&mut self) -> Option<(Waiting, bool)> {
        self.barriers.release(self.synced, self.waves.returned())
    }

    /// Replies have waited too long for the herd: they leave all the same, perhaps as errors. Their
    /// wave goes on: a link that holds it up would hold up the next one too, until that link is
    /// considered dead.
    pub fn on_timeout(&mut self, sessions: &Sessions, cx: &mut Context) {
        cx.hit(Limit::ack_wait);
        let is_connected = |conn| sessions.get(conn).is_some();
        let (now, limit) = (cx.now.mono, cx.limits.ack_wait);
        let returned = self.waves.returned();
        self.late += (self.barriers).expire(now, limit, returned, is_connected);
        if let Some(before) = self.warnings.permit(now, cx.limits.warning_gap) {
            let late = self.late;
            let what = match cx.me.ack {
                Ack::HerdOrError => "IAMATs answered with an error, for not every server had it",
                Ack::Local | Ack::Herd => "replies sent before every server had it",
            };
            let line = format_args!("{what}: {late}{before}");
            cx.log.write(Level::Warn, line);
        }
        cx.effects.news = true;
    }

    /// Arms the timer for the reply that has waited longest for the herd.
    pub fn arm(&self, cx: &mut Context) {
        if cx.me.ack == Ack::Local {
            return;
        }
        match self.barriers.waits_for_wave_since(self.waves.returned()) {
            Some(since) => cx.timers.set(Timer::Ack, since + cx.limits.ack_wait),
            None => cx.timers.stop(Timer::Ack),
        }
    }
}
