//! Standard output and standard error of a process that must not wait for their reader.
//!
//! Each may be a file on a full disk, or a pipe or a terminal that nobody reads. A write to such a
//! pipe blocks, and nonblocking mode would belong to every process that shares it (open(2)). So a
//! loop hands its text to [`say`], and a thread that lives as long as there is text waits in its
//! place. A verb without a loop prints by itself: it has nothing else to do.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::limits::LIMITS;

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
    let (text, mut unwritten) = (text.into(), lock());
    if text.is_empty() || unwritten.bytes + text.len() > LIMITS.log_backlog {
        return;
    }
    unwritten.bytes += text.len();
    unwritten.queue.push_back((stream, text));
    if !unwritten.has_writer {
        // Without a thread the text waits for the next one, or for the end.
        let thread = thread::Builder::new().name("stdio".to_string());
        unwritten.has_writer = thread.spawn(write_all).is_ok();
    }
}

/// Waits until everything that was said is written, but not for a reader that has stopped. For the
/// end of the process.
pub fn finish() {
    let most = Duration::from_nanos(LIMITS.last_words);
    let waited = WRITTEN.wait_timeout_while(lock(), most, |it| it.has_writer);
    let unwritten = waited.unwrap_or_else(PoisonError::into_inner).0;
    if !unwritten.has_writer {
        // No thread could be had.
        drop(unwritten);
        write_all();
    }
}

/// Writes until there is nothing more.
fn write_all() {
    while let Some((stream, text)) = next() {
        let written = match stream {
            Stream::Output => write(&mut io::stdout().lock(), &text),
            Stream::Error => write(&mut io::stderr().lock(), &text),
        };
        if let (Err(error), Stream::Output) = (written, stream)
            && error.kind() != ErrorKind::BrokenPipe
        {
            let warning = format!("herd: warning: cannot write to standard output: {error}\n");
            let _ = write(&mut io::stderr().lock(), &warning);
        }
    }
}

fn write(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
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
