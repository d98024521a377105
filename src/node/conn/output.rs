//! The way out, for every reply.
//!
//! Replies of one connection leave in the order of its requests. A reply that may leave at once
//! goes straight to the outbox; one that must wait reserves a slot in the reply queue, and every
//! reply after it takes the slot behind. A slot waits for one barrier (`ack/barriers.rs`): a
//! lookup, or an update that must be synced (`--fsync always`) or known to the herd
//! (`--ack herd`). When its barrier is released, the slot is filled, and everything that is ready
//! at the front moves to the outbox.
//!
//! Nothing is written when it is produced. A connection with bytes stands once in a flush queue,
//! and [`Node::poll_action`](crate::node::Node::poll_action) empties the queues once per turn: the
//! links first, then the journal, then the clients. So one turn writes once to each connection,
//! however many requests came in its packet, and a client reads its reply only after the update
//! is on its way to the neighbours and in the journal. [`Output`](super::Output) has the mark that
//! holds this: the shell gets no byte beyond it, and only that last step moves it.

use super::deadlines::Stamp;
use super::session::Session;
use crate::buffers::Ticket;
use crate::node::context::{Context, Level};
use crate::units::{ConnId, Mono};
use crate::wire::{Invalid, push_echo};

/// Replies after the replies before it: at once, if none of them waits.
pub fn reply(session: &mut Session, line: &[u8], cx: &mut Context) {
    reply_quietly(session, line, cx);
    log_reply(session, line, cx);
}

/// Echoes an invalid line of a client. The log says why it is invalid; the wire does not.
pub fn refuse(session: &mut Session, line: &[u8], why: Invalid, cx: &mut Context) {
    cx.counters.count_invalid(why);
    let echo = match why {
        // This is the start of a line, so a CR at its end is not at the line's end.
        Invalid::Long | Invalid::Incomplete => [b"? ", line, b"\n"].concat(),
        _ => echo(line),
    };
    reply_quietly(session, &echo, cx);
    if let Some(from) = session.from {
        cx.log.echo(from, &echo, why);
    }
}

/// Replies, and leaves the log to the caller.
pub fn reply_quietly(session: &mut Session, line: &[u8], cx: &mut Context) {
    if session.output.replies.is_empty() {
        session.output.outbox.borrow(&mut cx.pools.outboxes);
    }
    let Session { output, .. } = session;
    output.replies.answer(line, &mut output.outbox);
    cx.effects.flush(session);
}

/// A reply that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub conn: ConnId,
    pub ticket: Ticket,
    pub since: Mono,
}

/// Reserves the place of a reply that waits for a barrier, and of which only `head` is known.
pub fn reserve(session: &mut Session, head: Vec<u8>, cx: &mut Context) -> Waiting {
    log_reply(session, &head, cx);
    Waiting {
        conn: session.id,
        ticket: session.output.replies.reserve(head),
        since: cx.now.mono,
    }
}

/// The reply to an invalid line.
pub fn echo(line: &[u8]) -> Vec<u8> {
    let mut echo = Vec::with_capacity(line.len() + 3);
    push_echo(&mut echo, line);
    echo
}

/// Reserves the place of a reply that will be one of two lines, of which each has its LF.
pub fn reserve_two(session: &mut Session, lines: [&[u8]; 2], cx: &Context) -> Waiting {
    Waiting {
        conn: session.id,
        ticket: session.output.replies.reserve(lines.concat()),
        since: cx.now.mono,
    }
}

/// Decides which of the two lines a reply is. It still has to be filled.
pub fn choose(session: &mut Session, ticket: Ticket, is_first: bool, cx: &mut Context) {
    let (from, replies) = (session.from, &mut session.output.replies);
    match (replies.choose(ticket, is_first), from) {
        (Some(line), Some(from)) if is_first => cx.log.client(Level::Info, from, '>', line),
        (Some(line), Some(from)) => cx.log.echo(from, line, "not all servers have it in time"),
        _ => {}
    }
}

/// The barrier of a reply was released, and `rest` completes it.
pub fn fill(session: &mut Session, ticket: Ticket, rest: &[u8], cx: &mut Context) {
    let Session { output, .. } = session;
    output.replies.fill(ticket, rest, &mut output.outbox);
    cx.effects.flush(session);
}

/// The socket took `count` bytes; 0: it took none.
pub fn advance(session: &mut Session, count: usize, cx: &mut Context) {
    // Bytes that the kernel keeps say nothing about the other end of a link. But once it was full
    // and takes more, the other host has acknowledged some.
    let was_full = session.deadlines.is_blocked();
    if session.is_client() || was_full && count > 0 {
        session.input.active = Stamp::of(cx.now.mono);
    }
    let output = &mut session.output;
    output.outbox.advance(count);
    output.outbox.give_back(&mut cx.pools.outboxes);
    output.flushable = output.flushable.saturating_sub(count as u32);
    let is_left = !output.outbox.is_empty();
    session.deadlines.written(cx.now.mono, count, is_left);
}

/// Logs a reply. Only `links` knows neighbours' names, so it logs theirs.
fn log_reply(session: &Session, line: &[u8], cx: &mut Context) {
    if !cx.log.has(Level::Info) {
        return;
    }
    if let (None, Some(from)) = (session.peer(), session.from) {
        cx.log.client(Level::Info, from, '>', line);
    }
}
