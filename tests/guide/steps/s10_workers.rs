//! Step 10: work that takes long is done elsewhere, and the answers still come in order.
//!
//! In step 9 the loop does all work itself, and work that takes a second takes it from everybody.
//! Here `slow TEXT` goes to a few threads, `herd::reactor::Pool`. A worker first *publishes* its
//! result and then *wakes* the loop; the other way round the loop could look too early and sleep
//! through it. Lines behind a slow one are obeyed at once, and their answers wait in a `ReplyQueue`
//! for their turn. If the client is gone by then, its name finds nobody. The cheats left: it has no
//! deadlines, which would be step 9's; and testing it takes sockets, threads and luck (step 11).

use std::{io, net::TcpListener, sync::Arc, thread, time::Duration};

use herd::buffers::{ReplyQueue, Ticket};
use herd::reactor::{Conn, Pool, Size, Wake};
use herd::units::ConnId;
use mio::{Token, Waker, net::TcpStream};

use super::{s03_edges::Client, s07_budget::Fair, s08_names::Shell};

/// No client has this name, and nobody is served for it: that the loop wakes is enough.
const WAKER: Token = Token(usize::MAX - 1);
const WAITING_MAX: usize = 16; // more unfinished answers, and the client is not read

/// The text of a `slow TEXT`, and where its answer belongs.
pub struct Job {
    pub text: Vec<u8>,
    name: ConnId,
    ticket: Ticket,
}

struct Asker {
    fair: Fair,
    replies: ReplyQueue, // answers that wait for one before them
    jobs: Vec<Job>,      // work that came up in this turn
}

impl Client for Asker {
    fn new(stream: TcpStream) -> Asker {
        Asker {
            fair: Fair::new(stream),
            replies: ReplyQueue::default(),
            jobs: Vec::new(),
        }
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        self.fair.conn()
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        let (fair, replies, jobs) = (&mut self.fair, &mut self.replies, &mut self.jobs);
        let goes_on = fair.turn(
            buffer,
            &mut |line, outbox| match line.strip_prefix(b"slow ") {
                Some(text) => jobs.push(Job {
                    text: text.to_vec(),
                    name: ConnId(me as u64),
                    ticket: replies.reserve(b"slow ".to_vec()),
                }),
                None => replies.answer(&[b"? ", line, b"\n"].concat(), outbox),
            },
        );
        fair.is_paused |= replies.len() >= WAITING_MAX;
        if !goes_on || replies.is_empty() && fair.finish() {
            leaving.push(me);
        }
    }

    fn has_work(&self) -> bool {
        self.fair.has_work()
    }
}

/// `work` may block: it is called on other threads, and returns the answer's line.
pub fn serve_with(
    listener: TcpListener,
    work: impl Fn(&Job) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<()> {
    let mut shell = Shell::<Asker>::new(listener)?;
    let waker = Waker::new(shell.poll.registry(), WAKER)?;
    let wake: Wake = Arc::new(move || drop(waker.wake()));
    let size = Size {
        workers: 4,
        jobs_max: 64,
        batch: 1,
    };
    let pool = Pool::start("worker", size, work, &wake)?;
    let (mut buffer, mut leaving) = (vec![0; 16 << 10], Vec::new());
    loop {
        shell.wait(None)?;
        for (job, result) in pool.results() {
            if let Some(client) = shell.clients.get(job.name) {
                let line = result.unwrap_or_else(|| b"failed\n".to_vec());
                (client.replies).fill(job.ticket, &line, &mut client.fair.outbox);
                shell.ready.insert(job.name);
            }
        }
        for name in std::mem::take(&mut shell.ready) {
            if let Some(client) = shell.clients.get(name) {
                client.serve(name.0 as usize, &mut buffer, &mut leaving);
                for job in client.jobs.drain(..) {
                    if let Err(job) = pool.submit(job) {
                        (client.replies).fill(job.ticket, b"busy\n", &mut client.fair.outbox);
                    }
                }
                if client.has_work() {
                    shell.ready.insert(name);
                }
            }
        }
        (leaving.drain(..)).for_each(|name| shell.clients.remove(ConnId(name as u64)));
    }
}

pub fn serve(listener: TcpListener) -> io::Result<()> {
    serve_with(listener, |job| {
        thread::sleep(Duration::from_millis(300));
        [&job.text[..], b" is done\n"].concat()
    })
}
