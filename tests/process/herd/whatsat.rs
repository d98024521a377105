//! The clients' door: what a WHATSAT is answered.

use super::iamat;
use super::support::client::ask_text;
use super::support::herd::Herd;

/// The whole answer, to the byte.
#[test]
fn whatsat_is_answered_with_the_at_line_json_and_an_empty_line() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let at = ask_text(port, iamat("kiwi"));
    let credit = r#""Place data from \u003ca href=\"https://www.geonames.org/\""#;
    let json = r#"{
   "html_attributions" : [ CREDIT\u003eGeoNames\u003c/a\u003e, CC BY 4.0" ],
   "results" : [
      {
         "geometry" : {
            "location" : {
               "lat" : 34.0833,
               "lng" : -118.4487
            }
         },
         "name" : "Bel Air",
         "place_id" : "geonames:5327259",
         "scope" : "APP",
         "types" : [ "locality", "political" ],
         "vicinity" : "California, United States"
      }
   ],
   "status" : "OK"
}

"#
    .replace("CREDIT", credit);
    assert_eq!(ask_text(port, "WHATSAT kiwi 10 1\n"), format!("{at}{json}"));
    assert_eq!(
        ask_text(port, "WHATSAT kiwi 0000000000000000000000000000010 0001\n"),
        format!("{at}{json}")
    );

    let near = herd.servers[0].client().near("WHATSAT kiwi 10 5\n");
    let parsed = near.parsed();
    let results = parsed["results"].as_array().unwrap();
    let names: Vec<&str> = results
        .iter()
        .map(|place| place["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Bel Air",
            "Westwood",
            "Century City",
            "Brentwood",
            "Sawtelle"
        ]
    );
}

#[test]
fn the_smallest_and_the_largest_bounds_are_valid() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let at = ask_text(port, iamat("kiwi"));
    let mut client = herd.servers[0].client();
    let mut look = |request: &str, results: usize, status: &str| {
        let near = client.near(format!("WHATSAT {request}\n"));
        assert_eq!(format!("{}\n", near.line), at);
        let parsed = near.parsed();
        assert_eq!(
            parsed["results"].as_array().unwrap().len(),
            results,
            "{request}"
        );
        assert_eq!(parsed["status"], status, "{request}");
    };
    look("kiwi 50 20", 20, "OK");
    look("kiwi 50 0", 0, "OK");
    look("kiwi 0 20", 0, "ZERO_RESULTS");
    look("kiwi 0 0", 0, "ZERO_RESULTS");
}

#[test]
fn a_client_that_is_not_known_is_invalid() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    ask_text(port, iamat("kiwi"));
    for client in ["nobody", "kiw", "kiwi.", "Kiwi", "kiwi\0"] {
        let line = format!("WHATSAT {client} 10 5\n");
        assert_eq!(ask_text(port, &line), format!("? {line}"));
    }
}

/// The index takes megabytes, which a server that nobody asks does not need.
#[test]
fn the_index_is_built_once_and_at_the_first_lookup() {
    let herd = Herd::one();
    let server = &herd.servers[0];
    server.client().ask(iamat("kiwi"));
    assert_eq!(server.count("the index of"), 0);
    let mut clients: Vec<_> = (0..8).map(|_| server.client()).collect();
    for client in &mut clients {
        client.say("WHATSAT kiwi 10 1\n".repeat(8));
    }
    for client in &mut clients {
        for _ in 0..8 {
            assert_eq!(client.rest_of_near().status(), "OK");
        }
    }
    server.logged("[INFO] the index of 100420 places is built, in ");
    assert_eq!(server.count("the index of"), 1);
}
