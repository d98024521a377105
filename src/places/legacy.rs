//! Google's legacy Nearby Search: one GET. Its answer is passed on byte for byte, except that it is
//! cut to the client's bound, and that blank lines and the key are taken out.

use crate::node::{LookupError, Query};
use crate::wire::json::without_blank_lines;

use super::cut::cut;
use super::key::Key;
use super::provider::Provider;
use super::service::{Service, no_places};

/// Google's own address.
pub(super) const HOME: &str = "https://maps.googleapis.com";

/// The legacy Nearby Search as a [`Provider`].
pub(super) struct Legacy(pub(super) Service);

impl Provider for Legacy {
    fn nearby(&self, query: &Query) -> Result<Vec<u8>, LookupError> {
        let reply = self.0.get(&format!(
            "/maps/api/place/nearbysearch/json?location={},{}&radius={}&key={}",
            query.latitude,
            query.longitude,
            query.radius_m,
            self.0.key().percent_encoded(),
        ))?;
        legacy_answer(reply.status, &reply.text, self.0.key(), query.bound)
    }

    fn describe(&self) -> String {
        format!("Google Nearby Search (legacy) at {}", self.0.shown())
    }
}

/// The answer to a client when the legacy Nearby Search has sent `text` with an HTTP status. This
/// is the part of [`Provider::nearby`] after the request. It is pure and total, and public, so that
/// the fuzzer can try millions of texts without an endpoint.
///
/// The service answers errors with HTTP 200, too, and a `status` in the text.
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
