//! Google's two services. The Places API (New) is one POST; its answer or its error is rewritten in
//! the shape of the legacy Nearby Search, from the fields that are really there. The legacy Nearby
//! Search is one GET; its answer is passed on byte for byte, except that it is cut to the client's
//! bound, and that blank lines and the key are taken out.
//!
//! A field whose type is not Google's counts as missing. A text whose `places` is not a list of
//! objects is not an answer.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::node::Query;
use crate::wire::json::no_answer;

use super::answer::Writer;
use super::cut::{Cut, cut};
use super::key::Key;
use super::provider::{Answer, Provider};
use super::service::{self, Service, Told};

/// Google's own addresses.
pub(super) const HOME: &str = "https://places.googleapis.com";
pub(super) const LEGACY_HOME: &str = "https://maps.googleapis.com";

/// The fields that Google should send. Without a mask it refuses, and some other fields cost more.
const FIELD_MASK: &str =
    "places.id,places.displayName,places.formattedAddress,places.location,places.types";

/// An object's members, undecoded. If a key is there twice, the last one counts.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The Places API (New) as a [`Provider`].
pub(super) struct Google(pub(super) Service);

impl Provider for Google {
    fn nearby(&self, query: &Query) -> Answer {
        let Google(Service { agent, key, .. }) = self;
        let request = agent
            .post(self.0.url("/v1/places:searchNearby")?)
            .header("Content-Type", "application/json")
            .header("X-Goog-Api-Key", key.reveal())
            .header("X-Goog-FieldMask", FIELD_MASK);
        let (status, text) = service::read(request.send(question(query)))?;
        google_answer(status, &text, key, query.bound)
    }

    fn describe(&self) -> String {
        format!("Google Places API (New) at {}", self.0.shown())
    }
}

/// The answer to a client when the Places API (New) has sent `text` with an HTTP status. This is
/// the part of [`Provider::nearby`] after the request. It is pure and total, and public, so that
/// the fuzzer can try millions of texts without an endpoint.
pub fn google_answer(http_status: u16, text: &str, key: &Key, bound: usize) -> Answer {
    service::answer(http_status, text, key, |text| {
        rewritten(http_status, text, bound)
    })
}

/// The body of the request. It never asks for 0 places: Google would send 20, and one is needed to
/// tell whether there is any.
fn question(query: &Query) -> String {
    let (latitude, longitude, radius) = (&query.latitude, &query.longitude, query.radius_m);
    let count = query.bound.clamp(1, 20);
    format!(
        "{{\"locationRestriction\":{{\"circle\":{{\"center\":{{\"latitude\":{latitude},\
         \"longitude\":{longitude}}},\"radius\":{radius}}}}},\"maxResultCount\":{count}}}"
    )
}

/// The reply in the legacy shape; `None` if it is neither places nor an error of Google's.
fn rewritten(http_status: u16, text: &str, bound: usize) -> Option<Told> {
    let body = object(text)?;
    if !(200..300).contains(&http_status) {
        return rewritten_error(http_status, &body);
    }
    let places: Option<Vec<Object>> = serde_json::from_str(raw(&body, "places")).ok()?;
    let places = places.unwrap_or_default();
    let mut answer = Writer::new(&[], bound.min(places.len()));
    for place in places.iter().take(bound) {
        write(place, &mut answer);
    }
    Some(Told {
        text: answer.finish(!places.is_empty()),
        refusal: None,
    })
}

