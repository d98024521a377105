//! Where places come from: the options and the environment, checked before anything starts.

use std::sync::Arc;

use getopts::{Matches, Options};

use super::failure::Failure;
use crate::limits::Limits;
use crate::places::{self, Key, Kind, Provider};

/// Adds `--places` and `--places-url`.
pub(super) fn declare(options: &mut Options) {
    let help = "offline, google or google-legacy (default: google if GOOGLE_MAPS_API_KEY or \
        PLACES_API_KEY is set, else offline)";
    options.optopt("", "places", help, "KIND");
    let help = "a base address instead of Google's own, such as http://HOST:PORT";
    options.optopt("", "places-url", help, "URL");
}

/// The provider that the options and the environment choose.
pub(super) fn chosen(matches: &Matches) -> Result<Arc<dyn Provider>, Failure> {
    let kind = matches
        .opt_str("places")
        .map(|word| word.parse())
        .transpose();
    // A bad key must not stop a server that does not use it.
    let key = match kind {
        Ok(Some(Kind::Offline)) => Ok(None),
        _ => Key::from_env(),
    };
    let url = matches.opt_str("places-url");
    kind.and_then(|kind| places::provider(kind, key?, url.as_deref(), &Limits::PRODUCT))
        .map_err(Failure::wrong)
}
