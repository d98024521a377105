//! Processes beside ours that have what a member needs: its journal, or the port of a door.
//!
//! Most often that is the same herd, started before and forgotten, or one server of it that was
//! started from another terminal. We look, and lock nothing of a server's, so no server that is
//! just starting is disturbed.

use std::fs::{File, TryLockError};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::members::Herd;
use crate::holder::{self, Listening, Process};
use crate::limits::LIMITS;
use crate::terminal::{age, list};
use crate::topology::{Host, Server};

/// Such a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// None: the kernel does not tell us.
    process: Option<Process>,
    /// It is this very server, of this run directory.
    is_same: bool,
    /// The port that it has; none: it has the journal.
    port: Option<u16>,
}

/// Claims the run directory for the time in which servers start, so that two herds that start at
/// the same moment do not each get a half of them. The lock lasts as long as the file that is
/// returned. A directory that cannot be locked, such as one of some network file systems, is not.
///
/// # Errors
/// When another `herd up` has it.
pub fn claim_start(directory: &Path) -> Result<Option<File>, String> {
    let Ok(file) = File::open(directory) else {
        return Ok(None);
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::Error(_)) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let pid = holder::of_lock(directory).map(|it| format!(" (pid {})", it.pid));
            Err(format!(
                "another herd up{} is starting servers in {} right now; wait until it has",
                pid.unwrap_or_default(),
                directory.display()
            ))
        }
    }
}

/// By member: the process that has what it needs, if there is one.
pub fn look(herd: &Herd) -> Vec<Option<Other>> {
    let listening = holder::listening();
    let members = 0..herd.members.len();
    members
        .map(|member| other(herd, member, &listening))
        .collect()
}

fn other(herd: &Herd, member: usize, listening: &[Listening]) -> Option<Other> {
    let name = herd.name(member);
    let is_it = |process: &Option<Process>| process.as_ref().is_some_and(|it| it.serves(name));
    if herd.has_journals {
        let process = holder::of_lock(&herd.journal(member));
        if process.is_some() {
            let is_same = is_it(&process);
            let port = None;
            return Some(Other {
                process,
                is_same,
                port,
            });
        }
    }
    let server = &herd.topology.servers[herd.members[member].server];
    let (found, port) = taken(server, listening)?;
    let process = found.process();
    Some(Other {
        // In a herd without journals nothing but its doors says which server it is.
        is_same: !herd.has_journals && is_it(&process),
        process,
        port: Some(port),
    })
}

/// The first port of a server that is listened on. A name other than the loopback's would have to
/// be resolved first, which may take long; its server finds out by itself.
fn taken<'a>(server: &Server, listening: &'a [Listening]) -> Option<(&'a Listening, u16)> {
    let addresses: Vec<IpAddr> = match server.listens_on() {
        Host::Ip(ip) => vec![*ip],
        host if host.is_loopback() => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Host::Name(_) => Vec::new(),
    };
    let ports = [Some(server.clients), server.servers];
    ports.into_iter().flatten().find_map(|port| {
        let takes = |it: &&Listening| addresses.iter().any(|address| it.takes(*address, port));
        Some((listening.iter().find(takes)?, port))
    })
}

/// Why this herd cannot be started beside these, and what to do; none: at least a part of it can.
pub fn refusal(others: &[Option<Other>]) -> Option<String> {
    let found: Vec<&Other> = others.iter().flatten().collect();
    let same: Vec<&Other> = found.iter().copied().filter(|it| it.is_same).collect();
    let processes = || found.iter().filter_map(|it| it.process.as_ref());
    if let Some(up) = processes().find_map(Process::up) {
        let (pid, time) = (up.pid, age(up.age));
        let who = format!("(herd up, pid {pid}, for {time})");
        let end = format!("end it with Ctrl-C there, or: kill {pid}");
        return Some(match (same.len(), others.len()) {
            (all, members) if all == members => format!("this herd already runs {who}; {end}"),
            (0, _) => {
                let what = found.iter().find_map(|it| it.port);
                let what = what.map_or("a journal".to_string(), |port| format!("port {port}"));
                format!("another herd has {what} {who}; {end}")
            }
            (some, members) => format!(
                "{some} of the {members} servers already run {who}; end it with Ctrl-C there or \
                 kill {pid}, or take another directory with -d DIR"
            ),
        });
    }
    if found.len() < others.len() {
        return None;
    }
    if same.len() == others.len() {
        let oldest = processes().map(|it| it.age).max();
        let time = oldest.map(age).unwrap_or_default();
        let pids = processes().map(|it| it.pid.to_string());
        let pids: Vec<String> = pids.take(LIMITS.up_pids).collect();
        let more = match others.len() > pids.len() {
            true => " ...",
            false => "",
        };
        let pids = pids.join(" ");
        return Some(format!(
            "this herd already runs, started server by server (for {time}); end it with: kill \
             {pids}{more}"
        ));
    }
    Some(format!(
        "no server can start: {}; end that, or change the ports in the topology",
        list(found.iter().find(|it| !it.is_same).map(|it| it.has()))
    ))
}

impl Other {
    /// The number of its process, if it is the member itself, started elsewhere.
    pub fn stray(&self) -> Option<u32> {
        let process = self.process.as_ref();
        process.filter(|_| self.is_same).map(|it| it.pid)
    }

    fn has(&self) -> String {
        let what = self
            .port
            .map_or("a journal".to_string(), |port| format!("port {port}"));
        match &self.process {
            Some(process) => format!("{} (pid {}) has {what}", process.name(), process.pid),
            None => format!("{what} is in use by another program"),
        }
    }
}
