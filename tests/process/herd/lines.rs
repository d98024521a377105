//! The clients' door: what a line is, what white space is, and how long a line may be.

use super::support::client::{Client, ask, ask_text, now, seconds};
use super::support::herd::{Herd, at_line};
use super::{check_at, iamat};

/// A client's longest line, in bytes without LF.
const LINE_MAX: usize = 8 << 10;

#[test]
fn six_bytes_are_white_space_and_no_other() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let time = seconds(now());
    for space in [" ", "\t", "\r", "\x0c", "\x0b", " \t\r\x0c\x0b \x0b"] {
        let line = format!("{space}IAMAT{space}k{space}+1+1{space}{time}{space}\n");
        let reply = ask_text(port, &line);
        check_at(reply.trim_end(), "Goloman", &format!("IAMAT k +1+1 {time}"));
        let line = format!("{space}WHATSAT{space}k{space}0{space}0{space}\n");
        assert!(ask_text(port, &line).starts_with("AT Goloman "), "{line:?}");
    }
    // NUL, the other separators of ASCII, and those of Unicode: bytes like any other.
    for other in [
        "\0", "\x08", "\x0e", "\x1c", "\x1f", "\u{85}", "\u{a0}", "\u{2003}",
    ] {
        let line = format!("IAMAT k{other}+1+1 {time}\n");
        assert_eq!(ask_text(port, &line), format!("? {line}"));
        let line = format!("IAMAT k{other}k +1+1 {time}\n");
        check_at(
            ask_text(port, &line).strip_suffix('\n').unwrap(),
            "Goloman",
            &line,
        );
    }
}

#[test]
fn a_cr_before_the_lf_is_white_space_and_is_not_echoed() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let line = iamat("k");
    let reply = ask_text(port, line.replace('\n', "\r\n"));
    check_at(reply.strip_suffix('\n').unwrap(), "Goloman", &line);
    for (said, echo) in [
        ("hello\r\n", "? hello\n"),
        ("hello\r\r\n", "? hello\r\n"),
        ("\rhel\rlo\n", "? \rhel\rlo\n"),
        ("\r\n", "? \n"),
        // Before the end of input, too.
        ("hello\r", "? hello\n"),
    ] {
        assert_eq!(ask_text(port, said), echo, "{said:?}");
    }
}

#[test]
fn the_echo_is_exact() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    for line in [
        &b"  two  spaces "[..],
        b"\t",
        b"",
        b" ",
        b"\x0b\x0c",
        b"\0",
        b"\xff\xfe\x80 \0x",
    ] {
        let want = [b"? ", line, b"\n"].concat();
        assert_eq!(ask(port, [line, b"\n"].concat()), want, "{line:?}");
    }
    let all: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    assert_eq!(
        ask(port, [&all[..], b"\n"].concat()),
        [b"? ", &all[..], b"\n"].concat()
    );
}

#[test]
fn a_client_may_be_called_anything() {
    let herd = Herd::running("topology.txt");
    let time = seconds(now());
    let mut hands = herd["Hands"].client();
    let mut goloman = herd["Goloman"].client();
    let long = vec![b'x'; LINE_MAX - 60];
    for name in [
        &b"\xff\xfe"[..],
        b"\0",
        b"a\0b",
        b"\x1b[2J",
        b"?",
        b"IAMAT",
        b"-",
        &long,
    ] {
        let said = [b"IAMAT ", name, b" +1+1 ", time.as_bytes(), b"\n"].concat();
        goloman.say(&said);
        let at = goloman.raw_line();
        assert!(at.ends_with(&said["IAMAT ".len()..said.len() - 1]));
        hands.say([b"WHATSAT ", name, b" 0 0\n"].concat());
        assert_eq!(hands.raw_line(), at, "at its neighbour");
        while hands.line() != "" {}
    }
}

#[test]
fn an_unterminated_rest_is_a_line_and_an_empty_one_is_nothing() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    assert_eq!(ask(port, "hello"), b"? hello\n");
    assert_eq!(ask(port, "one\ntwo"), b"? one\n? two\n");
    assert_eq!(ask(port, "one\n"), b"? one\n");
    assert_eq!(ask(port, "one\n "), b"? one\n?  \n");
    let line = iamat("k");
    let reply = ask_text(port, line.trim_end());
    check_at(reply.strip_suffix('\n').unwrap(), "Goloman", &line);
    let near = ask_text(port, "WHATSAT k 0 0");
    assert!(
        near.starts_with(&reply) && near.ends_with("\n}\n\n"),
        "{near}"
    );
    // As it stands, even if its sender meant to write more.
    let short = ask_text(port, "IAMAT cut +34.068930-118.4 15200");
    assert!(short.ends_with(" cut +34.068930-118.4 15200\n"), "{short}");
}

#[test]
fn one_command_may_come_byte_by_byte() {
    let herd = Herd::one();
    let (mut slow, mut other) = (herd.servers[0].client(), herd.servers[0].client());
    let line = iamat("k");
    for byte in line.bytes() {
        slow.say([byte]);
        // Answered after that byte was read, so no two come in one read.
        assert_eq!(other.ask("x\n"), "? x");
    }
    check_at(&slow.line(), "Goloman", &line);
}

#[test]
fn a_line_of_8_kib_is_one_and_a_longer_one_ends_the_connection() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let longest = "y".repeat(LINE_MAX);
    let echo = format!("? {longest}\n");
    assert_eq!(
        ask_text(port, format!("{longest}\nz\n")),
        format!("{echo}? z\n")
    );
    assert_eq!(ask_text(port, &longest), echo, "also without its LF");

    let mut client = Client::of(port);
    client.say(format!(
        "first\n{longest}y\nnever obeyed\n{}",
        iamat("never")
    ));
    assert_eq!(client.line(), "? first", "the answers before it");
    // The server shuts down sending although the client does not.
    assert_eq!(client.rest(), echo.as_bytes());
    assert_eq!(at_line(port, "never"), None);
}

#[test]
fn a_line_of_a_megabyte_is_answered_without_a_reset() {
    let herd = Herd::one();
    let line = "y".repeat(1 << 20);
    for end in ["", "\n"] {
        let mut client = herd.servers[0].client();
        client.say(format!("{line}{end}"));
        client.end_sending();
        assert_eq!(
            client.rest(),
            format!("? {}\n", &line[..LINE_MAX]).as_bytes()
        );
    }
}

#[test]
fn who_says_nothing_gets_nothing() {
    let herd = Herd::one();
    let mut client = herd.servers[0].client();
    let mut other = herd.servers[0].client();
    let line = iamat("k");
    check_at(&other.ask(&line), "Goloman", &line);
    assert!(!client.has_heard(), "the server spoke first");
    client.end_sending();
    assert_eq!(client.rest(), b"");
    // Half a line is not answered either, yet.
    other.say("IAMAT");
    assert_eq!(herd.servers[0].client().ask("x\n"), "? x");
    assert!(!other.has_heard());
}
