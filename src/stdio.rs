//! Standard output and standard error of a process that must not wait for their reader.
//!
//! Each may be a file on a full disk, or a pipe or a terminal that nobody reads. A write to such a
//! pipe blocks, and nonblocking mode would belong to every process that shares it (open(2)). So a
//! loop hands its text to [`say`], and a thread that lives as long as there is text waits in its
//! place. A verb without a loop prints by itself: it has nothing else to do.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::limits::LIMITS;

/// A pipe that poll(2) calls writable takes this many bytes without waiting: PIPE_BUF is never less
/// (pipe(7)).
const PIECE: usize = 512;

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Output,
    Error,
}

/// Text that is not written yet.
struct Unwritten {
    queue: VecDeque<(Stream, String)>,
    /// The length of all texts of the queue.
    bytes: usize,
    /// A thread writes, or waits in a write.
    has_writer: bool,
}

static UNWRITTEN: Mutex<Unwritten> = Mutex::new(Unwritten {
    queue: VecDeque::new(),
    bytes: 0,
    has_writer: false,
});
/// The writer has ended.
static WRITTEN: Condvar = Condvar::new();

/// Has `text` written, and waits for nothing. Text beyond the limit is dropped. An error of
/// standard output is told on standard error; one of that, nobody can be told.
pub fn say(stream: Stream, text: impl Into<String>) {
    try_to_say(stream, text.into());
}

/// The same. False: the text goes beyond the limit.
pub fn try_to_say(stream: Stream, text: String) -> bool {
    let mut unwritten = lock();
    if unwritten.bytes + text.len() > LIMITS.log_backlog {
        return false;
    }
    if text.is_empty() {
        return true;
    }
    unwritten.bytes += text.len();
    unwritten.queue.push_back((stream, text));
    if !unwritten.has_writer {
        // Without a thread the text waits for the next one, or for the end.
        let thread = thread::Builder::new().name("stdio".to_string());
        unwritten.has_writer = thread.spawn(write_all).is_ok();
    }
    true
}

/// Whether everything that was said is written.
pub fn is_written() -> bool {
    let unwritten = lock();
    unwritten.queue.is_empty() && !unwritten.has_writer
}

/// Waits until everything that was said is written, but not for a reader that has stopped. For the
/// end of the process.
pub fn finish() {
    let most = Duration::from_nanos(LIMITS.last_words);
    let end = Instant::now() + most;
    let waited = WRITTEN.wait_timeout_while(lock(), most, |it| it.has_writer);
    let unwritten = waited.unwrap_or_else(PoisonError::into_inner).0;
    if !unwritten.has_writer {
        // All is written, or no thread could be had.
        drop(unwritten);
        write_with(|stream, text| match stream {
            Stream::Output => offer(io::stdout().lock(), text, end),
            Stream::Error => offer(io::stderr().lock(), text, end),
        });
    }
}

/// Writes until there is nothing more, and waits for the readers.
fn write_all() {
    write_with(|stream, text| match stream {
        Stream::Output => write(&mut io::stdout().lock(), text.as_bytes()),
        Stream::Error => write(&mut io::stderr().lock(), text.as_bytes()),
    });
}

fn write_with(write_to: impl Fn(Stream, &str) -> io::Result<()>) {
    while let Some((stream, text)) = next() {
        let written = write_to(stream, &text);
        if let (Err(error), Stream::Output) = (written, stream)
            && error.kind() != ErrorKind::BrokenPipe
        {
            let warning = format!("herd: warning: cannot write to standard output: {error}\n");
            let _ = write_to(Stream::Error, &warning);
        }
    }
}

/// Writes as much of a text as its reader takes before `end`.
fn offer(mut to: impl Write + AsFd, text: &str, end: Instant) -> io::Result<()> {
    for piece in text.as_bytes().chunks(PIECE) {
        if !is_writable(to.as_fd(), end)? {
            return Err(ErrorKind::TimedOut.into());
        }
        write(&mut to, piece)?;
    }
    Ok(())
}

/// Waits until a write would not wait, but not beyond `end`.
fn is_writable(to: BorrowedFd<'_>, end: Instant) -> io::Result<bool> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(to, PollFlags::POLLOUT)], left) {
            Err(Errno::EINTR) => {}
            count => return Ok(count? > 0),
        }
    }
}

fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

fn next() -> Option<(Stream, String)> {
    let mut unwritten = lock();
    let next = unwritten.queue.pop_front();
    match &next {
        Some((_, text)) => unwritten.bytes -= text.len(),
        None => {
            unwritten.has_writer = false;
            WRITTEN.notify_all();
        }
    }
    next
}

/// No thread panics while it holds the lock.
fn lock() -> MutexGuard<'static, Unwritten> {
    UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};

    use super::*;

    #[test]
    fn a_reader_that_has_stopped_is_not_waited_for() {
        let (mut reader, writer) = pipe().expect("a pipe");
        let text = "x".repeat(1 << 20);
        let outcome = offer(&writer, &text, Instant::now());
        let kind = outcome.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::TimedOut));
        // One that reads late gets all.
        let late = Instant::now() + Duration::from_secs(60);
        let rest = thread::spawn(move || offer(&writer, "the end", late));
        let mut read = String::new();
        reader.read_to_string(&mut read).expect("to read");
        assert!(rest.join().expect("no panic").is_ok());
        let begin = read.strip_suffix("the end").expect("its end");
        assert!(!begin.is_empty() && begin.bytes().all(|byte| byte == b'x'));
    }
}
