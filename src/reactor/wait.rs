//! Waiting for events, for every loop of this program.

use std::io;
use std::time::Duration;

use mio::{Events, Poll};

/// Waits for events, at most for `timeout` nanoseconds. A signal that interrupts the wait is not an
/// error: then there are no events.
///
/// # Errors
/// When polling itself fails.
pub fn wait(poll: &mut Poll, events: &mut Events, timeout: Option<u64>) -> io::Result<()> {
    match poll.poll(events, timeout.map(Duration::from_nanos)) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        other => other,
    }
}
