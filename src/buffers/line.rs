//! Cuts a stream that arrives in pieces into lines.

use memchr::memchr;

use super::pool::{Buffer, BufferPool};

/// The part of a stream that has been read but not yet processed.
///
/// Complete lines are handed out directly from the bytes of the read; only a rest is copied, and
/// no byte is searched twice. It holds at most one line of the largest size and one read, because
/// its owner stops reading while lines are left.
#[derive(Debug, Default)]
pub struct LineBuffer {
    /// Bytes of earlier reads. `None` while it has no memory.
    kept: Option<Box<Buffer>>,
}

/// Memory grows in steps of this size. It bounds nothing.
const PIECE: usize = 256;

/// A line as [`LineBuffer::next`] finds it.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its LF.
    Whole(&'a [u8]),
    /// The start of a line that is longer than the limit, cut to the limit.
    Overlong(&'a [u8]),
}

impl LineBuffer {
    /// The next line: from the kept bytes first, then from `fresh`, which shrinks as its bytes
    /// are used. `limit` is the longest line, in bytes without LF. After `None` the caller passes
    /// the rest of `fresh` to [`keep`](LineBuffer::keep).
    pub fn next<'a, 'f: 'a>(&'a mut self, fresh: &mut &'f [u8], limit: usize) -> Option<Line<'a>> {
        let kept = self.kept.as_deref_mut().filter(|kept| kept.len() > 0);
        let Some(kept) = kept else {
            return split(fresh, 0, limit).map(|line| limited(line, limit));
        };
        if let Some(at) = memchr(b'\n', &kept.bytes[kept.searched..]) {
            let line = kept.done..kept.searched + at;
            kept.done = line.end + 1;
            kept.searched = kept.done;
            return Some(limited(&kept.bytes[line], limit));
        }
        kept.searched = kept.bytes.len();
        let rest = split(fresh, kept.len(), limit)?;
        kept.bytes.extend_from_slice(rest);
        let line = kept.done..kept.bytes.len();
        (kept.done, kept.searched) = (line.end, line.end);
        Some(limited(&kept.bytes[line], limit))
    }

    /// The bytes that `next` looks at next: the kept bytes, or `fresh` if there are none.
    pub fn ahead<'a>(&'a self, fresh: &'a [u8]) -> &'a [u8] {
        match &self.kept {
            Some(kept) if kept.len() > 0 => &kept.bytes[kept.done..],
            _ => fresh,
        }
    }

    /// Keeps the bytes that `next` left in `fresh`. Memory comes from `pool`, and returns to it
    /// when nothing is left, which is usual: most packets end with an LF.
    pub fn keep(&mut self, fresh: &[u8], pool: &mut BufferPool) {
        if self.is_empty() && fresh.is_empty() {
            return pool.give(self.kept.take());
        }
        let kept = self.kept.get_or_insert_with(|| pool.take());
        kept.bytes.drain(..kept.done);
        kept.searched -= kept.done;
        kept.done = 0;
        let most = (kept.len() + fresh.len()).next_multiple_of(PIECE);
        if kept.bytes.capacity() > 2 * most {
            kept.bytes.shrink_to(most);
        }
        // Many clients may each send half a line byte by byte. A vector that doubles would take
        // up to twice the memory.
        if kept.bytes.capacity() < most {
            kept.bytes.reserve_exact(most - kept.len());
        }
        kept.bytes.extend_from_slice(fresh);
    }

    /// The bytes after the last LF, when the stream has ended; `None` if there are none.
    pub fn rest(&mut self) -> Option<Vec<u8>> {
        let kept = self.kept.take().filter(|kept| kept.len() > 0)?;
        Some(kept.bytes[kept.done..].to_vec())
    }

    /// Drops all bytes and their memory.
    pub fn clear(&mut self) {
        self.kept = None;
    }

    /// The number of bytes that it holds.
    pub fn len(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.len())
    }

    /// Whether a line has begun.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Takes the bytes up to the next LF off `fresh`. Without an LF it takes all of `fresh` if the
/// line, which has `pending` bytes already, is longer than `limit`; otherwise nothing.
fn split<'f>(fresh: &mut &'f [u8], pending: usize, limit: usize) -> Option<&'f [u8]> {
    match memchr(b'\n', fresh) {
        Some(at) => {
            let line = &fresh[..at];
            *fresh = &fresh[at + 1..];
            Some(line)
        }
        None if pending + fresh.len() > limit => Some(std::mem::take(fresh)),
        None => None,
    }
}

