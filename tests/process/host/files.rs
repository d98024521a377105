//! Files that are something else on another host: a read-only root, a secret of a group, a topology
//! that can be read once, a build directory elsewhere; and limits on threads.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::outputs::full_pipe;
use super::support::client::ask_text;
use super::support::herd::{Directory, Herd};
use super::support::process::send_signal;
use super::support::wait::wait_until;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A herd of one that does not run yet.
fn herd() -> Herd {
    let herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    herd
}

fn end(mut child: Child) {
    assert!(send_signal("TERM", &child.id().to_string()));
    wait_until("it has ended", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_a_log_and_a_journal_no_directory_is_needed() {
    let mut herd = herd();
    let server = &mut herd.servers[0];
    server.options = ["--no-journal", "--log-level", "off"]
        .map(String::from)
        .to_vec();
    // Nobody can make one there.
    server.directory = "/proc/nowhere".into();
    server.launch();
    assert!(server.greeting().ends_with(", log off"));
    super::say(server, "kiwi", 1);
    server.signal("USR1");
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    let mut up = Command::new(env!("CARGO_BIN_EXE_herd"));
    up.arg("up")
        .arg("-t")
        .arg(&server.topology)
        .args(["-d", "/proc/nowhere"]);
    let up = up
        .args(&server.options)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    server.wait_for_doors();
    end(up);
}

/// Runs `herd status` in these groups with a secret file of this owner and mode.
fn checked(file: &Path, owner: &str, mode: u32, groups: &str) -> Option<Output> {
    let chown = Command::new("chown").arg(owner).arg(file).status().ok()?;
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
    let mut setpriv = Command::new("setpriv");
    setpriv.args([
        "--groups",
        groups,
        env!("CARGO_BIN_EXE_herd"),
        "status",
        "-t",
        "/dev/null",
    ]);
    let output = setpriv.arg("--secret-file").arg(file).output().ok()?;
    let may = chown.success() && !String::from_utf8_lossy(&output.stderr).contains("setpriv");
    may.then_some(output)
}

/// In Kubernetes the files of a secret belong to root and to a group of the pod (fsGroup).
#[test]
fn a_secret_file_of_a_group_that_is_ours_alone_is_accepted() {
    let directory = Directory::new();
    let file = directory.0.join("secret");
    fs::write(&file, SECRET).unwrap();
    for (owner, mode, groups, is_right) in [
        ("0:54321", 0o440, "54321", true),
        ("0:54321", 0o640, "7,54321", true),
        ("0:54321", 0o440, "54322", false),
        ("0:54321", 0o444, "54321", false),
        ("0:54321", 0o460, "54321", false),
        // Root's own group may be others', too.
        ("0:0", 0o440, "0", false),
        // Users of this machine have it.
        ("0:1", 0o440, "1", false),
    ] {
        let Some(output) = checked(&file, owner, mode, groups) else {
            println!("skipped: no setpriv here, or no right to it");
            return;
        };
        let refused = String::from_utf8_lossy(&output.stderr).contains("others may read it");
        assert_eq!(refused, !is_right, "{owner} {mode:o} {groups}: {output:?}");
    }
}

/// systemd's `LoadCredential=` makes a file of root's that an access list lets the user read; in
/// its mode that looks like a right of root's group.
#[test]
fn a_credential_of_the_service_manager_is_accepted() {
    let directory = Directory::new();
    let file = directory.0.join("secret");
    fs::write(&file, SECRET).unwrap();
    for (credentials, mode, is_right) in [
        (Some(&*directory.0), 0o440, true),
        (Some(Path::new("/run/credentials/another")), 0o440, false),
        (None, 0o440, false),
        (Some(&*directory.0), 0o444, false),
        (Some(&*directory.0), 0o460, false),
    ] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let mut status = Command::new(env!("CARGO_BIN_EXE_herd"));
        status.args(["status", "-t", "/dev/null", "--secret-file"]);
        status.arg(&file).env_remove("CREDENTIALS_DIRECTORY");
        status.envs(credentials.map(|it| ("CREDENTIALS_DIRECTORY", it)));
        let output = status.output().unwrap();
        let refused = String::from_utf8_lossy(&output.stderr).contains("others may read it");
        assert_eq!(refused, !is_right, "{credentials:?} {mode:o}: {output:?}");
    }
}

#[test]
fn herd_up_takes_files_that_can_be_read_once() {
    let secret = format!("--secret-file <(echo {SECRET})");
    for options in [
        "-t <(cat $t)",
        "--topology=<(cat $t)",
        "-t /dev/stdin < $t",
        "-t /dev/stdin < <(cat $t)",
        "-t /dev/stdin <<< \"$(cat $t)\"",
        &format!("-t $t {secret}"),
        &format!("-t <(cat $t) {secret}"),
    ] {
        let herd = herd();
        let server = &herd.servers[0];
        let (topology, directory) = (server.topology.display(), server.directory.display());
        let program = env!("CARGO_BIN_EXE_herd");
        let script = format!("t={topology}; exec {program} up -d {directory} {options}");
        let mut up = Command::new("bash");
        up.args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let up = up.spawn().unwrap();
        server.wait_for_doors();
        super::say(server, "kiwi", 1);
        // The servers read it again at SIGHUP, for it lasts.
        assert!(send_signal("HUP", &up.id().to_string()));
        server.logged("the topology was read again: links kept: 0");
        end(up);
    }
}

/// A cargo that has built already, where it was told to, and says where if it is asked to.
const CARGO: &str = "#!/bin/sh
d=${CARGO_TARGET_DIR:-${CARGO_BUILD_TARGET_DIR:-target}}/release
mkdir -p $d && cp \"$HERD\" $d/herd
case \"$*\" in *--message-format=json*) [ -n \"$QUIET\" ] ||
    echo '{\"reason\":\"compiler-artifact\",\"executable\":\"'$d'/herd\",\"fresh\":true}' ;;
esac
";

#[test]
fn make_herd_starts_what_it_has_built() {
    let herd = herd();
    let server = &herd.servers[0];
    let directory = Directory::new();
    let makefile = Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile");
    fs::copy(makefile, directory.0.join("Makefile")).unwrap();
    fs::copy(&server.topology, directory.0.join("topology.txt")).unwrap();
    let cargo = directory.0.join("cargo");
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, Permissions::from_mode(0o755)).unwrap();
    for (variable, quiet) in [
        ("NOTHING", ""),
        ("NOTHING", "yes"),
        ("CARGO_TARGET_DIR", ""),
        ("CARGO_TARGET_DIR", "yes"),
        ("CARGO_BUILD_TARGET_DIR", ""),
    ] {
        let _ = fs::remove_dir_all(directory.0.join("target"));
        // An old one there is not what was built.
        fs::create_dir_all(directory.0.join("target/release")).unwrap();
        let mut make = Command::new("make");
        make.arg("herd").arg(format!("CARGO={}", cargo.display()));
        make.env_remove("CARGO_TARGET_DIR");
        make.env("HERD", env!("CARGO_BIN_EXE_herd"))
            .env("QUIET", quiet);
        make.current_dir(&directory.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if variable != "NOTHING" {
            make.env(variable, directory.0.join("elsewhere"));
        }
        let mut make = make.spawn().unwrap();
        server.wait_for_doors();
        // It passes the signal on to its child, which has become the herd.
        assert!(send_signal("TERM", &make.id().to_string()));
        wait_until("make has ended", || make.try_wait().unwrap().is_some());
        wait_until("the doors are closed", || {
            !super::support::ports::is_open(server.clients)
        });
    }
}

/// The library would pass over a SOCKS proxy in silence, and send the key past it.
#[test]
fn a_socks_proxy_is_refused_aloud() {
    for (no_proxy, is_refused) in [("", true), ("192.0.2.1", false)] {
        let mut herd = herd();
        let server = &mut herd.servers[0];
        server.options = ["--places-url", "http://192.0.2.1:9"]
            .map(String::from)
            .to_vec();
        server.variables = [
            ("GOOGLE_MAPS_API_KEY", "sesame"),
            ("ALL_PROXY", "socks5h://192.0.2.2:1080"),
            ("NO_PROXY", no_proxy),
        ]
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .to_vec();
        server.start();
        let line = server.logged(" begins; places: ");
        assert_eq!(
            line.contains("is not asked: the environment names a SOCKS"),
            is_refused
        );
        if is_refused {
            super::say(server, "kiwi", 1);
            let answer = ask_text(server.clients, "WHATSAT kiwi0 1 1\n");
            assert!(answer.contains("SOCKS proxy"), "{answer}");
        }
    }
}

#[test]
fn a_limit_on_threads_is_named() {
    let mut herd = herd();
    let server = &mut herd.servers[0];
    let open = Permissions::from_mode(0o777);
    fs::set_permissions(server.topology.parent().unwrap(), open.clone()).unwrap();
    fs::set_permissions(&server.directory, open).unwrap();
    let limited = || {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid", "54321", "--clear-groups", "prlimit", "--nproc=1"]);
        setpriv.arg(env!("CARGO_BIN_EXE_herd"));
        setpriv
    };
    let mut may = Command::new("setpriv");
    may.args(["--reuid", "54321", env!("CARGO_BIN_EXE_herd"), "-V"]);
    if !may.output().is_ok_and(|it| it.status.success()) {
        println!("skipped: no setpriv here, or no right to it");
        return;
    }
    server.launch_as(limited());
    let ended = server.ended();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for name in [
        "TasksMax=",
        "RLIMIT_NPROC",
        "Resource temporarily unavailable",
    ] {
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
    }
    // Without a thread that could wait for the reader, it does not wait for one that has stopped.
    let (_reader, writer) = full_pipe();
    server.launch_to(limited(), Stdio::null(), writer.into());
    assert_eq!(server.ended().code, Some(1));
}
