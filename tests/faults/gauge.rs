//! The weight and the work of a process, as proc(5) shows them.

use std::fs;

use super::support::process::Server;

/// Clock ticks a second: USER_HZ, 100 on every Linux that this runs on.
pub const TICKS: u64 = 100;

/// Its own memory that is resident now, in bytes: heap and stacks, not the program's file.
pub fn memory(server: &Server) -> u64 {
    memory_of(server.pid())
}

/// The same, by its process.
pub fn memory_of(pid: u32) -> u64 {
    status_kib(pid, "RssAnon:") << 10
}

/// The most that was ever resident, all kinds together, in bytes, since [`forget_peak`].
pub fn peak(server: &Server) -> u64 {
    status_kib(server.pid(), "VmHWM:") << 10
}

/// Begins to look for a new peak.
pub fn forget_peak(server: &Server) {
    fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
}

/// Descriptors that are open.
pub fn descriptors(server: &Server) -> usize {
    server.proc_count("fd")
}

/// The processor's time so far, in ticks, its own and the kernel's for it.
pub fn ticks(server: &Server) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    // The name in parentheses may hold anything; behind it the third field is the state.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    [11, 12]
        .iter()
        .map(|place| fields[*place].parse::<u64>().unwrap())
        .sum()
}

fn status_kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

/// A difference that is never less than nothing.
pub fn more(now: u64, before: u64) -> f64 {
    now.saturating_sub(before) as f64
}
