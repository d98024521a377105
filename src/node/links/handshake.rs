//! The handshakes: what must be said before a link or a status, and in which order.
//!
//! | state | line | what follows |
//! |---|---|---|
//! | dialler: [`Link::HelloSent`] | HELLO | AUTH with a secret; [`Link::AwaitingSince`] |
//! | dialler: [`Link::AwaitingSince`] | SINCE | [`Link::Up`], in `outgoing.rs` |
//! | acceptor: [`Kind::Unidentified`] | HELLO | HELLO; [`Kind::Challenged`] |
//! | acceptor: [`Kind::Challenged`] | AUTH | SINCE; [`Kind::Incoming`], in `incoming.rs` |
//! | asked: [`Kind::Unidentified`] | STATUS | STATUS; [`Kind::Challenged`] |
//! | asked: [`Kind::Challenged`] | AUTH | the status, and the end |
//!
//! Without a secret an acceptor says SINCE at once. On loopback the status needs no proof.
//! Any other line is refused. A connection that says nothing is closed after three seconds.

use super::check::{OTHER_SECRET, as_dialler, check_acceptor, check_dialler};
use super::link::Link;
use super::rivals::Claim;
use super::secret::{ACCEPTOR, DIALLER, Side, handshake, question};
use crate::limits::Limit;
use crate::node::admin::status;
use crate::node::conn::{Challenge, End, Kind, Session, close};
use crate::node::context::{Context, Identity, Level, Timer};
use crate::node::parts::Parts;
use crate::units::PeerId;
use crate::wire::{Hello, Message, Position, Run};

/// The first line of a connection at the servers' door: a neighbour's HELLO, or STATUS.
///
/// # Errors
/// Nothing else is accepted.
pub fn first_line(session: &mut Session, line: &[u8], parts: &mut Parts) -> Result<(), End> {
    let hello = match Message::parse(line) {
        Some(Message::Hello(hello)) => hello,
        Some(Message::Status(nonce)) => return asked(session, line, nonce, parts),
        _ => return Err(End::refused("it does not begin with HELLO")),
    };
    let peer = check_dialler(session, &hello, parts).map_err(End::refused)?;
    count_unknown(&hello, &mut parts.cx);
    let challenge = Challenge {
        neighbour: Some((peer, hello.run)),
        their_nonce: hello.nonce.to_vec(),
        our_nonce: parts.cx.nonce(),
    };
    let (me, name) = (&parts.cx.me, &parts.links.peer(peer).name);
    let reply = hello_line(me, name, &challenge.our_nonce);
    let proof = match &me.secret {
        Some(secret) => secret.prove(&as_acceptor(ACCEPTOR, me, name, hello.run, &challenge)),
        None => "-".to_string(),
    };
    (session.kind, session.challenge) = (Kind::Challenged, Some(Box::new(challenge)));
    // Its proof takes a round trip.
    let wait = parts
        .links
        .peer(peer)
        .outgoing
        .patience
        .for_answer(&parts.cx.limits);
    parts.cx.arm(Timer::Silent(session.id), wait);
    parts.log_line(session, '<', line);
    parts.say(session, format_args!("{reply} {proof} {}", Hello::ABLE));
    if parts.cx.me.secret.is_none() {
        admit(session, peer, hello.run, parts)?;
    }
    Ok(())
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
    let Some((peer, run)) = challenge.neighbour else {
        let nonces = [&challenge.their_nonce[..], challenge.our_nonce.as_bytes()];
        if !secret.accepts(proof, &question(me.name.as_bytes(), nonces)) {
            return Err(End::refused("it asks for the status with another secret"));
        }
        parts.log_line(session, '<', line);
        say_status(session, parts);
        return Ok(());
    };
    let name = &parts.links.peer(peer).name;
    if !secret.accepts(proof, &as_acceptor(DIALLER, me, name, run, challenge)) {
        return Err(End::refused(OTHER_SECRET));
    }
    parts.log_line(session, '<', line);
    admit(session, peer, run, parts)
}

/// Somebody asks for the status: on this machine's loopback anybody may, from elsewhere only
/// somebody who proves the secret.
fn asked(
    session: &mut Session,
    line: &[u8],
    nonce: Option<&[u8]>,
    parts: &mut Parts,
) -> Result<(), End> {
    if matches!(session.from, Some(from) if from.ip().to_canonical().is_loopback()) {
        parts.log_line(session, '<', line);
        say_status(session, parts);
        return Ok(());
    }
    let (Some(_), Some(nonce)) = (&parts.cx.me.secret, nonce) else {
        return Err(End::refused(
            "it asks for the status, and can prove nothing",
        ));
    };
    let our_nonce = parts.cx.nonce();
    parts.log_line(session, '<', line);
    parts.say(session, format_args!("STATUS {our_nonce}"));
    session.kind = Kind::Challenged;
    session.challenge = Some(Box::new(Challenge {
        neighbour: None,
        their_nonce: nonce.to_vec(),
        our_nonce,
    }));
    Ok(())
}

