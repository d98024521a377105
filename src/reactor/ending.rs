//! What ends the process: a signal, or the end of standard input.

use std::io::{self, ErrorKind, Read};

use mio::net::UnixStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::LIMITS;
use super::token::{SIGNALS, STDIN};
use crate::units::Mono;

/// SIGINT and SIGTERM as an event source: the handler writes a byte to a socket pair, the only
/// thing that is safe there (signal-safety(7)), and the loop reads it.
#[derive(Debug)]
pub struct Signals {
    receiver: UnixStream,
    /// When the first came.
    first: Option<Mono>,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To end, and to give first what is owed.
    End,
    /// To end, whatever is owed.
    EndNow,
}

impl Signals {
    /// Catches both signals from now on.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn catch(registry: &Registry) -> io::Result<Signals> {
        let (mut receiver, sender) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            let sender = std::os::fd::AsFd::as_fd(&sender).try_clone_to_owned()?;
            signal_hook::low_level::pipe::register(signal, sender)?;
        }
        registry.register(&mut receiver, SIGNALS, Interest::READABLE)?;
        Ok(Signals {
            receiver,
            first: None,
        })
    }

    /// Takes note of those that came: is the process to end, is it to end now?
    pub fn take(&mut self, now: Mono) -> Asked {
        let mut bytes = [0; 16];
        loop {
            match self.receiver.read(&mut bytes) {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        match self.first {
            None => {
                self.first = Some(now);
                Asked::End
            }
            Some(first) if now.since(first) < LIMITS.signals_gap => Asked::End,
            Some(_) => Asked::EndNow,
        }
    }
}

/// Watches standard input, a pipe, for its end. Nothing is read from it: that the other end is
/// closed is an event of its own (EPOLLHUP).
///
/// # Errors
/// When standard input is nothing that can be polled, such as a file.
pub fn watch_stdin(registry: &Registry) -> io::Result<()> {
    registry.register(&mut SourceFd(&0), STDIN, Interest::READABLE)
}
