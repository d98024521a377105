//! The clients' door: what an IAMAT is answered, what is no command, and how values are read.

use super::support::client::{ask_text, now, seconds};
use super::support::herd::{Herd, at_line};
use super::{check_at, difference, iamat, iamat_at};

const DAY: i128 = 86_400 * SECOND;
const SECOND: i128 = 1_000_000_000;

#[test]
fn iamat_is_answered_with_an_at_line_and_our_clock_less_its_time() {
    let herd = Herd::one();
    let mut client = herd.servers[0].client();
    for ahead in [
        -3_000_000_000 * SECOND,
        -1_234_567_891,
        0,
        10 * SECOND,
        DAY - 60 * SECOND,
    ] {
        let before = now();
        let time = before + ahead;
        let line = iamat_at("kiwi.cs.ucla.edu", "+34.068930-118.445127", time);
        let reply = client.ask(&line);
        let after = now();
        let difference = difference(&check_at(&reply, "Goloman", &line));
        // A second on both sides for a clock that is put right meanwhile.
        let range = before - time - SECOND..=after - time + SECOND;
        assert!(range.contains(&difference), "{reply}");
    }
}

#[test]
fn location_and_time_are_repeated_byte_for_byte() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    for location in [
        "+34.068930-118.445127",
        "+1-2",
        "+01-002",
        "-0.0+000.000",
        "+90+180",
        "-90-180",
        "+90.0000000000000000000000000000000+180.0",
        "-89.9999999999999999999999999999999999-1",
    ] {
        for time in [
            "1520023934.918963997",
            "1520023934.918963998",
            "0",
            "-0",
            "+5",
            "-1.5",
            "007.10",
            "000000001520023934.9",
            "-999999999999999999.999999999",
            "+1520023934.000000000",
        ] {
            let line = format!("IAMAT k {location} {time}\n");
            let reply = ask_text(port, &line);
            difference(&check_at(
                reply.strip_suffix('\n').unwrap(),
                "Goloman",
                &line,
            ));
        }
    }
}

#[test]
fn no_number_ever_has_an_exponent() {
    let herd = Herd::one();
    let line = "IAMAT k +0.0000001-0.0000001 -999999999999999999\n";
    let reply = herd.servers[0].client().ask(line);
    let difference = difference(&check_at(&reply, "Goloman", line));
    assert!(difference > 999_999_999_999_999_999 * SECOND, "{reply}");
    let near = herd.servers[0].client().near("WHATSAT k 50 20\n");
    assert_eq!(near.line, reply);
    assert_eq!(near.status(), "ZERO_RESULTS");
}

#[test]
fn what_is_no_command_is_echoed() {
    let herd = Herd::one();
    let time = seconds(now());
    let mut lines: Vec<String> = vec![];
    for bad in [
        "hello",
        "IAMAT",
        "IAMAT k",
        "IAMAT k +1+1",
        "iamat k +1+1 1",
        "Whatsat k 1 1",
        "IAMAT k +1+1 1 1",
        "IAMAT k +1 +1 1",
        "WHATSAT k 1",
        "WHATSAT k 1 1 1",
        "IAMATk +1+1 1",
        // The words of the servers' door, and their answer.
        "AT Goloman +0.000000000 k +1+1 1",
        "HELLO Hands Goloman 0000000000000001 00",
        "SINCE 0000000000000001 0 0 0000000000000000",
        "MARK 0 0 0000000000000000",
        "AUTH 00",
        "? hello",
    ] {
        lines.push(bad.into());
    }
    for location in [
        "+91+0",
        "+0+181",
        "-90.0000000000000000000000000001+0",
        "+0-180.00000000000000000001",
        "+034+1",
        "+1+0001",
        "+1",
        "1+1",
        "+1+",
        "++1+1",
        "+1.+1",
        "+.5+1",
        "+1+1.",
        "+1+1x",
        "+1,5+1",
        "+1e1+1",
        "+nan+1",
        "+1_0+1",
        "+1+1/",
        "+1+1+1",
        "x+1+1",
        "+\u{661}+1",
    ] {
        lines.push(format!("IAMAT k {location} {time}"));
    }
    for time in [
        "nan",
        "inf",
        "-inf",
        "1e9",
        "1E9",
        "1_0",
        "1.",
        ".5",
        "+",
        "-",
        "--1",
        "+-1",
        "0x10",
        "1.0000000000",
        "1000000000000000000",
        "1.2.3",
        "1,5",
        "\u{661}",
    ] {
        lines.push(format!("IAMAT k +1+1 {time}"));
    }
    lines.push(iamat("known").trim_end().into());
    for bad in [
        "51 1",
        "1 21",
        "-1 1",
        "+1 1",
        "1 -1",
        "1.0 1",
        "1e1 1",
        "1 1.0",
        "x 1",
        "1 x",
        "51 21",
        "18446744073709551617 1",
        "1 340282366920938463463374607431768211457",
        "\u{661} 1",
    ] {
        lines.push(format!("WHATSAT known {bad}"));
    }
    let replies = ask_text(herd.servers[0].clients, lines.join("\n"));
    assert_eq!(replies.split('\n').count(), lines.len() + 1);
    for (line, reply) in lines.iter().zip(replies.lines()) {
        match line.contains("IAMAT known") {
            true => drop(check_at(reply, "Goloman", line)),
            false => assert_eq!(reply, format!("? {line}")),
        }
    }
    assert_eq!(
        at_line(herd.servers[0].clients, "k"),
        None,
        "it took something in"
    );
}

#[test]
fn a_time_more_than_a_day_ahead_is_invalid() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    for ahead in [DAY + 60 * SECOND, 365 * DAY] {
        let line = iamat_at("k", "+1+1", now() + ahead);
        assert_eq!(ask_text(port, &line), format!("? {line}"));
    }
    let line = "IAMAT k +1+1 999999999999999999\n";
    assert_eq!(ask_text(port, line), format!("? {line}"));
    assert_eq!(at_line(port, "k"), None);
}

#[test]
fn what_is_old_or_the_same_again_is_answered_and_changes_nothing() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let time = now();
    let newest = ask_text(port, iamat_at("k", "+1+1", time));
    let again = iamat_at("k", "+1+1", time);
    // One nanosecond is enough.
    let older = iamat_at("k", "+2+2", time - 1);
    let ancient = "IAMAT k +3+3 0\n".to_string();
    for line in [again, older, ancient] {
        let reply = ask_text(port, &line);
        check_at(reply.strip_suffix('\n').unwrap(), "Goloman", &line);
        assert_eq!(at_line(port, "k").unwrap() + "\n", newest);
    }
    let newer = ask_text(port, iamat_at("k", "+4+4", time + 1));
    assert_eq!(at_line(port, "k").unwrap() + "\n", newer);
}
