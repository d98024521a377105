//! A place service that does as it is told: an HTTP endpoint on a free port of 127.0.0.1 that
//! plays a script, one behaviour a request, and remembers every request to the byte.
//!
//! It has a thread for accepting and one for each connection; all end when it is dropped, and
//! with them every connection, whatever it was doing.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long [`Endpoint::wait_for`] waits before it fails the test.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer to a request, once it has been read to its end.
#[derive(Clone, Debug)]
pub enum Say {
    /// A whole answer; the connection lives on.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// These bytes, then the end: an answer cut off, garbage, or nothing at all.
    Raw(Vec<u8>),
    /// These bytes one at a time with a pause after each, over and over.
    Drip(Vec<u8>, Duration),
    /// The head of an answer, then a body that never ends, as fast as it goes.
    Endless,
    /// A whole answer with status 200 and this body, once [`Endpoint::release`] is called.
    Held(String),
    /// Nothing. The connection stays open.
    Hang,
}

impl Say {
    /// An answer with a status and a body.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Say {
        Say::Answer {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.into(),
        }
    }

    /// An answer with status 200.
    pub fn ok(body: impl Into<Vec<u8>>) -> Say {
        Say::status(200, body)
    }

    /// An answer with status 302.
    pub fn redirect(to: &str) -> Say {
        Say::Answer {
            status: 302,
            headers: vec![("Location".into(), to.into())],
            body: Vec::new(),
        }
    }

    /// An answer that ends after `sent` bytes of its body.
    pub fn cut_off(body: &str, sent: usize) -> Say {
        let mut bytes = head(200, &[], body.len());
        bytes.extend_from_slice(&body.as_bytes()[..sent]);
        Say::Raw(bytes)
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The connection it came on, counted from 0.
    pub connection: usize,
    /// `GET /path HTTP/1.1`.
    pub line: String,
    /// Names and values as they were written.
    pub headers: Vec<(String, String)>,
    /// As many bytes as its Content-Length said.
    pub body: Vec<u8>,
}

impl Request {
    /// The one value of a header, its name in any case; none if it is not there just once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }
}

/// The endpoint.
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The last one is never taken away.
    script: VecDeque<Say>,
    requests: Vec<Request>,
    streams: Vec<TcpStream>,
    threads: Vec<JoinHandle<()>>,
    is_released: bool,
    is_over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Endpoint {
    /// Starts one that plays `script`; the last behaviour is for all further requests too.
    pub fn start(script: impl IntoIterator<Item = Say>) -> Endpoint {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let script: VecDeque<Say> = script.into_iter().collect();
        assert!(!script.is_empty(), "an endpoint needs something to say");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                script,
                ..State::default()
            }),
            changed: Condvar::new(),
        });
        let address = listener.local_addr().unwrap();
        let acceptor = thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &shared)
        });
        Endpoint {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// The base address to give to a server: `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets it do something else from now on.
    pub fn now_say(&self, say: Say) {
        self.shared.lock().script = [say].into();
    }

    /// Gives the answers that are held, and from now on holds none.
    pub fn release(&self) {
        self.shared.lock().is_released = true;
        self.shared.changed.notify_all();
    }

    /// All requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Waits until `count` requests have come, and returns them all.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), PATIENCE, |state| {
                state.requests.len() < count
            })
            .unwrap();
        let came = state.requests.len();
        assert!(!timeout.timed_out(), "{came} of {count} requests came");
        state.requests.clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
        // Wakes the acceptor, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let (streams, threads) = {
            let mut state = self.shared.lock();
            let streams = std::mem::take(&mut state.streams);
            (streams, std::mem::take(&mut state.threads))
        };
        for stream in streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// A base address where nobody listens.
pub fn refusing_url() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for (connection, stream) in listener.incoming().enumerate() {
        let mut state = shared.lock();
        if state.is_over {
            return;
        }
        let Ok(stream) = stream else { continue };
        state.streams.push(stream.try_clone().unwrap());
        let shared = shared.clone();
        // An error of a connection is its end, and no news: the other side has its own view.
        state.threads.push(thread::spawn(move || {
            let _ = serve(&stream, connection, &shared);
            let _ = stream.shutdown(Shutdown::Both);
        }));
    }
}

fn serve(mut stream: &TcpStream, connection: usize, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader, connection)? {
        let say = {
            let mut state = shared.lock();
            state.requests.push(request);
            match state.script.len() {
                1 => state.script[0].clone(),
                _ => state.script.pop_front().unwrap(),
            }
        };
        shared.changed.notify_all();
        match say {
            Say::Answer {
                status,
                headers,
                body,
            } => {
                let mut bytes = head(status, &headers, body.len());
                bytes.extend_from_slice(&body);
                stream.write_all(&bytes)?;
            }
            Say::Raw(bytes) => return stream.write_all(&bytes),
            Say::Drip(bytes, pause) => {
                for byte in bytes.iter().cycle() {
                    stream.write_all(&[*byte])?;
                    let wait = |state: &mut State| !state.is_over;
                    let state = shared.lock();
                    let (state, _) = shared
                        .changed
                        .wait_timeout_while(state, pause, wait)
                        .unwrap();
                    if state.is_over {
                        break;
                    }
                }
            }
            Say::Held(body) => {
                let is_held = |state: &mut State| !state.is_released && !state.is_over;
                let state = shared.changed.wait_while(shared.lock(), is_held);
                drop(state.unwrap());
                let mut bytes = head(200, &[], body.len());
                bytes.extend_from_slice(body.as_bytes());
                stream.write_all(&bytes)?;
            }
            Say::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
                loop {
                    stream.write_all(&[b' '; 64 * 1024])?;
                }
            }
            // Reads and drops all that comes, until one of the two sides ends it.
            Say::Hang => return io::copy(&mut reader, &mut io::sink()).map(drop),
        }
    }
    Ok(())
}

/// The head of an answer with a body of `length` bytes.
pub fn head(status: u16, headers: &[(String, String)], length: usize) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The next request; `None` at the end of the connection.
pub fn read_request(reader: &mut impl BufRead, connection: usize) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        match line.trim_end_matches(['\r', '\n']) {
            "" => break,
            line => lines.push(line.to_string()),
        }
    }
    let mut lines = lines.into_iter();
    let line = lines.next().unwrap_or_default();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_string(), value.trim().to_string()))
        })
        .collect();
    let mut request = Request {
        connection,
        line,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("Content-Length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}
