//! A network and a table of names that belong to one test: it runs itself again in name spaces of
//! its own, where addresses, name servers and settings of the kernel harm nobody. Linux alone, and
//! where the user may have name spaces.

use std::env;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::herd::Directory;

const INSIDE: &str = "HERD_TEST_SPACE";

/// The inside of such name spaces. Its only device is `lo`, which is up.
pub struct Space {
    pub directory: Directory,
}

impl Space {
    /// Runs the test called `test` again, inside. Returns the space to the inner run, and nothing
    /// to the outer one, which has passed then.
    pub fn enter(test: &str) -> Option<Space> {
        if env::var_os(INSIDE).is_some() {
            run("ip link set lo up");
            return Some(Space::inside());
        }
        let is_root = fs::metadata("/proc/self").is_ok_and(|it| is_of_root(&it));
        let flags = if is_root { "-nm" } else { "-rnm" };
        let trial = Command::new("unshare").args([flags, "ip", "link"]).output();
        if !trial.is_ok_and(|trial| trial.status.success()) {
            eprintln!("{test} is skipped: no name spaces, or no ip(8), for this user");
            return None;
        }
        let output = Command::new("unshare")
            .arg(flags)
            .arg(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--include-ignored"])
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        // The lines of the test alone, without those of the harness around it.
        let lines = said.lines().filter(|line| !line.is_empty());
        let lines =
            lines.filter(|line| !line.starts_with("running ") && !line.starts_with("test "));
        lines.for_each(|line| println!("{line}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        let has_run = said.contains("1 passed");
        assert!(output.status.success() && has_run, "{errors}");
        None
    }

    /// The space that this process is in.
    pub fn inside() -> Space {
        let directory = Directory::new();
        Space { directory }
    }

    /// A file in place of a system's own, or of the one that a test before this one put there.
    fn cover(&self, path: &str, text: &str) {
        let name = Path::new(path).file_name().unwrap();
        let file = self.directory.0.join(name);
        let is_new = !file.exists();
        fs::write(&file, text).unwrap();
        if is_new {
            let mount = format!("mount --bind {} {path}", file.display());
            run(&format!("umount {path} 2>/dev/null; {mount}"));
        }
    }

    /// Resolves these names, by lines of a hosts file; and all others by the name server on
    /// 127.0.0.1, if there is one.
    pub fn names(&self, hosts: &str) {
        self.cover("/etc/nsswitch.conf", "hosts: files dns\n");
        self.cover("/etc/resolv.conf", "nameserver 127.0.0.1\n");
        self.cover("/etc/hosts", hosts);
    }

    /// A device `v0` that leads nowhere, with these addresses; packets to `holes` vanish in it.
    pub fn device(&self, addresses: &[&str], holes: &[&str]) {
        run("ip link add v0 type veth peer name v1");
        run("ip link set v0 up && ip link set v1 up");
        for address in addresses {
            let nodad = if address.contains(':') { "nodad" } else { "" };
            run(&format!("ip addr add {address} dev v0 {nodad}"));
        }
        for hole in holes {
            let to = "lladdr 02:00:00:00:00:99 dev v0 nud permanent";
            run(&format!("ip neigh add {hole} {to}"));
        }
    }
}

/// A name server: `answers` is told each name that is asked for, and gives the last byte of an
/// address 127.0.0.N, or lets the question go unanswered.
pub fn name_server(mut answers: impl FnMut(&str) -> Option<u8> + Send + 'static) {
    let door = UdpSocket::bind("127.0.0.1:53").unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, asker)) = door.recv_from(&mut buffer) {
            if let Some(answer) = answer(&buffer[..count], &mut answers) {
                door.send_to(&answer, asker).unwrap();
            }
        }
    });
}

/// The answer to a question of RFC 1035: an address for an A, and none for an AAAA.
fn answer(query: &[u8], answers: &mut impl FnMut(&str) -> Option<u8>) -> Option<Vec<u8>> {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let end = at + 1 + query[at] as usize;
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).into_owned());
        at = end;
    }
    let question = &query[12..at + 5];
    let is_a = question.ends_with(&[0, 1, 0, 1]);
    let last = answers(&labels.join("."))?;
    let mut answer = [
        &query[..2],
        &[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0],
    ]
    .concat();
    answer.extend_from_slice(question);
    if is_a {
        // The name again, A, IN, no time to live, four bytes.
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend_from_slice(&[127, 0, 0, last]);
    }
    Some(answer)
}

fn is_of_root(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == 0
}

/// Runs a line of the shell, which must succeed.
#[track_caller]
pub fn run(line: &str) {
    if let Err(why) = tried(line) {
        panic!("{why}");
    }
}

/// Runs a line of the shell. Its error is what it said.
pub fn tried(line: &str) -> Result<(), String> {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{line}: {}", errors.trim())),
    }
}
