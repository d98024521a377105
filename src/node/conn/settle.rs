//! After each event of a connection: is it read, does it go on in the next turn, is it done?

use super::close::close;
use super::session::{Phase, Session};
use super::timeouts;
use crate::limits::Limit;
use crate::node::api::Action;
use crate::node::context::{Context, Timer};

/// Takes the consequences of an event, once the session has changed.
pub fn settle(session: &mut Session, cx: &mut Context) {
    let full = session.is_full(&cx.limits);
    if session.input.backlog && full.is_none() {
        cx.effects.resume_later(session);
    }
    let pause = session.phase == Phase::Open && (full.is_some() || session.input.backlog);
    let turned = pause != session.input.paused;
    if turned {
        pause_reading(session, pause, full, cx);
    }
    if session.owes_nothing() {
        match session.phase {
            Phase::Draining { linger: false } if session.is_client() => close(session, "done", cx),
            Phase::Draining { linger: false } => close(session, "closed by it", cx),
            Phase::Draining { linger: true } => {
                session.phase = Phase::Lingering;
                cx.effects.actions.push_back(Action::Finish(session.id));
                cx.arm(Timer::Linger(session.id), cx.limits.linger);
            }
            Phase::Open | Phase::HalfClosed | Phase::Lingering | Phase::Closed => {}
        }
    }
    if turned {
        timeouts::arm(session, cx);
    }
}

/// Tells the shell to stop reading, or to read again. The kernel's window slows the peer.
fn pause_reading(session: &mut Session, pause: bool, full: Option<Limit>, cx: &mut Context) {
    session.input.paused = pause;
    session.deadlines.turned(cx.now.mono);
    if let Some(limit) = full.filter(|_| pause) {
        cx.hit(limit);
    }
    cx.effects.actions.push_back(if pause {
        Action::Pause(session.id)
    } else {
        Action::Resume(session.id)
    });
}
