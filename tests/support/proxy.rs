//! A TCP proxy between two servers: it carries bytes both ways and keeps the lines it carried,
//! until it is told to cut the link (what is open is closed, what comes is refused), to stall it
//! (what comes is accepted, nothing is carried) or to heal it.
//!
//! It has a thread for accepting and two for each connection; all end when it is dropped.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::ports::free_port;
use super::wait::wait_for;

/// The way that a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the one who dialled.
    Out = 0,
    /// From the one who was dialled.
    Back = 1,
}

/// The proxy. It carries from the start.
pub struct Proxy {
    /// Where it listens; below the ports of dialling clients.
    pub port: u16,
    target: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_cut: bool,
    is_stalled: bool,
    /// The lines that were carried, per way, in order.
    lines: [Vec<String>; 2],
    /// Both ends of every connection since the last cut.
    streams: Vec<TcpStream>,
    pumps: Vec<JoinHandle<()>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Starts one for a port of 127.0.0.1, where nobody need listen yet.
    pub fn to(target: u16) -> Proxy {
        let mut proxy = Proxy {
            port: free_port(),
            target,
            shared: Arc::new(Shared {
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
            acceptor: None,
        };
        proxy.heal();
        proxy
    }

    /// How many lines that begin with `start` went this way so far.
    pub fn count(&self, way: Way, start: &str) -> usize {
        let lines = &self.shared.lock().lines[way as usize];
        lines.iter().filter(|line| line.starts_with(start)).count()
    }

    /// Forgets the lines so far.
    pub fn forget(&self) {
        self.shared.lock().lines = Default::default();
    }

    /// Closes every connection and refuses all others.
    pub fn cut(&mut self) {
        self.shared.lock().is_cut = true;
        self.shared.changed.notify_all();
        // Wakes the acceptor, which then closes its door.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let (streams, pumps) = {
            let mut state = self.shared.lock();
            let streams = std::mem::take(&mut state.streams);
            (streams, std::mem::take(&mut state.pumps))
        };
        for stream in &streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for pump in pumps {
            let _ = pump.join();
        }
    }

    /// Carries nothing more, but keeps what is open and accepts what comes.
    pub fn stall(&mut self) {
        self.shared.lock().is_stalled = true;
    }

    /// Carries again: what stood still, and what comes.
    pub fn heal(&mut self) {
        {
            let mut state = self.shared.lock();
            state.is_cut = false;
            state.is_stalled = false;
        }
        self.shared.changed.notify_all();
        if self.acceptor.is_some() {
            return;
        }
        let listener = wait_for("the proxy's port is free", || {
            TcpListener::bind(("127.0.0.1", self.port)).ok()
        });
        let (shared, target) = (self.shared.clone(), self.target);
        self.acceptor = Some(thread::spawn(move || accept(&listener, target, &shared)));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

fn accept(listener: &TcpListener, target: u16, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.lock().is_cut {
            return;
        }
        let Ok(near) = stream else { continue };
        // Nobody there: the one who dialled sees its connection end.
        let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else {
            continue;
        };
        let mut state = shared.lock();
        for (way, from, to) in [(Way::Out, &near, &far), (Way::Back, &far, &near)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let shared = shared.clone();
            let pump = thread::spawn(move || pump(way, &from, &to, &shared));
            state.pumps.push(pump);
        }
        state.streams.extend([near, far]);
    }
}

/// Carries one way until an end, and then ends the other side's input.
fn pump(way: Way, mut from: &TcpStream, mut to: &TcpStream, shared: &Shared) {
    let (mut buffer, mut partial) = ([0; 4096], Vec::new());
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let state = shared.lock();
        let state = shared
            .changed
            .wait_while(state, |state| state.is_stalled && !state.is_cut);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.is_cut {
            break;
        }
        partial.extend_from_slice(&buffer[..count]);
        while let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = partial.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]).into_owned();
            state.lines[way as usize].push(line);
        }
        drop(state);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
