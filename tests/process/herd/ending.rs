//! How a server ends: by a signal, by a second one, by the end of its standard input, or before it
//! began.

use std::net::TcpListener;
use std::thread;

use super::iamat;
use super::places::{EMPTY, google_herd};
use super::support::endpoint::{Endpoint, Say};
use super::support::herd::Herd;
use super::support::ports::is_open;
use super::support::wait::wait_until;

/// Asks a server with three clients to end, which must close its doors, give what it owes, and
/// be gone with 0; and then starts it again.
fn check_end(ask_to_end: impl Fn(&mut Herd)) {
    let endpoint = Endpoint::start([Say::Held("{}".into())]);
    let mut herd = google_herd("google", &endpoint);
    let server = &herd.servers[0];
    let [mut idle, mut half, mut waiting] = [(); 3].map(|()| server.client());
    let at = idle.ask(iamat("k"));
    half.say("IAMAT never +1+");
    waiting.say("WHATSAT k 1 1\nhello\nhalf a li");
    endpoint.wait_for(1);
    server.logged("> ? hello");

    ask_to_end(&mut herd);
    let server = &herd.servers[0];
    wait_until("both doors are closed", || {
        !is_open(server.clients) && !is_open(server.servers)
    });
    assert_eq!(idle.rest(), b"");
    assert_eq!(half.rest(), b"");
    assert!(!waiting.has_heard());
    endpoint.release();
    assert_eq!(
        waiting.rest(),
        format!("{at}\n{EMPTY}\n\n? hello\n").as_bytes()
    );
    drop(waiting);
    let ended = herd.servers[0].ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let log = herd.servers[0].log();
    assert!(
        log.trim_end().ends_with("] ended"),
        "the log is written to its end"
    );

    // Its connections were closed by itself and are remembered by the kernel for a minute.
    herd.servers[0].start();
    assert_eq!(herd.servers[0].client().ask("x\n"), "? x");
}

#[test]
fn a_signal_closes_the_doors_at_once_and_gives_what_is_owed() {
    for signal in ["TERM", "INT"] {
        check_end(|herd| herd.servers[0].signal(signal));
    }
}

#[test]
fn the_end_of_standard_input_is_as_good_as_a_signal() {
    check_end(|herd| herd.servers[0].close_stdin());
}

#[test]
fn a_lookup_that_hangs_does_not_keep_it_from_ending() {
    let endpoint = Endpoint::start([Say::Hang]);
    let mut herd = google_herd("google", &endpoint);
    let mut client = herd.servers[0].client();
    let at = client.ask(iamat("k"));
    client.say("WHATSAT k 1 1\n");
    endpoint.wait_for(1);
    herd.servers[0].signal("TERM");
    let near = client.rest_of_near();
    assert_eq!((&near.line, near.status().as_str()), (&at, "UNKNOWN_ERROR"));
    assert_eq!(client.rest(), b"");
    assert_eq!(herd.servers[0].ended().code, Some(0));
}

/// The lookup would be answered after some seconds, if only with an error: it is not.
#[test]
fn a_second_signal_ends_it_whatever_is_owed() {
    let endpoint = Endpoint::start([Say::Hang]);
    let mut herd = google_herd("google", &endpoint);
    let mut client = herd.servers[0].client();
    client.ask(iamat("k"));
    client.say("WHATSAT k 1 1\n");
    endpoint.wait_for(1);
    // Signals that come together with the first are taken for the same wish.
    wait_until("it has ended", || {
        herd.servers[0].signal("TERM");
        herd.servers[0].has_ended()
    });
    assert_eq!(client.rest(), b"");
    let ended = herd.servers[0].ended();
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, "herd: ended at once by a second signal\n");
}

/// A close with unread lines would reset the connection, and destroy replies that the client has
/// not read yet.
#[test]
fn a_client_that_pipelines_loses_no_reply_to_the_end() {
    for _ in 0..5 {
        let mut herd = Herd::one_with(&["--no-journal", "--log-level", "warn"]);
        let server = &mut herd.servers[0];
        let mut client = server.client();
        let mut pouring = client.twin();
        let lines = iamat("k").repeat(50);
        let pour = thread::spawn(move || while pouring.try_say(&lines) {});
        for _ in 0..500 {
            assert!(client.line().starts_with("AT Goloman "));
        }
        server.signal("TERM");
        // A reset would fail this.
        let rest = client.rest();
        assert!(rest.is_empty() || rest.ends_with(b"\n"));
        client.shut_down();
        pour.join().unwrap();
        assert_eq!(server.ended().code, Some(0));
    }
}

#[test]
fn a_whole_herd_ends_when_all_are_asked_to() {
    let mut herd = Herd::running("topology.txt");
    let at = herd["Welsh"].client().ask(iamat("k"));
    assert_eq!(herd.agreed("k"), at);
    for server in &herd.servers {
        server.signal("TERM");
    }
    for server in &mut herd.servers {
        let ended = server.ended();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_port_that_is_in_use_fails_the_run_in_one_line() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    for port in [herd.servers[0].clients, herd.servers[0].servers] {
        let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
        herd.servers[0].launch();
        let ended = herd.servers[0].ended();
        assert_eq!(ended.code, Some(1));
        let line = ended.stderr.strip_suffix('\n').unwrap();
        assert!(line.starts_with("herd: ") && !line.contains('\n'), "{line}");
        assert!(line.contains(&format!("127.0.0.1:{port}")), "{line}");
        drop(taken);
    }
    herd.start();
}

#[test]
fn a_server_says_in_one_line_when_its_doors_are_open() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.launch();
    let line = server.greeting();
    assert!(is_open(server.clients) && is_open(server.servers));
    let (clients, servers) = (server.clients, server.servers);
    let log = server.directory.join("Goloman.log");
    let log = log.display();
    assert_eq!(
        line,
        format!("Goloman: clients 127.0.0.1:{clients}, servers 127.0.0.1:{servers}, log {log}")
    );
}
