//! Where the log goes: a file of a bounded size, or standard error.
//!
//! When a line does not fit into `NAME.log` any more, the file is renamed to `NAME.log.1`, in place
//! of the older one, and a new one begins: there are at most two. The bytes are counted as they are
//! written, so the bound costs no system call until it is reached. Then the loop's own thread
//! renames, as it writes the log: lines that waited for another thread would need a queue with a
//! bound of its own.
//!
//! A file that cannot be renamed, because of its directory or because it is a mount of its own, is
//! cut to nothing. Its older lines are lost, but the disk stays free for the journal, and of a log
//! the newest lines are wanted first. If even that fails, the log cannot be written.
//!
//! The name may have been given to another file meanwhile, or to none: somebody else rotates. Then
//! nothing is renamed, and the file of that name is the log.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::older;
use super::output::{self, MODE, Output, append, is_same, is_unread};
use crate::stdio::{Stream, say};

/// Where a log shall go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file; if it is a regular one, with at most `max` bytes.
    File {
        path: PathBuf,
        max: u64,
    },
    StandardError,
}

/// A target, and what of it is open.
pub struct Place {
    target: Target,
    /// None: it could not be opened.
    output: Option<Output>,
    /// The bytes in the open file.
    length: u64,
    /// The most that it may have.
    max: u64,
    /// The mode of the next file.
    mode: u32,
    /// The last write ended within a line.
    is_torn: bool,
    /// The start of that line is in a file that is not the log any more.
    skips_rest: bool,
    /// The file could not be renamed the last time. That was said once.
    is_stuck: bool,
    /// A line about that for the log itself.
    news: Option<String>,
}

impl Place {
    /// Opens the target. A pipe that nobody reads yet is no error.
    pub fn open(target: Target) -> io::Result<Place> {
        let mut place = Place {
            target,
            output: None,
            length: 0,
            max: u64::MAX,
            mode: MODE,
            is_torn: false,
            skips_rest: false,
            is_stuck: false,
            news: None,
        };
        match place.reopen() {
            Err(error) if !is_unread(&error) => Err(error),
            _ => Ok(place),
        }
    }

