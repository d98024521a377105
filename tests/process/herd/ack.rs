//! `--ack herd`: who has its answer can ask any server.

use super::iamat;
use super::support::client::ask_text;
use super::support::herd::{Herd, at_line};

fn herd() -> Herd {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--ack".into(), "herd".into()];
    }
    herd.start();
    herd.wait_for_links();
    herd
}

#[test]
fn whoever_is_asked_after_the_answer_knows() {
    let herd = herd();
    let mut hands = herd["Hands"].client();
    for number in 0..200 {
        let client = format!("client{number}");
        let at = hands.ask(iamat(&client));
        // Three hops away.
        assert_eq!(at_line(herd["Welsh"].clients, &client), Some(at));
    }
    // Many at once have a wave between them.
    let many: String = (0..60)
        .map(|number| iamat(&format!("many{number}")))
        .collect();
    hands.say(many);
    for number in 0..60 {
        assert!(hands.line().starts_with("AT Hands "));
        let client = format!("many{number}");
        assert!(
            at_line(herd["Welsh"].clients, &client).is_some(),
            "{client}"
        );
    }
    assert!(herd["Hands"].count("Wilkes > WAVE ") < 230);
    assert_eq!(herd["Hands"].count("[WARN]"), 0);
}

#[test]
fn a_server_that_is_stopped_delays_the_answer_and_no_more() {
    let herd = herd();
    herd["Welsh"].signal("STOP");
    let at = herd["Hands"].client().ask(iamat("k"));
    assert!(at.starts_with("AT Hands "));
    herd["Hands"].logged("replies sent before every server had it: 1");
    herd["Welsh"].signal("CONT");
    assert_eq!(herd.agreed("k"), at);
}

#[test]
fn a_late_reply_may_be_an_error_and_the_update_stays() {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--ack".into(), "herd-or-error".into()];
    }
    herd.start();
    herd.wait_for_links();
    let mut hands = herd["Hands"].client();
    assert!(hands.ask(iamat("k")).starts_with("AT Hands "));
    herd["Welsh"].signal("STOP");
    let line = iamat("late");
    assert_eq!(hands.ask(&line), format!("? {}", line.trim_end()));
    herd["Hands"].logged("IAMATs answered with an error, for not every server had it: 1");
    herd["Welsh"].signal("CONT");
    assert!(herd.agreed("late").starts_with("AT Hands "));
    // Said again, the same words are confirmed.
    assert!(hands.ask(&line).starts_with("AT Hands "));
}

#[test]
fn a_reply_waits_for_the_herd_as_long_as_it_is_told_to() {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        let options = ["--ack", "herd", "--ack-wait", "60000"];
        server.options = options.map(String::from).to_vec();
    }
    herd.start();
    herd.wait_for_links();
    herd["Welsh"].signal("STOP");
    // Until the link to the one that is stopped is considered dead.
    let at = herd["Hands"].client().ask(iamat("k"));
    assert_eq!(herd["Hands"].count("replies sent before"), 0);
    assert_eq!(at_line(herd["Goloman"].clients, "k"), Some(at));
    let status = ask_text(herd["Hands"].servers, "STATUS\n");
    assert!(status.contains(r#""acks_late":0"#), "{status}");
    herd["Welsh"].signal("CONT");
}
