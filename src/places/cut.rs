//! Cuts the list `results` of a place service's own text to the client's bound. The text is
//! spliced: every byte outside the cut stays as it was, because printing JSON again would change
//! its layout, its escapes and its numbers.
//!
//! This is pure and total. serde_json reads nested values without recursion here, so no depth of
//! brackets overflows a stack.

use serde_json::Deserializer;
use serde_json::value::RawValue;

/// An answer whose list of results is cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) text: String,
    pub(super) status: String,
    /// The member `error_message`, or nothing.
    pub(super) message: String,
}

/// The text with at most `bound` results; unchanged if it has no more. `None` if it is not an
/// answer: not JSON, or not an object with a string `status` and a list `results`.
///
/// If a key is there twice, each `results` is cut, because readers differ in which they take; the
/// last status and the last message count.
pub(super) fn cut(text: &str, bound: usize) -> Option<Cut> {
    let object: &RawValue = serde_json::from_str(text).ok()?;
    object.get().starts_with('{').then_some(())?;
    let (mut status, mut message, mut has_results) = (None, String::new(), false);
    let string = |value| serde_json::from_str::<String>(value).unwrap_or_default();
    let (mut out, mut copied) = (String::new(), 0);
    let mut members = items(object.get());
    while let (Some(key), Some(value)) = (members.next(), members.next()) {
        match string(key).as_str() {
            "status" if value.starts_with('"') => status = Some(string(value)),
            "error_message" => message = string(value),
            "results" if value.starts_with('[') => {
                has_results = true;
                if let Some(surplus) = surplus(value, bound) {
                    out += &text[copied..offset(text, surplus)];
                    copied = offset(text, surplus) + surplus.len();
                }
            }
            "status" | "results" => return None,
            _ => {}
        }
    }
    Some(Cut {
        status: status.filter(|_| has_results)?,
        message,
        text: out + &text[copied..],
    })
}

/// The part of a list to leave out so that `bound` items stay: from the end of the last of these
/// to the end of the last of all, so that the white space before the bracket stays. A list that is
/// emptied keeps nothing between its brackets.
fn surplus(list: &str, bound: usize) -> Option<&str> {
    let mut ends = items(list).map(|item| offset(list, item) + item.len());
    if bound == 0 {
        return ends.next().map(|_| &list[1..list.len() - 1]);
    }
    let kept = ends.nth(bound - 1)?;
    let last = ends.last()?;
    Some(&list[kept..last])
}

/// The items of a list, or the keys and values of an object in turn. Its text must be JSON.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = &text[1..];
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',', ':']);
        let mut values = Deserializer::from_str(rest).into_iter::<&RawValue>();
        // The closing bracket is not a value.
        let item = values.next()?.ok()?.get();
        rest = &rest[values.byte_offset()..];
        Some(item)
    })
}

/// Where `part` begins in `text`, of which it is a slice.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list in place of `[]` in an answer, cut.
    fn list(results: &str, bound: usize) -> String {
        let (before, after) = ("\t{ \"results\" : ", " , \"status\":\"OK\"}\n");
        let text = format!("{before}{results}{after}");
        let cut = cut(&text, bound).unwrap().text;
        let cut = cut.strip_prefix(before).unwrap();
        cut.strip_suffix(after).unwrap().into()
    }

    #[test]
    fn a_list_is_cut_and_nothing_else_is_touched() {
        let three = "[\n { \"a\" : [1,2] } ,\n\"]\\\"[\",-1.5e+7\n ]";
        assert_eq!(list(three, 0), "[]");
        assert_eq!(list(three, 1), "[\n { \"a\" : [1,2] }\n ]");
        assert_eq!(list(three, 2), "[\n { \"a\" : [1,2] } ,\n\"]\\\"[\"\n ]");
        for bound in [3, 4, 20, usize::MAX] {
            assert_eq!(list(three, bound), three);
        }
        for empty in ["[]", "[ \n ]"] {
            assert_eq!(list(empty, 0), empty, "it has no more than 0");
            assert_eq!(list(empty, 3), empty);
        }
    }

    #[test]
    fn the_list_is_the_one_of_the_outermost_object() {
        let text = r#"{"a":{"results":[1,2]},"b":"\"results\":[1,2]","results":[1,2],"status":""}"#;
        let want = r#"{"a":{"results":[1,2]},"b":"\"results\":[1,2]","results":[1],"status":""}"#;
        assert_eq!(cut(text, 1).unwrap().text, want);
    }

    #[test]
    fn a_key_is_known_in_every_spelling_and_every_time() {
        let text = r#"{"results":[1,2],"r\u0065sults":[3,4],"status":"A","status":"B"}"#;
        let want = r#"{"results":[1],"r\u0065sults":[3],"status":"A","status":"B"}"#;
        assert_eq!(cut(text, 1).unwrap().text, want);
    }

    #[test]
    fn the_last_status_and_the_last_message_count() {
        let said = |text| cut(text, 1).map(|it| [it.status, it.message]).unwrap();
        let text =
            r#"{"status":"OK","results":[],"st\u0061tus":"A\u0042","error_message":"\u0063"}"#;
        assert_eq!(said(text), ["AB", "c"]);
        assert_eq!(
            said(r#"{"status":"","results":[],"error_message":1}"#),
            [""; 2]
        );
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for text in [
            "",
            " ",
            "<html>",
            "null",
            "[]",
            "\"status\"",
            "{}",
            r#"{"status":"OK"}"#,
            r#"{"results":[]}"#,
            r#"{"results":{},"status":"OK"}"#,
            r#"{"results":[],"status":0}"#,
            r#"{"results":[],"status":"OK","results":null}"#,
            r#"{"a":{"results":[],"status":"OK"}}"#,
            r#"{"results":[],"status":"OK"} {}"#,
            r#"{"results":[],"status":"OK""#,
            r#"{"results":[1,],"status":"OK"}"#,
            r#"{"results":[01],"status":"OK"}"#,
            "{\"results\":[\"a\nb\"],\"status\":\"OK\"}",
            "\u{feff}{\"results\":[],\"status\":\"OK\"}",
        ] {
            assert_eq!(cut(text, 5), None, "{text}");
        }
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
        let two = format!("[{deep},{deep}]");
        assert_eq!(list(&two, 1), format!("[{deep}]"));
        assert_eq!(cut(&"[".repeat(500_000), 1), None);
        assert_eq!(cut(&"{\"a\":".repeat(500_000), 1), None);
    }

    #[test]
    fn what_is_cut_is_what_a_parser_would_keep() {
        let items = [
            "{\"a\":\"é\\\\\"}",
            "[[],{}]",
            "1E5",
            "null",
            "\"\\u005d\"",
            "true",
        ];
        for count in 0..=items.len() {
            for space in ["", " ", "\r\n\t"] {
                let inner = items[..count].join(&format!("{space},{space}"));
                let text = format!("[{space}{inner}{space}]");
                for bound in 0..=count + 1 {
                    let mut want: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
                    want.truncate(bound);
                    let got: Vec<serde_json::Value> =
                        serde_json::from_str(&list(&text, bound)).unwrap();
                    assert_eq!(got, want);
                }
            }
        }
    }
}
