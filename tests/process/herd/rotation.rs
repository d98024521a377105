//! A herd goes from one secret to another, host by host, and loses no link.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::iamat;
use super::support::herd::Herd;
use super::support::process::Server;
use super::support::wait::wait_until;

const OLD: &str = "the old secret of a herd";
const NEW: &str = "the new secret of a herd";

fn file_of(server: &Server) -> String {
    format!("{}/{}.secret", server.directory.display(), server.name)
}

/// Writes the secret file of a server.
fn write(server: &Server, text: &str) {
    fs::write(file_of(server), text).unwrap();
    fs::set_permissions(file_of(server), Permissions::from_mode(0o600)).unwrap();
}

/// Has a server read `text` as its secrets, and waits until it has logged `said` once more.
fn reread(server: &Server, text: &str, said: &str) {
    let said = format!("the secret was read again{said}");
    let before = server.count(&said);
    write(server, text);
    server.signal("HUP");
    wait_until("it is read again", || server.count(&said) == before + 1);
}

/// Three servers, each a neighbour of the others, with the old secret.
fn old() -> Herd {
    let mut herd = Herd::new(&["A", "B", "C"], &[["A", "B"], ["B", "C"], ["A", "C"]]);
    for server in &mut herd.servers {
        write(server, OLD);
        server.options = vec!["--secret-file".to_string(), file_of(server)];
    }
    herd.start();
    herd
}

/// Starts C again, and waits until each of its links, both ways, is up once more.
fn restart_c(herd: &mut Herd) {
    let ups = |herd: &Herd| {
        let pairs = [["C", "A"], ["C", "B"], ["A", "C"], ["B", "C"]];
        pairs.map(|[one, other]| herd[one].count(&format!("link to {other} up")))
    };
    let before = ups(herd);
    herd["C"].signal("TERM");
    herd["C"].ended();
    herd["C"].start();
    let want = before.map(|count| count + 1);
    wait_until("all its links are up again", || ups(herd) == want);
}

#[test]
fn a_herd_goes_from_one_secret_to_another_and_loses_no_link() {
    let mut herd = old();
    // While the first servers started, the others were not there yet.
    let lost = |herd: &Herd| -> Vec<usize> {
        let servers = herd.servers.iter();
        servers.map(|it| it.count(" down: ")).collect()
    };
    let before = lost(&herd);
    for (step, text) in [
        format!("{OLD}\n{NEW}\n"),
        format!("{NEW}\n{OLD}\n"),
        NEW.into(),
    ]
    .iter()
    .enumerate()
    {
        let said = if step == 2 {
            ": 1 accepted"
        } else {
            ": 2 accepted"
        };
        for server in &herd.servers {
            reread(server, text, said);
            let client = format!("{}-{step}", server.name);
            let at = server.client().ask(iamat(&client));
            assert_eq!(herd.agreed(&client), at);
        }
    }
    assert_eq!(lost(&herd), before);
    // The next handshakes prove the new secret, in both directions.
    restart_c(&mut herd);
    for server in &herd.servers {
        assert_eq!(server.count("another secret"), 0);
    }
}

#[test]
fn a_secret_file_that_is_wrong_changes_nothing() {
    let mut herd = old();
    let refused = ", and is not taken over: secret file ";
    let a = &herd["A"];
    for (text, why) in [
        ("short", "it has fewer than 16 bytes"),
        (
            &format!("{NEW}\nshort"),
            "its line 2 has fewer than 16 bytes",
        ),
        ("", "it has fewer than 16 bytes"),
    ] {
        reread(a, text, &format!("{refused}{}: {why}", file_of(a)));
    }
    fs::remove_file(file_of(a)).unwrap();
    a.signal("HUP");
    a.logged("No such file");
    fs::write(file_of(a), NEW).unwrap();
    fs::set_permissions(file_of(a), Permissions::from_mode(0o644)).unwrap();
    a.signal("HUP");
    a.logged("others may read it");
    // A new handshake still proves the old one.
    restart_c(&mut herd);
    let at = herd["A"].client().ask(iamat("k"));
    assert_eq!(herd.agreed("k"), at);
    assert_eq!(herd["A"].count("another secret"), 0);
}
