//! Google's legacy Nearby Search: one GET, and an answer that is passed on byte for byte, but
//! for the cut to the client's bound, blank lines, and the key, should it stand there.

use crate::node::{LookupError, Query};
use crate::wire::json::without_blank_lines;

use super::Provider;
use super::cut::cut;
use super::service::Service;

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
        // It answers HTTP 200 with its own `status` for errors too, so HTTP's tells nothing.
        let text = cut(&reply.text, query.bound).ok_or_else(|| reply.is_no_answer())?;
        let text = self.service.key().hide(&text);
        Ok(without_blank_lines(text.as_bytes()))
    }

    fn describe(&self) -> String {
        format!("Google Nearby Search (legacy) at {}", self.service.shown())
    }

    fn shutdown(&self) {
        self.service.shutdown();
    }
}
