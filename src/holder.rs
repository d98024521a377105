//! The process that holds a lock or a port, as the kernel tells it in proc(5).
//!
//! Nothing is written down for it, so nothing can be out of date after a crash. It is a help for
//! people and may fail: a process of another user, or of a container beside ours, is not seen.

use std::fs::{self, Metadata};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{major, minor};
use rustix::param::clock_ticks_per_second;

/// A process, as it was when we looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    parent: u32,
    /// Its command line.
    words: Vec<String>,
    /// Whole seconds since it was started.
    pub age: u64,
}

/// A port that some process of this machine listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    address: IpAddr,
    port: u16,
    /// The number of the socket.
    inode: u64,
}

impl Process {
    /// The process of this number, if there is one.
    pub fn of(pid: u32) -> Option<Process> {
        let facts = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
        // The name before the third field may hold anything.
        let facts: Vec<&str> = facts.rsplit_once(") ")?.1.split(' ').collect();
        let started: u64 = facts.get(19)?.parse().ok()?;
        let started = started as f64 / clock_ticks_per_second() as f64;
        let words = words.strip_suffix(b"\0").unwrap_or(&words);
        let words = words.split(|byte| *byte == 0);
        Some(Process {
            pid,
            parent: facts.get(1)?.parse().ok()?,
            words: words
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect(),
            age: (uptime - started).max(0.0) as u64,
        })
    }

    /// Whether it is `herd serve` for this server.
    pub fn serves(&self, name: &str) -> bool {
        let is_serve = self.words.get(1).is_some_and(|word| word == "serve");
        is_serve && self.words.iter().skip(2).any(|word| word == name)
    }

    /// The `herd up` that started it, if one did.
    pub fn up(&self) -> Option<Process> {
        let is_child = self.words.iter().any(|word| word == "--until-eof");
        let parent = is_child.then(|| Process::of(self.parent)).flatten()?;
        let is_up = parent.words.get(1).is_some_and(|word| word == "up");
        is_up.then_some(parent)
    }

    /// The name of its program, with its verb if that is ours.
    pub fn name(&self) -> String {
        let program = self.words.first().map_or("a process", String::as_str);
        let program = program.rsplit('/').next().unwrap_or(program);
        match self.words.get(1).map(String::as_str) {
            Some(verb @ ("serve" | "up")) => format!("{program} {verb}"),
            _ => program.to_string(),
        }
    }
}

/// The process that has locked the file at `path` (flock(2)).
pub fn of_lock(path: &Path) -> Option<Process> {
    let facts = fs::metadata(path).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let holds = |pid: &u32| has_open(*pid, &facts);
    let found = lockers(&locks, facts.ino());
    let sure = found.iter().find(|(device, pid)| {
        // Some file systems give a file another device than they give its lock.
        *device == (major(facts.dev()), minor(facts.dev())) || holds(pid)
    });
    Process::of(sure?.1)
}

/// The holders of locks on a file of this number, each with the device of the file.
fn lockers(locks: &str, inode: u64) -> Vec<((u32, u32), u32)> {
    let holder = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[_, "FLOCK", _, _, pid, file, ..] = &words[..] else {
            // A line with an arrow is about a process that waits.
            return None;
        };
        let [major, minor, number] = file.split(':').collect::<Vec<_>>().try_into().ok()?;
        let device = [major, minor].map(|part| u32::from_str_radix(part, 16).ok());
        (number.parse() == Ok(inode)).then_some(())?;
        Some(((device[0]?, device[1]?), pid.parse().ok()?))
    };
    locks.lines().filter_map(holder).collect()
}

fn has_open(pid: u32, facts: &Metadata) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    let mut files = files.into_iter().flatten().filter_map(Result::ok);
    files.any(|file| {
        fs::metadata(file.path()).is_ok_and(|it| (it.dev(), it.ino()) == (facts.dev(), facts.ino()))
    })
}

/// All ports that are listened on.
pub fn listening() -> Vec<Listening> {
    let files = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = files.map(|file| fs::read_to_string(file).unwrap_or_default());
    texts
        .iter()
        .flat_map(|text| text.lines().filter_map(listener))
        .collect()
}

