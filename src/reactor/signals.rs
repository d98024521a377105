//! Requests from outside the sockets: signals, commands on standard input and its end, and the end
//! of the terminal.
//!
//! SIGINT and SIGTERM ask the process to end, SIGUSR1 to reopen its log, SIGHUP to read the
//! topology again. A terminal that closes sends SIGHUP, too: a process that had one, and has none
//! any more, ends.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::event::Event;
use mio::net::UnixStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

use super::token::{SIGNALS, STDIN};
use crate::limits::Limits;
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
    receiver: UnixStream,
    sender: UnixStream,
    /// In the order of [`CAUGHT`]: the signal has come.
    flags: [Arc<AtomicBool>; CAUGHT.len()],
    terminal: Terminal,
    stdin: Option<File>,
    requests: Requests,
    /// When we were first asked to end.
    first_end: Option<Mono>,
    forced_exit: bool,
}

const CAUGHT: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1];

/// Requests to the loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// End, once every reply that is owed is sent.
    pub end: bool,
    /// Read the topology again.
    pub reload: bool,
    /// Reopen the log.
    pub reopen: bool,
}

impl Signals {
    /// Keeps SIGHUP and SIGUSR1 for the loop: a long journal may be read before it begins. SIGINT
    /// and SIGTERM still end the process at once, for nobody is owed anything.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn catch() -> io::Result<Signals> {
        let terminal = Terminal::look();
        let (receiver, sender) = UnixStream::pair()?;
        let signals = Signals {
            receiver,
            sender,
            flags: Default::default(),
            terminal,
            stdin: None,
            requests: Requests::default(),
            first_end: None,
            forced_exit: false,
        };
        signals.register(&[SIGHUP, SIGUSR1])?;
        Ok(signals)
    }

    /// Catches all of them from now on, and watches for those that came; and for commands on
    /// standard input and its end (an event of its own, EPOLLHUP), if `until_eof`.
    ///
    /// # Errors
    /// When standard input is nothing that can be polled, such as a file, or there is no descriptor
    /// left.
    pub fn watch(&mut self, registry: &Registry, token: Token, until_eof: bool) -> io::Result<()> {
        self.register(&[SIGINT, SIGTERM])?;
        registry.register(&mut self.receiver, token, Interest::READABLE)?;
        if until_eof {
            let watched = registry.register(&mut SourceFd(&0), STDIN, Interest::READABLE);
            watched.map_err(|_| {
                io::Error::other("standard input cannot be watched for its end; make it a pipe")
            })?;
            self.stdin = Some(io::stdin().as_fd().try_clone_to_owned()?.into());
        }
        Ok(())
    }

    fn register(&self, signals: &[i32]) -> io::Result<()> {
        let all = CAUGHT.into_iter().zip(&self.flags);
        for (signal, flag) in all.filter(|(signal, _)| signals.contains(signal)) {
            // In this order: the loop that is woken finds the flag.
            signal_hook::flag::register(signal, Arc::clone(flag))?;
            let sender = self.sender.as_fd().try_clone_to_owned()?;
            signal_hook::low_level::pipe::register(signal, sender)?;
        }
        Ok(())
    }

    /// Takes in an event; the requests are kept for [`Signals::take`].
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

    /// Takes in the signals that came; the requests are kept for [`Signals::take`].
    pub fn caught(&mut self, now: Mono) {
        let mut bytes = [0; 16];
        loop {
            match self.receiver.read(&mut bytes) {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let [int, term, hup, reopen] =
            [0, 1, 2, 3].map(|it| self.flags[it].swap(false, Ordering::SeqCst));
        let hung_up = hup && self.terminal.has_gone();
        self.requests.reload |= hup && !hung_up;
        self.requests.reopen |= reopen;
        if int || term || hung_up {
            self.requests.end = true;
            let first = *self.first_end.get_or_insert(now);
            self.forced_exit |= now.since(first) >= Limits::PRODUCT.signals_gap;
        }
    }

    /// Takes the requests that have come.
    pub fn take(&mut self) -> Requests {
        std::mem::take(&mut self.requests)
    }

    /// Whether a second signal has asked to end at once.
    pub fn forced_exit(&self) -> bool {
        self.forced_exit
    }
}

/// The terminal from which the process was started, if it ends with that terminal.
#[derive(Clone, Copy, Debug)]
pub struct Terminal(bool);

impl Terminal {
    /// Looks for it, before SIGHUP is caught: nohup(1) has SIGHUP ignored, and wants us to outlive
    /// the terminal.
    pub fn look() -> Terminal {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
        let outlives = ignored.is_some_and(|signals| signals >> (SIGHUP - 1) & 1 == 1);
        Terminal(!outlives && File::open("/dev/tty").is_ok())
    }

    /// Whether there was one that is closed now.
    pub fn has_gone(self) -> bool {
        // Not, for example, for lack of a descriptor.
        let is_gone = |error: io::Error| matches!(error.raw_os_error(), Some(EIO | ENXIO));
        self.0 && File::open("/dev/tty").is_err_and(is_gone)
    }
}

/// The errors of opening a terminal that is not there (tty(4)), by their numbers on Linux.
const EIO: i32 = 5;
const ENXIO: i32 = 6;
