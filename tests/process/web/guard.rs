//! The rules that say who may ask: hosts, the password, and wrong use of the verb.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::herd::Directory;

use super::Web;

/// The exit status and the words of a start that fails.
fn failed(options: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.arg("web").args(options).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.lines().count() == 1 && output.stdout.is_empty(),
        "{said}"
    );
    (output.status.code(), said)
}

fn topology() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/topology.txt"))
}

#[test]
fn wrong_use_is_one_line() {
    let web = Web::of(topology(), &[]);
    let (code, said) = failed(&["--listen", &web.address]);
    let want = format!(
        "herd: cannot listen on {}: Address already in use ",
        web.address
    );
    assert!(code == Some(1) && said.starts_with(&want), "{said}");
    for (options, want) in [
        (
            &["--listen", "0.0.0.0:0"][..],
            "herd: web would listen on 0.0.0.0:0, where anybody can read the status and move",
        ),
        (
            &["--listen", "[::]:0"],
            "herd: web would listen on [::]:0, ",
        ),
        (
            &["--listen", "12300"],
            "herd: --listen: \"12300\" is not an address with a port",
        ),
        (
            &["Goloman"],
            "herd: web takes no \"Goloman\"; it is about all servers ",
        ),
        (
            &["-t", "nowhere.txt"],
            "herd: nowhere.txt: cannot be read: ",
        ),
        (
            &["--password-file", "README.md"],
            "herd: password file README.md: others may read it; ",
        ),
    ] {
        let (code, said) = failed(options);
        assert!(
            code == Some(2) && said.starts_with(want),
            "{options:?}: {said}"
        );
    }
}

#[test]
fn names_that_are_not_ours_and_paths_that_are_none_get_nothing() {
    let web = Web::of(topology(), &["--host", "herd.example"]);
    let port = web.address.rsplit(':').next().unwrap();
    for (host, want) in [
        (format!("localhost:{port}"), 200),
        ("herd.example".to_string(), 200),
        ("evil.example".to_string(), 421),
        (format!("evil.example:{port}"), 421),
        ("localhost".to_string(), 421),
    ] {
        let found = web.request("GET /page.js", &format!("Host: {host}\r\n"), "");
        assert_eq!(found.status, want, "{host}");
    }
    let target = format!("GET http://evil.example:{port}/page.js");
    assert_eq!(web.request(&target, "", "").status, 421);
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "//page.js",
        "/page.js%00",
        "/src",
    ] {
        assert_eq!(web.get(path).status, 404, "{path}");
    }
    assert_eq!(web.request("POST /", "", "").status, 405);
    assert_eq!(web.get("/iamat").status, 405);
}

#[test]
fn a_password_opens_it() {
    let directory = Directory::new();
    let file = directory.0.join("password");
    fs::write(&file, "Aladdin opens it\n").unwrap();
    let name = file.to_str().unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = failed(&["--password-file", name]);
    let want = format!("herd: password file {name}: others may read it; chmod 600 ");
    assert!(code == Some(2) && said.starts_with(&want), "{said}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let web = Web::of(topology(), &["--password-file", name]);
    for path in ["/", "/status.json", "/page.js", "/events", "/nowhere"] {
        let answer = web.get(path);
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer
                .head
                .contains("\r\nWWW-Authenticate: Basic realm=\"herd\"")
        );
    }
    let with = |words: &str| {
        let field = format!("Authorization: Basic {words}\r\n");
        web.request("GET /page.js", &field, "").status
    };
    // herd:Aladdin opens it, and herd:Aladdin opens I.
    assert_eq!(with("aGVyZDpBbGFkZGluIG9wZW5zIGl0"), 200);
    assert_eq!(with("aGVyZDpBbGFkZGluIG9wZW5zIEk="), 401);
    assert_eq!(web.end("TERM"), Some(0));
}