/// A listener, out of a line of `/proc/net/tcp` or `/proc/net/tcp6`.
fn listener(line: &str) -> Option<Listening> {
    const LISTEN: &str = "0A";
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[_, local, _, LISTEN, _, _, _, _, _, inode, ..] = &words[..] else {
        return None;
    };
    let (address, port) = local.split_once(':')?;
    // Each 32 bits of an address are a number of this machine's byte order.
    let bytes = (0..address.len() / 8).map(|at| {
        let word = u32::from_str_radix(address.get(8 * at..8 * at + 8)?, 16);
        word.ok().map(u32::to_ne_bytes)
    });
    let bytes = bytes.collect::<Option<Vec<_>>>()?.concat();
    let address = match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(four) => Ipv4Addr::from(four).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
    };
    Some(Listening {
        address,
        port: u16::from_str_radix(port, 16).ok()?,
        inode: inode.parse().ok()?,
    })
}

impl Listening {
    /// Whether nobody else can listen at this port of `address`.
    pub fn takes(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let is_same =
            self.address == address || self.address.is_unspecified() || address.is_unspecified();
        self.port == port && is_same
    }

    /// The process that listens.
    pub fn process(&self) -> Option<Process> {
        let name = format!("socket:[{}]", self.inode);
        let has_it = |pid: &u32| {
            let files = fs::read_dir(format!("/proc/{pid}/fd"));
            let mut files = files.into_iter().flatten().filter_map(Result::ok);
            files.any(|file| fs::read_link(file.path()).is_ok_and(|it| it.as_os_str() == &*name))
        };
        let all = fs::read_dir("/proc").into_iter().flatten();
        let mut pids = all.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
        Process::of(pids.find(has_it)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;
    use std::process;

    use super::*;

    #[test]
    fn we_are_found_by_our_lock() {
        let path = std::env::temp_dir().join(format!("herd-holder-{}", process::id()));
        let file = File::create(&path).unwrap();
        assert_eq!(of_lock(&path), None);
        file.try_lock().unwrap();
        assert_eq!(of_lock(&path).map(|it| it.pid), Some(process::id()));
        drop(file);
        assert_eq!(of_lock(&path), None);
        fs::remove_file(&path).unwrap();
        assert_eq!(of_lock(&path), None);
    }

    #[test]
    fn we_are_found_by_our_port() {
        for host in ["127.0.0.1", "::1", "0.0.0.0", "::"] {
            let host: IpAddr = host.parse().unwrap();
            let Ok(ours) = TcpListener::bind((host, 0)) else {
                println!("skipped: no {host} here");
                continue;
            };
            let port = ours.local_addr().unwrap().port();
            let takes = |it: &Listening| it.takes(host, port);
            let found = listening().into_iter().find(takes).unwrap();
            assert_eq!(found.process().map(|it| it.pid), Some(process::id()));
            assert!(!found.takes(host, port - 1));
            drop(ours);
            assert!(!listening().iter().any(takes));
        }
    }

    #[test]
    fn only_holders_of_this_file_count() {
        let locks = "1: FLOCK  ADVISORY  WRITE 12 fe:00:7 0 EOF\n\
            1: -> FLOCK  ADVISORY  WRITE 13 fe:00:7 0 EOF\n\
            2: POSIX  ADVISORY  WRITE 14 fe:00:7 0 EOF\n\
            3: FLOCK  ADVISORY  WRITE 15 fe:00:8 0 EOF\n\
            4: FLOCK  ADVISORY  READ 16 00:2c:7 0 EOF\nnonsense\n";
        assert_eq!(lockers(locks, 7), [((254, 0), 12), ((0, 44), 16)]);
    }

    #[test]
    fn a_herd_is_known_by_its_words() {
        let process = |words: &[&str]| Process {
            pid: 1,
            parent: 0,
            words: words.iter().map(|it| it.to_string()).collect(),
            age: 0,
        };
        let server = process(&["target/release/herd", "serve", "-d", "x", "A"]);
        assert!(server.serves("A") && !server.serves("B"));
        assert!(!process(&["herd", "ask", "A"]).serves("A"));
        assert_eq!(server.name(), "herd serve");
        assert_eq!(process(&["/usr/bin/python3", "x.py"]).name(), "python3");
    }
}