/// Sends the status, and ends the connection.
fn say_status(session: &mut Session, parts: &mut Parts) {
    close::end_after_reply(session, &mut parts.cx);
    let report = status::report(parts);
    parts.say(session, format_args!("{report}"));
}

/// The dialler is the neighbour that it says it is: from here on we accept its changes.
fn admit(session: &mut Session, id: PeerId, run: Run, parts: &mut Parts) -> Result<(), End> {
    on_run(id, session, run, parts)?;
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    if let Some(old) = peer.incoming.conn {
        let why = "replaced by a newer one";
        peer.stop_hearing(old, why, cx);
        cx.effects.close_later(old, why);
    }
    (session.kind, session.challenge) = (Kind::Incoming(id), None);
    peer.incoming.conn = Some(session.id);
    (peer.incoming.is_ready, peer.incoming.is_marked) = (false, false);
    (peer.incoming.is_doubted, peer.incoming.has_ignored) = (false, false);
    peer.discrepancy.disturbed();
    let level = peer.incoming.level();
    let line = format_args!("link from {} up: its run is {run}", peer.name);
    cx.log.write(level, line);
    cx.arm(Timer::Silent(session.id), cx.limits.dead);
    say_since(level, id, session, parts);
    // The neighbour is there, so there is no reason to wait, except for a dial that has just begun.
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let may_dial = match peer.outgoing.state {
        Link::Down => true,
        Link::Dialling => peer.redial.is_old(cx.now.mono, &cx.limits),
        _ => false,
    };
    if may_dial && !cx.is_shutting_down {
        // A neighbour that accepts us may still be one that we refuse.
        if peer.redial.refusal.is_none() {
            peer.redial.reset(&cx.limits);
        }
        peer.dial(cx);
    }
    Ok(())
}

/// Says how far we got in a neighbour's feed, and what our table is.
pub fn say_since(level: Level, id: PeerId, session: &mut Session, parts: &mut Parts) {
    let peer = parts.links.peer(id);
    if let Some(run) = peer.run {
        let position = parts.store.position(peer.incoming.heard.seq);
        parts.say_at(level, session, format_args!("SINCE {run} {position}"));
    }
}

/// A neighbour has said which run it is. Links to an earlier run end.
fn on_run(id: PeerId, session: &Session, run: Run, parts: &mut Parts) -> Result<(), End> {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let conn = session.id;
    // Only the shell knows which of the addresses it reached.
    let at = match session.from {
        Some(from) => from.to_string(),
        None => peer.places(),
    };
    let live = peer.live_run(conn);
    let hello = (&peer.name[..], run, &at[..]);
    match (peer.rivals).claim(hello, live, cx.now.mono, &cx.limits) {
        Claim::Granted => {}
        Claim::Contested(why) => {
            parts.warn(session, &why);
        }
        Claim::Refused(why) => return Err(End::refused(why)),
    }
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    if peer.run == Some(run) {
        return Ok(());
    }
    let is_first = peer.run.replace(run).is_none();
    peer.known_since = parts.store.feed.last();
    peer.incoming.heard = Position::default();
    if is_first {
        return Ok(());
    }
    let why = "the neighbour was started again";
    let links = [peer.incoming.conn, peer.outgoing.state.conn()];
    for old in links.into_iter().flatten().filter(|old| *old != conn) {
        peer.stop_hearing(old, why, cx);
        peer.lost(old, why, cx);
        cx.effects.close_later(old, why);
    }
    Ok(())
}

/// The shell connected to a neighbour: we say HELLO.
pub fn say_hello(id: PeerId, session: &mut Session, parts: &mut Parts) {
    let nonce = parts.cx.nonce();
    let peer = parts.links.peer_mut(id);
    peer.outgoing.state = Link::HelloSent(session.id);
    let hello = hello_line(&parts.cx.me, &peer.name, &nonce);
    peer.outgoing.nonce = nonce;
    peer.outgoing.patience.begin();
    peer.outgoing.patience.asked(parts.cx.now.mono);
    let wait = peer.outgoing.patience.for_answer(&parts.cx.limits);
    parts.cx.arm(Timer::Link(id), wait);
    parts.say(session, format_args!("{hello} {}", Hello::ABLE));
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

/// Words of a later version mean nothing to this one.
fn count_unknown(hello: &Hello<'_>, cx: &mut Context) {
    if hello.unknown > 0 {
        cx.hit(Limit::unknown_words);
    }
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
