//! The clients that a herd knows from before, and how it forgets them.

use std::fs;

use super::Herd;
use super::support::herd::at_line;

fn names(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("k{number}"))
}

/// Runs the herd until it has greeted, and returns the greeting.
fn greeted(herd: &Herd, options: &[&str]) -> String {
    let mut up = herd.up_with(options);
    let greeting = up.greeting();
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0), "{}", up.rest_of_stderr());
    greeting
}

#[test]
fn clients_of_the_journals_are_counted_and_can_be_forgotten() {
    let herd = Herd::new();
    let mut up = herd.up();
    assert!(!up.greeting().contains("Known from before"));
    herd.tell(0, names(1001));
    herd.waits_for(2, "k1000");
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));

    let greeting = greeted(&herd, &[]);
    let known = "\nKnown from before: 1,001 clients (herd up --fresh begins with none)\n";
    assert!(greeting.contains(known), "{greeting}");
    let mut up = herd.up_with(&["--fresh"]);
    let greeting = up.greeting();
    assert!(!greeting.contains("Known from before"), "{greeting}");
    // The lines to paste start one server, which has no such option.
    assert!(!greeting.contains("--fresh"), "{greeting}");
    for index in 0..3 {
        assert_eq!(at_line(herd.clients(index), "k0"), None);
    }
    herd.tell(1, names(1));
    herd.waits_for(2, "k0");
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    let greeting = greeted(&herd, &[]);
    assert!(
        greeting.contains("\nKnown from before: 1 client ("),
        "{greeting}"
    );
}

#[test]
fn a_journal_that_a_server_has_keeps_all_others() {
    let herd = Herd::new();
    let mut up = herd.up();
    up.greeting();
    herd.tell(0, names(3));
    (0..3).for_each(|index| herd.waits_for(index, "k2"));
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    let journals = || ["A", "B", "C"].map(|it| fs::read(herd.path(&format!("run/{it}.herd"))).ok());

    let stray = herd.serve("C", &[]);
    let before = journals();
    let said = herd.refused(&["--fresh"]);
    let (path, pid) = (herd.path("run/C.herd"), stray.pid());
    let want = format!(
        "herd: cannot begin with no clients: {path}: it is in use by herd serve (pid {pid}); end \
         it with kill {pid}; nothing was removed\n"
    );
    assert_eq!(said, want);
    assert_eq!(journals(), before);
    drop(stray);
    // Neither does it remove a file that is none of ours.
    fs::write(herd.path("run/B.herd"), "my poems\n").unwrap();
    let before = journals();
    let said = herd.refused(&["--fresh"]);
    assert!(
        said.contains("B.herd: it is no journal; move it away; nothing was removed"),
        "{said}"
    );
    assert_eq!(journals(), before);
}

#[test]
fn without_journals_there_is_nothing_to_forget() {
    let herd = Herd::new();
    let mut up = herd.up_with(&["--fresh", "--no-journal"]);
    assert_eq!(up.wait().code(), Some(2));
    let said = up.rest_of_stderr();
    assert!(
        said.starts_with("herd: --fresh and --no-journal exclude each other"),
        "{said}"
    );
}
