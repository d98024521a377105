//! Wrong use: one line that says what to do, and an exit status.

use super::{Files, herd, wrong};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

#[test]
fn wrong_use_is_one_line_that_says_what_to_do() {
    let files = Files::new();
    let run = files.path("run");
    let file = files.write("file", "");
    let plain = files.write("plain.txt", "server P ::1 clients=1 plain\n");
    let is_a_file = format!("herd: {file} is a file; name a directory with -d DIR");
    let cases: &[(&[&str], &str)] = &[
        (
            &["sevre"],
            "herd: no verb is called \"sevre\" (did you mean serve?); the verbs are up, serve, \
            check, status, watch, metrics, web, ask, trace, limits, load (herd --help)",
        ),
        (
            &["mend"],
            "herd: no verb is called \"mend\"; the verbs are up, ",
        ),
        (
            &["help", "stauts"],
            "herd: no verb is called \"stauts\" (did you mean status?); ",
        ),
        (
            &["help", "up", "x"],
            "herd: help takes one verb: herd help VERB",
        ),
        (
            &["--hlep"],
            "herd: no option is called \"--hlep\" (did you mean --help?); ",
        ),
        (
            &["limits", "all"],
            "herd: limits takes no \"all\"; it shows them all",
        ),
        (
            &["-x"],
            "herd: no option is called \"-x\"; herd --help lists ",
        ),
        (
            &["--version", "x"],
            "herd: --version takes no arguments; for one verb: herd VERB --help",
        ),
        (
            &["check", "--bogus"],
            "herd: unrecognized option: 'bogus'; herd check --help lists ",
        ),
        (
            &["check", "-t"],
            "herd: argument to option 't' missing; herd check --help ",
        ),
        (
            &["check", "-t", "a", "-t", "b"],
            "herd: option 'topology' given more than once; ",
        ),
        (
            &["check", "--until-eof"],
            "herd: unrecognized option: 'until-eof'; ",
        ),
        (
            &["check", "x.txt"],
            "herd: check takes no \"x.txt\"; name the file with -t FILE",
        ),
        (
            &["check", "-t", "nowhere.txt"],
            "herd: nowhere.txt: cannot be read: No such file or directory ",
        ),
        (
            &["check", "-t", "/"],
            "herd: /: cannot be read: Is a directory ",
        ),
        (
            &["check", "-t", "/dev/zero"],
            "herd: /dev/zero: over 1048576 bytes, ",
        ),
        (
            &["check", "-t", "a\nb\u{1b}[2J"],
            "herd: a\\nb\\u{1b}[2J: cannot be read: ",
        ),
        (
            &["status", "Nobody"],
            "herd: no server is called \"Nobody\" in topology.txt; it has: Goloman, ",
        ),
        (
            &["status", "--insecure"],
            "herd: unrecognized option: 'insecure'; herd status --help ",
        ),
        (
            &["status", "-t", "nowhere.txt"],
            "herd: nowhere.txt: cannot be read: ",
        ),
        (&["status", "--secret-file", &file], "herd: secret file "),
        (&["watch", "--secret-file", &file], "herd: secret file "),
        (
            &["status", "--json=yes"],
            "herd: option 'json' does not take an argument; ",
        ),
        (
            &["serve"],
            "herd: serve which server? write herd serve NAME",
        ),
        (
            &["serve", "Goloman", "Hands"],
            "herd: serve takes one name, but got \"Hands\", too; ",
        ),
        (
            &["serve", "goloman", "-d", &run],
            "herd: no server is called \"goloman\" in topology.txt (did you mean \
            Goloman?); it has: Goloman, Hands, Holiday, Welsh, Wilkes",
        ),
        (&["serve", "P", "-t", &plain], "herd: P is plain in "),
        (
            &["serve", "Q", "-t", &plain],
            "herd: no server is called \"Q\" in ",
        ),
        (
            &["serve", "Goloman", "-t", "nowhere.txt"],
            "herd: nowhere.txt: cannot be read: ",
        ),
        (&["serve", "Goloman", "-d", &file], &is_a_file),
        (
            &["serve", "Goloman", "-d", "/dev/null/x"],
            "herd: cannot make the directory /dev/null/x: ",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--log-level", "loud"],
            "herd: no log level is called \"loud\"; ",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--places", "yelp"],
            "herd: --places takes offline or google or google-legacy, not \"yelp\"",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--places", "google"],
            "herd: --places google needs a key; ",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--places-url", "http://a"],
            "herd: --places-url is of no use to --places offline; ",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--records-max", "1e6"],
            "herd: --records-max takes a whole number from 1 to 4000000000, not \"1e6\"",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--ack-wait", "0"],
            "herd: --ack-wait takes a whole number from 1 to 60000, not \"0\"",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--slow-turn", "60001"],
            "herd: --slow-turn takes a whole number from 0 to 60000, not \"60001\"",
        ),
        (
            &[
                "serve",
                "Goloman",
                "-d",
                &run,
                "--trace-turns",
                "/nowhere/t",
            ],
            "herd: cannot write the trace /nowhere/t: No such file or directory (os error 2); \
            name another file or directory with --trace-turns PATH",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--trace-turns", "/dev/null"],
            "herd: cannot write the trace /dev/null: it is not a file; name another file or \
            directory with --trace-turns PATH",
        ),
        (
            &["up", "-d", &run, "--trace-turns", "/dev/null"],
            "herd: /dev/null is a file, and herd up writes a trace for each server; name a \
            directory with --trace-turns PATH",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--log-max", "1000"],
            "herd: --log-max takes a size of at least 1 MiB, such as 64M or 1G, or none, not \
            \"1000\"",
        ),
        (
            &["serve", "Goloman", "-d", &run, "--log", "a.log"],
            "herd: --log takes -, which is standard error, not \"a.log\"; for a file name its \
            directory with -d DIR",
        ),
        (
            &["up", "-d", &run, "--log", "-"],
            "herd: herd up gives each server a log of its own, for lines do not say whose they \
            are; leave out --log, or start each server by itself with herd serve NAME --log -",
        ),
        (
            &["up", "-d", &run, "--records-max", "0"],
            "herd: --records-max takes a whole number from 1 to 4000000000, not \"0\"",
        ),
        (
            &["ask"],
            "herd: ask which server? write herd ask NAME, or herd ask HOST:PORT",
        ),
        (
            &["ask", "Golman", "IAMAT"],
            "herd: no server is called \"Golman\" in topology.txt (did you mean Goloman?); ",
        ),
        (
            &["ask", "::1:12001", "WHATSAT"],
            "herd: \"::1:12001\" is not the address of a clients' door; ",
        ),
        (
            &["ask", "Goloman", "-t", "nowhere.txt", "WHATSAT", "-t"],
            "herd: nowhere.txt: cannot be read: ",
        ),
        (
            &["ask", "--wait", "0", "Goloman"],
            "herd: --wait takes a whole number from 1 to 120, not \"0\"",
        ),
        (
            &["ask", "Goloman", "WHATSAT k 1 2\nWHATSAT k 3 4"],
            "herd: a command is one line; give several on standard input",
        ),
        (
            &["trace"],
            "herd: trace which client? write herd trace CLIENT",
        ),
        (
            &["trace", "a b"],
            "herd: \"a b\" is no client; a name has at least one byte, and no white space",
        ),
        (
            &["trace", "a\\b"],
            "herd: \"a\\b\" has a backslash alone; write \\\\ for it, and \\xff for a byte",
        ),
        (
            &["trace", "k", "--since", "now"],
            "herd: --since takes a time such as 2026-11-26T04:23:31Z, 1795667011.5 (seconds since \
            1970), or 30s, 5m, 2h or 1d ago, not \"now\"",
        ),
        (
            &["trace", "k", "-t", "nowhere.txt"],
            "herd: nowhere.txt: cannot be read: ",
        ),
        (
            &["load"],
            "herd: load which server? write herd load NAME, or herd load HOST:PORT",
        ),
        (
            &["load", "Golman"],
            "herd: no server is called \"Golman\" in topology.txt (did you mean Goloman?); ",
        ),
        (
            &["load", "127.0.0.1:99999"],
            "herd: \"127.0.0.1:99999\": a port is 1 to 65535",
        ),
        (
            &["load", "127.0.0.1:"],
            "herd: \"127.0.0.1:\" is not the address of a clients' door; write HOST:PORT",
        ),
        (
            &["load", "127.0.0.1:12001", "-c", "0"],
            "herd: --connections takes a whole number from 1 to 100000, not \"0\"",
        ),
        (
            &["load", "127.0.0.1:12001", "-p", "many"],
            "herd: --pipeline takes a whole number from 1 to 10000, not \"many\"",
        ),
        (
            &["load", "127.0.0.1:12001", "--whatsat", "101"],
            "herd: --whatsat takes a whole number from 0 to 100, not \"101\"",
        ),
        (
            &["load", "127.0.0.1:12001", "--radius", "51"],
            "herd: --radius takes a whole number from 0 to 50, not \"51\"",
        ),
        (
            &["load", "127.0.0.1:12001", "--bound", "21"],
            "herd: --bound takes a whole number from 0 to 20, not \"21\"",
        ),
        (
            &["load", "127.0.0.1:12001", "--requests", "-1"],
            "herd: --requests takes a whole number of at least 1, not \"-1\"",
        ),
        (
            &["load", "127.0.0.1:12001", "--seconds", "inf"],
            "herd: --seconds takes a number over 0, at most 86400, not \"inf\"",
        ),
        (
            &["load", "127.0.0.1:12001", "-s", "1", "-n", "1"],
            "herd: --seconds and --requests exclude each other; leave one out",
        ),
        (
            &["load", "127.0.0.1:12001", "-c", "50", "-k", "49"],
            "herd: 49 clients are too few for 50 connections, ",
        ),
        (
            &["up", "Goloman"],
            "herd: up takes no \"Goloman\"; start one server with herd serve NAME",
        ),
        (
            &["up", "--until-eof"],
            "herd: unrecognized option: 'until-eof'; herd up --help ",
        ),
        (
            &["up", "-t", "nowhere.txt"],
            "herd: nowhere.txt: cannot be read: ",
        ),
        (&["up", "-t", &plain], "herd: every server of "),
        (&["up", "-d", &file], &is_a_file),
        (
            &["up", "-d", &run, "--places", "google-legacy"],
            "herd: --places google-legacy needs a key; ",
        ),
    ];
    for (arguments, want) in cases {
        let line = wrong(&mut herd(arguments));
        assert!(line.starts_with(want), "{arguments:?}: {line:?}");
    }
    let unwritable = files.path("dir");
    fs::create_dir_all(format!("{unwritable}/Goloman.log")).unwrap();
    let line = wrong(&mut herd(&["serve", "Goloman", "-d", &unwritable]));
    assert!(line.starts_with("herd: cannot write "), "{line}");
}

#[test]
fn arguments_and_keys_that_are_not_text_are_wrong_use() {
    let bytes = OsStr::from_bytes(b"\xff");
    let line = wrong(herd(&["serve"]).arg(bytes));
    assert_eq!(line, "herd: argument \"\\xFF\" is not UTF-8; rename it");
    for key in [bytes, OsStr::new("SECRET KEY")] {
        for places in ["google", "google-legacy"] {
            let mut command = herd(&["serve", "Goloman", "--places", places]);
            let line = wrong(command.env("PLACES_API_KEY", key));
            assert!(
                line.starts_with("herd: PLACES_API_KEY has a character that no key has"),
                "{line}"
            );
            assert!(!line.contains("SECRET"), "{line}");
        }
    }
    let mut command = herd(&["serve", "Goloman", "--places-url", "ftp://x?key=SECRET"]);
    let line = wrong(command.env("GOOGLE_MAPS_API_KEY", "k"));
    assert!(
        line.starts_with("herd: --places-url \"ftp://x?***\" is not an address; "),
        "{line}"
    );
    assert!(!line.contains("SECRET"), "{line}");
}
