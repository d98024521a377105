//! What reaches the process from outside its sockets: signals, the end of standard input, and the
//! end of the terminal.
//!
//! SIGINT and SIGTERM ask it to end, SIGUSR1 to begin its log anew, SIGHUP to read the topology
//! again. A terminal that closes says SIGHUP, too: whoever had one, and has none any more, ends.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::net::UnixStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

use super::LIMITS;
use super::token::STDIN;
use crate::units::Mono;

/// On standard input this byte stands for SIGHUP, for a process that has children.
pub const REREAD: u8 = b'h';
/// Likewise, for SIGUSR1.
pub const REOPEN: u8 = b'u';

/// Signals as an event source: the handler sets a flag and writes a byte to a socket pair, the only
/// things that are safe there (signal-safety(7)), and the loop reads it.
#[derive(Debug)]
pub struct Signals {
    receiver: UnixStream,
    sender: UnixStream,
    /// By [`CAUGHT`]: it has come.
    flags: [Arc<AtomicBool>; CAUGHT.len()],
    terminal: Terminal,
    /// When we were first asked to end.
    first: Option<Mono>,
}

const CAUGHT: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1];

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// To end, and to give first what is owed.
    pub end: bool,
    /// To end, whatever is owed.
    pub end_now: bool,
    /// To read the topology again.
    pub reread: bool,
    /// To begin the log anew.
    pub reopen: bool,
}

impl Signals {
    /// Has SIGHUP and SIGUSR1 wait for the loop: a long journal may be read before that. SIGINT
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
            first: None,
        };
        signals.register(&[SIGHUP, SIGUSR1])?;
        Ok(signals)
    }

    /// Catches all of them from now on, and watches for those that came.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.register(&[SIGINT, SIGTERM])?;
        registry.register(&mut self.receiver, token, Interest::READABLE)
    }

    fn register(&self, signals: &[i32]) -> io::Result<()> {
        let all = CAUGHT.into_iter().zip(&self.flags);
        for (signal, flag) in all.filter(|(signal, _)| signals.contains(signal)) {
            // In this order: who is woken finds the flag.
            signal_hook::flag::register(signal, Arc::clone(flag))?;
            let sender = self.sender.as_fd().try_clone_to_owned()?;
            signal_hook::low_level::pipe::register(signal, sender)?;
        }
        Ok(())
    }

    /// Takes note of those that came.
    pub fn take(&mut self, now: Mono) -> Asked {
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
        let end = int || term || hung_up;
        let end_now = end
            && self
                .first
                .is_some_and(|first| now.since(first) >= LIMITS.signals_gap);
        if end {
            self.first.get_or_insert(now);
        }
        Asked {
            end,
            end_now,
            reread: hup && !hung_up,
            reopen,
        }
    }
}

/// The terminal from which the process was started, if it was, and is to end with it.
#[derive(Clone, Copy, Debug)]
pub struct Terminal(bool);

impl Terminal {
    /// Is there one? Before SIGHUP is caught: nohup(1) has it ignored, and wants us to outlive the
    /// terminal.
    pub fn look() -> Terminal {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
        let outlives = ignored.is_some_and(|signals| signals >> (SIGHUP - 1) & 1 == 1);
        Terminal(!outlives && File::open("/dev/tty").is_ok())
    }

    /// There was one, and is none any more: it was closed.
    pub fn has_gone(self) -> bool {
        // Not for lack of a descriptor, say.
        let is_gone = |error: io::Error| matches!(error.raw_os_error(), Some(EIO | ENXIO));
        self.0 && File::open("/dev/tty").is_err_and(is_gone)
    }
}

/// There is no terminal (tty(4)), by its numbers on Linux.
const EIO: i32 = 5;
const ENXIO: i32 = 6;

/// Standard input, a pipe: its end, and the bytes that stand for signals.
#[derive(Debug)]
pub struct Stdin(File);

impl Stdin {
    /// Watches it. Its end is an event of its own (EPOLLHUP).
    ///
    /// # Errors
    /// When standard input is nothing that can be polled, such as a file.
    pub fn watch(registry: &Registry) -> io::Result<Stdin> {
        registry.register(&mut SourceFd(&0), STDIN, Interest::READABLE)?;
        Ok(Stdin(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
    }

    /// What came. Only after an event that says that it is readable: then it does not block.
    pub fn take(&mut self) -> Asked {
        let mut bytes = [0; 4096];
        let count = self.0.read(&mut bytes).unwrap_or(0);
        Asked {
            reread: bytes[..count].contains(&REREAD),
            reopen: bytes[..count].contains(&REOPEN),
            ..Asked::default()
        }
    }
}
