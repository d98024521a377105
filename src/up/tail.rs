//! The end of a log that another process writes, as it grows.
//!
//! The file itself is the buffer: what is not read in time is skipped. It may be renamed, removed
//! or cut at any time; then the next file of its name is read from its start.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::lines::Lines;
use crate::limits::LIMITS;

/// A log that is followed.
pub struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// Everything before this byte has been read, or skipped.
    at: u64,
    lines: Lines,
    /// The rest of a line whose start was skipped.
    is_within: bool,
}

impl Tail {
    /// Begins at the end of what is there.
    pub fn new(path: &Path) -> Tail {
        let file = open(path);
        Tail {
            path: path.to_path_buf(),
            at: file.as_ref().map_or(0, length),
            file,
            lines: Lines::default(),
            is_within: false,
        }
    }

    /// Gives each line that was added to `each`, in order, and returns how many bytes were skipped
    /// before the first: they came faster than they are read.
    pub fn read(&mut self, mut each: impl FnMut(String)) -> u64 {
        // A writer has left the old file before it has a new one. So this is asked first.
        let is_left = self.is_left();
        let skipped = self.read_file(&mut each).unwrap_or(0);
        if !is_left {
            return skipped;
        }
        self.lines.push(b"", &mut each);
        (self.file, self.at, self.is_within) = (open(&self.path), 0, false);
        skipped + self.read_file(&mut each).unwrap_or(0)
    }

    /// Another file has its name.
    fn is_left(&self) -> bool {
        let same =
            |it: &Metadata, other: &Metadata| (it.dev(), it.ino()) == (other.dev(), other.ino());
        let (there, here) = (
            fs::metadata(&self.path),
            self.file.as_ref().map(File::metadata),
        );
        match (there, here) {
            (Ok(there), Some(Ok(here))) => !same(&there, &here),
            (there, _) => there.is_ok(),
        }
    }

    fn read_file(&mut self, each: &mut impl FnMut(String)) -> io::Result<u64> {
        let Some(file) = &self.file else {
            return Ok(0);
        };
        let end = length(file);
        if end < self.at {
            // It was cut.
            (self.at, self.is_within, self.lines) = (0, false, Lines::default());
        }
        let most = LIMITS.follow_read as u64;
        let skipped = (end - self.at).saturating_sub(most);
        if skipped > 0 {
            (self.at, self.is_within, self.lines) = (self.at + skipped, true, Lines::default());
        }
        let mut bytes = [0; 16 << 10];
        while self.at < end {
            let most = bytes.len().min((end - self.at) as usize);
            let count = file.read_at(&mut bytes[..most], self.at)?;
            if count == 0 {
                break;
            }
            self.at += count as u64;
            let mut read = &bytes[..count];
            if self.is_within {
                let Some(lf) = memchr(b'\n', read) else {
                    continue;
                };
                (read, self.is_within) = (&read[lf + 1..], false);
            }
            // No bytes would be the end.
            if !read.is_empty() {
                self.lines.push(read, &mut *each);
            }
        }
        Ok(skipped)
    }
}

/// To open a pipe would make us its reader.
fn open(path: &Path) -> Option<File> {
    let is_file = fs::metadata(path).is_ok_and(|facts| facts.is_file());
    is_file.then(|| File::open(path).ok()).flatten()
}

fn length(file: &File) -> u64 {
    file.metadata().map_or(0, |facts| facts.len())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(tail: &mut Tail) -> (Vec<String>, u64) {
        let mut lines = Vec::new();
        let skipped = tail.read(|line| lines.push(line));
        (lines, skipped)
    }

    #[test]
    fn a_log_is_followed_through_all_that_happens_to_it() {
        let path = std::env::temp_dir().join(format!("herd-tail-{}", std::process::id()));
        let moved = path.with_extension("1");
        let add = |text: &str| {
            let file = File::options().append(true).create(true).open(&path);
            file.unwrap().write_all(text.as_bytes()).unwrap();
        };
        let lines = |lines: &[&str]| (lines.iter().map(|it| it.to_string()).collect(), 0);
        let mut tail = Tail::new(&path);
        assert_eq!(read(&mut tail), lines(&[]));
        add("one\ntw");
        assert_eq!(read(&mut tail), lines(&["one"]));
        add("o\n");
        assert_eq!(read(&mut tail), lines(&["two"]));
        // Moved away, it is still the log until there is another.
        add("three\n");
        fs::rename(&path, &moved).unwrap();
        assert_eq!(read(&mut tail), lines(&["three"]));
        let mut old = File::options().append(true).open(&moved).unwrap();
        old.write_all(b"four\n").unwrap();
        add("five\n");
        assert_eq!(read(&mut tail), lines(&["four", "five"]));
        // Cut.
        File::create(&path).unwrap();
        assert_eq!(read(&mut tail), lines(&[]));
        add("6\n");
        assert_eq!(read(&mut tail), lines(&["6"]));
        assert_eq!(read(&mut Tail::new(&path)), lines(&[]));
        fs::remove_file(&path).unwrap();
        fs::remove_file(&moved).unwrap();
        assert_eq!(read(&mut tail), lines(&[]));
    }

    #[test]
    fn too_much_is_skipped_and_no_line_is_broken() {
        let path = std::env::temp_dir().join(format!("herd-skip-{}", std::process::id()));
        File::create(&path).unwrap();
        let mut tail = Tail::new(&path);
        let text: String = (0..100_000)
            .map(|number| format!("line {number}\n"))
            .collect();
        fs::write(&path, &text).unwrap();
        let (lines, skipped) = read(&mut tail);
        assert_eq!(skipped, (text.len() - LIMITS.follow_read) as u64);
        assert!(text.ends_with(&(lines.join("\n") + "\n")) && lines[0].starts_with("line "));
        assert_eq!(read(&mut tail), (vec![], 0));
        fs::remove_file(&path).unwrap();
    }
}
