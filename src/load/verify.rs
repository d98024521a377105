//! Whether a reply is right. Everything in it is known beforehand and compared byte for byte,
//! except the server's name and the difference of the clocks.

use std::collections::BTreeMap;

use memchr::memchr;
use serde_json::value::RawValue;

use crate::wire::Difference;

/// Whether `line` is `AT <server> <difference> ` and then `said`. An empty `server` is not known
/// yet: the first right line fills it in.
pub fn is_report(line: &[u8], server: &mut Vec<u8>, said: &[u8]) -> bool {
    let fields = || {
        let head = line.strip_suffix(said)?;
        let head = head.strip_prefix(b"AT ")?.strip_suffix(b" ")?;
        let (name, rest) = head.split_at(memchr(b' ', head)?);
        Difference::is_ours(&rest[1..]).then_some(name)
    };
    match fields() {
        Some(name) if server.is_empty() => {
            server.extend_from_slice(name);
            !name.is_empty()
        }
        Some(name) => name == server.as_slice(),
        None => false,
    }
}

/// Whether `text` is an answer about places: JSON with a list `results` of at most `bound` entries
/// and a `status` of success.
pub fn is_answer(text: &[u8], bound: usize) -> bool {
    let fields: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_slice(text);
    let Ok(fields) = fields else {
        return false;
    };
    let is_found = |status: &&RawValue| matches!(status.get(), r#""OK""# | r#""ZERO_RESULTS""#);
    let fits = |results: &&RawValue| {
        let results: Result<Vec<&RawValue>, _> = serde_json::from_str(results.get());
        results.is_ok_and(|results| results.len() <= bound)
    };
    fields.get("status").is_some_and(is_found) && fields.get("results").is_some_and(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = b"kiwi +34.0-118.4 1520023934.918963997";
    const RIGHT: &str = "AT Goloman +0.263873386 kiwi +34.0-118.4 1520023934.918963997";

    #[test]
    fn the_first_right_report_names_the_server() {
        let mut server = Vec::new();
        assert!(is_report(RIGHT.as_bytes(), &mut server, SAID));
        assert_eq!(server, b"Goloman");
        assert!(is_report(RIGHT.as_bytes(), &mut server, SAID));
        let ahead = RIGHT.replace("+0.26", "-12345.26");
        assert!(is_report(ahead.as_bytes(), &mut server, SAID));
        let other = RIGHT.replace("Goloman", "Hands");
        assert!(!is_report(other.as_bytes(), &mut server, SAID));
    }

    #[test]
    fn every_report_that_is_not_quite_right_is_wrong() {
        for (from, to) in [
            ("AT ", "at "),
            ("AT ", "AT  "),
            ("AT Goloman", "AT "),
            ("Goloman +", "Goloman  +"),
            ("+0.263873386", "0.263873386"),
            ("+0.263873386", "+0.26387338"),
            ("+0.263873386", "+2.63873386e-01"),
            ("kiwi", "kiwo"),
            ("kiwi", "xkiwi"),
            ("34.0", "34.1"),
            ("963997", "963998"),
            ("963997", "963997 "),
            ("963997", "963997\r"),
            ("AT Goloman +0.263873386 kiwi", "? IAMAT kiwi"),
            (RIGHT, ""),
            (RIGHT, "AT"),
            ("AT Goloman +0.263873386 ", ""),
        ] {
            let line = RIGHT.replacen(from, to, 1);
            assert_ne!(line, RIGHT);
            for known in [&b""[..], b"Goloman"] {
                let mut server = known.to_vec();
                assert!(!is_report(line.as_bytes(), &mut server, SAID), "{line:?}");
            }
        }
    }

    #[test]
    fn an_answer_about_places_has_a_status_and_no_more_results_than_asked_for() {
        let right = [
            r#"{"html_attributions":[],"results":[{"a":"]"},[1,2]],"status":"OK"}"#,
            "{\n  \"results\" : [],\n  \"status\" : \"ZERO_RESULTS\"\n}\n",
        ];
        for text in right {
            assert!(is_answer(text.as_bytes(), 2), "{text}");
        }
        assert!(!is_answer(right[0].as_bytes(), 1), "too many");
        for text in [
            "",
            "{}",
            "[]",
            r#"{"results":[],"status":"OK""#,
            r#"{"results":[],"status":"OK"}}"#,
            r#"{"results":{},"status":"OK"}"#,
            r#"{"results":[1,],"status":"OK"}"#,
            r#"{"status":"OK"}"#,
            r#"{"results":[]}"#,
            r#"{"results":[],"status":"UNKNOWN_ERROR","error_message":"too many"}"#,
        ] {
            assert!(!is_answer(text.as_bytes(), 2), "{text}");
        }
        assert!(!is_answer(
            b"{\"results\":[],\"status\":\"OK\",\"x\":\"\xff\"}",
            2
        ));
    }
}