    /// Opens the target again, and makes its directory if need be.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.output = None;
        let (output, max) = match &self.target {
            Target::StandardError => (output::standard_error()?, u64::MAX),
            Target::File { path, max } => {
                if let Some(directory) = path.parent() {
                    fs::create_dir_all(directory)?;
                }
                (append(path, self.mode)?, *max)
            }
        };
        let facts = output.facts()?;
        // Standard output is not ours to rename, by whichever name we have it.
        let is_bounded = facts.is_file() && !output::is_stream(&facts);
        self.max = if is_bounded { max } else { u64::MAX };
        self.output = Some(output);
        self.begin_at(facts.len());
        Ok(())
    }

    fn begin_at(&mut self, length: u64) {
        self.length = length;
        self.skips_rest = length == 0 && self.is_torn;
        self.is_torn = false;
    }

    /// The name of the file; none: it is standard error.
    pub fn path(&self) -> Option<&Path> {
        match &self.target {
            Target::File { path, .. } => Some(path),
            Target::StandardError => None,
        }
    }

    /// Whether the file has lost its name, or is not open. Writes to one that was removed succeed,
    /// and are lost. Looks at the file: somebody may have cut it, and then it has room again.
    pub fn is_gone(&mut self) -> bool {
        let Some(output) = &self.output else {
            return true;
        };
        let facts = output.facts();
        if let Ok(facts) = &facts {
            self.length = facts.len();
        }
        let has_name = facts.is_ok_and(|facts| facts.nlink() > 0);
        self.path().is_some() && !has_name
    }

    /// Writes once, at most what fits: whole lines, unless the disk or a reader takes less. Returns
    /// how many bytes are done with.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.output.is_none() {
            self.reopen()?;
        }
        let mut fits = self.fits(lines);
        // Another file may have the name, and be full, too.
        for _ in 0..3 {
            if fits == 0 && !lines.is_empty() {
                self.make_room()?;
                fits = self.fits(lines);
            }
        }
        if std::mem::take(&mut self.skips_rest) {
            return Ok(first_line(lines));
        }
        let output = self.output.as_mut().ok_or(ErrorKind::NotFound)?;
        let count = output.write(&lines[..fits])?;
        self.length += count as u64;
        self.is_torn = count > 0 && lines[count - 1] != b'\n';
        Ok(count)
    }

    /// How many of these bytes the file has room for: whole lines. One that is longer than a whole
    /// file is written all the same.
    fn fits(&self, lines: &[u8]) -> usize {
        let room = self.max.saturating_sub(self.length);
        if lines.len() as u64 <= room {
            return lines.len();
        }
        match memchr::memrchr(b'\n', &lines[..room as usize]) {
            Some(at) => at + 1,
            None if self.length > 0 => 0,
            None => first_line(lines),
        }
    }

    /// The file is full: it is renamed, and another begins.
    fn make_room(&mut self) -> io::Result<()> {
        let (Some(path), Some(output)) = (self.path(), &self.output) else {
            return Err(ErrorKind::NotFound.into());
        };
        let facts = output.facts()?;
        if facts.len() < self.length {
            // Somebody has cut it.
            self.length = facts.len();
            return Ok(());
        }
        // A link to the file stays where it is.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        self.mode = facts.permissions().mode() & 0o777;
        let is_ours = fs::metadata(&path).is_ok_and(|its| is_same(&its, &facts));
        if is_ours && let Err(why) = older::rename(&path) {
            output.cut()?;
            self.begin_at(0);
            self.complain(&path, &why);
            return Ok(());
        }
        self.is_stuck &= !is_ours;
        self.reopen()
    }

    fn complain(&mut self, path: &Path, why: &io::Error) {
        if !std::mem::replace(&mut self.is_stuck, true) {
            let (path, older) = (path.display(), older::name(path));
            let news = format!(
                "{path} is full and cannot become {}: {why}; each time it begins again, and its \
                 older lines are lost; make its directory writable",
                older.display()
            );
            say(Stream::Error, format!("herd: warning: {news}\n"));
            self.news = Some(news);
        }
    }

    /// A line that the log itself should have.
    pub fn take_news(&mut self) -> Option<String> {
        self.news.take()
    }
}

