//! Lookups through a real server, against an endpoint that answers, hangs or waits to be told.

use std::fs;

use serde_json::{Value, json};

use super::support::client::ask_text;
use super::support::endpoint::{Endpoint, Say};
use super::support::herd::Herd;
use super::support::wait::wait_until;
use super::{check_at, iamat};

/// A key that would be seen wherever it stood.
const KEY: &str = "sesame-open-now";

/// The answer when Google's new API says `{}`.
pub(crate) const EMPTY: &str = "{\n   \"html_attributions\" : [],\n   \"results\" : [],\n   \
                                \"status\" : \"ZERO_RESULTS\"\n}";

/// Workers, lookups that wait for one, and lookups of one connection.
pub(crate) const WORKERS: usize = 4;
const QUEUE_MAX: usize = 64;
const CONNECTION_MAX: usize = 8;

/// A server without neighbours that asks this endpoint.
pub(crate) fn google_herd(kind: &str, endpoint: &Endpoint) -> Herd {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let options = ["--places", kind, "--places-url", &endpoint.url()];
    herd.servers[0].options = options.map(String::from).to_vec();
    herd.servers[0].variables = vec![("GOOGLE_MAPS_API_KEY".into(), KEY.into())];
    herd.start();
    herd
}

/// Nothing that the herd has written, and none of these replies, holds the key.
fn check_no_key(herd: &Herd, replies: &[String]) {
    let log = String::from_utf8(herd.logs()).unwrap();
    assert!(!log.is_empty() && !log.contains("sesame"), "{log}");
    for reply in replies {
        assert!(!reply.contains("sesame"), "{reply}");
    }
}

#[test]
fn both_forms_of_google_are_asked_through_a_server() {
    let modern = r#"{"places":[{"id":"a","displayName":{"text":"Amoeba"}},{"id":"b"}]}"#;
    let legacy = "{ \"results\" : [ {\"name\":\"Amoeba\"},\n\n {\"name\":\"b\"} ],\n\n\n \
                  \"status\" : \"OK\" }\n\n\n";
    let query = "+34.0689300-118.4451270";
    for (kind, says) in [("google", modern), ("google-legacy", legacy)] {
        let endpoint = Endpoint::start([
            Say::ok(says),
            Say::status(403, format!("{{\"error\":{{\"message\":\"no: {KEY}\"}}}}")),
            Say::ok("<html>"),
        ]);
        let herd = google_herd(kind, &endpoint);
        let port = herd.servers[0].clients;
        let at = ask_text(port, format!("IAMAT k {query} 1520023934.918963997\n"));
        let first = ask_text(port, "WHATSAT k 10 1\n");
        let json = first.strip_prefix(&at).unwrap();
        match kind {
            "google-legacy" => {
                assert_eq!(
                    json,
                    "{ \"results\" : [ {\"name\":\"Amoeba\"} ],\n \"status\" : \"OK\" }\n\n"
                );
            }
            _ => assert!(json.contains("\"name\" : \"Amoeba\"") && !json.contains("\"b\"")),
        }
        let request = &endpoint.wait_for(1)[0];
        let asked = format!(
            "{} {}",
            request.line,
            String::from_utf8_lossy(&request.body)
        );
        for part in ["34.0689300", "-118.4451270", "10000"] {
            assert!(asked.contains(part) && !asked.contains("+34"), "{asked}");
        }

        let mut replies = vec![first];
        for _ in 0..2 {
            replies.push(ask_text(port, "WHATSAT k 10 1\n"));
            let json = replies.last().unwrap().strip_prefix(&at).unwrap();
            assert!(
                json.ends_with("\n}\n\n") && json.contains("error_message"),
                "{json}"
            );
        }
        let (status, message) = match kind {
            "google" => ("REQUEST_DENIED", "\"no: ***\""),
            _ => ("UNKNOWN_ERROR", "HTTP 403"),
        };
        assert!(replies[1].contains(status) && replies[1].contains(message));
        assert!(replies[2].contains("UNKNOWN_ERROR"), "{}", replies[2]);
        check_no_key(&herd, &replies);
    }
}

