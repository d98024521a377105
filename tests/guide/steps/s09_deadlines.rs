//! Step 9: a client that keeps us waiting is given a deadline.
//!
//! Step 8 waits for ever for the second half of a line, for a client that does not read, and for
//! an end that does not come. Each costs a descriptor and a buffer. Here a client that owes us
//! something has a deadline in `herd::buffers::Timers`, and the next deadline of all is the longest
//! that the loop sleeps. Only progress moves a deadline, and progress is an answer that the client
//! took. One more byte of the same line is none, or a client could drip for ever.
//!
//! The cheat left: every answer is there at once. One that takes long would keep all others
//! waiting (step 10).

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;

use herd::buffers::Timers;
use herd::reactor::Clock;
use herd::units::{ConnId, Mono, SECOND};

use super::s03_edges::Client;
use super::s05_outbox::answer;
use super::s07_budget::Fair;
use super::s08_names::Shell;

/// How long we wait without progress, in nanoseconds.
pub const PATIENCE: u64 = SECOND;

pub struct Server {
    shell: Shell<Fair>,
    buffer: Vec<u8>,
    clock: Clock,
    timers: Timers<ConnId>,
    /// Clients with a deadline, and how many bytes each had taken when it was set.
    progress: BTreeMap<ConnId, usize>,
}

impl Server {
    pub fn new(listener: TcpListener) -> io::Result<Server> {
        Ok(Server {
            shell: Shell::new(listener)?,
            buffer: vec![0; 16 << 10],
            clock: Clock::start(),
            timers: Timers::default(),
            progress: BTreeMap::new(),
        })
    }

    pub fn turn(&mut self) -> io::Result<()> {
        let asleep = self.clock.mono();
        let deadline = self.timers.next();
        self.shell.wait(deadline.map(|at| at.since(asleep)))?;
        // One time for the whole turn: nobody is late because others were served first.
        let now = self.clock.mono();
        for name in std::mem::take(&mut self.shell.ready) {
            self.serve(name, now);
        }
        // Deadlines come last: words that came while we slept count before silence does.
        while let Some(name) = self.timers.expired(now) {
            self.expire(name);
        }
        Ok(())
    }

    fn serve(&mut self, name: ConnId, now: Mono) {
        let Some(client) = self.shell.clients.get(name) else {
            return;
        };
        let mut leaving = Vec::new();
        client.serve(name.0 as usize, &mut self.buffer, &mut leaving);
        if client.has_work() {
            self.shell.ready.insert(name);
        }
        let sent = client.sent;
        if !owes_us(client) {
            self.forget(name);
        } else if self.progress.insert(name, sent) != Some(sent) {
            self.timers.set(name, now + PATIENCE);
        }
        for name in leaving {
            self.forget(ConnId(name as u64));
            self.shell.clients.remove(ConnId(name as u64));
        }
    }

    /// Half a line has an answer, too, and is the last. A client that owes us more is closed.
    fn expire(&mut self, name: ConnId) {
        self.forget(name);
        match self.shell.clients.get(name) {
            Some(client) if client.outbox.is_empty() && !client.has_said_all => {
                let text = client.lines.rest().unwrap_or_default();
                answer(&text, &mut client.outbox);
                client.has_said_all = true;
                self.shell.ready.insert(name);
            }
            _ => self.shell.clients.remove(name),
        }
    }

    fn forget(&mut self, name: ConnId) {
        self.timers.stop(name);
        self.progress.remove(&name);
    }
}

/// The rest of a line, a read of our answers, or the end.
fn owes_us(client: &Fair) -> bool {
    !client.lines.is_empty() || !client.outbox.is_empty() || client.has_said_all
}

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let mut server = Server::new(listener)?;
    loop {
        server.turn()?;
    }
}
