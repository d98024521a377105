//! Cuts the list `results` of a place service's own text to the client's bound, by splicing:
//! every byte outside the cut stays as it was, because printing JSON again would change its
//! layout, its escapes and its numbers.
//!
//! Pure and total. serde_json judges whether the text is JSON, without recursion, so that no
//! depth of brackets overflows a stack; the walk over it may then trust its form.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

/// The text with at most `bound` results; as it came if it has no more. `None` for what is no
/// answer: not JSON, no object, no text `status`, no list `results`.
///
/// Should a key stand there twice, each `results` is cut: readers differ in which they take.
pub(super) fn cut(text: &str, bound: usize) -> Option<Cow<'_, str>> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    let start = after_space(text.as_bytes(), 0);
    if text.as_bytes()[start] != b'{' {
        return None;
    }
    let (mut has_status, mut has_results) = (false, false);
    let mut out = String::new();
    let mut copied = 0;
    for (key, value) in Items::of(text, start) {
        let first = text.as_bytes()[value.start];
        match serde_json::from_str(&text[key])
            .unwrap_or(Cow::Borrowed(""))
            .as_ref()
        {
            "status" if first == b'"' => has_status = true,
            "results" if first == b'[' => {
                has_results = true;
                if let Some(surplus) = surplus(text, value, bound) {
                    out.push_str(&text[copied..surplus.start]);
                    copied = surplus.end;
                }
            }
            "status" | "results" => return None,
            _ => {}
        }
    }
    if !has_status || !has_results {
        return None;
    }
    if copied == 0 {
        return Some(Cow::Borrowed(text));
    }
    out.push_str(&text[copied..]);
    Some(Cow::Owned(out))
}

/// What to leave out of a list so that `bound` items stay: from the end of the last of these to
/// the end of the last of all, so that the white space before the bracket stays too. Of a list
/// that is emptied nothing stays between the brackets.
fn surplus(text: &str, list: Range<usize>, bound: usize) -> Option<Range<usize>> {
    let mut ends = Items::of(text, list.start).map(|(_, value)| value.end);
    if bound == 0 {
        ends.next()?;
        return Some(list.start + 1..list.end - 1);
    }
    let kept = ends.nth(bound - 1)?;
    let last = ends.last()?;
    Some(kept..last)
}

/// The items of a list or an object that is known to be JSON, as ranges of its text: the key
/// with its quotes (empty in a list) and the value.
struct Items<'a> {
    text: &'a [u8],
    at: usize,
    has_keys: bool,
}

impl Items<'_> {
    /// `start`: where the opening bracket is.
    fn of(text: &str, start: usize) -> Items<'_> {
        let text = text.as_bytes();
        let has_keys = text[start] == b'{';
        let at = start + 1;
        Items { text, at, has_keys }
    }

    /// The value at `self.at`, which moves behind it.
    fn value(&mut self) -> Range<usize> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.text[self.at] {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                b'"' => self.at = end_of_string(self.text, self.at) - 1,
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
                _ => self.at = end_of_word(self.text, self.at) - 1,
            }
            self.at += 1;
            if depth == 0 {
                return start..self.at;
            }
        }
    }
}

impl Iterator for Items<'_> {
    type Item = (Range<usize>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.at = after_space(self.text, self.at);
        if self.text[self.at] == b',' {
            self.at = after_space(self.text, self.at + 1);
        }
        if matches!(self.text[self.at], b']' | b'}') {
            return None;
        }
        let mut key = self.at..self.at;
        if self.has_keys {
            key.end = end_of_string(self.text, self.at);
            let colon = after_space(self.text, key.end);
            self.at = after_space(self.text, colon + 1);
        }
        Some((key, self.value()))
    }
}

fn after_space(text: &[u8], at: usize) -> usize {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + text[at..].iter().take_while(|byte| is_space(byte)).count()
}

/// Behind the closing quote of the string that opens at `at`.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Behind a number, `true`, `false` or `null`.
fn end_of_word(text: &[u8], at: usize) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    at + text[at..].iter().take_while(|byte| is_word(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list in place of `[]` in an answer, cut.
    fn list(results: &str, bound: usize) -> String {
        let (before, after) = ("\t{ \"results\" : ", " , \"status\":\"OK\"}\n");
        let text = format!("{before}{results}{after}");
        let cut = cut(&text, bound).unwrap();
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
        assert_eq!(cut(text, 1).unwrap(), want);
    }

    #[test]
    fn a_key_is_known_in_every_spelling_and_every_time() {
        let text = r#"{"results":[1,2],"r\u0065sults":[3,4],"status":"A","status":"B"}"#;
        let want = r#"{"results":[1],"r\u0065sults":[3],"status":"A","status":"B"}"#;
        assert_eq!(cut(text, 1).unwrap(), want);
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
