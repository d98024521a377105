//! The tale of a run, as a ladder: a column per server, and a line for each line that gets from
//! one to another, when the other reads it. It fits a page of 100 columns.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::io::Write;

use super::shows::Shows;
use crate::support::shown::shown;

/// The teller.
pub struct Trace {
    columns: usize,
    shows: Shows,
    out: Box<dyn Write>,
    /// Bytes to and from guests, of lines that have not ended.
    begun: BTreeMap<(usize, char), Vec<u8>>,
}

/// From one column to the next, in characters.
const WIDTH: usize = 4;
/// The page.
const COLUMNS: usize = 100;
/// A line's share of the page is never narrower than this, and never higher.
const TEXT_MIN: usize = 38;
const ROWS_MAX: usize = 3;
/// Room for what stands at the end of a line that is too long: ` … and 1000 more`.
const MORE: usize = 16;
/// Runs, nonces, proofs and digests have 16 digits and more. These are enough to tell them apart.
const DIGITS: usize = 8;
const LEGEND: &str = "\
o--->  one server's line, when the other reads it     <---o  the same, the other way
*      what happens to this server, or between it and one of its guests
guest  a client: > it asks, < it is answered. Times are seconds from the start.
";

impl Trace {
    /// A ladder for servers of these names, with a legend and its head, after `preface`.
    pub fn new(names: &[String], shows: Shows, preface: &str, out: Box<dyn Write>) -> Trace {
        let columns = names.len();
        let begun = BTreeMap::new();
        let mut trace = Trace {
            columns,
            shows,
            out,
            begun,
        };
        trace.put(&format!("{preface}\n{LEGEND}"));
        for (place, name) in names.iter().enumerate() {
            let bars = "|   ".repeat(place);
            trace.put(&format!("{:>12}  {bars}{name}", ""));
        }
        trace
    }

    /// A line of one server has got to another.
    pub fn line(&mut self, now: u64, (from, to): (usize, usize), line: &[u8]) {
        if !self.shows.line(line) {
            return;
        }
        let mut rungs = self.rungs();
        let (left, right) = (from.min(to) * WIDTH, from.max(to) * WIDTH);
        rungs[left + 1..right].fill('-');
        rungs[from * WIDTH] = 'o';
        rungs[to * WIDTH] = if from < to { '>' } else { '<' };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.rung(now, &rungs, &shortened(&shown(line)));
    }

    /// Something happens to a server.
    pub fn at(&mut self, now: u64, place: usize, what: &str) {
        if self.shows.events() {
            self.mark(now, place, what);
        }
    }

    /// Bytes get from (`>`) a guest to a server, or (`<`) from the server to it.
    pub fn outside(&mut self, now: u64, place: usize, guest: usize, way: char, bytes: &[u8]) {
        let begun = self.begun.entry((guest, way)).or_default();
        begun.extend_from_slice(bytes);
        let (mut lines, ended) = (Vec::new(), bytes.is_empty());
        while let Some(end) = begun.iter().position(|&byte| byte == b'\n') {
            lines.push(begun.drain(..=end).collect::<Vec<u8>>());
        }
        if ended {
            lines.push(std::mem::take(begun));
        }
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            if self.shows.line(&line) {
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                self.mark(now, place, &format!("guest {guest} {way} {}", shown(line)));
            }
        }
    }

    /// Something happens to the herd.
    pub fn note(&mut self, now: u64, what: &str) {
        if self.shows.events() {
            let rungs = self.rungs();
            self.rung(now, &rungs, what);
        }
    }

    fn mark(&mut self, now: u64, place: usize, what: &str) {
        let mut rungs = self.rungs();
        rungs[place * WIDTH] = '*';
        self.rung(now, &rungs, what);
    }

    fn rungs(&self) -> Vec<char> {
        let mut rungs = vec![' '; (self.columns - 1) * WIDTH + 1];
        rungs.iter_mut().step_by(WIDTH).for_each(|rung| *rung = '|');
        rungs
    }

    /// A rung, and the rest of what it says below it.
    fn rung(&mut self, now: u64, rungs: &[char], what: &str) {
        let plain: String = self.rungs().iter().collect();
        let rungs: String = rungs.iter().collect();
        let seconds = now as f64 / 1e9;
        let mut start = format!("{seconds:>12.6}  {rungs}");
        let room = COLUMNS.saturating_sub(start.len() + 2).max(TEXT_MIN);
        for (row, text) in folded(what, room).into_iter().enumerate() {
            let indent = if row == 0 { 2 } else { 4 };
            self.put(format!("{start}{:indent$}{text}", "").trim_end());
            start = format!("{:>12}  {plain}", "");
        }
    }

    fn put(&mut self, text: &str) {
        writeln!(self.out, "{text}").expect("the ladder can be written");
    }
}

impl Debug for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").finish_non_exhaustive()
    }
}

