//! `Conn` over a scripted stream: what each outcome of a read or a write does to its readiness.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use herd::reactor::{Conn, ReadOutcome, Readiness};

/// The kernel's answer to the next call.
#[derive(Clone, Copy)]
enum Say {
    /// It has or takes this many bytes.
    Bytes(usize),
    /// An error.
    Error(ErrorKind),
    /// The end of the stream.
    End,
}

use Say::{Bytes, End, Error};

/// A stream that says what it is told to, once each, and counts the calls.
struct Script {
    reads: VecDeque<Say>,
    writes: VecDeque<Say>,
    written: Vec<u8>,
    calls: usize,
}

impl Script {
    fn next(says: &mut VecDeque<Say>, length: usize) -> io::Result<usize> {
        match says
            .pop_front()
            .expect("a call that the script does not know")
        {
            Bytes(count) => Ok(count.min(length)),
            Error(kind) => Err(kind.into()),
            End => Ok(0),
        }
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        Script::next(&mut self.reads, buffer.len())
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let count = Script::next(&mut self.writes, bytes.len())?;
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection to a script, before its first event.
fn conn(reads: &[Say], writes: &[Say]) -> Conn<Script> {
    let (reads, writes) = (
        reads.iter().copied().collect(),
        writes.iter().copied().collect(),
    );
    Conn::new(Script {
        reads,
        writes,
        written: Vec::new(),
        calls: 0,
    })
}

const READABLE: (bool, bool, bool) = (true, false, false);
const WRITABLE: (bool, bool, bool) = (false, true, false);
const ENDING: (bool, bool, bool) = (true, false, true);

fn event(conn: &mut Conn<Script>, (readable, writable, read_closed): (bool, bool, bool)) {
    conn.event(Readiness {
        readable,
        writable,
        read_closed,
        urgent: false,
    });
}

#[test]
fn nothing_is_tried_before_an_event_says_so() {
    let mut conn = conn(&[], &[]);
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Nothing);
    assert_eq!(conn.write(b"reply"), 0);
    assert_eq!(conn.stream.calls, 0);
}

#[test]
fn a_full_read_may_have_more_behind_it_and_a_short_one_has_not() {
    let mut conn = conn(&[Bytes(8), Bytes(3)], &[]);
    event(&mut conn, READABLE);
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(8));
    assert!(conn.is_readable());
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(3));
    assert!(
        !conn.is_readable(),
        "no call only to learn that there is nothing"
    );
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Nothing);
    assert_eq!(conn.stream.calls, 2);
}

#[test]
fn would_block_ends_the_reading_until_the_next_event() {
    let mut conn = conn(&[Bytes(8), Error(ErrorKind::WouldBlock), Bytes(1)], &[]);
    event(&mut conn, READABLE);
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(8));
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Nothing);
    assert!(!conn.is_readable());
    event(&mut conn, READABLE);
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(1));
}

#[test]
fn one_byte_at_a_time_is_as_good_as_all_at_once() {
    let mut conn = conn(&[Bytes(1); 5], &[]);
    for _ in 0..5 {
        event(&mut conn, READABLE);
        assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(1));
    }
}

#[test]
fn an_interrupted_call_is_made_again() {
    let interrupted = Error(ErrorKind::Interrupted);
    let mut conn = conn(
        &[interrupted, interrupted, Bytes(2)],
        &[interrupted, Bytes(5)],
    );
    event(&mut conn, (true, true, false));
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(2));
    assert_eq!(conn.write(b"reply"), 5);
    assert_eq!(conn.stream.calls, 5);
}

#[test]
fn a_short_read_does_not_hide_the_end_behind_it() {
    // One edge says both that there are bytes and that they are the last: no other will come.
    let mut conn = conn(&[Bytes(3), End], &[]);
    event(&mut conn, ENDING);
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(3));
    assert!(conn.is_readable());
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Ended);
    assert!(!conn.is_readable());
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Nothing);
}

#[test]
fn a_reset_breaks_it_after_what_came_before() {
    let mut conn = conn(&[Bytes(3), Error(ErrorKind::ConnectionReset)], &[]);
    event(&mut conn, ENDING);
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(3));
    assert!(matches!(conn.read(&mut [0; 8]), ReadOutcome::Broken(_)));
    assert!(!conn.is_readable());
}

#[test]
fn a_short_write_waits_for_room() {
    let mut conn = conn(&[], &[Bytes(3), Bytes(2)]);
    event(&mut conn, WRITABLE);
    assert_eq!(conn.write(b"reply"), 3);
    assert!(!conn.is_writable());
    assert_eq!(conn.write(b"ly"), 0);
    event(&mut conn, WRITABLE);
    assert_eq!(conn.write(b"ly"), 2);
    assert!(conn.is_writable());
    assert_eq!(conn.stream.written, b"reply");
}

#[test]
fn writing_blocked_and_then_not() {
    let mut conn = conn(&[], &[Error(ErrorKind::WouldBlock), Bytes(5)]);
    event(&mut conn, WRITABLE);
    assert_eq!(conn.write(b"reply"), 0);
    assert!(!conn.is_writable());
    event(&mut conn, WRITABLE);
    assert_eq!(conn.write(b"reply"), 5);
}

#[test]
fn a_failed_write_does_not_hide_what_the_other_side_said_before_it_went() {
    let reads = [Bytes(8), Bytes(2), End];
    let mut conn = conn(&reads, &[Error(ErrorKind::BrokenPipe)]);
    event(&mut conn, WRITABLE);
    assert_eq!(conn.write(b"reply"), 5, "what nobody will read is dropped");
    assert_eq!(conn.write(b"more"), 4);
    assert!(conn.is_readable(), "and its last words are looked for");
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(8));
    assert_eq!(conn.read(&mut [0; 8]), ReadOutcome::Bytes(2));
    let ReadOutcome::Broken(why) = conn.read(&mut [0; 8]) else {
        panic!("it is gone")
    };
    assert!(why.contains("pipe"), "{why}");
}
