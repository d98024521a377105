//! The clients' door: answers come in order, to the end, and one client never touches another.

use super::places::{EMPTY, google_herd};
use super::support::client::{ask, ask_text};
use super::support::endpoint::{Endpoint, Say};
use super::support::herd::{Herd, at_line};
use super::{check_at, iamat, iamat_at};

#[test]
fn commands_of_one_packet_are_answered_in_order() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let time = super::now();
    let [first, second] =
        [("+1+1", time), ("+2+2", time + 1)].map(|(at, time)| iamat_at("k", at, time));
    let whatsat = "WHATSAT k 0 0\n";
    let all = format!("{first}{whatsat}{second}hello\n{whatsat}WHATSAT nobody 0 0\n{whatsat}");
    let replies = ask_text(port, all);
    let json = ask_text(port, whatsat)
        .split_once('\n')
        .unwrap()
        .1
        .to_string();
    let mut lines = replies.lines();
    let one = lines.next().unwrap();
    check_at(one, "Goloman", &first);
    let other = replies
        .lines()
        .find(|line| line.contains(" +2+2 "))
        .unwrap();
    check_at(other, "Goloman", &second);
    assert_eq!(
        replies,
        format!(
            "{one}\n{one}\n{json}{other}\n? hello\n{other}\n{json}\
             ? WHATSAT nobody 0 0\n{other}\n{json}"
        )
    );
}

/// However long a lookup takes: its AT line is of the moment of the request.
#[test]
fn what_follows_a_lookup_waits_for_it_but_takes_effect_at_once() {
    let endpoint = Endpoint::start([Say::Held("{}".into())]);
    let herd = google_herd("google", &endpoint);
    let port = herd.servers[0].clients;
    let mut client = herd.servers[0].client();
    let time = super::now();
    let first = client.ask(iamat_at("k", "+1+1", time));
    client.say(format!(
        "WHATSAT k 1 1\n{}hello\nWHATSAT k 2 2\n",
        iamat_at("k", "+2+2", time + 1)
    ));
    endpoint.wait_for(2);
    herd.servers[0].logged("> ? hello");
    assert!(!client.has_heard(), "an answer before its turn");
    // Another connection sees what the second command did.
    let mut other = herd.servers[0].client();
    other.say("WHATSAT k 3 3\n");
    endpoint.wait_for(3);
    endpoint.release();
    let second = other.rest_of_near().line;
    assert!(second.contains(" +2+2 "), "{second}");
    let near = client.rest_of_near();
    assert_eq!((near.line, near.json), (first, EMPTY.to_string()));
    assert_eq!(client.line(), second);
    assert_eq!(client.line(), "? hello");
    assert_eq!(client.rest_of_near().line, second);
    assert_eq!(at_line(port, "k"), Some(second));
}

#[test]
fn a_client_that_has_ended_gets_all_it_is_owed() {
    let endpoint = Endpoint::start([Say::Held("{}".into())]);
    let herd = google_herd("google", &endpoint);
    let mut client = herd.servers[0].client();
    let line = iamat("k");
    client.say(format!("{line}WHATSAT k 1 1\nWHATSAT k 2 2\nrest"));
    client.end_sending();
    endpoint.wait_for(2);
    let at = client.line();
    check_at(&at, "Goloman", &line);
    assert!(!client.has_heard());
    endpoint.release();
    assert_eq!(
        client.rest(),
        format!("{at}\n{EMPTY}\n\n{at}\n{EMPTY}\n\n? rest\n").as_bytes()
    );
}

#[test]
fn thousands_of_commands_at_once_are_all_answered() {
    let herd = Herd::one();
    let port = herd.servers[0].clients;
    let line = iamat("k");
    let at = ask_text(port, &line);
    let near = ask_text(port, "WHATSAT k 1 1\n");
    let many: String = (0..2_000)
        .map(|i| format!("{i}\nWHATSAT k 1 1\n"))
        .collect();
    let want: String = (0..2_000).map(|i| format!("? {i}\n{near}")).collect();
    // More than all buffers hold: whoever sends so must read meanwhile.
    let mut client = herd.servers[0].client();
    let got = std::thread::scope(|scope| {
        let mut writer = client.twin();
        scope.spawn(move || {
            writer.say(&many);
            writer.end_sending();
        });
        client.rest()
    });
    assert!(near.starts_with(&at));
    assert_eq!(got, want.as_bytes());
}

#[test]
fn who_does_not_read_is_not_read_and_harms_nobody() {
    let herd = Herd::one_with(&["--log-level", "off"]);
    let server = &herd.servers[0];
    let line = format!("{}\n", "z".repeat(7_999));
    let endless: Vec<u8> = line.bytes().cycle().take(1 << 20).collect();
    let (mut deaf, mut other) = (server.client(), server.client());
    let (mut said, mut refused) = (0, 0);
    // Full is: no room although the server has had many turns.
    while refused < 200 {
        // Whole lines and the rest of one: where it stopped, it goes on.
        let count = deaf.say_some(&endless[said % line.len()..]);
        said += count;
        refused = if count == 0 { refused + 1 } else { 0 };
        assert_eq!(other.ask("x\n"), "? x");
        assert!(
            said < 100 << 20,
            "all is taken in from one who does not read"
        );
    }
    let said_lines = said / line.len();
    // It is heard again once it reads.
    for _ in 0..said_lines {
        assert_eq!(deaf.line(), format!("? {}", line.trim_end()));
    }
    deaf.say(&line[said % line.len()..]);
    deaf.end_sending();
    assert_eq!(deaf.rest(), format!("? {line}").as_bytes());
}

#[test]
fn a_reset_harms_nobody() {
    let herd = Herd::one();
    let server = &herd.servers[0];
    let mut other = server.client();
    let at = other.ask(iamat("k"));
    for said in [
        "",
        "IAM",
        "WHATSAT k 50 20\n",
        "x\nWHATSAT k 50 20\nWHATSAT k 50 20\n",
        "y\n",
    ] {
        let mut client = server.client();
        client.say(said);
        client.reset();
        assert_eq!(other.near("WHATSAT k 0 0\n").line, at);
    }
    let mut client = server.client();
    client.say("y".repeat(100_000));
    client.reset();
    assert_eq!(other.near("WHATSAT k 0 0\n").line, at);
    assert_eq!(ask(server.clients, "x\n"), b"? x\n");
}
