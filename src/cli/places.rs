//! Where places come from: the options and the environment, checked before anything starts.

use std::sync::Arc;

use getopts::Matches;

use crate::limits::Limits;
use crate::places::{self, Key, Kind, Provider};

/// The provider that the options and the environment choose.
pub(super) fn chosen(matches: &Matches) -> Result<Arc<dyn Provider>, String> {
    let kind = matches
        .opt_str("places")
        .map(|word| word.parse())
        .transpose()?;
    // A bad key must not stop a server that does not use it.
    let key = match kind {
        Some(Kind::Offline) => None,
        _ => Key::from_env()?,
    };
    let url = matches.opt_str("places-url");
    places::provider(kind, key, url.as_deref(), &Limits::PRODUCT)
}