/// Long hexadecimal numbers, cut.
fn shortened(line: &str) -> String {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let short = |word: &str| {
        let value = word.rsplit('=').next().unwrap_or_default();
        let key = &word[..word.len() - value.len()];
        match value.split_at_checked(DIGITS) {
            _ if value.len() < 2 * DIGITS || !is_hex(value) => word.to_string(),
            // The runs of the simulator are small numbers.
            Some((start, rest)) if start.bytes().all(|byte| byte == b'0') => {
                format!("{key}…{}", &rest[rest.len() - DIGITS..])
            }
            Some((start, _)) => format!("{key}{start}…"),
            None => word.to_string(),
        }
    };
    line.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

/// `text` in rows of `room` columns, those after the first two narrower; the characters of an end
/// that has no room are counted.
fn folded(text: &str, room: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut left: Vec<&str> = text.split(' ').rev().collect();
    while let Some(word) = left.pop() {
        let count = rows.len();
        let narrow = match count {
            1 => room,
            ROWS_MAX => room - 2 - MORE,
            _ => room - 2,
        };
        let row = rows.last_mut().expect("there is one");
        let (used, length) = (row.chars().count(), word.chars().count());
        let gap = usize::from(used > 0);
        if used + gap + length <= narrow {
            row.push_str(&" "[..gap]);
            row.push_str(word);
        } else if count == ROWS_MAX {
            let rest: usize = left.iter().map(|word| word.chars().count() + 1).sum();
            row.push_str(&format!(" … and {} more", rest + length));
            break;
        } else if used > 0 {
            rows.push(String::new());
            left.push(word);
        } else {
            // A word that is longer than a row.
            let at = word.char_indices().nth(narrow).map_or(0, |(at, _)| at);
            row.push_str(&word[..at]);
            left.push(&word[at..]);
            rows.push(String::new());
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;
    use std::rc::Rc;

    use super::*;

    /// A page that is read afterwards.
    #[derive(Clone, Default)]
    struct Page(Rc<RefCell<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The ladder of a few made-up events.
    fn ladder(show: Option<&str>) -> String {
        let page = Page::default();
        let names = ["Goloman", "Hands", "Welsh"].map(String::from);
        let shows = Shows::of(show).unwrap();
        let mut trace = Trace::new(&names, shows, "seed 7\n", Box::new(page.clone()));
        trace.at(0, 0, "Goloman starts");
        let hello = "HELLO Goloman Welsh 0000000000000003 00112233445566778899aabbccddeeff \
                     early=0123456789abcdef\n";
        trace.line(1_500_000, (0, 2), hello.as_bytes());
        trace.outside(2_000_000, 1, 4, '>', b"IAMAT k +1-1 1");
        trace.outside(2_100_000, 1, 4, '>', b"\nWHATSAT k");
        trace.outside(2_200_000, 1, 4, '>', b"");
        trace.outside(
            2_300_000,
            1,
            4,
            '<',
            b"AT Hands +0.000000001 k +1-1 1\n? WHATSAT k\n",
        );
        trace.line(12_345_678_901, (1, 0), b"AT Hands +0.000000001 k +1-1 1\n");
        trace.line(
            12_400_000_000,
            (2, 1),
            &[b"DIGESTS - ", &b"0123456789abcdef ".repeat(64)[..]].concat(),
        );
        trace.note(13_000_000_000, "everything is well again");
        let bytes = page.0.borrow().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_ladder_has_this_form() {
        let head = "\
seed 7

o--->  one server's line, when the other reads it     <---o  the same, the other way
*      what happens to this server, or between it and one of its guests
guest  a client: > it asks, < it is answered. Times are seconds from the start.

              Goloman
              |   Hands
              |   |   Welsh
";
        let rungs = "
    0.000000  *   |   |  Goloman starts
    0.001500  o------->  HELLO Goloman Welsh …00000003 00112233… early=01234567…
    0.002100  |   *   |  guest 4 > IAMAT k +1-1 1
    0.002200  |   *   |  guest 4 > WHATSAT k
    0.002300  |   *   |  guest 4 < AT Hands +0.000000001 k +1-1 1
    0.002300  |   *   |  guest 4 < ? WHATSAT k
   12.345679  <---o   |  AT Hands +0.000000001 k +1-1 1
";
        let whole = ladder(None);
        let want = format!("{head}{}", rungs.trim_start_matches('\n'));
        assert!(whole.starts_with(&want), "{whole}");
        assert!(whole.ends_with("\n   13.000000  |   |   |  everything is well again\n"));
        let fits = |line: &str| line.chars().count() <= COLUMNS;
        assert!(whole.lines().all(fits), "{whole}");
        let rows: Vec<&str> = whole
            .lines()
            .skip_while(|it| !it.contains("DIGESTS"))
            .collect();
        assert!(rows[0].starts_with("   12.400000  |   <---o  DIGESTS - 01234567… 01234567… "));
        assert!(
            rows[1].starts_with("              |   |   |    01234567… "),
            "{whole}"
        );
        assert!(rows[2].ends_with(" more"), "{whole}");
        assert_eq!(rows.len(), 4, "{whole}");
    }

    #[test]
    fn the_rest_is_left_out() {
        let lines = "
    0.002100  |   *   |  guest 4 > IAMAT k +1-1 1
    0.002300  |   *   |  guest 4 < AT Hands +0.000000001 k +1-1 1
   12.345679  <---o   |  AT Hands +0.000000001 k +1-1 1
";
        assert!(ladder(Some("at,iamat")).ends_with(&format!("Welsh{lines}")));
    }

    #[test]
    fn text_is_folded_between_words_and_within_long_ones() {
        assert_eq!(folded("", 20), [""]);
        assert_eq!(folded("a bc def", 8), ["a bc def"]);
        assert_eq!(folded("a bc def", 7), ["a bc", "def"]);
        assert_eq!(folded("abcdefgh", 5), ["abcde", "fgh"]);
        let long = "abcdefghij ".repeat(10);
        let rows = ["abcdefghij abcdefghij", "abcdefghij", " … and 76 more"];
        assert_eq!(folded(long.trim_end(), 22), rows);
    }
}
