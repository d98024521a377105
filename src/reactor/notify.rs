//! Words to the service manager that started us: systemd's `Type=notify` (sd_notify(3)).
//!
//! It learns when the doors are open, when we read the topology again, when we end, and, if it
//! asked for that with `WatchdogSec=`, that turns still happen. Without a `NOTIFY_SOCKET` nobody is
//! told. A word that the manager has no room for is lost: nothing here may wait.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::clock::machine_us;
use super::shell::ShellTimer;
use crate::buffers::Timers;
use crate::units::Mono;

/// The name of the socket that the manager listens on.
pub const SOCKET: &str = "NOTIFY_SOCKET";

/// The way to the service manager.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    /// The longest that the manager waits for a sign of life, in nanoseconds.
    watchdog: Option<u64>,
}

impl Notifier {
    /// The one that the environment names.
    ///
    /// # Errors
    /// When the manager's socket cannot be reached.
    pub fn from_env() -> io::Result<Notifier> {
        let Some(path) = env::var_os(SOCKET) else {
            return Ok(Notifier::default());
        };
        let pid = std::process::id().to_string();
        let is_ours = env::var("WATCHDOG_PID").map_or(true, |it| it == pid);
        let watchdog = env::var("WATCHDOG_USEC").ok().filter(|_| is_ours);
        let watchdog = watchdog.and_then(|it| it.parse::<u64>().ok());
        Notifier::connect(&path, watchdog.map(|us| us.saturating_mul(1_000)))
    }

    /// A notifier that speaks to the socket at `path`; after an `@`, in the abstract namespace
    /// (unix(7)).
    fn connect(path: &OsStr, watchdog: Option<u64>) -> io::Result<Notifier> {
        let address = match path.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(path)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        Ok(Notifier {
            socket: Some(socket),
            watchdog: watchdog.filter(|it| *it > 0),
        })
    }

    /// The doors are open, or the topology has been read again.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The topology is being read again. With `Type=notify-reload` systemd waits for a reload that
    /// began after it asked for one, so it wants to know when.
    pub fn reloading(&self) {
        match machine_us() {
            Ok(now) => self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={now}")),
            Err(_) => self.tell("RELOADING=1"),
        }
    }

    /// The process is going to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Turns still happen: says so if the manager waits for it, and arms the next time, at half of
    /// what it waits for.
    pub fn alive(&self, timers: &mut Timers<ShellTimer>, now: Mono) {
        if let Some(watchdog) = self.watchdog {
            self.tell("WATCHDOG=1");
            timers.set(ShellTimer::Watchdog, now + watchdog / 2);
        }
    }

    fn tell(&self, state: &str) {
        if let Some(socket) = &self.socket {
            // It may have no room, or be gone: then there is nobody to tell.
            let _ = socket.send(state.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_a_socket_with_an_abstract_name() {
        let name = format!("herd-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("an address");
        let manager = UnixDatagram::bind_addr(&address).expect("a socket");
        let path = format!("@{name}");
        let notifier = Notifier::connect(OsStr::new(&path), Some(3_000)).expect("a notifier");
        let mut timers = Timers::default();
        notifier.ready();
        notifier.alive(&mut timers, Mono(0));
        assert_eq!(timers.next(), Some(Mono(1_500)));
        let mut buffer = [0; 64];
        for want in ["READY=1", "WATCHDOG=1"] {
            let count = manager.recv(&mut buffer).expect("a word");
            assert_eq!(buffer[..count], *want.as_bytes());
        }
        drop(manager);
        // Nobody is there any more, and that is all.
        notifier.stopping();
    }

    #[test]
    fn a_manager_that_does_not_read_holds_up_nobody() {
        let name = format!("herd-notify-full-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("an address");
        let _manager = UnixDatagram::bind_addr(&address).expect("a socket");
        let path = format!("@{name}");
        let notifier = Notifier::connect(OsStr::new(&path), None).expect("a notifier");
        (0..100_000).for_each(|_| notifier.reloading());
    }
}
