//! The servers' door: a stranger is echoed, and changes nothing.

use super::iamat;
use super::support::client::Client;
use super::support::herd::{Herd, at_line};
use super::support::ports::is_open;

#[test]
fn who_is_no_neighbour_is_refused_and_the_table_is_untouched() {
    let herd = Herd::running("topology.txt");
    let hands = &herd["Hands"];
    let at = hands.client().ask(iamat("k"));
    let report = "AT Hands +0.000000000 stranger +1+1 1520023934.918963997";
    for line in [
        "hello",
        report,
        "IAMAT k +1+1 1",
        "MARK 1 1 0000000000000001",
        "SINCE 0000000000000001 0 0 0000000000000000",
        "HELLO Nobody Hands 0000000000000001 00000000000000000000000000000001",
        "HELLO Welsh Hands 0000000000000001 00000000000000000000000000000001",
        "HELLO Goloman Wilkes 0000000000000001 00000000000000000000000000000001",
        "HELLO Goloman Hands",
    ] {
        let mut stranger = Client::of(hands.servers);
        stranger.say(format!("{line}\n{report}\n"));
        // After a HELLO comes the reason.
        let answer = String::from_utf8(stranger.rest()).unwrap();
        let (echo, why) = answer.trim_end().split_once(" # ").unwrap_or((&answer, ""));
        assert_eq!(echo.trim_end(), format!("? {line}"));
        assert_eq!(
            !why.is_empty(),
            line.ends_with("01") && line.starts_with("HELLO")
        );
    }
    // A stranger with a neighbour's name is refused at its first wrong word.
    let hello = "HELLO Goloman Hands 0000000000000001 00000000000000000000000000000001";
    let mut liar = Client::of(hands.servers);
    liar.say(format!("{hello}\nWHATSAT k 1 1\n{report}\n"));
    let answer = String::from_utf8(liar.rest()).unwrap();
    assert!(answer.starts_with("HELLO Hands Goloman ") && answer.ends_with("\n? WHATSAT k 1 1\n"));

    for server in &herd.servers {
        assert_eq!(at_line(server.clients, "stranger"), None);
    }
    assert_eq!(herd.agreed("k"), at);
    // One warning about strangers, however many come, and one about Goloman.
    assert_eq!(hands.count("[WARN] 127.0.0.1:"), 1);
    assert!(is_open(hands.servers));
    // The true Goloman is back in the flood.
    let at = herd["Goloman"].client().ask(iamat("k"));
    assert_eq!(herd.agreed("k"), at);
}