/// A `google.rpc.Status` with the status of the legacy API.
fn rewritten_error(http_status: u16, body: &Object) -> Option<Told> {
    let error = child(body, "error")?;
    let message = string(&error, "message")
        .unwrap_or_else(|| format!("the place service answered HTTP {http_status}"));
    let details: Vec<Object> = serde_json::from_str(raw(&error, "details")).unwrap_or_default();
    let is_bad_key = |detail| string(detail, "reason").as_deref() == Some("API_KEY_INVALID");
    let status = match http_status {
        400 if details.iter().any(is_bad_key) => "REQUEST_DENIED",
        400 => "INVALID_REQUEST",
        401 | 403 => "REQUEST_DENIED",
        429 => "OVER_QUERY_LIMIT",
        _ => "UNKNOWN_ERROR",
    };
    Some(Told {
        text: no_answer(status, &message),
        refusal: Some((status.into(), message)),
    })
}

/// Writes a place as a result.
fn write(place: &Object, answer: &mut Writer) {
    answer.begin();
    let location = child(place, "location").and_then(|point| {
        let degrees = |name| plain_number(raw(&point, name));
        Some([degrees("latitude")?, degrees("longitude")?])
    });
    if let Some([latitude, longitude]) = location {
        answer.location(&latitude, &longitude);
    }
    let name = child(place, "displayName").and_then(|name| string(&name, "text"));
    answer.text("name", name.as_deref());
    answer.text("place_id", string(place, "id").as_deref());
    if let Ok(types) = serde_json::from_str::<Vec<String>>(raw(place, "types")) {
        answer.list("types", &types);
    }
    answer.text("vicinity", string(place, "formattedAddress").as_deref());
    answer.end();
}

fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

fn child<'a>(fields: &Object<'a>, name: &str) -> Option<Object<'a>> {
    object(raw(fields, name))
}

fn string(fields: &Object, name: &str) -> Option<String> {
    serde_json::from_str(raw(fields, name)).ok()
}

/// The JSON of a member. One that is missing counts as null.
fn raw<'a>(fields: &Object<'a>, name: &str) -> &'a str {
    fields.get(name).map_or("null", |raw| raw.get())
}

/// A JSON number digit for digit; but 1e-05 becomes 0.00001, because places have no exponent.
/// `None` if it is not a number, or infinite as a double.
fn plain_number(json: &str) -> Option<String> {
    let value = json.parse::<f64>().ok().filter(|it| it.is_finite())?;
    let exp = json.contains(['e', 'E']);
    Some(if exp { value.to_string() } else { json.into() })
}

/// The legacy Nearby Search as a [`Provider`].
pub(super) struct Legacy(pub(super) Service);

impl Provider for Legacy {
    fn nearby(&self, query: &Query) -> Answer {
        let Legacy(Service { agent, key, .. }) = self;
        let location = format!("{},{}", query.latitude, query.longitude);
        let request = agent
            .get(self.0.url("/maps/api/place/nearbysearch/json")?)
            .query_raw("location", location)
            .query_raw("radius", query.radius_m.to_string())
            .query("key", key.reveal());
        let (status, text) = service::read(request.call())?;
        legacy_answer(status, &text, key, query.bound)
    }

    fn describe(&self) -> String {
        format!("Google Nearby Search (legacy) at {}", self.0.shown())
    }
}

