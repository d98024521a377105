//! A relay that puts servers far apart: what it carries arrives after a while, and so do the first
//! bytes of a connection, which wait for its handshake. One thread carries all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

const WAKER: Token = Token(usize::MAX);
/// Tokens below this are doors. Each connection has an even one above it, and the next one.
const DOORS: usize = 1_000;

/// The relay. It carries until it is dropped.
pub struct Relay {
    is_over: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Carries from each port to another one of 127.0.0.1; every way takes `delay`.
    pub fn start(delay: Duration, doors: &[(u16, u16)]) -> Relay {
        let poll = Poll::new().unwrap();
        let door = |(number, (port, target)): (usize, &(u16, u16))| {
            let mut listener = TcpListener::bind(local(*port)).unwrap();
            let (registry, token) = (poll.registry(), Token(number));
            let registered = registry.register(&mut listener, token, Interest::READABLE);
            registered.unwrap();
            (listener, local(*target))
        };
        let doors: Vec<(TcpListener, SocketAddr)> = doors.iter().enumerate().map(door).collect();
        assert!(doors.len() <= DOORS);
        let waker = Waker::new(poll.registry(), WAKER).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let carrier = Carrier {
            poll,
            delay,
            doors,
            sides: BTreeMap::new(),
            due: BinaryHeap::new(),
            count: 0,
        };
        let flag = is_over.clone();
        let thread = Some(thread::spawn(move || carrier.run(&flag)));
        Relay {
            is_over,
            waker,
            thread,
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

struct Carrier {
    poll: Poll,
    delay: Duration,
    doors: Vec<(TcpListener, SocketAddr)>,
    /// The ends of each connection by their tokens, which differ in the last bit.
    sides: BTreeMap<usize, Side>,
    due: BinaryHeap<Reverse<(Instant, u64, Deed)>>,
    /// Deeds planned so far: those that are due at one time happen in their order.
    count: u64,
}

struct Side {
    stream: TcpStream,
    /// Its bytes arrive no earlier.
    not_before: Instant,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    /// The SYN of the connection with that token arrives at a door.
    Connect(usize, SocketAddr),
    /// Bytes arrive at an end; none: the other end has ended.
    Arrive(usize, Vec<u8>),
}

impl Carrier {
    fn run(mut self, is_over: &AtomicBool) {
        let mut events = Events::with_capacity(256);
        while !is_over.load(Ordering::Relaxed) {
            let next = self.due.peek().map(|Reverse((at, ..))| *at);
            let wait = next.map(|at| at.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() != ErrorKind::Interrupted => panic!("{error}"),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    WAKER => {}
                    Token(door) if door < DOORS => self.accept(door),
                    Token(side) => self.read(side),
                }
            }
            while self
                .due
                .peek()
                .is_some_and(|Reverse((at, ..))| *at <= Instant::now())
            {
                match self.due.pop() {
                    Some(Reverse((_, _, Deed::Connect(near, to)))) => self.connect(near, to),
                    Some(Reverse((_, _, Deed::Arrive(to, bytes)))) => self.arrive(to, &bytes),
                    None => {}
                }
            }
        }
    }

    fn plan(&mut self, at: Instant, deed: Deed) {
        self.count += 1;
        self.due.push(Reverse((at, self.count, deed)));
    }

    fn accept(&mut self, door: usize) {
        while let Ok((stream, _)) = self.doors[door].0.accept() {
            let now = Instant::now();
            self.count += 1;
            let token = DOORS + 2 * self.count as usize;
            // Its SYN and the answer, and then its bytes.
            self.add(token, stream, now + 3 * self.delay);
            let target = self.doors[door].1;
            self.plan(now + self.delay, Deed::Connect(token, target));
        }
    }

    fn add(&mut self, token: usize, mut stream: TcpStream, not_before: Instant) {
        let _ = stream.set_nodelay(true);
        let registry = self.poll.registry();
        let registered = registry.register(&mut stream, Token(token), Interest::READABLE);
        registered.unwrap();
        self.sides.insert(token, Side { stream, not_before });
    }

    fn connect(&mut self, near: usize, target: SocketAddr) {
        // On loopback it is connected, or refused, at once.
        match std::net::TcpStream::connect(target) {
            Ok(far) => {
                far.set_nonblocking(true).unwrap();
                self.add(near + 1, TcpStream::from_std(far), Instant::now());
            }
            Err(_) => self.plan(Instant::now() + self.delay, Deed::Arrive(near, Vec::new())),
        }
    }

    fn read(&mut self, token: usize) {
        let mut buffer = [0; 16 << 10];
        while let Some(side) = self.sides.get_mut(&token) {
            let bytes = match side.stream.read(&mut buffer) {
                Ok(count) => buffer[..count].to_vec(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => Vec::new(),
            };
            let at = side.not_before.max(Instant::now() + self.delay);
            let is_end = bytes.is_empty();
            self.plan(at, Deed::Arrive(token ^ 1, bytes));
            if is_end {
                return;
            }
        }
    }

    /// An end of one way is an end of both: a server hears nothing more on a link that it ends.
    fn arrive(&mut self, token: usize, bytes: &[u8]) {
        let mut left = bytes;
        while !left.is_empty()
            && let Some(side) = self.sides.get_mut(&token)
        {
            match side.stream.write(left) {
                Ok(count) => left = &left[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
                Err(_) => break,
            }
        }
        if bytes.is_empty() || !left.is_empty() {
            for token in [token, token ^ 1] {
                if let Some(side) = self.sides.remove(&token) {
                    let _ = side.stream.shutdown(Shutdown::Both);
                }
            }
        }
    }
}