#[test]
fn a_service_that_refuses_is_warned_of_and_counted_and_its_words_reach_the_client() {
    let denied = format!("The key {KEY} is not valid.");
    let modern = format!(r#"{{"error":{{"message":"{denied}"}}}}"#);
    let legacy = r#"{"results":[],"status":"REQUEST_DENIED","error_message":"WORDS"}"#;
    let legacy = legacy.replace("WORDS", &denied);
    let full = r#"{"results":[],"status":"OVER_QUERY_LIMIT"}"#;
    for (kind, says) in [
        (
            "google",
            [
                Say::status(403, modern),
                Say::status(429, r#"{"error":{}}"#),
            ],
        ),
        ("google-legacy", [Say::ok(legacy), Say::ok(full)]),
    ] {
        let [denied, full] = says;
        let endpoint = Endpoint::start([denied.clone(), denied, full]);
        let herd = google_herd(kind, &endpoint);
        let server = &herd.servers[0];
        server.client().ask(iamat("k"));
        let near = |_| server.client().near("WHATSAT k 10 1\n");
        let replies: Vec<_> = (0..3).map(near).collect();
        let told = ["REQUEST_DENIED", "REQUEST_DENIED", "OVER_QUERY_LIMIT"];
        assert_eq!(
            replies.iter().map(|it| it.status()).collect::<Vec<_>>(),
            told
        );
        assert_eq!(
            replies[1].parsed()["error_message"],
            "The key *** is not valid."
        );

        let line = "the place service refuses: REQUEST_DENIED: The key *** is not valid.";
        assert!(server.logged(line).contains("[WARN]"));
        assert_eq!(server.count("refuses"), 1, "the others are withheld");
        let status = ask_text(server.servers, "STATUS\n");
        let status: Value = serde_json::from_str(&status).unwrap();
        let refused = json!({"OVER_QUERY_LIMIT": 1, "REQUEST_DENIED": 2});
        let lookups = json!({"in_flight": 0, "failed": 0, "refused": refused});
        assert_eq!(status["lookups"], lookups);
        let replies: Vec<_> = replies.into_iter().map(|it| it.json).collect();
        check_no_key(&herd, &replies);
    }
}

#[test]
fn an_endpoint_that_hangs_delays_no_iamat_and_every_whatsat_is_answered() {
    let endpoint = Endpoint::start([Say::Hang]);
    let herd = google_herd("google", &endpoint);
    let server = &herd.servers[0];
    let at = server.client().ask(iamat("k"));
    // All workers wait, and the queue is full: no connection has more lookups than it may.
    let mut clients = Vec::new();
    for _ in 0..(WORKERS + QUEUE_MAX).div_ceil(CONNECTION_MAX) {
        clients.push(server.client());
    }
    for place in 0..WORKERS + QUEUE_MAX {
        clients[place / CONNECTION_MAX].say("WHATSAT k 1 1\n");
        server.logged(&format!("lookup {}: 1 km", place + 1));
        if place < WORKERS {
            endpoint.wait_for(place + 1);
        }
    }
    // One more is answered before any other.
    let busy = server.client().near("WHATSAT k 1 1\n");
    assert_eq!((&busy.line, busy.status().as_str()), (&at, "UNKNOWN_ERROR"));
    assert!(busy.json.contains("too many lookups"), "{}", busy.json);
    assert!(clients.iter_mut().all(|client| !client.has_heard()));
    for _ in 0..100 {
        let line = iamat("other");
        check_at(&server.client().ask(&line), "Goloman", &line);
    }
    assert!(clients.iter_mut().all(|client| !client.has_heard()));

    let mut replies = vec![busy.json];
    for place in 0..WORKERS + QUEUE_MAX {
        let near = clients[place / CONNECTION_MAX].rest_of_near();
        assert_eq!((&near.line, near.status().as_str()), (&at, "UNKNOWN_ERROR"));
        assert_eq!(near.parsed()["results"], serde_json::json!([]));
        assert!(
            near.json.contains("did not answer in time"),
            "{}",
            near.json
        );
        replies.push(near.json);
    }
    // The workers are free again, once they have given up what they began last.
    endpoint.now_say(Say::ok("{}"));
    wait_until("there is an answer again", || {
        server.client().near("WHATSAT k 1 1\n").json == EMPTY
    });
    check_no_key(&herd, &replies);
}

#[test]
fn an_answer_for_a_client_that_has_gone_breaks_nothing() {
    let endpoint = Endpoint::start([Say::Held("{}".into())]);
    let herd = google_herd("google", &endpoint);
    let server = &herd.servers[0];
    let at = server.client().ask(iamat("k"));
    let mut clients: Vec<_> = (0..WORKERS + 1).map(|_| server.client()).collect();
    for client in &mut clients {
        client.say("WHATSAT k 1 1\n");
    }
    server.logged(&format!("lookup {}: 1 km", WORKERS + 1));
    // Only now, so that its lookup is the last: the loop may serve clients in any order.
    let mut stays = server.client();
    stays.say("WHATSAT k 1 1\n");
    server.logged(&format!("lookup {}: 1 km", WORKERS + 2));
    endpoint.wait_for(WORKERS);
    clients.into_iter().for_each(|client| client.reset());
    wait_until("the server knows that they have gone", || {
        server.count(" closed: ") == 1 + WORKERS + 1
    });
    endpoint.release();
    let near = stays.rest_of_near();
    assert_eq!((near.line, near.json), (at, EMPTY.to_string()));
    assert_eq!(stays.near("WHATSAT k 1 1\n").json, EMPTY);
    // A lookup that waited for a worker, for one who has gone, is never asked.
    assert_eq!(endpoint.requests().len(), WORKERS + 2);
}

#[test]
fn no_thread_is_started_for_a_request() {
    let endpoint = Endpoint::start([Say::Held("{}".into())]);
    let herd = google_herd("google", &endpoint);
    let server = &herd.servers[0];
    // A thread has written the greeting.
    wait_until("it has ended", || {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
        let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")));
        !names.flatten().any(|name| name == "stdio\n")
    });
    let before = server.proc_count("task");
    server.client().ask(iamat("k"));
    let mut client = server.client();
    client.say("WHATSAT k 1 1\n".repeat(50));
    endpoint.wait_for(WORKERS);
    assert_eq!(
        server.proc_count("task"),
        before,
        "while lookups are under way"
    );
    endpoint.release();
    for _ in 0..50 {
        assert_eq!(client.rest_of_near().json, EMPTY);
    }
    assert_eq!(server.proc_count("task"), before);
}