/// The answer to a client when the legacy Nearby Search has sent `text` with an HTTP status. This
/// is the part of [`Provider::nearby`] after the request. It is pure and total, and public, so that
/// the fuzzer can try millions of texts without an endpoint.
///
/// The service answers errors with HTTP 200, too, and a `status` in the text.
pub fn legacy_answer(http_status: u16, text: &str, key: &Key, bound: usize) -> Answer {
    service::answer(http_status, text, key, |text| {
        let Cut {
            text,
            status,
            message,
        } = cut(text, bound)?;
        let is_answer = matches!(&status[..], "OK" | "ZERO_RESULTS");
        let refusal = (!is_answer).then_some((status, message));
        Some(Told { text, refusal })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(status: u16, text: &str, bound: usize) -> Option<serde_json::Value> {
        let told = rewritten(status, text, bound)?;
        Some(serde_json::from_str(&told.text).unwrap())
    }

    #[test]
    fn numbers_keep_their_digits_and_lose_their_exponent() {
        let check =
            |json: &str, want: &str| assert_eq!(plain_number(json).unwrap(), want, "{json}");
        check("34.06893000000000000001", "34.06893000000000000001");
        check("-0", "-0");
        check("1e-5", "0.00001");
        check("-1.25E-3", "-0.00125");
        check("1.25e1", "12.5");
        check("1.25e+2", "125");
        check("12e3", "12000");
        check("0.5e1", "5");
        check("0.05e0", "0.05");
        check("123e-2", "1.23");
        check("0e5", "0");
        check("1e-2147483648", "0");
        for json in ["\"1\"", "null", "[1]", "NaN", "1e401", "1e99999999999", ""] {
            assert_eq!(plain_number(json), None, "{json}");
        }
    }

    #[test]
    fn only_what_was_given_is_told() {
        let text = r#"{"places":[{},
            {"id":"a","types":["x","y"],"displayName":{"text":"N","languageCode":"en"}},
            {"formattedAddress":"V","location":{"latitude":1.50,"longitude":-2e-1},"more":1},
            {"id":5,"types":"x","displayName":"N","location":{"latitude":1},"formattedAddress":null}
        ]}"#;
        assert_eq!(
            tell(200, text, 20).unwrap(),
            serde_json::json!({
                "html_attributions": [],
                "results": [
                    {},
                    {"name": "N", "place_id": "a", "types": ["x", "y"]},
                    {"geometry": {"location": {"lat": 1.5, "lng": -0.2}}, "vicinity": "V"},
                    {},
                ],
                "status": "OK",
            })
        );
    }

    #[test]
    fn the_bound_cuts_and_does_not_change_the_status() {
        let told = |bound| {
            let value = tell(200, r#"{"places":[{"id":"a"},{"id":"b"}]}"#, bound).unwrap();
            assert_eq!(value["status"], "OK");
            value["results"].as_array().unwrap().len()
        };
        assert_eq!([told(0), told(1), told(2), told(3)], [0, 1, 2, 2]);
        for text in [
            "{}",
            r#"{"places":[]}"#,
            r#"{"places":null}"#,
            r#"{"routes":[]}"#,
        ] {
            assert_eq!(tell(200, text, 5).unwrap()["status"], "ZERO_RESULTS");
        }
    }

    #[test]
    fn what_is_neither_places_nor_an_error_is_no_answer() {
        for text in [
            "",
            "[]",
            "<p>",
            "{",
            r#"{"places":{}}"#,
            r#"{"places":[1]}"#,
        ] {
            assert_eq!(tell(200, text, 5), None, "{text}");
        }
        for text in [
            "",
            "{}",
            "[]",
            "<p>",
            r#"{"error":"no"}"#,
            r#"{"places":[]}"#,
        ] {
            assert_eq!(tell(500, text, 5), None, "{text}");
        }
        let deep = format!("{{\"places\":{}", "[".repeat(500_000));
        assert_eq!(tell(200, &deep, 5), None);
    }

    #[test]
    fn errors_without_a_message_say_their_number() {
        let value = tell(503, r#"{"error":{"code":503}}"#, 5).unwrap();
        assert_eq!(value["status"], "UNKNOWN_ERROR");
        assert_eq!(
            value["error_message"],
            "the place service answered HTTP 503"
        );
    }

    #[test]
    fn at_least_one_place_is_asked_for() {
        let asked = |bound| {
            let query = Query {
                latitude: "-0.10".into(),
                longitude: "100.000".into(),
                radius_m: 0,
                bound,
            };
            question(&query)
        };
        let want = "{\"locationRestriction\":{\"circle\":{\"center\":{\"latitude\":-0.10,\
                    \"longitude\":100.000},\"radius\":0}},\"maxResultCount\":";
        assert_eq!(asked(0), format!("{want}1}}"));
        assert_eq!(asked(20), format!("{want}20}}"));
    }
}
