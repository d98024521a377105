//! Help, the version, and readers who go.

use super::{herd, output, right, text, wrong};
use std::fs;

/// The verbs, as the error about an unknown one lists them.
fn verbs() -> Vec<String> {
    let line = wrong(&mut herd(&["mend"]));
    let (_, list) = line.split_once("the verbs are ").unwrap();
    let (list, _) = list.split_once(" (").unwrap();
    let verbs: Vec<String> = list.split(", ").map(String::from).collect();
    assert!(verbs.len() >= 7, "{line}");
    verbs
}

#[test]
fn help_comes_from_the_name_alone_or_when_asked_for() {
    let bare = output(&mut herd(&[]));
    assert_eq!((bare.status.code(), text(&bare.stdout)), (Some(2), ""));
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        assert_eq!(right(arguments), text(&bare.stderr));
    }
    assert!(text(&bare.stderr).lines().all(|line| line.len() <= 80));
    for verb in &verbs() {
        let verb = &verb[..];
        assert!(text(&bare.stderr).contains(&format!("\n    herd {verb}")));
        let help = right(&[verb, "--help"]);
        assert_eq!(help, right(&[verb, "-h"]));
        assert_eq!(help, right(&["help", verb]));
        assert!(help.starts_with(&format!("herd {verb}")), "{help}");
        let fits = |line: &str| line.chars().count() <= 80;
        assert!(help.lines().all(fits), "80 columns: {help}");
        let example = help.find(&format!("\n    herd {verb}")).unwrap();
        assert!(
            example < help.find("\nOptions:\n").unwrap(),
            "examples first: {help}"
        );
        let has_topology = help.contains("-t, --topology FILE");
        assert_eq!(has_topology, verb != "limits", "{help}");
        assert_eq!(help.contains("--until-eof"), verb == "serve");
    }
    let version = format!("herd {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (right(&["--version"]), right(&["-V"])),
        (version.clone(), version)
    );
}

#[test]
fn a_reader_who_has_gone_is_no_error_but_a_full_disk_is() {
    // The reading end of a pipe that nobody holds any more.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let gone = herd(&["check"]).stdout(writer).output().unwrap();
    assert_eq!((gone.status.code(), text(&gone.stderr)), (Some(0), ""));

    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let full = herd(&["check"]).stdout(full).output().unwrap();
    assert_eq!(full.status.code(), Some(1));
    let line = text(&full.stderr);
    assert!(
        line.starts_with("herd: cannot write to standard output: "),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1);
}
