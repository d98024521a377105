//! The picture of the page in the README and in the guide.
//!
//! `HERD_BLESS=1 cargo test --test process web::picture` takes it again, of a herd whose clients
//! move.

use std::fs;

use crate::support::client::{now, seconds};
use crate::support::herd::Herd;
use crate::support::wait::wait_until;

use super::Web;
use super::browser::Browser;

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/page.png");
/// A picture is loaded with the page around it.
const BYTES_MAX: usize = 150 << 10;
/// Cities, and where they are.
const CITIES: [(&str, f64, f64); 14] = [
    ("london", 51.5, -0.1),
    ("paris", 48.9, 2.3),
    ("cairo", 30.0, 31.2),
    ("lagos", 6.5, 3.4),
    ("nairobi", -1.3, 36.8),
    ("delhi", 28.6, 77.2),
    ("tokyo", 35.7, 139.7),
    ("jakarta", -6.2, 106.8),
    ("sydney", -33.9, 151.2),
    ("honolulu", 21.3, -157.8),
    ("lima", -12.0, -77.0),
    ("rio", -22.9, -43.2),
    ("boston", 42.3, -71.0),
    ("ucla", 34.07, -118.44),
];

#[test]
fn the_picture_of_the_page_is_small() {
    if std::env::var_os("HERD_BLESS").is_some() {
        fs::write(PICTURE, taken()).unwrap();
    }
    let picture = fs::read(PICTURE).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() <= BYTES_MAX);
}

/// Takes it while updates run along the links.
fn taken() -> Vec<u8> {
    let herd = Herd::running("topology.txt");
    let web = Web::of(&herd.servers[0].topology, &[]);
    let mut browser = Browser::open().expect("a chromium");
    browser.look_like([1000, 720], &[("color-scheme", "light")]);
    browser.go(&format!("http://{}/", web.address));
    let mut servers: Vec<_> = herd.servers.iter().map(|it| it.client()).collect();
    let mut say = |number: usize| {
        let (city, lat, lon) = CITIES[number % CITIES.len()];
        let client = format!("{city}-{}", number / CITIES.len() % 4);
        let [north, east] = [number * 37 % 11, number * 53 % 13].map(|it| it as f64);
        let (lat, lon) = (lat + north - 5.0, lon + east - 6.0);
        let time = seconds(now());
        let server = number * 7 % servers.len();
        servers[server].ask(format!("IAMAT {client} {lat:+.4}{lon:+.4} {time}\n"));
        client
    };
    (0..56).for_each(|number| drop(say(number)));
    let mut text = |id: &str, want: &str| {
        wait_until(want, || {
            let found = browser.value(&format!("document.getElementById('{id}')?.textContent"));
            found.as_str().is_some_and(|found| found.contains(want))
        });
    };
    text("map-words", "56 clients");
    text("line", "56 clients");
    for number in 56..66 {
        let client = say(number);
        text("moves", &client);
    }
    text("sample", "Every change is shown.");
    let last = say(66);
    text("moves", &last);
    decoded(&browser.picture())
}

/// Bytes out of base64 (RFC 4648).
fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte: u8| DIGITS.iter().position(|it| *it == byte);
    let digits: Vec<usize> = text.bytes().filter_map(digit).collect();
    let four = digits.chunks(4).flat_map(|four| {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
        let bytes = [bits >> 16, bits >> 8, bits].map(|it| it as u8);
        bytes.into_iter().take(four.len() - 1)
    });
    four.collect()
}
