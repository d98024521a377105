//! WHATSAT: a client asks what is near another.

use super::reply::Reply;
use crate::node::ack::Waiting;
use crate::node::api::{LookupError, Query};
use crate::node::context::{Context, Level};
use crate::node::store::Store;
use crate::units::{LookupId, MILLISECOND};
use crate::wire::json;

/// The AT line of this moment, and what the workers are to look up. A client that this server does
/// not know is invalid.
pub fn whatsat(client: &[u8], radius_km: u32, bound: usize, store: &Store) -> Reply {
    let Some(slot) = store.find(client) else {
        return Reply::Invalid;
    };
    let location = store.record(slot).location();
    let query = Query {
        latitude: location.latitude(),
        longitude: location.longitude(),
        radius_m: radius_km * 1000,
        bound,
    };
    Reply::Places(store.record(slot).line().to_vec(), query)
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
            cx.info(format_args!(
                "lookup {id}: JSON of {size} bytes after {ms} ms"
            ));
            text
        }
        Err(error) => {
            cx.counters.counts.lookups_failed += 1;
            let line = format_args!("lookup {id}: failed after {ms} ms: {error}");
            cx.log.write(Level::Warn, line);
            json::no_answer("UNKNOWN_ERROR", &error.to_string()).into_bytes()
        }
    };
    text.extend_from_slice(b"\n\n");
    text
}
