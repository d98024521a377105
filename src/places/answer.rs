//! The answer in the shape of Google's legacy Nearby Search, as the handout prints it: three
//! spaces a level, `"key" : value`, keys in alphabetical order, lists of strings in one line.
//!
//! Only fields that a provider really gave are written. The text has no blank line.

use crate::wire::json::push_string;

/// One result. What is `None` is left out.
#[derive(Default)]
pub(super) struct Place {
    /// Latitude and longitude as JSON numbers without an exponent.
    pub(super) location: Option<[String; 2]>,
    pub(super) name: Option<String>,
    pub(super) place_id: Option<String>,
    pub(super) scope: Option<&'static str>,
    pub(super) types: Option<Vec<String>>,
    pub(super) vicinity: Option<String>,
}

/// Writes an answer. `found`: whether there was anything near, even if `places`, cut to the
/// client's bound, is empty now.
pub(super) fn write(attributions: &[&str], places: &[Place], found: bool) -> String {
    let mut out = String::from("{\n   \"html_attributions\" : ");
    push_strings(&mut out, attributions);
    out.push_str(",\n   \"results\" : [");
    for (index, place) in places.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        push_place(&mut out, place);
    }
    out.push_str(if places.is_empty() { "]" } else { "\n   ]" });
    out.push_str(",\n   \"status\" : ");
    push_string(&mut out, if found { "OK" } else { "ZERO_RESULTS" });
    out.push_str("\n}");
    out
}

fn push_place(out: &mut String, place: &Place) {
    let mut separator = "      {\n         ";
    let mut push_key = |out: &mut String, key: &str| {
        out.push_str(separator);
        separator = ",\n         ";
        push_string(out, key);
        out.push_str(" : ");
    };
    if let Some([latitude, longitude]) = &place.location {
        push_key(out, "geometry");
        out.push_str("{\n            \"location\" : {\n               \"lat\" : ");
        out.push_str(latitude);
        out.push_str(",\n               \"lng\" : ");
        out.push_str(longitude);
        out.push_str("\n            }\n         }");
    }
    if let Some(name) = &place.name {
        push_key(out, "name");
        push_string(out, name);
    }
    if let Some(id) = &place.place_id {
        push_key(out, "place_id");
        push_string(out, id);
    }
    if let Some(scope) = place.scope {
        push_key(out, "scope");
        push_string(out, scope);
    }
    if let Some(types) = &place.types {
        push_key(out, "types");
        push_strings(out, types);
    }
    if let Some(vicinity) = &place.vicinity {
        push_key(out, "vicinity");
        push_string(out, vicinity);
    }
    let is_empty = separator.starts_with(' ');
    out.push_str(if is_empty { "      {}" } else { "\n      }" });
}

fn push_strings<S: AsRef<str>>(out: &mut String, texts: &[S]) {
    for (index, text) in texts.iter().enumerate() {
        out.push_str(if index == 0 { "[ " } else { ", " });
        push_string(out, text.as_ref());
    }
    out.push_str(if texts.is_empty() { "[]" } else { " ]" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_that_was_not_given() {
        let sparse = [
            Place::default(),
            Place {
                types: Some(vec![]),
                vicinity: Some("a \"b\"".into()),
                ..Place::default()
            },
        ];
        assert_eq!(
            write(&[], &sparse, true),
            "{\n   \"html_attributions\" : [],\n   \"results\" : [\n      {},\n      {\n         \
             \"types\" : [],\n         \"vicinity\" : \"a \\\"b\\\"\"\n      }\n   ],\n   \
             \"status\" : \"OK\"\n}"
        );
    }

    #[test]
    fn empty_lists_have_nothing_between_their_brackets() {
        let text = |found| write(&["a", "<b>"], &[], found);
        assert_eq!(
            text(false),
            "{\n   \"html_attributions\" : [ \"a\", \"\\u003cb\\u003e\" ],\n   \
             \"results\" : [],\n   \"status\" : \"ZERO_RESULTS\"\n}"
        );
        assert!(text(true).ends_with("\"results\" : [],\n   \"status\" : \"OK\"\n}"));
    }
}
