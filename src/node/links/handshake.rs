//! The handshakes: what must be said before a link, a status or a stream of changes, and in which
//! order.
//!
//! | state | line | what follows |
//! |---|---|---|
//! | dialler: [`Link::HelloSent`] | HELLO | AUTH with a secret; [`Link::AwaitingSince`] |
//! | dialler: [`Link::AwaitingSince`] | SINCE | [`Link::Up`], in `outgoing.rs` |
//! | acceptor: [`Kind::Unidentified`] | HELLO | HELLO; [`Kind::Challenged`] |
//! | acceptor: [`Kind::Challenged`] | AUTH | SINCE; [`Kind::Incoming`], in `incoming.rs` |
//! | asked: [`Kind::Unidentified`] | STATUS | STATUS; [`Kind::Challenged`] |
//! | asked: [`Kind::Challenged`] | AUTH | the status, and the end, in `asked.rs` |
//! | asked: [`Kind::Unidentified`] | WATCH | WATCH; [`Kind::Challenged`] |
//! | asked: [`Kind::Challenged`] | AUTH | WATCHING; [`Kind::Watcher`], in `watch` |
//!
//! Without a secret an acceptor says SINCE at once. On loopback STATUS and WATCH need no proof.
//! Any other line is refused. A connection that says nothing is closed after three seconds.

use super::admit::{admit, on_run};
use super::asked::{asked, proved};
use super::check::{OTHER_SECRET, as_dialler, check_acceptor, check_dialler};
use super::link::Link;
use crate::limits::Limit;
use crate::node::conn::{Challenge, End, Kind, Purpose, Session};
use crate::node::context::{Context, Identity, Timer};
use crate::node::parts::Parts;
use crate::secret::{ACCEPTOR, DIALLER, Side, early, handshake};
use crate::units::PeerId;
use crate::wire::{Command, Hello, Message, Run};

const CLIENTS_LINE: &str =
    "it is a client at the servers' door; theirs is the one after clients= in the topology";

/// The first line of a connection at the servers' door: a neighbour's HELLO, STATUS or WATCH.
///
/// # Errors
/// Nothing else is accepted.
pub fn first_line(session: &mut Session, line: &[u8], parts: &mut Parts) -> Result<(), End> {
    let hello = match Message::parse(line) {
        Some(Message::Hello(hello)) => hello,
        Some(Message::Status(nonce)) => {
            return asked(session, line, (nonce, Purpose::Status), parts);
        }
        Some(Message::Watch(nonce, start)) => {
            return asked(session, line, (nonce, Purpose::Watch(start)), parts);
        }
        _ if Command::parse(line).is_ok() => return Err(End::refused(CLIENTS_LINE)),
        _ => return Err(End::refused("it does not begin with HELLO")),
    };
    let peer = check_dialler(session, &hello, parts).map_err(End::refused)?;
    count_unknown(&hello, &mut parts.cx);
    let challenge = Challenge {
        purpose: Purpose::Link(peer, hello.run),
        their_nonce: hello.nonce.to_vec(),
        our_nonce: parts.cx.nonce(),
        has_clock: hello.has_clock,
        last: hello.last.map(<[u8]>::to_vec),
        is_early: is_early(peer, session, &hello, parts),
    };
    let (me, name) = (&parts.cx.me, &parts.links.peer(peer).name);
    let reply = hello_line(me, name, &challenge.our_nonce);
    let proof = match &me.secret {
        Some(secret) => secret.prove(&as_acceptor(ACCEPTOR, me, name, hello.run, &challenge)),
        None => "-".to_string(),
    };
    (session.kind, session.challenge) = (Kind::Challenged, Some(Box::new(challenge)));
    // Its proof takes a round trip.
    let patience = &parts.links.peer(peer).outgoing.patience;
    let wait = patience.for_answer(&parts.cx.limits);
    parts.cx.arm(Timer::Silent(session.id), wait);
    parts.log_line(session, '<', line);
    match hello.is_terse() {
        true => parts.say(session, format_args!("{reply} {proof}")),
        false => {
            let able = able(&parts.cx.me);
            parts.say(session, format_args!("{reply} {proof} {able}"));
        }
    }
    if parts.cx.me.secret.is_none() {
        admit(session, peer, hello.run, parts)?;
    }
    Ok(())
}

/// Whether a HELLO proves that it is the neighbour's, and was not said before: then the crowd at
/// its address does not evict it.
fn is_early(id: PeerId, session: &Session, hello: &Hello<'_>, parts: &mut Parts) -> bool {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let (Some(secret), Some(proof)) = (&cx.me.secret, hello.early) else {
        return false;
    };
    let theirs = Side(hello.from, hello.run, hello.nonce);
    let message = early(theirs, cx.me.name.as_bytes());
    let is_new = peer.incoming.early.is_new(hello.nonce);
    let is_good = is_new && secret.accepts(proof, &message);
    if is_good {
        let most = cx.limits.early_handshakes;
        if let Some(evicted) = peer.incoming.early.add(session.id, hello.nonce, most) {
            cx.hit(Limit::early_handshakes);
            cx.effects
                .close_later(evicted, "it makes room for a newer connection");
        }
    }
    is_good
}

