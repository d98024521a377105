//! Google's legacy Nearby Search: one GET, and an answer that is passed on byte for byte, but
//! for the cut to the client's bound, blank lines, and the key, should it stand there.

use crate::node::{LookupError, Query};
use crate::wire::json::without_blank_lines;

use super::cut::cut;
use super::service::{Service, no_places};
use super::{Key, Provider};

/// Its own address.
pub(super) const HOME: &str = "https://maps.googleapis.com";

/// The legacy Nearby Search as a [`Provider`].
pub(super) struct Legacy {
    service: Service,
}

impl Legacy {
    pub(super) fn new(service: Service) -> Legacy {
        Legacy { service }
    }
}

impl Provider for Legacy {
    fn nearby(&self, query: &Query) -> Result<Vec<u8>, LookupError> {
        let reply = self.service.get(&format!(
            "/maps/api/place/nearbysearch/json?location={},{}&radius={}&key={}",
            query.latitude,
            query.longitude,
            query.radius_m,
            self.service.key().percent_encoded(),
        ))?;
        legacy_answer(reply.status, &reply.text, self.service.key(), query.bound)
    }

    fn describe(&self) -> String {
        format!("Google Nearby Search (legacy) at {}", self.service.shown())
    }
}

/// The answer to a client when the legacy Nearby Search sent `text` with an HTTP status: what
/// [`Provider::nearby`] does behind the request, pure and total. It is public so that texts can
/// be tried in millions without an endpoint that sends them.
///
/// It answers HTTP 200 with its own `status` for errors too, so HTTP's tells nothing.
pub fn legacy_answer(
    http_status: u16,
    text: &str,
    key: &Key,
    bound: usize,
) -> Result<Vec<u8>, LookupError> {
    let text = cut(text, bound).ok_or_else(|| no_places(http_status))?;
    let text = key.hide(&text);
    Ok(without_blank_lines(text.as_bytes()))
}
