//! Where places come from: the options and the environment, judged before anything starts.
//!
//! The key never stands in an option, in a log or in an error; a URL, which may hold one, is not
//! repeated in errors either.

use super::failure::Failure;
use getopts::{Matches, Options};
use std::env;

const OFFLINE: &str = "offline";
const GOOGLE: &str = "google";
const GOOGLE_LEGACY: &str = "google-legacy";
/// Where the key is looked for; the first that is not empty counts.
const KEYS: [&str; 2] = ["GOOGLE_MAPS_API_KEY", "PLACES_API_KEY"];

/// Which provider to ask, and what it needs. It has no `Debug`, because of the key.
pub(super) struct Places {
    /// `offline`, `google` or `google-legacy`.
    pub(super) kind: String,
    /// There is one unless `kind` is `offline`.
    pub(super) key: Option<String>,
    /// Stands for the provider's own base address: `http://127.0.0.1:8080`.
    pub(super) url: Option<String>,
}

impl Places {
    /// For a person: which provider it is.
    pub(super) fn describe(&self) -> String {
        match &self.url {
            Some(url) => format!("{} at {url}", self.kind),
            None => self.kind.clone(),
        }
    }
}

/// Adds `--places` and `--places-url`.
pub(super) fn declare(options: &mut Options) {
    let help = "offline, google or google-legacy (default: google if GOOGLE_MAPS_API_KEY or \
        PLACES_API_KEY is set, else offline)";
    options.optopt("", "places", help, "KIND");
    let help = "a base address in place of Google's own, as http://HOST:PORT";
    options.optopt("", "places-url", help, "URL");
}

/// What the options and the environment choose.
pub(super) fn chosen(matches: &Matches) -> Result<Places, Failure> {
    let key = KEYS.into_iter().find_map(|name| {
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        Some((name, value.into_string().unwrap_or_default()))
    });
    choose(
        matches.opt_str("places"),
        matches.opt_str("places-url"),
        key,
    )
}

/// Judges what was given; `key` comes with the name of its variable, and is empty if it is not
/// even UTF-8.
fn choose(
    kind: Option<String>,
    url: Option<String>,
    key: Option<(&str, String)>,
) -> Result<Places, Failure> {
    let kind = match kind {
        Some(kind) => kind,
        None if key.is_some() => GOOGLE.to_string(),
        None => OFFLINE.to_string(),
    };
    if ![OFFLINE, GOOGLE, GOOGLE_LEGACY].contains(&kind.as_str()) {
        return Err(Failure::wrong(format_args!(
            "no places are called {kind:?}; choose {OFFLINE}, {GOOGLE} or {GOOGLE_LEGACY}"
        )));
    }
    if kind == OFFLINE {
        return match url {
            None => Ok(Places {
                kind,
                key: None,
                url,
            }),
            Some(_) => Err(Failure::wrong(format_args!(
                "--places-url is for Google's services, and places are {OFFLINE}; leave it out, \
                 or add --places {GOOGLE} and a key"
            ))),
        };
    }
    let Some((name, key)) = key else {
        let [first, second] = KEYS;
        return Err(Failure::wrong(format_args!(
            "--places {kind} needs a key; set {first} or {second}, or choose --places {OFFLINE}"
        )));
    };
    // It becomes part of a header or of a URL.
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::wrong(format_args!(
            "{name} holds what is in no key (white space, perhaps); set it to the key alone"
        )));
    }
    if let Some(problem) = url.as_deref().and_then(problem_of_url) {
        return Err(Failure::wrong(format_args!(
            "--places-url {problem}; write it as http://HOST:PORT or https://HOST"
        )));
    }
    Ok(Places {
        kind,
        key: Some(key),
        url,
    })
}

/// Why `url` is no base address.
fn problem_of_url(url: &str) -> Option<&'static str> {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|s| url.starts_with(s));
    let Some(scheme) = scheme else {
        return Some("starts with neither http:// nor https://");
    };
    let rest = &url[scheme.len()..];
    let authority = rest.split('/').next().unwrap_or_default();
    // An IPv6 address has colons of its own, and stands in brackets for that reason.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "80"),
    };
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse() != Ok(0_u16);
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("holds white space or letters beyond ASCII")
    } else if rest.contains(['?', '#', '@', '\\', '"', '<', '>', '{', '}', '|', '^', '`']) {
        Some("holds more than a scheme, a host, a port and a path")
    } else if host.is_empty() || (bare.is_none() && host.contains([':', '[', ']'])) {
        Some("names no host")
    } else if !is_port || port.parse::<u16>().is_err() {
        Some("has a bad port")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind and base address that are chosen, or the error.
    fn check(kind: &str, url: &str, key: &str) -> Result<(String, Option<String>), String> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_string());
        match choose(given(kind), given(url), given(key).map(|key| ("KEY", key))) {
            Ok(places) => {
                assert_eq!(places.key.is_some(), places.kind != OFFLINE);
                Ok((places.kind, places.url))
            }
            Err(failure) => {
                assert_eq!(failure.status, 2);
                assert!(
                    key.len() < 2 || !failure.message.contains(key),
                    "shows the key"
                );
                Err(failure.message)
            }
        }
    }

    #[test]
    fn a_key_decides_where_nothing_is_said() {
        let kind = |kind, key| check(kind, "", key).unwrap().0;
        assert_eq!(kind("", ""), OFFLINE);
        assert_eq!(kind("", "k"), GOOGLE);
        assert_eq!(kind("offline", "k"), OFFLINE);
        assert_eq!(kind("google", "k"), GOOGLE);
        assert_eq!(kind("google-legacy", "k"), GOOGLE_LEGACY);
    }

    #[test]
    fn what_cannot_work_is_said_at_once() {
        let wrong = |kind, url, key, word: &str| {
            let message = check(kind, url, key).unwrap_err();
            assert!(message.contains(word), "{message:?} lacks {word:?}");
        };
        wrong("yelp", "", "k", "offline, google or google-legacy");
        wrong(
            "google",
            "",
            "",
            "set GOOGLE_MAPS_API_KEY or PLACES_API_KEY",
        );
        wrong(
            "google-legacy",
            "",
            "",
            "--places google-legacy needs a key",
        );
        wrong("", "", "SECRET\n", "KEY holds what is in no key");
        wrong("offline", "http://a", "", "is for Google's services");
        wrong("", "http://a", "", "is for Google's services");
    }

    #[test]
    fn a_base_address_has_a_scheme_a_host_and_perhaps_a_port_and_a_path() {
        for url in [
            "http://a",
            "https://a.b/c/",
            "http://1.2.3.4:80",
            "http://[::1]",
            "http://[::1]:8/",
        ] {
            assert_eq!(check("google", url, "k").unwrap().1.as_deref(), Some(url));
        }
        for url in [
            "a",
            "ftp://a",
            "http:/a",
            "http://",
            "http:///x",
            "http://:80",
            "http://a:",
            "http://a:0",
            "http://a:65536",
            "http://a:+1",
            "http://a:b",
            "http://::1",
            "http://[::1",
            "http://a b",
            "http://u:p@a",
            "http://a?key=SECRET",
            "http://a#b",
            "http://é",
        ] {
            let message = check("google", url, "k").unwrap_err();
            assert!(message.contains("--places-url"), "{url}: {message}");
            assert!(!message.contains("SECRET"), "{message}");
        }
    }
}
