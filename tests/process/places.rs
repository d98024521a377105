//! The two Google forms against a scripted endpoint: what exactly is asked, what exactly a
//! client is told, and that the key stands only where it belongs.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::support::endpoint::{Endpoint, Say, head, refusing_url};
use herd::limits::Limits;
use herd::node::{LookupError, Query};
use herd::places::{Key, Kind, Provider, provider};
use herd::units::{MILLISECOND, SECOND};
use serde_json::Value;

/// A key with characters that must be encoded in a URL.
const KEY: &str = "sesame/open+now";
const BOTH: [Kind; 2] = [Kind::Google, Kind::GoogleLegacy];
const MIB: usize = 1024 * 1024;

fn query(bound: usize) -> Query {
    Query {
        latitude: "-34.0689300".into(),
        longitude: "118.4451270000000000001".into(),
        radius_m: 10_000,
        bound,
    }
}

fn at(kind: Kind, url: &str) -> Arc<dyn Provider> {
    provider(
        Some(kind),
        Some(Key::new(KEY).unwrap()),
        Some(url),
        &Limits::PRODUCT,
    )
    .unwrap()
}

fn ask_with_and_without_radius(provider: &dyn Provider) {
    provider.nearby(&query(5)).unwrap();
    let radius_m = 0;
    provider
        .nearby(&Query {
            radius_m,
            ..query(0)
        })
        .unwrap();
}

/// The answer to a client when the endpoint says this; a refusal is an answer, too.
fn told(kind: Kind, say: Say, bound: usize) -> Result<String, LookupError> {
    let endpoint = Endpoint::start([say]);
    let answer = match at(kind, &endpoint.url()).nearby(&query(bound)) {
        Err(LookupError::Refused(refusal)) => refusal.text,
        answer => answer?,
    };
    Ok(String::from_utf8(answer).unwrap())
}

fn error(kind: Kind, say: Say) -> String {
    let error = told(kind, say, 5).unwrap_err().to_string();
    assert!(
        !error.contains("sesame") && !error.contains("://"),
        "{error}"
    );
    error
}

