//! Requests from outside the sockets: signals, commands on standard input and its end, and the end
//! of the terminal.
//!
//! SIGINT and SIGTERM ask the process to end, SIGUSR1 to reopen its log, SIGHUP to read the
//! topology again; SIGCHLD tells `herd up` that a server has ended. A terminal that closes sends
//! SIGHUP, too: a process that had one, and has none any more, ends.
//!
//! A process inherits signals from its parent, blocked and ignored ones, and process 1 of a
//! container has no default action for any (pid_namespaces(7)). So nothing is left to chance: what
//! is blocked is unblocked, and a server catches its signals before it does anything else.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::event::Event;
use mio::net::UnixStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag::{register, register_conditional_shutdown};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::token::{SIGNALS, STDIN};
use crate::limits::LIMITS;
use crate::units::Mono;

/// On standard input this byte means SIGHUP: `herd up` passes signals on to its children by it.
pub const REREAD: u8 = b'h';
/// The same for SIGUSR1.
pub const REOPEN: u8 = b'u';

/// Signals as an event source: the handler sets a flag and writes a byte to a socket pair, the only
/// things that are safe there (signal-safety(7)), and the loop reads it. A parent process may send
/// the same requests on standard input.
#[derive(Debug)]
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    /// Until the loop begins, SIGINT and SIGTERM end the process in the handler.
    is_starting: Arc<AtomicBool>,
    has_terminal: bool,
    /// End when standard input does.
    until_eof: bool,
    stdin: Option<File>,
    /// The requests that have come, until the loop takes them.
    pub requests: Requests,
    /// When we were first asked to end.
    first_end: Option<Mono>,
    /// A second signal has asked to end at once.
    pub forced_exit: bool,
}

/// Requests to the loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// End, once every reply that is owed is sent.
    pub end: bool,
    /// Read the topology again.
    pub reload: bool,
    /// Reopen the log.
    pub reopen: bool,
    /// A child has ended, if there are any.
    pub reap: bool,
}

impl Signals {
    /// Keeps SIGHUP and SIGUSR1 for the loop: a name may be resolved and a long journal read before
    /// it begins. Until then SIGINT and SIGTERM end the process at once, as it was asked to, for
    /// nobody is owed anything.
    ///
    /// A server that ends with its standard input (`until_eof`) has no terminal of its own.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn catch(until_eof: bool) -> io::Result<Signals> {
        let has_terminal = !until_eof && has_terminal();
        let is_starting = Arc::new(AtomicBool::new(true));
        for signal in [SIGINT, SIGTERM] {
            register_conditional_shutdown(signal, 0, Arc::clone(&is_starting))?;
        }
        let (receiver, sender) = UnixStream::pair()?;
        let signals = [SIGHUP, SIGUSR1, SIGINT, SIGTERM, SIGCHLD];
        Ok(Signals {
            delivery: SignalDelivery::with_pipe(receiver, sender, SignalOnly, signals)?,
            is_starting,
            has_terminal,
            until_eof,
            stdin: None,
            requests: Requests::default(),
            first_end: None,
            forced_exit: false,
        })
    }

    /// Keeps all of them for the loop from now on, and watches for those that came; and for
    /// commands on standard input and its end (an event of its own, EPOLLHUP), if `until_eof`.
    ///
    /// # Errors
    /// When standard input is nothing that can be polled, such as a file, or there is no descriptor
    /// left.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.is_starting.store(false, Ordering::SeqCst);
        registry.register(self.delivery.get_read_mut(), token, Interest::READABLE)?;
        if self.until_eof {
            let watched = registry.register(&mut SourceFd(&0), STDIN, Interest::READABLE);
            let why = "standard input cannot be watched for its end; make it a pipe";
            watched.map_err(|_| io::Error::other(why))?;
            self.stdin = Some(io::stdin().as_fd().try_clone_to_owned()?.into());
        }
        Ok(())
    }

    /// Takes in an event.
    pub(super) fn event(&mut self, event: &Event, now: Mono) {
        match &mut self.stdin {
            _ if event.token() == SIGNALS => self.caught(now),
            Some(_) if event.is_read_closed() || event.is_error() => self.requests.end = true,
            Some(stdin) if event.is_readable() => {
                // It does not block, being readable.
                let mut bytes = [0; 4096];
                let count = stdin.read(&mut bytes).unwrap_or(0);
                self.requests.reload |= bytes[..count].contains(&REREAD);
                self.requests.reopen |= bytes[..count].contains(&REOPEN);
            }
            _ => {}
        }
    }

    /// Takes in the signals that came.
    pub fn caught(&mut self, now: Mono) {
        for signal in self.delivery.pending() {
            match signal {
                SIGUSR1 => self.requests.reopen = true,
                SIGCHLD => self.requests.reap = true,
                SIGHUP if !self.has_terminal || !has_lost_terminal() => self.requests.reload = true,
                _ => {
                    self.requests.end = true;
                    let first = *self.first_end.get_or_insert(now);
                    self.forced_exit |= now.since(first) >= LIMITS.signals_gap;
                }
            }
        }
    }
}

/// Undoes what a parent may have done to signals. For the start of the program.
///
/// A write beyond a limit on the size of files (setrlimit(2)) sends SIGXFSZ; caught, it is an error
/// of that write alone. The standard library has done the same for SIGPIPE.
///
/// # Errors
/// The kernel's.
pub fn undo_inherited() -> io::Result<()> {
    SigSet::all().thread_unblock()?;
    register(SIGXFSZ, Arc::default())?;
    Ok(())
}

/// Has SIGINT and SIGTERM end process 1 of a container, as they end any other process by default.
/// For verbs without signals of their own.
///
/// # Errors
/// The kernel's.
pub fn end_as_process_1() -> io::Result<()> {
    if process::id() == 1 {
        for signal in [SIGINT, SIGTERM] {
            let always = Arc::new(AtomicBool::new(true));
            register_conditional_shutdown(signal, 128 + signal, always)?;
        }
    }
    Ok(())
}

/// Has Ctrl-C end the process with status 0. For verbs that go on until somebody has seen enough.
///
/// # Errors
/// The kernel's.
pub fn end_well_at_interrupt() -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    register_conditional_shutdown(SIGINT, 0, always)?;
    Ok(())
}

/// Whether the process was started from a terminal, and ends with it. This is looked for before
/// SIGHUP is caught: nohup(1) has SIGHUP ignored, and wants us to outlive the terminal.
fn has_terminal() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    let outlives = ignored.is_some_and(|signals| signals >> (SIGHUP - 1) & 1 == 1);
    !outlives && File::open("/dev/tty").is_ok()
}

/// Whether the terminal is closed now.
fn has_lost_terminal() -> bool {
    // Not, for example, for lack of a descriptor.
    let is_gone = |error| matches!(Errno::try_from(error), Ok(Errno::EIO | Errno::ENXIO));
    File::open("/dev/tty").is_err_and(is_gone)
}
