//! Writes an answer in the shape of Google's legacy Nearby Search and in the layout of the handout:
//! three spaces a level, `"key" : value`, keys in alphabetical order, lists of strings on one line.
//!
//! Only fields that a provider really gave are written. The text has no blank line.

use crate::wire::json::quoted;

/// One result. Fields that are `None` are left out.
#[derive(Default)]
pub(super) struct Place {
    /// Latitude and longitude in degrees, as JSON numbers without an exponent.
    pub(super) location: Option<[String; 2]>,
    pub(super) name: Option<String>,
    pub(super) place_id: Option<String>,
    pub(super) scope: Option<&'static str>,
    pub(super) types: Option<Vec<String>>,
    pub(super) vicinity: Option<String>,
}

/// Writes an answer. `found` says whether there was anything near, even if `places`, cut to the
/// client's bound, is empty now.
pub(super) fn write(attributions: &[&str], places: &[Place], found: bool) -> String {
    let attributions = list(attributions);
    let results = block("[]", "   ", places.iter().map(result).collect());
    let status = if found { "OK" } else { "ZERO_RESULTS" };
    format!(
        "{{\n   \"html_attributions\" : {attributions},\n   \"results\" : {results},\n   \
         \"status\" : \"{status}\"\n}}"
    )
}

fn result(place: &Place) -> String {
    let members = [
        ("geometry", place.location.as_ref().map(geometry)),
        ("name", place.name.as_deref().map(quoted)),
        ("place_id", place.place_id.as_deref().map(quoted)),
        ("scope", place.scope.map(quoted)),
        ("types", place.types.as_deref().map(list)),
        ("vicinity", place.vicinity.as_deref().map(quoted)),
    ];
    let line = |(key, value): (_, Option<_>)| Some(format!("         \"{key}\" : {}", value?));
    let members = members.into_iter().filter_map(line).collect();
    format!("      {}", block("{}", "      ", members))
}

/// Items between brackets, each on a line of its own; the brackets alone if there is none.
fn block(brackets: &str, indent: &str, items: Vec<String>) -> String {
    if items.is_empty() {
        return brackets.to_string();
    }
    let (open, close) = brackets.split_at(1);
    format!("{open}\n{}\n{indent}{close}", items.join(",\n"))
}

fn geometry([latitude, longitude]: &[String; 2]) -> String {
    format!(
        "{{\n            \"location\" : {{\n               \"lat\" : {latitude},\n               \
         \"lng\" : {longitude}\n            }}\n         }}"
    )
}

fn list<S: AsRef<str>>(texts: &[S]) -> String {
    if texts.is_empty() {
        return "[]".to_string();
    }
    let items: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[ {} ]", items.join(", "))
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