/// Also run by `proxy_variables_do_not_apply_to_loopback`, in another process.
#[test]
fn the_legacy_request_is_exact() {
    let endpoint = Endpoint::start([Say::ok(r#"{"results":[],"status":"OK"}"#)]);
    let provider = at(Kind::GoogleLegacy, &endpoint.url());
    ask_with_and_without_radius(&*provider);

    let path = "/maps/api/place/nearbysearch/json?location=-34.0689300,118.4451270000000000001";
    let key = "key=sesame%2Fopen%2Bnow";
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[0].line,
        format!("GET {path}&radius=10000&{key} HTTP/1.1")
    );
    assert_eq!(
        requests[1].line,
        format!("GET {path}&radius=0&{key} HTTP/1.1")
    );
    for request in requests {
        assert_eq!(request.connection, 0, "the connection is used again");
        assert_eq!(
            request.header("Host").unwrap(),
            &endpoint.url()["http://".len()..]
        );
        assert_eq!(request.body, b"");
        assert!(!format!("{:?}", request.headers).contains("sesame"));
    }
}

#[test]
fn the_new_request_is_exact() {
    let endpoint = Endpoint::start([Say::ok("{}")]);
    let provider = at(Kind::Google, &endpoint.url());
    ask_with_and_without_radius(&*provider);

    let requests = endpoint.requests();
    let center = r#"{"latitude":-34.0689300,"longitude":118.4451270000000000001}"#;
    let body = |radius: u32, count: u32| {
        format!(
            "{{\"locationRestriction\":{{\"circle\":{{\"center\":{center},\"radius\":{radius}}}}},\
             \"maxResultCount\":{count}}}"
        )
    };
    assert_eq!(requests.len(), 2);
    assert_eq!(String::from_utf8_lossy(&requests[0].body), body(10_000, 5));
    assert_eq!(String::from_utf8_lossy(&requests[1].body), body(0, 1));
    for mut request in requests {
        assert_eq!(request.connection, 0, "the connection is used again");
        assert_eq!(request.line, "POST /v1/places:searchNearby HTTP/1.1");
        assert_eq!(
            request.header("Host").unwrap(),
            &endpoint.url()["http://".len()..]
        );
        assert_eq!(request.header("Content-Type"), Some("application/json"));
        assert_eq!(
            request.header("X-Goog-FieldMask").unwrap(),
            "places.id,places.displayName,places.formattedAddress,places.location,places.types"
        );
        assert_eq!(request.header("X-Goog-Api-Key"), Some(KEY));
        request
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("X-Goog-Api-Key"));
        assert!(!format!("{:?}", request.headers).contains("sesame"));
    }
}

#[test]
fn a_base_address_may_have_a_prefix() {
    for (kind, want) in [
        (Kind::Google, "POST /a/b/v1/places:searchNearby HTTP/1.1"),
        (
            Kind::GoogleLegacy,
            "GET /a/b/maps/api/place/nearbysearch/json?",
        ),
    ] {
        let endpoint = Endpoint::start([Say::status(500, "")]);
        at(kind, &format!("{}/a/b/", endpoint.url()))
            .nearby(&query(5))
            .unwrap_err();
        assert!(endpoint.requests()[0].line.starts_with(want));
    }
}

/// The library applies proxy variables to 127.0.0.1 too. Variables cannot be set in a process
/// with threads, so another one looks.
#[test]
fn proxy_variables_do_not_apply_to_loopback() {
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "places::the_legacy_request_is_exact"])
        .env("ALL_PROXY", refusing_url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn legacy_text_is_passed_on_byte_for_byte() {
    let text = "{\r\n  \"results\" : [ {\"x\":1.50e1, \"y\":\"\\u003cé>\"} ,\t{\"x\":2}\n ],\
                \"next_page_token\":\"t\",  \"status\":\"OK\" }";
    let legacy = |text: &str, bound| told(Kind::GoogleLegacy, Say::ok(text), bound).unwrap();
    assert_eq!(legacy(text, 20), text);
    assert_eq!(legacy(text, 2), text);
    assert_eq!(legacy(text, 1), text.replace(" ,\t{\"x\":2}", ""));
    let emptied = legacy(text, 0);
    assert!(
        emptied.contains("\"results\" : [],\"next_page_token\""),
        "{emptied}"
    );

    let blank = "\n\n{\n\n\"results\":[],\n\n\n\"status\":\"ZERO_RESULTS\"}\n\n\n";
    let want = "\n{\n\"results\":[],\n\"status\":\"ZERO_RESULTS\"}";
    assert_eq!(legacy(blank, 5), want);

    let echo = format!(
        "{{\"error_message\":\"{KEY} sesame%2fopen%2Bnow sesame\\/open\\u002bnow\",\
         \"results\":[],\"status\":\"REQUEST_DENIED\"}}"
    );
    let want = r#"{"error_message":"*** *** ***","results":[],"status":"REQUEST_DENIED"}"#;
    assert_eq!(legacy(&echo, 5), want);
}

#[test]
fn the_http_status_of_a_legacy_answer_tells_nothing() {
    let text = r#"{"error_message":"m","results":[],"status":"OVER_QUERY_LIMIT"}"#;
    for status in [200, 302, 400, 403, 429, 500] {
        let say = Say::status(status, text);
        assert_eq!(told(Kind::GoogleLegacy, say, 5).unwrap(), text);
    }
    assert_eq!(
        error(Kind::GoogleLegacy, Say::ok("{}")),
        "the place service sent something that is no list of places"
    );
}

#[test]
fn a_new_answer_is_told_in_the_legacy_shape() {
    let text = r#"{"places":[{"id":"ChIJ1","types":["cafe","food"],
        "formattedAddress":"1 <b>Way</b>, LA","location":{"latitude":34.0600,"longitude":-1.5E-1},
        "displayName":{"text":"Café \"X\"\n","languageCode":"en"}},
        {"id":"ChIJ2 sesame/open+now"}]}"#;
    let want = r#"{
   "html_attributions" : [],
   "results" : [
      {
         "geometry" : {
            "location" : {
               "lat" : 34.0600,
               "lng" : -0.15
            }
         },
         "name" : "Café \"X\"\n",
         "place_id" : "ChIJ1",
         "types" : [ "cafe", "food" ],
         "vicinity" : "1 \u003cb\u003eWay\u003c/b\u003e, LA"
      },
      {
         "place_id" : "ChIJ2 ***"
      }
   ],
   "status" : "OK"
}"#;
    assert_eq!(told(Kind::Google, Say::ok(text), 5).unwrap(), want);

    let none = "{\n   \"html_attributions\" : [],\n   \"results\" : [],\n   \"status\" : \"OK\"\n}";
    assert_eq!(told(Kind::Google, Say::ok(text), 0).unwrap(), none);
    let zero = none.replace("OK", "ZERO_RESULTS");
    assert_eq!(told(Kind::Google, Say::ok("{}"), 5).unwrap(), zero);
}

#[test]
fn each_error_of_the_new_api_has_its_legacy_status() {
    for (http, reason, want) in [
        (400, "", "INVALID_REQUEST"),
        (400, "API_KEY_INVALID", "REQUEST_DENIED"),
        (401, "", "REQUEST_DENIED"),
        (403, "SERVICE_DISABLED", "REQUEST_DENIED"),
        (404, "", "UNKNOWN_ERROR"),
        (429, "", "OVER_QUERY_LIMIT"),
        (500, "", "UNKNOWN_ERROR"),
        (503, "", "UNKNOWN_ERROR"),
    ] {
        let body = format!(
            r#"{{"error":{{"code":{http},"message":"no, not \"{KEY}\"","status":"X",
            "details":[{{"@type":"type.googleapis.com/google.rpc.Help"}},
            {{"reason":"{reason}"}}]}}}}"#
        );
        let text = told(Kind::Google, Say::status(http, body), 5).unwrap();
        assert_eq!(
            text,
            format!(
                "{{\n   \"error_message\" : \"no, not \\\"***\\\"\",\n   \
                 \"html_attributions\" : [],\n   \"results\" : [],\n   \"status\" : \"{want}\"\n}}"
            )
        );
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["status"],
            want
        );
    }
}

