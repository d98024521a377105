//! Any text as what a place service sent.

use std::sync::LazyLock;

use herd::limits::LIMITS;
use herd::node::LookupError;
use herd::places::{Key, google_answer, legacy_answer};
use serde_json::Value;
use serde_json::value::RawValue;

const KEY: &str = "sesame-open";
static THE_KEY: LazyLock<Key> = LazyLock::new(|| Key::new(KEY).expect("a key like any"));

/// The first line of `bytes` may be an HTTP status and a bound, `200 5`; the rest is the text,
/// told by both of Google's interfaces. The output is JSON of the right shape within the
/// bound, without a blank line and without the key; and the legacy text is what it was, but for
/// the results beyond the bound.
pub fn provider_json(bytes: &[u8]) {
    let Ok(all) = std::str::from_utf8(bytes) else {
        return;
    };
    let (status, bound, text) = head(all).unwrap_or((200, 5, all));
    if let Some(answer) = told(google_answer(status, text, &THE_KEY, bound)) {
        let answer = checked(&answer, bound);
        for line in answer.lines().map(str::trim_start) {
            let degrees = ["\"lat\" : ", "\"lng\" : "];
            for number in degrees.iter().filter_map(|name| line.strip_prefix(name)) {
                let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | ',');
                assert!(number.chars().all(plain), "{number} has an exponent");
            }
        }
    }
    let answer = told(legacy_answer(status, text, &THE_KEY, bound));
    let answer = answer.as_ref().map(|answer| checked(answer, bound));
    // The key is blotted out wherever it stands, in whatever disguise, and a name that stands
    // twice is cut twice.
    let is_simple = !text.contains("sesame")
        && !text.contains(['\\', '%'])
        && text.matches("\"results\"").count() <= 1
        && text.matches("\"status\"").count() <= 1;
    if is_simple && let Ok(value) = serde_json::from_str::<Value>(text) {
        let answer = answer.map(|answer| serde_json::from_str(answer).expect("JSON, as before"));
        let is_deep = levels(&value) > LIMITS.answer_depth;
        assert_eq!(answer, cut(value, bound).filter(|_| !is_deep));
    }
}

/// The text for a client, if it is an answer or a refusal.
fn told(answer: Result<Vec<u8>, LookupError>) -> Option<Vec<u8>> {
    let is_answer = |status: &str| matches!(status, "OK" | "ZERO_RESULTS");
    let (text, status) = match answer {
        Ok(text) => (text, None),
        Err(LookupError::Refused(refusal)) => {
            assert!(!refusal.to_string().contains(KEY), "{refusal}");
            (refusal.text, Some(refusal.status))
        }
        Err(_) => return None,
    };
    // A parser that takes less than JSON allows says nothing.
    if let Ok(value) = serde_json::from_slice::<Value>(&text) {
        let is_refused = !value["status"].as_str().is_some_and(is_answer);
        assert_eq!(status.is_some(), is_refused, "{value}");
    }
    Some(text)
}

fn head(all: &str) -> Option<(u16, usize, &str)> {
    let (first, text) = all.split_once('\n')?;
    let (status, bound) = first.split_once(' ')?;
    Some((status.parse().ok()?, bound.parse().ok()?, text))
}

/// An answer as a parser would leave it; none if it is none.
fn cut(mut value: Value, bound: usize) -> Option<Value> {
    value.get("status")?.as_str()?;
    let results = value.get_mut("results")?.as_array_mut()?;
    results.truncate(bound);
    Some(value)
}

/// The depth of a value.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// The text of an answer, if it is one that a client may be sent.
fn checked(answer: &[u8], bound: usize) -> &str {
    let answer = std::str::from_utf8(answer).expect("an answer is text");
    assert!(
        !answer.contains("\n\n") && !answer.ends_with('\n'),
        "{answer}"
    );
    assert!(!answer.contains(KEY), "{answer}");
    serde_json::from_str::<&RawValue>(answer).expect("an answer is JSON");
    match serde_json::from_str::<Value>(answer) {
        Ok(value) => {
            assert!(value["status"].is_string(), "{answer}");
            let results = value["results"].as_array().expect("a list");
            assert!(results.len() <= bound, "{answer}");
            assert!(levels(&value) <= LIMITS.answer_depth, "{answer}");
        }
        // JSON with a number that this parser finds too great, or with half a character, is JSON
        // all the same. It never is too deep.
        Err(error) => assert!(!error.to_string().contains("recursion"), "{error}"),
    }
    answer
}