fn limited(line: &[u8], limit: usize) -> Line<'_> {
    match line.get(..limit) {
        Some(first) if line.len() > limit => Line::Overlong(first),
        _ => Line::Whole(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 10;

    /// Everything that comes out when `pieces` go in, an overlong line marked with `!`.
    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut buffer, mut found) = (LineBuffer::default(), Vec::new());
        for piece in pieces {
            let mut fresh = *piece;
            while let Some(line) = buffer.next(&mut fresh, LIMIT) {
                match line {
                    Line::Whole(line) => found.push(line.escape_ascii().to_string()),
                    Line::Overlong(line) => {
                        found.push(format!("!{}", line.escape_ascii()));
                        return found;
                    }
                }
            }
            buffer.keep(fresh, &mut BufferPool::new(1000));
            assert!(buffer.len() <= LIMIT);
        }
        found.extend(
            buffer
                .rest()
                .map(|rest| format!("{}$", rest.escape_ascii())),
        );
        found
    }

    #[test]
    fn lines_do_not_depend_on_how_the_stream_is_cut() {
        let text = b"one\ntwo\r\n\n\nthree 4567\nrest";
        let want = ["one", "two\\r", "", "", "three 4567", "rest$"];
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(lines(&pieces), want, "cut at {first} and {second}");
            }
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(lines(&bytes), want);
    }

    #[test]
    fn an_overlong_line_is_found_with_or_without_its_end() {
        assert_eq!(lines(&[b"0123456789\n"]), ["0123456789"]);
        assert_eq!(lines(&[b"0123456789"]), ["0123456789$"]);
        assert_eq!(lines(&[b"a\n0123456789A"]), ["a", "!0123456789"]);
        assert_eq!(lines(&[b"01234", b"56789A\nb\n"]), ["!0123456789"]);
        assert_eq!(lines(&[b"01234", b"56789A"]), ["!0123456789"]);
        let bytes: Vec<&[u8]> = b"0123456789ABC".chunks(1).collect();
        assert_eq!(lines(&bytes), ["!0123456789"]);
    }

    #[test]
    fn lines_that_were_not_taken_are_kept() {
        let mut buffer = LineBuffer::default();
        let mut fresh = &b"one\ntwo\nthree\nfo"[..];
        assert_eq!(buffer.next(&mut fresh, LIMIT), Some(Line::Whole(b"one")));
        buffer.keep(fresh, &mut BufferPool::new(1000));
        let mut nothing = &b""[..];
        assert_eq!(buffer.next(&mut nothing, LIMIT), Some(Line::Whole(b"two")));
        assert_eq!(
            buffer.next(&mut nothing, LIMIT),
            Some(Line::Whole(b"three"))
        );
        assert_eq!(buffer.next(&mut nothing, LIMIT), None);
        buffer.keep(b"", &mut BufferPool::new(1000));
        let mut fresh = &b"ur\n"[..];
        assert_eq!(buffer.next(&mut fresh, LIMIT), Some(Line::Whole(b"four")));
        buffer.keep(fresh, &mut BufferPool::new(1000));
        assert!(buffer.is_empty());
    }
}

#[cfg(test)]
mod memory {
    use super::*;

    fn memory(buffer: &LineBuffer) -> usize {
        buffer.kept.as_ref().map_or(0, |kept| kept.bytes.capacity())
    }

    #[test]
    fn half_a_line_costs_what_it_is_long() {
        let mut buffer = LineBuffer::default();
        let (mut pool, mut most) = (BufferPool::new(1000), 0);
        for length in 1..=8192 {
            assert_eq!(buffer.next(&mut &b"x"[..], 8192), None);
            buffer.keep(b"x", &mut pool);
            most = most.max(memory(&buffer) - length);
        }
        assert!(most < PIECE, "{most} bytes too many");
        // Neither does what stood before it.
        let mut buffer = LineBuffer::default();
        let many = [&b"line\n".repeat(3000)[..], b"rest"].concat();
        buffer.keep(&many, &mut pool);
        while buffer.next(&mut &b""[..], 8192).is_some() {}
        buffer.keep(b"", &mut pool);
        assert_eq!((buffer.len(), memory(&buffer)), (4, PIECE));
    }

    #[test]
    fn an_empty_buffer_returns_its_memory() {
        let (mut buffer, mut pool) = (LineBuffer::default(), BufferPool::new(1000));
        buffer.keep(b"fo", &mut pool);
        assert_eq!(
            buffer.next(&mut &b"ur\n"[..], 8),
            Some(Line::Whole(b"four"))
        );
        buffer.keep(b"", &mut pool);
        assert!(buffer.kept.is_none());
    }
}
