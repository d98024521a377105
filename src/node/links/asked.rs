//! Somebody who is not a neighbour asks for the status, or to watch. On this machine's loopback
//! anybody may, from elsewhere only somebody who proves the secret.

use std::net::SocketAddr;

use crate::node::admin::status;
use crate::node::conn::{Challenge, End, Kind, Purpose, Session, close};
use crate::node::parts::Parts;
use crate::node::watch;
use crate::secret::{ASKER, WATCHER, question};

/// The first line of such a connection.
///
/// # Errors
/// When there is nothing to prove, or nothing to prove it with.
pub fn asked(
    session: &mut Session,
    line: &[u8],
    (nonce, purpose): (Option<&[u8]>, Purpose),
    parts: &mut Parts,
) -> Result<(), End> {
    let (verb, what) = words(purpose);
    if session.from.is_some_and(is_here) {
        return grant(session, line, purpose, parts);
    }
    if parts.cx.me.secret.is_none() {
        return Err(End::refused(format!(
            "it asks {what} from elsewhere, and there is no secret to prove; start this server \
             with --secret-file"
        )));
    }
    let Some(nonce) = nonce else {
        let ask = verb.to_ascii_lowercase();
        return Err(End::refused(format!(
            "it asks {what} without a nonce, and so can prove nothing; ask with herd {ask} \
             --secret-file"
        )));
    };
    if let Purpose::Watch(_) = purpose {
        watch::check_room(parts)?;
    }
    let our_nonce = parts.cx.nonce();
    parts.log_line(session, '<', line);
    parts.say(session, format_args!("{verb} {our_nonce}"));
    session.kind = Kind::Challenged;
    session.challenge = Some(Box::new(Challenge {
        purpose,
        their_nonce: nonce.to_vec(),
        our_nonce,
        has_clock: false,
        last: None,
        is_early: false,
    }));
    Ok(())
}

fn is_here(from: SocketAddr) -> bool {
    from.ip().to_canonical().is_loopback()
}

/// Its `proof`, in `line`.
///
/// # Errors
/// When it is no good one.
pub fn proved(
    session: &mut Session,
    line: &[u8],
    proof: &[u8],
    parts: &mut Parts,
) -> Result<(), End> {
    let (Some(said), Some(secret)) = (&session.challenge, &parts.cx.me.secret) else {
        return Ok(());
    };
    let purpose = said.purpose;
    let role = match purpose {
        Purpose::Watch(_) => WATCHER,
        _ => ASKER,
    };
    let nonces = [&said.their_nonce[..], said.our_nonce.as_bytes()];
    if !secret.accepts(proof, &question(role, parts.cx.me.name.as_bytes(), nonces)) {
        let (_, what) = words(purpose);
        return Err(End::refused(format!(
            "it asks {what} with another secret; ask with one that this server accepts"
        )));
    }
    grant(session, line, purpose, parts)
}

/// It gets what it asked for.
fn grant(
    session: &mut Session,
    line: &[u8],
    purpose: Purpose,
    parts: &mut Parts,
) -> Result<(), End> {
    match purpose {
        Purpose::Watch(start) => {
            watch::admit(session, start, parts)?;
            parts.log_line(session, '<', line);
        }
        _ => {
            parts.log_line(session, '<', line);
            close::end_after_reply(session, &mut parts.cx);
            let report = status::report(parts);
            parts.say(session, format_args!("{report}"));
        }
    }
    Ok(())
}

/// The verb of a question, and what it asks for.
fn words(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Watch(_) => ("WATCH", "to watch"),
        _ => ("STATUS", "for the status"),
    }
}
