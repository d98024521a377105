//! The herd end to end: real processes on free ports of 127.0.0.1, real clients, and between the
//! servers a proxy that can cut. The rules for clients are in `commands`, `whatsat`, `lines`
//! and `order`, a test or more for each rule of the clients' door.

mod ack;
mod activation;
mod clocks;
mod commands;
mod cuts;
mod descriptors;
mod ending;
mod faults;
mod flood;
mod health;
mod limits;
mod lines;
mod logs;
mod metrics;
mod notify;
mod order;
mod places;
mod plain;
mod rivals;
mod rotation;
mod signals;
mod status;
mod strace;
mod strangers;
mod tls;
mod turns;
mod watch;
mod whatsat;

use crate::support;
use crate::support::client::{now, seconds};

/// An IAMAT line of now at a place where the offline gazetteer knows a few.
fn iamat(client: &str) -> String {
    iamat_at(client, "+34.068930-118.445127", now())
}

/// An IAMAT line.
fn iamat_at(client: &str, location: &str, nanoseconds: i128) -> String {
    format!("IAMAT {client} {location} {}\n", seconds(nanoseconds))
}

/// The reply to an IAMAT line must be this, whatever its difference, which is returned.
#[track_caller]
fn check_at(reply: &str, server: &str, iamat: &str) -> String {
    let fields: Vec<&str> = reply.split(' ').collect();
    assert!(fields.len() == 6, "{reply}");
    let said = iamat.trim_end_matches('\n').strip_prefix("IAMAT ").unwrap();
    assert_eq!(reply, format!("AT {server} {} {said}", fields[2]));
    fields[2].to_string()
}

/// A difference in its form, in nanoseconds.
#[track_caller]
fn difference(text: &str) -> i128 {
    let (whole, fraction) = text[1..].split_once('.').unwrap();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    assert!(
        fraction.len() == 9 && is_digits(whole) && is_digits(fraction),
        "{text}"
    );
    assert!(whole == "0" || !whole.starts_with('0'), "{text}");
    let size: i128 = format!("{whole}{fraction}").parse().unwrap();
    match &text[..1] {
        "+" => size,
        "-" => -size,
        _ => panic!("no sign: {text}"),
    }
}
