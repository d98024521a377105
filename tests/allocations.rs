//! Rule 10 of the loop: in the steady state a request allocates nothing.
//!
//! Two servers, each a loop on a thread of its own, a client at the first. Once they are warm, what
//! each thread asks of the allocator is counted.

#![allow(clippy::unwrap_used)] // A test may fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use allocation_counter::AllocationInfo;
use herd::limits::Limits;
use herd::logging::{self, Log};
use herd::node::{Ack, Config, Level, LookupError, Neighbour, Node, Query};
use herd::places::Provider;
use herd::reactor::{EventLoop, Listener, Setup, Signals, Target, TraceFile, Turns, wall};
use log::LevelFilter;

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const NAMES: [&str; 2] = ["Goloman", "Hands"];
/// Clients that move, and how often each does while it is counted.
const CLIENTS: usize = 500;
const ROUNDS: usize = 10;
/// Of 5,000 requests. A burst that is longer than all before it makes a buffer grow, and a link
/// that ends is noted; a request as such needs none.
const FEW: u64 = 20;

/// The client's progress.
const WARMING: u8 = 0;
const COUNTED: u8 = 1;
const DONE: u8 = 2;

struct Nowhere;

impl Provider for Nowhere {
    fn nearby(&self, _: &Query) -> Result<Vec<u8>, LookupError> {
        Err(LookupError::Late)
    }

    fn describe(&self) -> String {
        "nowhere".to_string()
    }
}

fn address(door: &Listener) -> SocketAddr {
    door.local_addr().unwrap()
}

/// Runs one server until the client is done, and counts what it allocates while that matters.
fn serve(
    name: usize,
    doors: [Listener; 2],
    target: SocketAddr,
    phase: &AtomicU8,
    log: Log,
    trace: Option<TraceFile>,
) -> AllocationInfo {
    let neighbour = Neighbour {
        name: NAMES[1 - name].to_string(),
        plain: false,
        addresses: vec![HOST],
    };
    let mut event_loop = EventLoop::new(Setup {
        node: Node::new(Config {
            name: NAMES[name].to_string(),
            version: "1.0".into(),
            run: name as u64 + 1,
            seed: name as u64 + 1,
            neighbours: vec![neighbour.clone()],
            ack: Ack::Local,
            journal: None,
            secret: None,
            level: Some(Level::Info),
            limits: Limits::default(),
        }),
        journal: None,
        doors: doors.map(|it| vec![it]),
        links: vec![(neighbour, Target::Address(target))],
        sources: vec![(HOST, 0).into()],
        clients_max: 10,
        places: Arc::new(Nowhere),
        signals: Signals::catch(false).unwrap(),
        notifier: Default::default(),
        reload: Box::new(|| panic!("nobody asks for it")),
        log,
        turns: Turns {
            slow: Limits::PRODUCT.slow_turn,
            trace,
        },
    })
    .unwrap();
    while phase.load(Ordering::Acquire) == WARMING {
        event_loop.turn().unwrap();
    }
    let counted = allocation_counter::measure(|| {
        while phase.load(Ordering::Acquire) == COUNTED {
            event_loop.turn().unwrap();
        }
    });
    drop(event_loop);
    counted
}

/// Lets every client move `rounds` times, `pipeline` of them in one packet.
fn move_all(stream: &TcpStream, rounds: usize, pipeline: usize) {
    let mut replies = BufReader::new(stream).lines();
    let names: Vec<usize> = (0..CLIENTS).collect();
    for _ in 0..rounds {
        for names in names.chunks(pipeline) {
            let mut packet = Vec::new();
            for name in names {
                let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                let (s, ns) = (time.as_secs(), time.subsec_nanos());
                writeln!(
                    packet,
                    "IAMAT kiwi{name:04} +34.068930-118.445127 {s}.{ns:09}"
                )
                .unwrap();
            }
            (&mut &*stream).write_all(&packet).unwrap();
            for _ in names {
                assert!(replies.next().unwrap().unwrap().starts_with("AT Goloman "));
            }
        }
    }
}

#[test]
fn a_request_allocates_nothing() {
    let target = logging::Target::File {
        path: "/dev/null".into(),
        max: u64::MAX,
    };
    let log = logging::open(Some(target), LevelFilter::Info, wall).unwrap();
    let path = std::env::temp_dir().join(format!("herd-turns-{}", std::process::id()));
    for (pipeline, is_traced) in [(1, false), (16, false), (100, false), (16, true)] {
        let phase = AtomicU8::new(WARMING);
        let doors = || [(); 2].map(|()| Listener::open((HOST, 0).into()).unwrap());
        let (first, second) = (doors(), doors());
        let [client, link] = [address(&first[0]), address(&first[1])];
        let other = address(&second[1]);
        let counted = thread::scope(|scope| {
            let phase = &phase;
            let (ours, theirs) = (log.clone(), log.clone());
            let trace = is_traced.then(|| TraceFile::new(path.clone(), NAMES[0]).unwrap());
            let first = scope.spawn(move || serve(0, first, other, phase, ours, trace));
            let second = scope.spawn(move || serve(1, second, link, phase, theirs, None));
            let stream = TcpStream::connect(client).unwrap();
            move_all(&stream, 40, pipeline);
            phase.store(COUNTED, Ordering::Release);
            move_all(&stream, ROUNDS, pipeline);
            phase.store(DONE, Ordering::Release);
            // Each waits for an event to look at the phase again: a heartbeat comes.
            [first.join().unwrap(), second.join().unwrap()]
        });
        for (name, counted) in NAMES.iter().zip(counted) {
            assert!(
                counted.count_total < FEW,
                "{name}, pipeline {pipeline}, traced {is_traced}: {counted:?}"
            );
        }
    }
    std::fs::remove_file(path).unwrap();
}
