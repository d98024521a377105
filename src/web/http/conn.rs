//! The state of one connection: which request is coming, which answer is leaving, and until when.
//!
//! It is told bytes and the time, and knows no socket. Requests are taken one by one, the next when
//! the answer to the last has left: so they are answered in order, and no connection has more than
//! one answer in memory.

use std::sync::Arc;

use super::output::Output;
use super::request::{Method, Parsed, Request, parse};
use super::response::Response;
use crate::limits::LIMITS;
use crate::units::{Mono, Now};

/// One connection.
#[derive(Debug)]
pub struct HttpConn {
    phase: Phase,
    /// The bytes of requests that were not taken yet.
    input: Vec<u8>,
    output: Output,
    /// The peer says no more.
    has_ended: bool,
    /// When [`HttpConn::on_timeout`] must be called.
    deadline: Mono,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A request may come, or has begun to.
    Reading,
    /// A request was taken, and has no answer yet.
    Answering {
        is_head: bool,
        keeps_open: bool,
    },
    /// The answer is leaving.
    Sending {
        keeps_open: bool,
    },
    /// Events leave, one after the other, until the peer goes.
    Streaming,
    /// Everything has left. Closing now would reset the connection if the peer still sends, and
    /// destroy the answer on its way, so its bytes are dropped for a while.
    Lingering,
    Closed,
}

impl HttpConn {
    pub fn new(now: Now) -> HttpConn {
        HttpConn {
            phase: Phase::Reading,
            input: Vec::new(),
            output: Output::default(),
            has_ended: false,
            deadline: now.mono + LIMITS.web_idle,
        }
    }

    /// How many bytes may be read now.
    pub fn room(&self) -> usize {
        match self.phase {
            Phase::Closed => 0,
            Phase::Lingering | Phase::Streaming => LIMITS.web_head,
            _ => (LIMITS.web_head + LIMITS.web_body).saturating_sub(self.input.len()),
        }
    }

    /// Takes in bytes, at most as many as there is room for.
    pub fn received(&mut self, bytes: &[u8], now: Now) {
        if matches!(self.phase, Phase::Lingering | Phase::Streaming) {
            return;
        }
        if self.phase == Phase::Reading && self.input.is_empty() {
            self.deadline = now.mono + LIMITS.web_request;
        }
        self.input.extend_from_slice(bytes);
    }

    /// The peer says no more. It still gets the answers that it is owed.
    pub fn ended(&mut self) {
        self.has_ended = true;
        if matches!(self.phase, Phase::Lingering | Phase::Streaming) {
            self.phase = Phase::Closed;
        }
    }

    /// The next request, which must be answered. Bytes that are none are answered here.
    pub fn next_request(&mut self, now: Now) -> Option<Request> {
        if self.phase != Phase::Reading {
            return None;
        }
        match parse(&self.input) {
            Parsed::Incomplete if self.has_ended => {
                self.phase = Phase::Closed;
                None
            }
            Parsed::Incomplete => None,
            Parsed::Wrong(response) => {
                self.refuse(&response, now);
                None
            }
            Parsed::Whole(request, length) => {
                self.input.drain(..length);
                self.phase = Phase::Answering {
                    is_head: request.method == Method::Head,
                    keeps_open: request.keeps_open,
                };
                self.deadline = now.mono + LIMITS.web_send;
                Some(*request)
            }
        }
    }

    /// Answers the request that was taken last with 503, unless it has another answer by then.
    pub fn answer_by(&mut self, deadline: Mono) {
        if matches!(self.phase, Phase::Answering { .. }) {
            self.deadline = deadline;
        }
    }

    /// Answers the request that was taken last, if it has no answer.
    pub fn respond(&mut self, response: &Response, now: Now) {
        if let Phase::Answering {
            is_head,
            keeps_open,
        } = self.phase
        {
            self.output
                .push(response.head(keeps_open, now.wall).into_bytes().into());
            if !is_head {
                self.output.push(response.body());
            }
            self.phase = Phase::Sending { keeps_open };
            self.deadline = now.mono + LIMITS.web_send;
        }
    }

    /// Answers it with events; `response` is the first of them, and `all` the second.
    pub fn stream(&mut self, response: &Response, all: Arc<[u8]>, now: Now) {
        if let Phase::Answering { is_head: false, .. } = self.phase {
            let head = response.endless_head(now.wall).into_bytes();
            self.output.push(head.into());
            self.output.push(response.body());
            self.output.push(all);
            self.phase = Phase::Streaming;
            self.input = Vec::new();
            self.deadline = now.mono + LIMITS.web_event;
        } else {
            self.respond(response, now);
        }
    }