/// The line after the challenge: the proof of the secret.
///
/// # Errors
/// Nothing else is accepted.
pub fn proof(session: &mut Session, line: &[u8], parts: &mut Parts) -> Result<(), End> {
    let (Some(challenge), Some(secret)) = (&session.challenge, &parts.cx.me.secret) else {
        return Err(End::refused(OTHER_SECRET));
    };
    let Some(Message::Auth(proof)) = Message::parse(line) else {
        return Err(End::refused("it does not prove that it knows the secret"));
    };
    let me = &parts.cx.me;
    let Purpose::Link(peer, run) = challenge.purpose else {
        return proved(session, line, proof, parts);
    };
    let name = &parts.links.peer(peer).name;
    if !secret.accepts(proof, &as_acceptor(DIALLER, me, name, run, challenge)) {
        return Err(End::refused(OTHER_SECRET));
    }
    parts.log_line(session, '<', line);
    admit(session, peer, run, parts)
}

/// The shell connected to a neighbour: we say HELLO.
pub fn say_hello(id: PeerId, session: &mut Session, parts: &mut Parts) {
    let nonce = parts.cx.nonce();
    let peer = parts.links.peer_mut(id);
    peer.outgoing.state = Link::HelloSent(session.id);
    let (me, words) = (&parts.cx.me, &mut peer.outgoing.words);
    let mut hello = hello_line(me, &peer.name, &nonce);
    if !words.is_terse {
        hello = format!("{hello} {}", able(me));
        if let Some(last) = &words.last {
            hello = format!("{hello} last={last}");
        }
        if let Some(secret) = &me.secret {
            let ours = Side(me.name.as_bytes(), me.run, nonce.as_bytes());
            let proof = secret.prove(&early(ours, peer.name.as_bytes()));
            hello = format!("{hello} early={proof}");
        }
    }
    words.ours = nonce;
    peer.outgoing.skew.begin(parts.cx.now.mono);
    peer.outgoing.patience.begin();
    peer.outgoing.patience.asked(parts.cx.now.mono);
    let wait = peer.outgoing.patience.for_answer(&parts.cx.limits);
    parts.cx.arm(Timer::Link(id), wait);
    parts.say(session, format_args!("{hello}"));
}

/// The acceptor's HELLO on a link that we dialled. With a secret we prove it now.
///
/// # Errors
/// The reason why that server is not the neighbour.
pub fn on_hello(
    id: PeerId,
    session: &mut Session,
    line: &[u8],
    hello: &Hello<'_>,
    parts: &mut Parts,
) -> Result<(), End> {
    check_acceptor(parts.links.peer(id), hello, &parts.cx.me).map_err(End::refused)?;
    parts.log_line(session, '<', line);
    count_unknown(hello, &mut parts.cx);
    on_run(id, session, hello.run, parts)?;
    let peer = parts.links.peer_mut(id);
    peer.outgoing.compares = hello.compares;
    peer.outgoing.words.theirs = text(hello.nonce);
    peer.outgoing.words.version = hello.version.map(text);
    peer.outgoing.patience.answered(parts.cx.now.mono);
    let wait = peer.outgoing.patience.for_answer(&parts.cx.limits);
    peer.outgoing.state = Link::AwaitingSince(session.id);
    if let Some(secret) = &parts.cx.me.secret {
        let proof = secret.prove(&as_dialler(DIALLER, &parts.cx.me, peer, hello));
        parts.say(session, format_args!("AUTH {proof}"));
    }
    parts.cx.arm(Timer::Link(id), wait);
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Words of a later version mean nothing to this one.
fn count_unknown(hello: &Hello<'_>, cx: &mut Context) {
    if hello.unknown > 0 {
        cx.hit(Limit::unknown_words);
    }
}

/// The words of a HELLO about our version.
fn able(me: &Identity) -> String {
    format!("{} version={}", Hello::ABLE, me.version)
}

/// The start of our HELLO to a neighbour.
fn hello_line(me: &Identity, neighbour: &str, nonce: &str) -> String {
    format!("HELLO {} {neighbour} {} {nonce}", me.name, me.run)
}

/// The message that `role` proves on a link that a neighbour dialled.
fn as_acceptor(role: &[u8], me: &Identity, name: &str, run: Run, said: &Challenge) -> Vec<u8> {
    let ours = Side(me.name.as_bytes(), me.run, said.our_nonce.as_bytes());
    handshake(role, Side(name.as_bytes(), run, &said.their_nonce), ours)
}
