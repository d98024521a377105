//! Threads for what blocks. Nobody joins them.

use std::io;
use std::thread;

/// Starts a thread.
///
/// # Errors
/// When the system has none for us, with what to do.
pub fn start(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let started = thread::Builder::new().name(name).spawn(work);
    started.map(drop).map_err(no_thread)
}

/// The number at the end of this thread's name, such as 3 of `places-3`; 0 if there is none.
pub fn number() -> u8 {
    let thread = thread::current();
    let number = thread.name().and_then(|name| name.rsplit('-').next());
    number.and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// The error of a thread or a process that cannot be started (clone(2)), with what to do.
pub fn no_thread(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::other(format!(
            "no thread or process more may be started ({error}); raise TasksMax= of the service, \
             pids.max of the control group, or RLIMIT_NPROC (ulimit -u)"
        )),
        _ => error,
    }
}
