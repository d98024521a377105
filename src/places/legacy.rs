//! Google's legacy Nearby Search: one GET. Its answer is passed on byte for byte, except that it is
//! cut to the client's bound, and that blank lines and the key are taken out.

use crate::node::Query;

use super::cut::cut;
use super::key::Key;
use super::provider::{Answer, Provider};
use super::service::{self, Service};

/// Google's own address.
pub(super) const HOME: &str = "https://maps.googleapis.com";

/// The legacy Nearby Search as a [`Provider`].
pub(super) struct Legacy(pub(super) Service);

impl Provider for Legacy {
    fn nearby(&self, query: &Query) -> Answer {
        let Legacy(Service { agent, key, .. }) = self;
        let location = format!("{},{}", query.latitude, query.longitude);
        let request = agent
            .get(self.0.url("/maps/api/place/nearbysearch/json")?)
            .query_raw("location", location)
            .query_raw("radius", query.radius_m.to_string())
            .query("key", key.reveal());
        let (status, text) = service::read(request.call())?;
        legacy_answer(status, &text, key, query.bound)
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
pub fn legacy_answer(http_status: u16, text: &str, key: &Key, bound: usize) -> Answer {
    service::answer(cut(text, bound), http_status, key)
}
