//! Writes an answer in the shape of Google's legacy Nearby Search and in the layout of the handout:
//! three spaces a level, `"key" : value`, keys in alphabetical order, lists of strings on one line.
//!
//! Only fields that a provider really gave are written. The text has no blank line. It is appended
//! to one buffer: twenty places of many small strings each cost more than the search for them.

use crate::wire::json::push_quoted;

/// The usual lengths of an answer without results, and of a result.
const FRAME: usize = 256;
const RESULT: usize = 380;

/// An answer that is being written.
pub(super) struct Writer {
    out: String,
    /// Results, and members of the last of them.
    results: usize,
    members: usize,
}

impl Writer {
    /// The answer's beginning. There will be about `results` results.
    pub(super) fn new(attributions: &[&str], results: usize) -> Writer {
        let mut out = String::with_capacity(FRAME + RESULT * results);
        out += "{\n   \"html_attributions\" : ";
        push_list(&mut out, attributions);
        out += ",\n   \"results\" : [";
        Writer {
            out,
            results: 0,
            members: 0,
        }
    }

    /// Begins a result. Its members follow in alphabetical order.
    pub(super) fn begin(&mut self) {
        self.out += if self.results == 0 { "" } else { "," };
        self.out += "\n      {";
        (self.results, self.members) = (self.results + 1, 0);
    }

    /// The member `geometry`: latitude and longitude in degrees, JSON numbers without an exponent.
    pub(super) fn location(&mut self, latitude: &str, longitude: &str) {
        self.key("geometry");
        self.out += "{\n            \"location\" : {\n               \"lat\" : ";
        self.out += latitude;
        self.out += ",\n               \"lng\" : ";
        self.out += longitude;
        self.out += "\n            }\n         }";
    }

    /// A member that is a string, if it was given.
    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key);
            push_quoted(&mut self.out, text);
        }
    }

    /// A member that is a list of strings.
    pub(super) fn list<S: AsRef<str>>(&mut self, key: &str, texts: &[S]) {
        self.key(key);
        push_list(&mut self.out, texts);
    }

    /// A member whose value is ready-made JSON, in one piece or several.
    pub(super) fn json(&mut self, key: &str, pieces: &[&str]) {
        self.key(key);
        for piece in pieces {
            self.out += piece;
        }
    }

    /// Ends a result.
    pub(super) fn end(&mut self) {
        self.out += if self.members == 0 { "}" } else { "\n      }" };
    }

    /// The whole answer. `found` says whether there was anything near, even if there are no
    /// results, cut to the client's bound.
    pub(super) fn finish(mut self, found: bool) -> String {
        self.out += if self.results == 0 { "]" } else { "\n   ]" };
        self.out += ",\n   \"status\" : ";
        self.out += if found { "\"OK\"" } else { "\"ZERO_RESULTS\"" };
        self.out + "\n}"
    }

    fn key(&mut self, key: &str) {
        self.out += if self.members == 0 { "" } else { "," };
        self.out += "\n         \"";
        self.out += key;
        self.out += "\" : ";
        self.members += 1;
    }
}

fn push_list<S: AsRef<str>>(out: &mut String, texts: &[S]) {
    *out += "[";
    for (index, text) in texts.iter().enumerate() {
        *out += if index == 0 { " " } else { ", " };
        push_quoted(out, text.as_ref());
    }
    *out += if texts.is_empty() { "]" } else { " ]" };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_that_was_not_given() {
        let mut answer = Writer::new(&[], 0);
        answer.begin();
        answer.end();
        answer.begin();
        answer.list("types", &[""; 0]);
        answer.text("name", None);
        answer.text("vicinity", Some("a \"b\""));
        answer.end();
        assert_eq!(
            answer.finish(true),
            "{\n   \"html_attributions\" : [],\n   \"results\" : [\n      {},\n      {\n         \
             \"types\" : [],\n         \"vicinity\" : \"a \\\"b\\\"\"\n      }\n   ],\n   \
             \"status\" : \"OK\"\n}"
        );
    }

    #[test]
    fn a_ready_piece_is_written_as_it_is() {
        let mut answer = Writer::new(&[], 1);
        answer.begin();
        answer.location("1.5", "-0");
        answer.json("place_id", &["\"a", "<", "\""]);
        answer.list("types", &["a", "b"]);
        answer.end();
        assert_eq!(
            answer.finish(true),
            "{\n   \"html_attributions\" : [],\n   \"results\" : [\n      {\n         \
             \"geometry\" : {\n            \"location\" : {\n               \
             \"lat\" : 1.5,\n               \"lng\" : -0\n            }\n         \
             },\n         \"place_id\" : \"a<\",\n         \
             \"types\" : [ \"a\", \"b\" ]\n      }\n   ],\n   \"status\" : \"OK\"\n}"
        );
    }

    #[test]
    fn empty_lists_have_nothing_between_their_brackets() {
        let text = |found| Writer::new(&["a", "<b>"], 0).finish(found);
        assert_eq!(
            text(false),
            "{\n   \"html_attributions\" : [ \"a\", \"\\u003cb\\u003e\" ],\n   \
             \"results\" : [],\n   \"status\" : \"ZERO_RESULTS\"\n}"
        );
        assert!(text(true).ends_with("\"results\" : [],\n   \"status\" : \"OK\"\n}"));
    }
}