    /// Sends an event, which tells of this number of changes, unless the last one has not left.
    pub fn event(
        &mut self,
        event: &Arc<[u8]>,
        changes: u64,
        all: impl FnOnce() -> Arc<[u8]>,
        now: Now,
    ) {
        if self.phase == Phase::Streaming && self.output.event(event, changes, all) {
            self.deadline = now.mono + LIMITS.web_event;
        }
    }

    /// The time of `deadline` has come.
    pub fn on_timeout(&mut self, now: Now) {
        match self.phase {
            Phase::Reading if !self.input.is_empty() => {
                self.refuse(
                    &Response::error(408, "the request did not come to its end"),
                    now,
                );
            }
            Phase::Answering { .. } => {
                self.respond(
                    &Response::error(503, "no answer came in time; ask again"),
                    now,
                );
            }
            // There is nothing to send, and so nothing is late.
            Phase::Streaming if self.output.is_empty() => {
                self.deadline = now.mono + LIMITS.web_event
            }
            _ => self.phase = Phase::Closed,
        }
    }

    /// The bytes to send next; more may follow.
    pub fn unsent(&self) -> &[u8] {
        self.output.unsent()
    }

    /// The socket has taken the first `count` bytes of `unsent`. True: sending is over, and the
    /// sending side must be shut down.
    pub fn advance(&mut self, count: usize, now: Now) -> bool {
        self.output.advance(count);
        match self.phase {
            Phase::Sending { keeps_open } if self.output.is_empty() => {
                self.next_phase(keeps_open, now);
                self.phase == Phase::Lingering
            }
            _ => false,
        }
    }

    fn next_phase(&mut self, keeps_open: bool, now: Now) {
        (self.phase, self.deadline) = match keeps_open {
            true if self.input.is_empty() => (Phase::Reading, now.mono + LIMITS.web_idle),
            true => (Phase::Reading, now.mono + LIMITS.web_request),
            false if self.has_ended => (Phase::Closed, now.mono),
            false => (Phase::Lingering, now.mono + LIMITS.linger),
        };
    }

    /// How many bytes wait to be sent. Pieces that others have, too, count as well.
    pub fn unsent_len(&self) -> usize {
        self.output.len()
    }