#[test]
fn what_is_no_answer_is_an_error_in_plain_words() {
    let answer = r#"{"results":[],"places":[],"status":"OK"}"#;
    let no_list = "the place service sent something that is no list of places";
    let early = "the place service closed the connection too early";
    for kind in BOTH {
        let check = |say: Say, want: &str| assert_eq!(error(kind, say), want, "{kind:?}");
        let html = "<!DOCTYPE html><h1>sesame/open+now</h1>";
        for status in [404, 500, 502] {
            let want = format!("the place service answered HTTP {status} and no places");
            check(Say::status(status, html), &want);
            check(Say::status(status, ""), &want);
        }
        check(Say::ok(html), no_list);
        check(Say::ok(""), no_list);
        check(Say::ok("[]"), no_list);
        check(Say::ok(format!("\u{feff}{answer}")), no_list);
        check(Say::ok(&answer[..answer.len() - 1]), no_list);
        check(
            Say::ok(b"{\"results\":[\"\xff\"],\"places\":[],\"status\":\"OK\"}".as_slice()),
            "the place service sent text that is not UTF-8",
        );
        check(Say::cut_off(answer, answer.len() - 1), early);
        check(Say::cut_off(answer, 0), early);
        check(Say::Raw(Vec::new()), early);
        check(Say::Raw(b"HTTP/1.1 200 OK\r\nContent-".to_vec()), early);
        let garbage = "the place service did not speak HTTP";
        check(Say::Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()), garbage);
        let long = ("X-Long".to_string(), "x".repeat(100_000));
        check(Say::Raw(head(200, &[long], 0)), garbage);
    }
}

/// Text with `levels` levels in the list of results, and of places.
fn nested(levels: usize) -> String {
    let (list, types) = (levels - 1, levels - 3);
    let brackets = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let (results, types) = (brackets(list), brackets(types));
    format!(r#"{{"results":{results},"places":[{{"types":{types}}}],"status":"OK"}}"#)
}

#[test]
fn an_answer_has_at_most_64_levels() {
    let too_deep = "the place service sent JSON that is nested too deep";
    for kind in BOTH {
        let answer = told(kind, Say::ok(nested(64)), 5).unwrap();
        serde_json::from_str::<Value>(&answer).unwrap();
        for levels in [65, 1000, 100_000] {
            assert_eq!(error(kind, Say::ok(nested(levels))), too_deep);
        }
        let broken = format!("{{\"places\":{}", "[".repeat(500_000));
        assert_eq!(error(kind, Say::ok(broken)), too_deep);
    }
}

#[test]
fn an_answer_is_read_up_to_five_mebibytes() {
    let too_long = "the place service sent more than 5 MiB";
    let padded = |length: usize| {
        let text = r#"{"results":[],"places":[],"status":"OK"}"#;
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    for kind in BOTH {
        assert!(told(kind, Say::ok(padded(5 * MIB)), 5).is_ok());
        assert_eq!(error(kind, Say::ok(padded(5 * MIB + 1))), too_long);
        assert_eq!(error(kind, Say::Endless), too_long);
    }
}

#[test]
fn a_redirect_is_no_answer_and_nobody_else_gets_the_key() {
    let other = Endpoint::start([Say::ok(r#"{"results":[],"places":[],"status":"OK"}"#)]);
    for kind in BOTH {
        assert_eq!(
            error(kind, Say::redirect(&other.url())),
            "the place service answered HTTP 302 and no places"
        );
    }
    assert!(other.requests().is_empty());
}

#[test]
fn a_refused_connection_is_an_error_and_not_for_ever() {
    for kind in BOTH {
        let error = at(kind, &refusing_url()).nearby(&query(5)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the place service refused the connection"
        );

        let endpoint = Endpoint::start([Say::Raw(Vec::new()), Say::ok("{}")]);
        let provider = at(kind, &endpoint.url());
        assert!(provider.nearby(&query(5)).is_err());
        endpoint.now_say(Say::ok(r#"{"results":[],"status":"OK"}"#));
        assert!(provider.nearby(&query(5)).is_ok());
    }
}

#[test]
fn no_pace_of_an_answer_outlasts_the_time_out() {
    let drop = Duration::from_millis(5);
    let limits = Limits {
        connect_wait: 10 * SECOND,
        lookup_wait: 200 * MILLISECOND,
        ..Limits::PRODUCT
    };
    let mut body = head(200, &[], MIB);
    body.extend_from_slice(&[b' '; 1000]);
    for kind in BOTH {
        for say in [
            Say::Hang,
            Say::Drip(b"HTTP/1.1 200 OK\r\nX-Drop: ".to_vec(), drop),
            Say::Drip(body.clone(), Duration::from_micros(500)),
        ] {
            let endpoint = Endpoint::start([say]);
            let key = Some(Key::new(KEY).unwrap());
            let url = endpoint.url();
            let provider = provider(Some(kind), key, Some(&url), &limits).unwrap();
            assert_eq!(provider.nearby(&query(5)), Err(LookupError::Late));
        }
    }
}
