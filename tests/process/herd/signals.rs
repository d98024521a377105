//! SIGHUP: the topology is read again. Unchanged links are not touched.

use std::fs;

use super::iamat;
use super::support::herd::{Herd, at_line};
use super::support::wait::wait_until;

/// Says SIGHUP to all, and waits until each has taken over what it read.
fn hang_up(herd: &Herd) {
    let count = |server: &super::support::process::Server| {
        server.count("the topology was read again: links kept")
    };
    for server in &herd.servers {
        let before = count(server);
        server.signal("HUP");
        wait_until("the topology is read again", || count(server) == before + 1);
    }
}

#[test]
fn links_come_and_go_and_those_that_stay_are_not_touched() {
    let mut herd = Herd::new(&["A", "B", "C"], &[["A", "B"]]);
    herd.start();
    let mut client = herd["A"].client();
    let told = herd["B"].client().ask(iamat("told-by-b"));
    wait_until("A knows it", || {
        at_line(herd["A"].clients, "told-by-b").as_ref() == Some(&told)
    });
    // C becomes a neighbour of A. It is told all, also what B told.
    herd.links.push(["A".into(), "C".into()]);
    herd.write_topologies();
    hang_up(&herd);
    herd.wait_for_links();
    assert_eq!(herd.agreed("told-by-b"), told);
    assert_eq!(herd["A"].count("link to B up"), 1);
    assert_eq!(client.ask("hello\n"), "? hello");

    // C takes B's place, and B is a neighbour of nobody.
    herd.links = vec![["A".into(), "C".into()]];
    herd.write_topologies();
    hang_up(&herd);
    herd["A"].logged("links kept: 1, closed: B, new: none");
    herd["A"].logged("B is not a neighbour any more");
    let at = client.ask(iamat("later"));
    wait_until("C knows it", || {
        at_line(herd["C"].clients, "later").as_ref() == Some(&at)
    });
    assert_eq!(at_line(herd["B"].clients, "later"), None);
    assert_eq!(herd["A"].count("link to C up"), 1);
}

#[test]
fn who_takes_anothers_place_is_told_all_that_the_other_had_told() {
    let mut herd = Herd::new(&["A", "B", "C"], &[["A", "B"]]);
    herd.start();
    let told = herd["B"].client().ask(iamat("told-by-b"));
    wait_until("A knows it", || {
        at_line(herd["A"].clients, "told-by-b").as_ref() == Some(&told)
    });
    herd.links = vec![["A".into(), "C".into()]];
    herd.write_topologies();
    hang_up(&herd);
    herd["A"].logged("links kept: 0, closed: B, new: C");
    herd.wait_for_links();
    wait_until("C is told", || {
        at_line(herd["C"].clients, "told-by-b").as_ref() == Some(&told)
    });
}

#[test]
fn a_topology_that_is_wrong_changes_nothing() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    let mut client = herd["A"].client();
    let file = herd["A"].topology.clone();
    let right = fs::read_to_string(&file).unwrap();
    let refused = "the topology was read again, and is not taken over: ";
    let other_port = right.replace(&format!("clients={}", herd["A"].clients), "clients=1");
    for (text, why) in [
        (format!("{right}link A Nobody\n"), "Nobody"),
        (
            other_port,
            "what it says of A itself has changed; restart A",
        ),
        (right.replace('A', "Z"), "it has no A any more"),
    ] {
        fs::write(&file, text).unwrap();
        herd["A"].signal("HUP");
        let line = herd["A"].logged(why);
        assert!(line.contains(refused), "{line}");
    }
    fs::remove_file(&file).unwrap();
    herd["A"].signal("HUP");
    herd["A"].logged("cannot be read: ");
    let at = client.ask(iamat("k"));
    assert_eq!(herd.agreed("k"), at);
    assert_eq!(herd["A"].count("link to B up"), 1);
}

#[test]
fn a_signal_while_the_journal_is_read_waits_for_the_loop() {
    for (signal, said) in [
        ("HUP", "the topology was read again: "),
        ("USR1", "the log is reopened"),
    ] {
        let mut herd = Herd::one();
        let server = &mut herd.servers[0];
        server.signal("TERM");
        server.ended();
        // A hole: it takes no room, but some time to read.
        let journal = server.directory.join("Goloman.herd");
        let file = fs::File::options().write(true).open(&journal).unwrap();
        file.set_len(2 << 30).unwrap();
        server.launch();
        let descriptors = format!("/proc/{}/fd", server.pid());
        wait_until("the journal is open", || {
            let mut all = fs::read_dir(&descriptors).unwrap().flatten();
            all.any(|it| fs::read_link(it.path()).is_ok_and(|path| path == journal))
        });
        server.signal(signal);
        server.greeting();
        server.logged(said);
    }
}
