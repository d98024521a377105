//! Ctrl-C for a loop that has something to report: the first one is an event of that loop, and
//! another ends the process.
//!
//! It knows nothing of the loop. A signal that comes before [`Interrupt::watch`], or after the
//! [`Interrupt`] is dropped, ends the process at once, in the handler, with status 128 + signal.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown, register_usize};
use signal_hook::low_level::pipe;

/// SIGINT and SIGTERM.
#[derive(Debug)]
pub struct Interrupt {
    /// Each signal is a byte here, and so an event: a flag alone could be set between the look at
    /// it and the wait.
    receiver: UnixStream,
    /// The signal that came last; 0 is none.
    came: Arc<AtomicUsize>,
    /// The next signal ends the process.
    kills: Arc<AtomicBool>,
}

impl Interrupt {
    /// Catches the signals, which end the process as long as nobody watches.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn catch() -> io::Result<Interrupt> {
        let (receiver, sender) = StdUnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        let (came, kills) = (Arc::default(), Arc::new(AtomicBool::new(true)));
        for signal in [SIGINT, SIGTERM] {
            // Handlers run in the order of their registration.
            register_conditional_shutdown(signal, 128 + signal, Arc::clone(&kills))?;
            register(signal, Arc::clone(&kills))?;
            register_usize(signal, Arc::clone(&came), signal as usize)?;
            pipe::register(signal, sender.try_clone()?)?;
        }
        Ok(Interrupt {
            receiver: UnixStream::from_std(receiver),
            came,
            kills,
        })
    }

    /// From now on the first signal is an event, and ends nothing.
    ///
    /// # Errors
    /// When the poll cannot take it.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.receiver, token, Interest::READABLE)?;
        self.kills.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// The signal that has come, if one has.
    pub fn signal(&self) -> Option<i32> {
        match self.came.load(Ordering::SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.kills.store(true, Ordering::SeqCst);
    }
}
