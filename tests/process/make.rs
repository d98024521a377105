//! The Makefile: it says what a build needs, and removes no journal that is in use.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::herd::Directory;

/// A place with a `Cargo.toml`, and with nothing on the PATH but these tools and a cargo of that
/// version.
fn place(tools: &[&str], cargo: Option<&str>) -> Directory {
    let directory = Directory::new();
    let bin = directory.0.join("bin");
    fs::create_dir(&bin).unwrap();
    let shell = ["sh", "sed", "cut", "sort", "head", "rm", "flock", "true"];
    for tool in shell.iter().chain(tools) {
        symlink(which(tool), bin.join(tool)).unwrap();
    }
    if let Some(version) = cargo {
        let script = format!("#!/bin/sh\necho cargo {version} '(of a test)'\n");
        fs::write(bin.join("cargo"), script).unwrap();
        fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    fs::copy(manifest, directory.0.join("Cargo.toml")).unwrap();
    directory
}

fn which(tool: &str) -> PathBuf {
    let path = env::var("PATH").unwrap();
    let mut places = path.split(':').map(|place| Path::new(place).join(tool));
    places.find(|it| it.exists()).expect(tool)
}

/// The exit status of `make TARGET` in a place, and what it said to people.
fn make(place: &Directory, target: &str) -> (Option<i32>, String) {
    let makefile = concat!(env!("CARGO_MANIFEST_DIR"), "/Makefile");
    let mut make = Command::new(which("make"));
    make.args(["-f", makefile, "-C"]).arg(&place.0).arg(target);
    make.env_clear().env("PATH", place.0.join("bin"));
    let output = make.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn what_a_build_needs_is_said_before_it_begins() {
    let cases = [
        (
            &["cc"][..],
            None,
            "make: no cargo here; install Rust from https://rustup.rs\n",
        ),
        (
            &["cc"],
            Some("1.79.0"),
            "and this is 1.79.0; run: rustup update\n",
        ),
        (
            &[],
            Some("1.100.2-nightly"),
            "make: no C compiler here, which the crate ring and the linker need; ",
        ),
    ];
    for (tools, cargo, want) in cases {
        let place = place(tools, cargo);
        for target in ["needs", "build", "herd", "test"] {
            let (status, said) = make(&place, target);
            assert_eq!(status, Some(2), "{said}");
            assert!(said.contains(want), "{said}");
            // Of cargo and the linker there is not a word.
            assert!(
                said.lines().all(|line| line.starts_with("make: ")),
                "{said}"
            );
        }
    }
    let place = place(&["cc"], Some("1.89.0"));
    assert_eq!(make(&place, "needs").0, Some(0));
}

#[test]
fn a_journal_that_a_server_uses_is_not_removed() {
    let place = place(&[], Some("1.89.0"));
    let run = place.0.join("run");
    fs::create_dir_all(&run).unwrap();
    let journal = run.join("A.herd");
    let held = File::create(&journal).unwrap();
    fs::write(run.join("A.log"), "").unwrap();
    let (status, said) = make(&place, "clean");
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("make clean: logs and journals stay in run; "),
        "{said}"
    );
    held.lock().unwrap();
    let (status, said) = make(&place, "distclean");
    let want = "make distclean: a server uses run/A.herd; end it first\n";
    assert!(status == Some(2) && said.contains(want), "{said}");
    assert!(journal.exists() && run.join("A.log").exists());
    drop(held);
    let (status, said) = make(&place, "distclean");
    assert_eq!(status, Some(0), "{said}");
    assert!(!run.exists());
}
