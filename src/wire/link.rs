//! What is said at the servers' door: HELLO, AUTH, SINCE, MARK, WAVE, DONE, STATUS and the AT line.

use std::fmt;

use super::{Report, decimal, exactly, fields};

/// One life of a server: random, new at every start. 16 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run(pub u64);

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// How far a feed goes and what a table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of a change in the teller's feed.
    pub seq: u64,
    /// The records of the speaker's table.
    pub count: u64,
    /// The sum of their hashes.
    pub digest: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:016x}", self.seq, self.count, self.digest)
    }
}

/// Who speaks, to whom, in which life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The speaker's name.
    pub from: &'a [u8],
    /// Whom it takes us for.
    pub to: &'a [u8],
    /// The speaker's life.
    pub run: Run,
    /// Never used twice, so that no proof is good twice.
    pub nonce: &'a [u8],
    /// Only the acceptor's HELLO has this field: its proof of the secret, or `-`.
    pub proof: Option<&'a [u8]>,
}

/// A valid line of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// `HELLO <from> <to> <run> <nonce>`, from the acceptor with a proof behind it.
    Hello(Hello<'a>),
    /// `AUTH <proof>`: the proof of the secret, a dialler's or an asker's.
    Auth(&'a [u8]),
    /// `STATUS [<nonce>]`: how are you? And back, from who wants a proof first.
    Status(Option<&'a [u8]>),
    /// `SINCE <run> <seq> <count> <digest>`: how far I got into your feed of that run.
    Since(Run, Position),
    /// `WAVE <run> <number>`: when everybody behind you has what you have, say DONE.
    Wave(Run, u64),
    /// `DONE <run> <number>`: they have.
    Done(Run, u64),
    /// `AT …`: a change.
    At(Report<'a>),
    /// `MARK <seq> <count> <digest>`: so far you have been told everything.
    Mark(Position),
}

impl<'a> Message<'a> {
    /// The word in a line; none if it is garbage.
    pub fn parse(line: &'a [u8]) -> Option<Message<'a>> {
        match fields(line).next()? {
            b"AT" => Some(Message::At(Report::parse(line)?)),
            b"MARK" => {
                let [_, seq, count, digest] = exactly(line)?;
                Some(Message::Mark(extent(seq, count, digest)?))
            }
            b"SINCE" => {
                let [_, run, seq, count, digest] = exactly(line)?;
                Some(Message::Since(Run(hex(run)?), extent(seq, count, digest)?))
            }
            b"HELLO" => Some(Message::Hello(hello(line)?)),
            b"WAVE" => {
                let [_, run, number] = exactly(line)?;
                Some(Message::Wave(Run(hex(run)?), decimal(number, u64::MAX)?))
            }
            b"DONE" => {
                let [_, run, number] = exactly(line)?;
                Some(Message::Done(Run(hex(run)?), decimal(number, u64::MAX)?))
            }
            b"AUTH" => exactly(line).map(|[_, proof]| Message::Auth(proof)),
            b"STATUS" => match exactly(line) {
                Some([_, nonce]) => is_nonce(nonce).then_some(Message::Status(Some(nonce))),
                None => exactly(line).map(|[_]| Message::Status(None)),
            },
            _ => None,
        }
    }
}

fn hello(line: &[u8]) -> Option<Hello<'_>> {
    let (fields, proof) = match exactly::<6>(line) {
        Some([_, from, to, run, nonce, proof]) => ([from, to, run, nonce], Some(proof)),
        None => {
            let [_, from, to, run, nonce] = exactly(line)?;
            ([from, to, run, nonce], None)
        }
    };
    let [from, to, run, nonce] = fields;
    is_nonce(nonce).then_some(())?;
    Some(Hello {
        from,
        to,
        run: Run(hex(run)?),
        nonce,
        proof,
    })
}

/// 32 lower-case hex digits.
fn is_nonce(text: &[u8]) -> bool {
    text.len() == 32 && text.iter().all(|&byte| hex_digit(byte).is_some())
}

fn extent(seq: &[u8], count: &[u8], digest: &[u8]) -> Option<Position> {
    let (seq, count) = (decimal(seq, u64::MAX)?, decimal(count, u64::MAX)?);
    Some(Position {
        seq,
        count,
        digest: hex(digest)?,
    })
}

/// 16 lower-case hex digits.
fn hex(text: &[u8]) -> Option<u64> {
    let sixteen: &[u8; 16] = text.try_into().ok()?;
    sixteen
        .iter()
        .try_fold(0, |value, &byte| Some(value << 4 | hex_digit(byte)?))
}

/// Lower-case hex digits, two for a byte.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of lower-case hex digits, two for a byte.
pub fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some((hex_digit(*high)? << 4 | hex_digit(*low)?) as u8);
    rest.is_empty().then_some(())?;
    pairs.iter().map(byte).collect()
}

fn hex_digit(byte: u8) -> Option<u64> {
    match byte {
        b'0'..=b'9' => Some(u64::from(byte - b'0')),
        b'a'..=b'f' => Some(u64::from(byte - b'a' + 10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn words_are_read_as_they_are_written() {
        let run = Run(0x0123_4567_89ab_cdef);
        let extent = Position {
            seq: 7,
            count: 3,
            digest: 0xfeed,
        };
        let since = format!("SINCE {run} {extent}");
        assert_eq!(since, "SINCE 0123456789abcdef 7 3 000000000000feed");
        assert_eq!(
            Message::parse(since.as_bytes()),
            Some(Message::Since(run, extent))
        );
        let mark = format!("MARK {extent}");
        assert_eq!(Message::parse(mark.as_bytes()), Some(Message::Mark(extent)));
        let hello = format!("HELLO Goloman Hands {run} {NONCE}");
        let mut want = Hello {
            from: b"Goloman",
            to: b"Hands",
            run,
            nonce: NONCE.as_bytes(),
            proof: None,
        };
        assert_eq!(Message::parse(hello.as_bytes()), Some(Message::Hello(want)));
        want.proof = Some(b"-");
        assert_eq!(
            Message::parse(format!("{hello} -").as_bytes()),
            Some(Message::Hello(want))
        );
        let wave = format!("WAVE {run} 7");
        assert_eq!(Message::parse(wave.as_bytes()), Some(Message::Wave(run, 7)));
        let done = format!("DONE {run} 7");
        assert_eq!(Message::parse(done.as_bytes()), Some(Message::Done(run, 7)));
        assert_eq!(Message::parse(b"AUTH 00ff"), Some(Message::Auth(b"00ff")));
        assert_eq!(Message::parse(b"STATUS\r"), Some(Message::Status(None)));
        let status = format!("STATUS {NONCE}");
        let want = Message::Status(Some(NONCE.as_bytes()));
        assert_eq!(Message::parse(status.as_bytes()), Some(want));
        let at = b"AT s +0.000000000 k +1+1 1";
        assert!(matches!(Message::parse(at), Some(Message::At(_))));
    }

    #[test]
    fn hex_is_lower_case_and_whole() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(to_hex(&bytes).as_bytes()), Some(bytes));
        for bad in [&b"0"[..], b"0G", b"FF", b"0x", b"000"] {
            assert_eq!(from_hex(bad), None);
        }
    }

    #[test]
    fn garbage_is_garbage() {
        for line in [
            "",
            "IAMAT k +1+1 1",
            "MARK 1 2",
            "MARK 1 2 000000000000FEED",
            "MARK -1 2 000000000000feed",
            "MARK 1 18446744073709551616 000000000000feed",
            "MARK 1 2 feed",
            "SINCE 0123 1 2 000000000000feed",
            "SINCE 0123456789abcdef 1 2 000000000000feed 3",
            "HELLO a b 0123456789abcdef",
            "HELLO a b 0123456789abcdef xyz",
            "HELLO a b 0123456789abcdef 00112233445566778899aabbccddeeff - -",
            "AT s +0.000000000 k +1+1",
            "mark 1 2 000000000000feed",
            "WAVE 0123456789abcdef",
            "DONE 0123456789abcdef -1",
            "AUTH",
            "AUTH 00 ff",
            "STATUS x",
            "STATUS 00112233445566778899aabbccddeef",
            "STATUS 00112233445566778899aabbccddeeff -",
            "status",
        ] {
            assert_eq!(Message::parse(line.as_bytes()), None, "{line}");
        }
    }
}
