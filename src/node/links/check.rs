//! The checks of a HELLO: is it the neighbour that it says it is? An error is the reason for both
//! sides' logs, with the names or addresses that differ.

use std::borrow::Cow;

use super::peer::Peer;
use crate::node::conn::Session;
use crate::node::context::Identity;
use crate::node::log_lines::shown;
use crate::node::parts::Parts;
use crate::secret::{ACCEPTOR, Side, handshake};
use crate::units::PeerId;
use crate::wire::Hello;

pub const OTHER_SECRET: &str = "the secrets differ: give both the same with --secret-file";

/// Checks the HELLO of somebody who came in. With a secret the proof is still to come.
///
/// # Errors
/// What differs.
pub fn check_dialler(
    session: &Session,
    hello: &Hello<'_>,
    parts: &Parts,
) -> Result<PeerId, Cow<'static, str>> {
    let me = &parts.cx.me;
    let mut ours = parts.links.iter().filter(|peer| !peer.is_foreign());
    let Some(peer) = ours.find(|peer| peer.name.as_bytes() == hello.from) else {
        let (from, me) = (shown(hello.from), &me.name);
        let why = format!("{from} is not a neighbour of {me}: do both have the same topology?");
        return Err(why.into());
    };
    if hello.to != me.name.as_bytes() {
        let (from, to, me) = (&peer.name, shown(hello.to), &me.name);
        let why = format!("{from} takes {me} for {to}: do both have the same topology?");
        return Err(why.into());
    }
    if hello.proof.is_some() {
        return Err("it says HELLO like an acceptor".into());
    }
    if me.secret.is_some() {
        // It will prove its name, wherever it comes from.
        return Ok(peer.id);
    }
    if peer.addresses.is_empty() {
        return Err("that neighbour's host name is not resolved yet".into());
    }
    let from = session.from.map(|from| from.ip().to_canonical());
    if let Some(from) = from.filter(|from| !peer.may_come_from(*from)) {
        let (name, me, known) = (&peer.name, &me.name, peer.places());
        let why = format!(
            "{name} comes from {from}, and {me} knows it at {known}: give both servers a secret, \
             or {name} source=ADDRESS"
        );
        return Err(why.into());
    }
    Ok(peer.id)
}

/// Checks the HELLO that answers ours.
///
/// # Errors
/// What differs.
pub fn check_acceptor(
    peer: &Peer,
    hello: &Hello<'_>,
    me: &Identity,
) -> Result<(), Cow<'static, str>> {
    if hello.from != peer.name.as_bytes() {
        let (from, name) = (shown(hello.from), &peer.name);
        let why = format!("{from} listens there, and not {name}: do both have the same topology?");
        return Err(why.into());
    }
    if hello.to != me.name.as_bytes() {
        let (to, me) = (shown(hello.to), &me.name);
        return Err(format!("it takes {me} for {to}").into());
    }
    let why = match (hello.proof, &me.secret) {
        (Some(b"-"), None) => return Ok(()),
        (None, _) => "it says HELLO like a dialler",
        (Some(_), None) => "one has a secret: give both the same with --secret-file",
        (Some(b"-"), Some(_)) => "one has no secret: give both the same with --secret-file",
        (Some(proof), Some(secret)) => {
            let message = as_dialler(ACCEPTOR, me, peer, hello);
            match secret.accepts(proof, &message) {
                true => return Ok(()),
                false => OTHER_SECRET,
            }
        }
    };
    Err(why.into())
}

/// The message that `role` proves on a link that we dialled.
pub fn as_dialler(role: &[u8], me: &Identity, peer: &Peer, hello: &Hello<'_>) -> Vec<u8> {
    let ours = Side(
        me.name.as_bytes(),
        me.run,
        peer.outgoing.words.ours.as_bytes(),
    );
    handshake(
        role,
        ours,
        Side(peer.name.as_bytes(), hello.run, hello.nonce),
    )
}
