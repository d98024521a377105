//! What wakes `herd up`: a thread for each kind of signal, and one per deadline, that say so in a
//! channel. None is ever joined.

use signal_hook::low_level::pipe;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

/// Sends an event for each time that one of `signals` came, at least once after the last; those
/// that follow one within `gap` are taken for the same.
pub(super) fn on_signals<E: Send + 'static>(
    signals: &[i32],
    gap: Duration,
    sender: &SyncSender<E>,
    event: impl Fn() -> E + Send + 'static,
) -> io::Result<()> {
    let (mut reader, writer) = UnixStream::pair()?;
    for &signal in signals {
        pipe::register(signal, writer.try_clone()?)?;
    }
    let sender = sender.clone();
    thread::Builder::new().spawn(move || {
        let mut bytes = [0; 64];
        while matches!(reader.read(&mut bytes), Ok(count) if count > 0) {
            if sender.send(event()).is_err() {
                return;
            }
            if !gap.is_zero() {
                thread::sleep(gap);
                let drained = reader
                    .set_nonblocking(true)
                    .and_then(|()| reader.read(&mut bytes));
                // WouldBlock: none came meanwhile.
                drop(drained);
                if reader.set_nonblocking(false).is_err() {
                    return;
                }
            }
        }
    })?;
    Ok(())
}

/// Sends `event` when `delay` is over. The thread sleeps for us: only the loop of a server reads
/// clocks.
pub(super) fn after<E: Send + 'static>(
    delay: Duration,
    sender: &SyncSender<E>,
    event: E,
) -> io::Result<()> {
    let sender = sender.clone();
    thread::Builder::new().spawn(move || {
        thread::sleep(delay);
        let _ = sender.send(event);
    })?;
    Ok(())
}
