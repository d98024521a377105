//! WHATSAT: a client asks what is near another.

use crate::node::api::{Action, LookupError, Query};
use crate::node::conn::{Session, Waiting, output};
use crate::node::context::{Context, Level, Timer};
use crate::node::parts::Parts;
use crate::units::{LookupId, MILLISECOND};
use crate::wire::{Invalid, json};

/// Has the workers look up what is near a client, and reserves the place of the reply, which begins
/// with the AT line of this moment.
///
/// # Errors
/// This server does not know the client.
pub fn whatsat(
    session: &mut Session,
    client: &[u8],
    radius_km: u32,
    bound: usize,
    parts: &mut Parts,
) -> Result<(), Invalid> {
    let (cx, store) = (&mut parts.cx, &parts.store);
    let Some(slot) = store.find(client) else {
        return Err(Invalid::Unknown);
    };
    session.output.lookups += 1;
    let record = store.record(slot);
    let reply = output::reserve(session, record.line().to_vec(), cx);
    let id = parts.acks.barriers.await_lookup(reply);
    cx.arm(Timer::Lookup(id), cx.limits.lookup_wait);
    let location = record.location();
    let query = Query {
        latitude: location.latitude(),
        longitude: location.longitude(),
        radius_m: radius_km * 1000,
        bound,
    };
    let (number, north, east) = (id.0, &query.latitude, &query.longitude);
    let line = format_args!("lookup {number}: {radius_km} km around {north},{east}");
    cx.info(line);
    cx.effects.actions.push_back(Action::LookUp(id, query));
    Ok(())
}

/// A lookup came back: the rest of the reply. Errors have the shape of an answer.
pub fn answer(
    LookupId(id): LookupId,
    waiting: &Waiting,
    answer: Result<Vec<u8>, LookupError>,
    cx: &mut Context,
) -> Vec<u8> {
    let ms = cx.now.mono.since(waiting.since) / MILLISECOND;
    let mut text = match answer {
        Ok(text) => {
            let size = text.len();
            let line = format_args!("lookup {id}: JSON of {size} bytes after {ms} ms");
            cx.info(line);
            text
        }
        Err(LookupError::Refused(refusal)) => {
            let size = refusal.text.len();
            let line = format_args!("lookup {id}: refused, JSON of {size} bytes after {ms} ms");
            cx.info(line);
            let (status, words) = (&refusal.status, refusal.to_string());
            let (refusals, now) = (&mut cx.counters.refusals, cx.now.mono);
            if let Some(warning) = refusals.add(status, &words, now, &cx.limits) {
                cx.log.write(Level::Warn, format_args!("{warning}"));
            }
            refusal.text
        }
        Err(error) => {
            cx.counters.counts.lookups_failed += 1;
            let (now, gap) = (cx.now.mono, cx.limits.warning_gap);
            // A service that is away fails them all.
            let (level, before) = match cx.counters.failures.permit(now, gap) {
                Some(before) => (Level::Warn, before),
                None => (Level::Info, String::new()),
            };
            let line = format_args!("lookup {id}: failed after {ms} ms: {error}{before}");
            cx.log.write(level, line);
            json::no_answer("UNKNOWN_ERROR", &error.to_string()).into_bytes()
        }
    };
    text.extend_from_slice(b"\n\n");
    text
}
