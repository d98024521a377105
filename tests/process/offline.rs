//! The provider without a network: which places are told, in which order and layout.

use herd::limits::Limits;
use herd::node::Query;
use herd::places::{Kind, provider};
use serde_json::Value;

fn told(latitude: &str, longitude: &str, radius_m: u32, bound: usize) -> String {
    let query = Query {
        latitude: latitude.into(),
        longitude: longitude.into(),
        radius_m,
        bound,
    };
    let offline = provider(Some(Kind::Offline), None, None, &Limits::PRODUCT).unwrap();
    String::from_utf8(offline.nearby(&query).unwrap()).unwrap()
}

/// The status and the names, in order.
fn names(latitude: &str, longitude: &str, radius_m: u32, bound: usize) -> (String, Vec<String>) {
    let value: Value = serde_json::from_str(&told(latitude, longitude, radius_m, bound)).unwrap();
    let results = value["results"].as_array().unwrap();
    let name = |place: &Value| place["name"].as_str().unwrap().to_string();
    let status = value["status"].as_str().unwrap().to_string();
    (status, results.iter().map(name).collect())
}

fn check(place: [&str; 2], radius_m: u32, bound: usize, status: &str, want: &[&str]) {
    let (got_status, got) = names(place[0], place[1], radius_m, bound);
    assert_eq!(got, want, "{place:?}");
    assert_eq!(got_status, status, "{place:?}");
}

const CAMPUS: [&str; 2] = ["34.068930", "-118.445127"];

#[test]
fn the_nearest_come_first() {
    let five = [
        "Bel Air",
        "Westwood",
        "Century City",
        "Brentwood",
        "Sawtelle",
    ];
    check(CAMPUS, 10_000, 5, "OK", &five);
    check(CAMPUS, 10_000, 1, "OK", &five[..1]);
    let (_, twenty) = names(CAMPUS[0], CAMPUS[1], 50_000, 20);
    assert_eq!(twenty.len(), 20);
    assert_eq!(twenty[..5], five);
}

#[test]
fn an_answer_has_the_layout_of_the_handout() {
    let credit = concat!(
        r#""Place data from \u003ca href=\"https://www.geonames.org/\"\u003e"#,
        r#"GeoNames\u003c/a\u003e, CC BY 4.0""#
    );
    let want = r#"{
   "html_attributions" : [ CREDIT ],
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
      },
      {
         "geometry" : {
            "location" : {
               "lat" : 34.0561,
               "lng" : -118.4306
            }
         },
         "name" : "Westwood",
         "place_id" : "geonames:5408522",
         "scope" : "APP",
         "types" : [ "neighborhood", "political" ],
         "vicinity" : "California, United States"
      }
   ],
   "status" : "OK"
}"#;
    assert_eq!(
        told(CAMPUS[0], CAMPUS[1], 10_000, 2),
        want.replace("CREDIT", credit)
    );
}

#[test]
fn zeros_at_the_end_and_regions_without_a_name_are_left_out() {
    let text = told("-30.0000", "28.3500", 0, 5);
    for part in [
        "\"lat\" : -30,\n",
        "\"lng\" : 28.35\n",
        "\"name\" : \"Sekake\"",
        "\"vicinity\" : \"Lesotho\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn at_the_ends_of_the_world_nothing_breaks() {
    for longitude in ["-180", "0", "57.5", "180.000"] {
        check(["90", longitude], 50_000, 20, "ZERO_RESULTS", &[]);
        check(["-90.0", longitude], 50_000, 20, "ZERO_RESULTS", &[]);
    }
    check(["-48.8767", "-123.3933"], 50_000, 20, "ZERO_RESULTS", &[]);
    check(["0", "0"], 50_000, 20, "ZERO_RESULTS", &[]);
    check(["78.2", "15.6"], 10_000, 5, "OK", &["Longyearbyen"]);
    check(["-54.9", "-67.6"], 10_000, 5, "OK", &["Puerto Williams"]);
}

#[test]
fn the_date_line_is_no_wall() {
    // 180 degrees east is 180 west; Egvekinot lies at 179.1184 west.
    for longitude in ["179.9", "180", "-180", "-179.9"] {
        check(["66.3232", longitude], 50_000, 5, "OK", &["Egvekinot"]);
    }
    check(["66.3232", "179.7"], 50_000, 5, "ZERO_RESULTS", &[]);
}

#[test]
fn a_radius_of_0_is_the_very_place() {
    let place = ["34.0833", "-118.4487"];
    check(place, 0, 5, "OK", &["Bel Air"]);
    check(["34.08330000", "-118.448700000"], 0, 5, "OK", &["Bel Air"]);
    check(["34.0834", "-118.4487"], 0, 5, "ZERO_RESULTS", &[]);
    // Two at the same place: by their ids.
    check(
        ["-41.5283", "173.9502"],
        0,
        5,
        "OK",
        &["Redwoodtown", "Witherlea"],
    );
}

#[test]
fn a_bound_of_0_does_not_change_the_status() {
    check(CAMPUS, 10_000, 0, "OK", &[]);
    check(["0", "0"], 50_000, 0, "ZERO_RESULTS", &[]);
    let text = told("0", "0", 0, 0);
    let end = "\"results\" : [],\n   \"status\" : \"ZERO_RESULTS\"\n}";
    assert!(text.ends_with(end), "{text}");
}
