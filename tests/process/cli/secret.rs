//! The secret's file, and the refusal to listen without one where anybody can come.

use super::{Files, herd, wrong};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// The line about a secret file of these bytes and this mode.
fn about(bytes: &str, mode: u32) -> String {
    let files = Files::new();
    let secret = files.write("secret", bytes);
    fs::set_permissions(&secret, Permissions::from_mode(mode)).unwrap();
    let run = files.path("run");
    let line = wrong(&mut herd(&[
        "serve",
        "Goloman",
        "-d",
        &run,
        "--secret-file",
        &secret,
    ]));
    assert!(!fs::exists(&run).unwrap(), "nothing is begun");
    let start = format!("herd: secret file {secret}: ");
    line.strip_prefix(&start)
        .expect("the file is named")
        .to_string()
}

#[test]
fn a_bad_secret_file_is_refused_with_what_to_do() {
    let long = "x".repeat(5000);
    let good = "0123456789abcdef\n";
    let recipe = "(umask 077; head -c 32 /dev/urandom | base64 > secret)";
    let few = format!("it has fewer than 16 bytes; make one with {recipe}");
    assert_eq!(about("0123456789abcde\n", 0o600), few);
    assert_eq!(about("", 0o600), few);
    let second = format!("its line 3 has fewer than 16 bytes; make one with {recipe}");
    assert_eq!(about(&format!("{good}\n0123456789abcde \n"), 0o600), second);
    assert_eq!(about(&" ".repeat(99), 0o600), few);
    assert_eq!(
        about(&long, 0o600),
        format!("it is too large; make one with {recipe}")
    );
    for mode in [0o604, 0o640, 0o602, 0o620] {
        let line = about("0123456789abcdef", mode);
        assert!(line.starts_with("others may read it; chmod 600 "), "{line}");
    }
    let line = wrong(&mut herd(&["up", "--secret-file", "/nowhere/secret"]));
    assert!(
        line.starts_with("herd: secret file /nowhere/secret: No such file"),
        "{line}"
    );
    assert!(line.ends_with(recipe), "{line}");
    let line = wrong(&mut herd(&["status", "--secret-file", "/dev/null"]));
    let want = "herd: secret file /dev/null: it is a device and not a file; make one with ";
    assert!(line.starts_with(want), "{line}");
}

#[test]
fn each_of_several_secret_files_is_checked() {
    let files = Files::new();
    let good = files.write("good", &"0123456789abcdef \r\n\n".repeat(2));
    let short = files.write("short", "0123456789abcdef\nshort\n");
    for file in [&good, &short] {
        fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
    }
    for verb in [&["serve", "Goloman"][..], &["up"], &["status"]] {
        let with = |file: &str, times: usize| {
            let good = ["--secret-file", &good].repeat(times);
            wrong(&mut herd(&[verb, &good, &["--secret-file", file]].concat()))
        };
        let line = with(&short, 1);
        let start = format!("herd: secret file {short}: its line 2 has fewer than 16 bytes; ");
        assert!(line.starts_with(&start), "{line}");
        let line = with("/nowhere/secret", 1);
        assert!(line.contains("/nowhere/secret: No such file"), "{line}");
        // Four are accepted, blank lines are not counted.
        let line = "herd: 6 secrets are too many; leave at most 4 in --secret-file";
        assert_eq!(with(&good, 2), line);
    }
}

#[test]
fn beyond_loopback_there_must_be_a_secret() {
    let files = Files::new();
    let run = files.path("run");
    for host in ["192.0.2.1", "2001:db8::1", "herd.invalid"] {
        let text = format!("server Far {host} clients=12001 servers=12101\n");
        let far = files.write("far.txt", &text);
        for verb in [&["serve", "Far"][..], &["up"]] {
            let arguments = [verb, &["-t", &far, "-d", &run]].concat();
            let line = wrong(&mut herd(&arguments));
            let start = format!("herd: Far would listen on {host}, where anybody can pose as ");
            assert!(line.starts_with(&start), "{line}");
            assert!(
                line.contains("--secret-file") && line.contains("--insecure"),
                "{line}"
            );
        }
    }
}

#[test]
fn who_is_waited_for_is_one_of_two() {
    let line = wrong(&mut herd(&["serve", "Goloman", "--ack", "all"]));
    assert_eq!(
        line,
        "herd: --ack takes local or herd or herd-or-error, not \"all\""
    );
}
