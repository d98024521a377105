//! `herd check --places`: asks the provider of places once, as a server would, and says what came.

use getopts::Matches;
use serde_json::Value;

use crate::cli::failure::Failure::{self, Failed, Wrong};
use crate::cli::options;
use crate::node::Query;
use crate::terminal::print;

/// A town where every provider knows places.
const TOWN: &str = "Los Angeles";
const LATITUDE: &str = "34.0522";
const LONGITUDE: &str = "-118.2437";
const RADIUS_KM: u32 = 10;
const BOUND: usize = 20;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    // The word of an option that needs none may follow it without "=", as a server takes it.
    let kind = matches.opt_str("places");
    let (kind, rest) = match (kind, &matches.free[..]) {
        (None, [word, rest @ ..]) => (Some(word.clone()), rest),
        (kind, rest) => (kind, rest),
    };
    if let Some(word) = rest.first() {
        return Err(Wrong(format!(
            "check --places takes one provider, so what is {word:?}?"
        )));
    }
    let provider = options::places(matches, kind)?;
    let name = provider.describe();
    let query = Query {
        latitude: LATITUDE.into(),
        longitude: LONGITUDE.into(),
        radius_m: RADIUS_KM * 1000,
        bound: BOUND,
    };
    let answer = provider.nearby(&query);
    let text = answer.map_err(|error| Failed(format!("{name}: {error}")))?;
    Ok(print(&format!("{name}: {}\n", described(&text)))?)
}

/// A phrase about an answer.
fn described(text: &[u8]) -> String {
    // Only numbers and half characters that this parser does not take make it fail.
    let answer: Value = serde_json::from_slice(text).unwrap_or_default();
    let status = answer["status"].as_str().unwrap_or("an answer");
    let results = answer["results"].as_array().map_or(&[][..], |all| all);
    let places = match results.len() {
        1 => "1 place".to_string(),
        count => format!("{count} places"),
    };
    let first = results.first().and_then(|place| place["name"].as_str());
    let first = first.map_or_else(String::new, |name| format!(", the first is {name:?}"));
    format!("{status}, {places} within {RADIUS_KM} km of {TOWN}{first}")
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn an_answer_is_one_phrase() {
        let text = br#"{"status":"OK","results":[{"name":"Echo\nPark"}]}"#;
        assert_eq!(
            described(text),
            "OK, 1 place within 10 km of Los Angeles, the first is \"Echo\\nPark\""
        );
        assert_eq!(
            described(br#"{"status":"ZERO_RESULTS","results":[]}"#),
            "ZERO_RESULTS, 0 places within 10 km of Los Angeles"
        );
    }
}
