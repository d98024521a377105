//! How a connection ends. These are all its paths:
//!
//! ```text
//! Open ───────── the peer shuts down sending ─────────▶ HalfClosed
//!   │                                                       │ its last line is processed
//!   │ end_after_reply, dismiss                              ▼
//!   ▼                                                   Draining
//! Draining, with linger ── the peer shuts down sending ──▶  │
//!   │ all is sent: we shut down sending                     │ all is sent
//!   ▼                                                       ▼
//! Lingering ────── the peer closes, or time is up ─────▶ Closed
//! ```
//!
//! An error of the connection, or a handler's [`End::Closed`], closes it from any phase. A close
//! while the peer still sends would reset the connection and destroy the last reply: hence the
//! linger.

use std::borrow::Cow;

use super::session::{Phase, Session};
use crate::node::context::{Context, Timer};

/// How a line ends its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The line is echoed after `? `, and that is the last reply.
    Refused(Cow<'static, str>),
    /// The connection is closed at once.
    Closed(Cow<'static, str>),
}

impl End {
    /// See [`End::Refused`].
    pub fn refused(why: impl Into<Cow<'static, str>>) -> End {
        End::Refused(why.into())
    }
}

/// Closes a connection once its event is handled. `why` is for the log.
pub fn close(session: &mut Session, why: impl Into<Cow<'static, str>>, cx: &mut Context) {
    session.phase = Phase::Closed;
    cx.effects.close_later(session.id, why);
}

/// The next reply is the last: input that still comes is dropped, and the connection ends.
pub fn end_after_reply(session: &mut Session, cx: &mut Context) {
    // A peer that has ended already sends nothing that could be left unread.
    let linger = session.phase != Phase::HalfClosed;
    session.phase = Phase::Draining { linger };
    // The peer may never read the reply.
    cx.arm(Timer::Linger(session.id), cx.limits.grace);
}

/// Ends a connection of which nothing more is wanted, once everything that it is owed is sent. It
/// lingers even if that is nothing: a client that pipelines may have sent more than was read, and
/// may not have read all its replies.
pub fn dismiss(session: &mut Session) {
    if session.is_ending() {
        return;
    }
    session.input.backlog = false;
    session.input.lines.clear();
    let linger = session.phase != Phase::HalfClosed;
    session.phase = Phase::Draining { linger };
}
