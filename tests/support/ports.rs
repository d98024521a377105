//! Ports for servers that are started, killed and started again.

use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that nobody listens on, and that none of our tests gets twice. It is below those that
/// the kernel gives to whoever dials (32768 and up), so no connection of another test takes it,
/// and dialling it while its server is dead never connects to itself.
/// Dialling asks; a trial bind would not do, since a program that another test starts just then
/// holds a copy of the listener until its exec.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Tests of other processes start elsewhere; no test program takes more than 1,000.
    let start = std::process::id() % 19 * 1_000;
    loop {
        let next = start + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 13_000 + (next % 19_000) as u16;
        if !is_open(port) {
            return port;
        }
    }
}

/// Can it be dialled?
pub fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
