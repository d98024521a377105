//! Lookups of places: providers that answer the same question, [`Provider::nearby`].
//!
//! A provider blocks, so only worker threads may ask it. This room knows the node's [`Query`] and
//! [`LookupError`] and nothing else of the herd: no connections and no clients. The
//! answer is always JSON in the shape of Google's legacy Nearby Search, or a [`LookupError`] whose
//! text may be shown to a client; neither contains the key, even if the service sent it.

mod answer;
mod cut;
mod gazetteer;
mod google;
mod index;
mod key;
mod offline;
mod provider;
mod service;
mod tls;

use std::sync::Arc;

#[cfg(doc)]
use crate::node::{LookupError, Query};

pub use google::{google_answer, legacy_answer};
pub use key::Key;
pub use provider::Provider;

use crate::limits::Limits;
use service::Service;

/// The kinds of providers, named as `--places` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The places that are part of the program.
    Offline,
    /// Google's Places API (New).
    Google,
    /// Google's legacy Nearby Search, for keys that may still use it.
    GoogleLegacy,
}

impl Kind {
    /// All of them, in the order in which people read of them.
    pub const ALL: [Kind; 3] = [Kind::Offline, Kind::Google, Kind::GoogleLegacy];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Offline => "offline",
            Kind::Google => "google",
            Kind::GoogleLegacy => "google-legacy",
        }
    }

    /// Whether it is a service, which wants a key and has an address.
    pub fn is_service(self) -> bool {
        self.home().is_some()
    }

    /// The address of the service, if it is one.
    fn home(self) -> Option<&'static str> {
        match self {
            Kind::Offline => None,
            Kind::Google => Some(google::HOME),
            Kind::GoogleLegacy => Some(google::LEGACY_HOME),
        }
    }

    /// The names of the kinds that are services, or of those that are not.
    fn names(services: bool) -> String {
        let kinds = Kind::ALL
            .into_iter()
            .filter(|it| it.is_service() == services);
        kinds.map(Kind::name).collect::<Vec<_>>().join(" or ")
    }
}

/// A provider for `limits.workers` threads to share. Without a `kind` it is Google if there is a
/// key.
///
/// `base_url` is `scheme://host[:port][/prefix]` and replaces Google's own address. The error says
/// what is wrong and what to do: no key, a bad address, or an address for `offline`.
pub fn provider(
    kind: Option<Kind>,
    key: Option<Key>,
    base_url: Option<&str>,
    limits: &Limits,
) -> Result<Arc<dyn Provider>, String> {
    let usual = key.as_ref().map_or(Kind::Offline, |_| Kind::Google);
    let kind = kind.unwrap_or(usual);
    let word = kind.name();
    if base_url.is_some() && !kind.is_service() {
        return Err(format!(
            "--places-url is of no use to --places {word}; drop it, or use --places {}",
            Kind::names(true)
        ));
    }
    let service = || {
        let key = key.ok_or_else(|| {
            format!(
                "--places {word} needs a key; set GOOGLE_MAPS_API_KEY or PLACES_API_KEY (the first \
                 one wins if both are set), or use --places {}",
                Kind::names(false)
            )
        })?;
        let home = kind.home().unwrap_or_default();
        Service::new(base_url.unwrap_or(home), key, limits)
    };
    Ok(match kind {
        Kind::Offline => Arc::new(offline::Offline::default()),
        Kind::Google => Arc::new(google::Google(service()?)),
        Kind::GoogleLegacy => Arc::new(google::Legacy(service()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(
        kind: Option<Kind>,
        key: Option<&str>,
        url: Option<&str>,
    ) -> Result<Arc<dyn Provider>, String> {
        let key = key.map(|text| Key::new(text).unwrap());
        provider(kind, key, url, &Limits::PRODUCT)
    }

    fn wrong(kind: Kind, key: Option<&str>, url: Option<&str>) -> String {
        made(Some(kind), key, url).err().unwrap()
    }

    fn describe(kind: Option<Kind>, key: Option<&str>, url: Option<&str>) -> String {
        made(kind, key, url).unwrap().describe()
    }

    #[test]
    fn all_kinds_are_in_the_list() {
        // A further kind does not compile here until it has its place in the list.
        let place = |kind| match kind {
            Kind::Offline => 0,
            Kind::Google => 1,
            Kind::GoogleLegacy => 2,
        };
        assert!(Kind::ALL.map(place).into_iter().eq(0..Kind::ALL.len()));
    }

    #[test]
    fn a_key_makes_google_the_default() {
        assert!(describe(None, None, None).starts_with("offline"));
        assert!(describe(None, Some("k"), None).starts_with("Google Places API (New)"));
    }

    #[test]
    fn what_is_wrong_says_what_to_do() {
        assert_eq!(
            wrong(Kind::GoogleLegacy, None, None),
            "--places google-legacy needs a key; set GOOGLE_MAPS_API_KEY or PLACES_API_KEY (the \
             first one wins if both are set), or use --places offline"
        );
        assert!(wrong(Kind::Offline, None, Some("http://x")).contains("use --places google"));
        assert!(wrong(Kind::Google, Some("k"), Some("ftp://x")).contains("http://"));
    }

    #[test]
    fn providers_say_where_they_ask_and_never_the_key() {
        let describe = |kind, url| describe(Some(kind), Some("sesame-open"), url);
        assert_eq!(
            describe(Kind::Google, None),
            "Google Places API (New) at https://places.googleapis.com"
        );
        assert_eq!(
            describe(
                Kind::GoogleLegacy,
                Some("http://127.0.0.1:8080/sesame-open/")
            ),
            "Google Nearby Search (legacy) at http://127.0.0.1:8080/***"
        );
        assert!(describe(Kind::Offline, None).contains("GeoNames"));
    }
}
