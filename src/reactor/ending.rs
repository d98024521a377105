//! What ends the process: a signal, or the end of standard input.

use std::io::{self, ErrorKind, Read};

use mio::net::UnixStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::token::{SIGNALS, STDIN};

/// SIGINT and SIGTERM as an event source: the handler writes a byte to a socket pair, the only
/// thing that is safe there (signal-safety(7)), and the loop reads it.
#[derive(Debug)]
pub struct Signals {
    receiver: UnixStream,
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
        Ok(Signals { receiver })
    }

    /// How many came since the last call.
    pub fn count(&mut self) -> usize {
        let (mut total, mut bytes) = (0, [0; 16]);
        loop {
            match self.receiver.read(&mut bytes) {
                Ok(count) if count > 0 => total += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return total,
            }
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
