//! A client's line and its reply.

use super::iamat::iamat;
use super::reply::Reply;
use super::whatsat::whatsat;
use crate::node::ack::{Acks, Waiting};
use crate::node::api::{Action, Query};
use crate::node::conn::{Session, output};
use crate::node::context::{Context, Timer};
use crate::node::links::foreign;
use crate::node::parts::Parts;
use crate::wire::{Command, push_echo};

/// Handles a client's line, given without its LF.
pub fn handle(session: &mut Session, line: &[u8], parts: &mut Parts) {
    parts.log_line(session, '<', line);
    let reply = match Command::parse(line) {
        Some(Command::Iamat {
            client,
            location,
            time,
        }) => iamat(client, location, time, &mut parts.store, &mut parts.cx),
        Some(Command::Whatsat {
            client,
            radius_km,
            bound,
        }) => whatsat(client, radius_km, bound, &parts.store),
        None if foreign::report(session, line, parts) => Reply::Silence,
        None => Reply::Invalid,
    };
    let Parts {
        store, acks, cx, ..
    } = parts;
    match reply {
        Reply::Updated(slot) => {
            cx.effects.news = true;
            let at = store.record(slot).line();
            acknowledge(session, at, store.feed.last(), acks, cx);
        }
        Reply::Repeated(at) => acknowledge(session, &at, store.feed.last(), acks, cx),
        Reply::Places(at, query) => look_up(session, at, query, acks, cx),
        Reply::Silence => {}
        Reply::Invalid => {
            cx.counters.counts.invalid += 1;
            let mut echo = Vec::with_capacity(line.len() + 3);
            push_echo(&mut echo, line);
            output::reply(session, &echo, cx);
        }
    }
}

/// Replies to an IAMAT, now or when its barrier is released. `last` is the newest change.
fn acknowledge(session: &mut Session, at: &[u8], last: u64, acks: &mut Acks, cx: &mut Context) {
    cx.counters.counts.iamats += 1;
    let Some((change, wave)) = acks.barrier(last, cx.me.ack) else {
        return output::reply(session, at, cx);
    };
    let reply = Waiting {
        conn: session.id,
        ticket: output::reserve(session, at.to_vec(), cx),
        since: cx.now.mono,
    };
    acks.barriers.await_update(reply, change, wave);
    cx.effects.news = true;
}

/// Has the workers look up what is near, and reserves the reply's place.
fn look_up(session: &mut Session, at: Vec<u8>, query: Query, acks: &mut Acks, cx: &mut Context) {
    cx.counters.counts.whatsats += 1;
    session.output.lookups += 1;
    let id = acks.barriers.await_lookup(Waiting {
        conn: session.id,
        ticket: output::reserve(session, at, cx),
        since: cx.now.mono,
    });
    cx.arm(Timer::Lookup(id), cx.limits.lookup_wait);
    let (number, km) = (id.0, query.radius_m / 1000);
    let (north, east) = (&query.latitude, &query.longitude);
    cx.info(format_args!(
        "lookup {number}: {km} km around {north},{east}"
    ));
    cx.effects.actions.push_back(Action::LookUp(id, query));
}