/// The length of the first line.
fn first_line(lines: &[u8]) -> usize {
    memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const MAX: u64 = 1000;

    /// A log of at most [`MAX`] bytes, in a directory of its own that goes with the test.
    struct Files(PathBuf);

    impl Files {
        fn new(name: &str) -> Files {
            let name = format!("herd-place-{name}-{}", std::process::id());
            let directory = std::env::temp_dir().join(name);
            fs::create_dir_all(&directory).expect("a directory");
            Files(directory)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn open(&self) -> Place {
            let path = self.path("A.log");
            Place::open(Target::File { path, max: MAX }).expect("a place")
        }

        fn text(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).expect("a file")
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn lines(numbers: std::ops::Range<u32>) -> String {
        numbers
            .map(|number| format!("line {number:03}\n"))
            .collect()
    }

    fn write(place: &mut Place, text: &str) {
        let mut bytes = text.as_bytes();
        while !bytes.is_empty() {
            let count = place.write(bytes).expect("to write");
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn a_full_file_becomes_the_older_of_two() {
        for step in [1, 7, 40, 400] {
            let files = Files::new(&format!("two-{step}"));
            let mut place = files.open();
            // Nine bytes each: 111 of them fit.
            for first in (0..400).step_by(step) {
                let last = (first + step as u32).min(400);
                write(&mut place, &lines(first..last));
            }
            assert_eq!(files.text("A.log.1"), lines(222..333));
            assert_eq!(files.text("A.log"), lines(333..400));
            assert_eq!(fs::read_dir(&files.0).expect("files").count(), 2);
        }
    }

    #[test]
    fn what_is_in_the_file_already_counts_and_its_mode_stays() {
        let files = Files::new("before");
        fs::write(files.path("A.log"), lines(0..100)).expect("a file");
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(files.path("A.log"), mode).expect("its mode");
        let mut place = files.open();
        write(&mut place, &lines(100..120));
        assert_eq!(files.text("A.log.1"), lines(0..111));
        assert_eq!(files.text("A.log"), lines(111..120));
        let facts = fs::metadata(files.path("A.log")).expect("its facts");
        assert_eq!(facts.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_line_that_is_longer_than_a_file_has_one_of_its_own() {
        let files = Files::new("long");
        let mut place = files.open();
        let long = format!("{}\n", "x".repeat(2 * MAX as usize));
        write(&mut place, &format!("one\n{long}two\n"));
        assert_eq!(files.text("A.log.1"), long);
        assert_eq!(files.text("A.log"), "two\n");
    }

    #[test]
    fn a_file_that_cannot_be_renamed_begins_again_and_says_so_once() {
        let files = Files::new("stuck");
        fs::create_dir(files.path("A.log.1")).expect("a directory");
        let mut place = files.open();
        write(&mut place, &lines(0..150));
        assert_eq!(files.text("A.log"), lines(111..150));
        let news = place.take_news().expect("it is said");
        assert!(news.contains("A.log is full and cannot become "), "{news}");
        write(&mut place, &lines(150..300));
        assert_eq!(
            (files.text("A.log"), place.take_news()),
            (lines(222..300), None)
        );
        // Once it can, it is renamed, and the next time is worth a line.
        fs::remove_dir(files.path("A.log.1")).expect("to remove it");
        write(&mut place, &lines(300..400));
        assert_eq!(files.text("A.log.1"), lines(222..333));
        fs::remove_file(files.path("A.log.1")).expect("to remove it");
        fs::create_dir(files.path("A.log.1")).expect("a directory");
        write(&mut place, &lines(400..500));
        assert!(place.take_news().is_some());
    }

    #[test]
    fn a_file_that_others_have_moved_is_theirs() {
        let files = Files::new("moved");
        let mut place = files.open();
        write(&mut place, &lines(0..100));
        fs::rename(files.path("A.log"), files.path("A.log.1")).expect("to move it");
        // It is written until it is full, or SIGUSR1 comes.
        write(&mut place, &lines(100..120));
        assert_eq!(files.text("A.log.1"), lines(0..111));
        assert_eq!(files.text("A.log"), lines(111..120));
        // The name is another file's, which is full, too.
        fs::rename(files.path("A.log"), files.path("old")).expect("to move it");
        fs::write(files.path("A.log"), lines(0..111)).expect("a file");
        write(&mut place, &lines(120..300));
        assert_eq!(files.text("old"), lines(111..222));
        assert_eq!(files.text("A.log.1"), lines(0..111));
        assert_eq!(files.text("A.log"), lines(222..300));
    }

    #[test]
    fn a_file_that_others_have_cut_has_room() {
        let files = Files::new("cut");
        let mut place = files.open();
        write(&mut place, &lines(0..111));
        fs::write(files.path("A.log"), "").expect("to cut it");
        write(&mut place, &lines(111..200));
        assert_eq!(files.text("A.log"), lines(111..200));
        assert!(!files.path("A.log.1").exists() && !place.is_gone());
    }

    #[test]
    fn a_link_to_the_file_stays_where_it_is() {
        let files = Files::new("link");
        symlink(files.path("far"), files.path("A.log")).expect("a link");
        let mut place = files.open();
        write(&mut place, &lines(0..150));
        assert!(files.path("A.log").is_symlink());
        assert_eq!(files.text("far.1"), lines(0..111));
        assert_eq!(files.text("far"), lines(111..150));
    }

    #[test]
    fn a_device_has_no_bound() {
        let files = Files::new("device");
        symlink("/dev/null", files.path("A.log")).expect("a link");
        let mut place = files.open();
        write(&mut place, &lines(0..900));
        assert_eq!(fs::read_dir(&files.0).expect("files").count(), 1);
    }

    #[test]
    fn half_a_line_of_the_old_file_is_no_line_of_the_new_one() {
        let files = Files::new("torn");
        let mut place = files.open();
        place.is_torn = true;
        place.reopen().expect("to open it");
        write(&mut place, "rest\nwhole\n");
        assert_eq!(files.text("A.log"), "whole\n");
    }
}