    pub fn deadline(&self) -> Mono {
        self.deadline
    }

    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether it waits for a request of which nothing has come.
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Reading && self.input.is_empty()
    }

    /// Whether a request may be taken, should one be whole.
    pub fn is_reading(&self) -> bool {
        self.phase == Phase::Reading
    }

    pub fn is_streaming(&self) -> bool {
        self.phase == Phase::Streaming
    }

    /// Answers bytes that are no request. Nothing after them can be understood.
    fn refuse(&mut self, response: &Response, now: Now) {
        self.input = Vec::new();
        self.phase = Phase::Answering {
            is_head: false,
            keeps_open: false,
        };
        self.respond(response, now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::response::TEXT;
    use super::*;
    use crate::units::{SECOND, Wall};

    const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const NOW: Now = at(0);

    const fn at(mono: u64) -> Now {
        Now {
            mono: Mono(mono),
            wall: Wall(0),
        }
    }

    fn with(text: &str) -> HttpConn {
        let mut conn = HttpConn::new(NOW);
        conn.received(text.as_bytes(), NOW);
        conn
    }

    fn answer(text: &str) -> Response {
        Response::new(200, TEXT, text.as_bytes())
    }

    /// Sends everything, `step` bytes at a time. Whether the sending side is to be shut down.
    fn sent(conn: &mut HttpConn, step: usize) -> (String, bool) {
        let (mut text, mut is_over) = (Vec::new(), false);
        while !conn.unsent().is_empty() {
            let count = conn.unsent().len().min(step);
            text.extend_from_slice(&conn.unsent()[..count]);
            is_over = conn.advance(count, NOW);
        }
        (String::from_utf8(text).unwrap(), is_over)
    }

    #[test]
    fn pipelined_requests_are_answered_one_by_one_and_in_order() {
        let mut conn = with(&GET.repeat(3).replacen("/ ", "/1 ", 1));
        for step in [1, 7, 1000] {
            let request = conn.next_request(NOW).unwrap();
            assert_eq!(conn.next_request(NOW), None, "the first has no answer");
            conn.respond(&answer(&request.path), NOW);
            conn.respond(&answer("twice"), NOW);
            assert_eq!(conn.next_request(NOW), None, "the answer has not left");
            let (text, is_over) = sent(&mut conn, step);
            assert!(text.ends_with(&format!("\r\n\r\n{}", request.path)) && !is_over);
        }
        assert!(conn.next_request(NOW).is_none() && conn.is_idle());
    }

    #[test]
    fn a_head_has_no_body_and_close_ends_it() {
        let mut conn = with(&GET.replace("GET", "HEAD"));
        conn.next_request(NOW).unwrap();
        conn.respond(&answer("body"), NOW);
        let (text, _) = sent(&mut conn, 9);
        assert!(text.contains("\r\nContent-Length: 4\r\n") && text.ends_with("\r\n\r\n"));
        conn.received(GET.replace("1.1", "1.0").as_bytes(), NOW);
        conn.next_request(NOW).unwrap();
        conn.respond(&answer("body"), NOW);
        let (text, is_over) = sent(&mut conn, 9);
        assert!(text.contains("\r\nConnection: close\r\n") && is_over);
        // Bytes that still come are dropped, for a while.
        conn.received(GET.as_bytes(), NOW);
        assert!(conn.next_request(NOW).is_none() && !conn.is_closed());
        assert_eq!(conn.deadline(), Mono(LIMITS.linger));
        conn.on_timeout(at(conn.deadline().0));
        assert!(conn.is_closed());
    }

    #[test]
    fn a_peer_that_says_no_more_gets_its_answers() {
        let mut conn = with(&GET.repeat(2));
        conn.ended();
        for _ in 0..2 {
            conn.next_request(NOW).unwrap();
            conn.respond(&answer("it"), NOW);
            sent(&mut conn, 100);
        }
        assert!(conn.next_request(NOW).is_none() && conn.is_closed());
    }

    #[test]
    fn an_answer_that_does_not_come_is_an_answer() {
        let mut conn = with(GET);
        conn.next_request(NOW).unwrap();
        conn.answer_by(Mono(SECOND));
        conn.on_timeout(at(conn.deadline().0));
        conn.respond(&answer("late"), NOW);
        let (text, is_over) = sent(&mut conn, 100);
        assert!(text.starts_with("HTTP/1.1 503 ") && !is_over, "{text}");
        assert!(!text.contains("late") && conn.is_idle());
    }

    #[test]
    fn slow_and_endless_requests_are_refused() {
        let mut conn = with("GET / HT");
        assert_eq!(conn.deadline(), Mono(LIMITS.web_request));
        // A byte more does not give it more time.
        conn.received(b"T", at(9 * SECOND));
        assert_eq!(conn.deadline(), Mono(LIMITS.web_request));
        assert!(conn.next_request(NOW).is_none());
        conn.on_timeout(at(conn.deadline().0));
        let (text, is_over) = sent(&mut conn, 100);
        assert!(text.starts_with("HTTP/1.1 408 ") && is_over, "{text}");

        let mut conn = HttpConn::new(NOW);
        assert!(conn.is_idle());
        conn.on_timeout(at(conn.deadline().0));
        assert!(conn.is_closed());

        let mut conn = with("GET / HTTP/1.1\r\nX: ");
        while conn.room() > 0 {
            let more = "x".repeat(conn.room().min(1000));
            conn.received(more.as_bytes(), NOW);
        }
        assert!(conn.next_request(NOW).is_none());
        assert!(sent(&mut conn, 100).0.starts_with("HTTP/1.1 431 "));
    }

    #[test]
    fn a_listener_that_reads_nothing_has_one_event_waiting() {
        let mut conn = with(GET);
        conn.next_request(NOW).unwrap();
        conn.stream(&answer("first"), Arc::default(), NOW);
        let before = conn.unsent_len();
        let event: Arc<[u8]> = b"event".as_slice().into();
        (0..1000).for_each(|_| conn.event(&event, 0, Arc::default, at(SECOND)));
        assert_eq!(conn.unsent_len(), before);
        assert_eq!(conn.deadline(), Mono(LIMITS.web_event));
        assert!(!sent(&mut conn, 100).1 && conn.is_streaming());
        // Having nothing to read is no fault of its own.
        conn.on_timeout(at(LIMITS.web_event));
        assert!(conn.is_streaming());
        (0..3).for_each(|_| conn.event(&event, 0, Arc::default, at(SECOND)));
        assert_eq!(sent(&mut conn, 1).0, "event");
        conn.event(&event, 0, Arc::default, at(SECOND));
        conn.on_timeout(at(conn.deadline().0));
        assert!(conn.is_closed());
    }
}
