//! The place of a journal's files.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memrchr;

use crate::limits::LIMITS;
use crate::wire::Position;

/// The ending of a segment that is about to be the live one.
pub(super) const NEW: &str = "new";
/// The ending of a file that somebody has written over the journal.
pub(super) const ALIEN: &str = "alien";
/// The ending of a closed segment while a merge writes it.
pub(super) const MERGING: &str = "merging";

/// A file of a journal that we have open, and locked.
#[derive(Clone, Debug)]
pub struct Segment {
    pub(super) file: Arc<File>,
    /// Up to here it is whole: nothing is written behind a line that was written only in part.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Lines that are known to be damaged. As many as there are: the node knows all that it holds.
    pub(super) bad: u64,
    /// The server's table when a line was last appended; none: that was before it was opened.
    pub(super) table: Option<Position>,
    /// Its last bytes.
    pub(super) tail: Vec<u8>,
}

/// How many bytes at the end of the live segment are compared: most of a checksum, and the LF.
pub(super) const TAIL: usize = 16;

impl Segment {
    /// A whole file, as long as it is now. Its lines are not counted.
    pub(super) fn of(file: Arc<File>) -> io::Result<Segment> {
        let bytes = file.metadata()?.len();
        Ok(Segment {
            bytes,
            lines: 0,
            bad: 0,
            table: None,
            tail: tail(&file, bytes, TAIL),
            file,
        })
    }
}

/// The live segment, `NAME.herd`, and the files beside it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) live: PathBuf,
    /// The first line of each new file.
    pub(super) head: Vec<u8>,
}

impl Place {
    /// A symbolic link stays: the files are where it leads to.
    pub(super) fn new(live: &Path, head: Vec<u8>) -> io::Result<Place> {
        let live = match live.is_symlink() {
            true => live.canonicalize()?,
            false => live.to_path_buf(),
        };
        Ok(Place { live, head })
    }

    /// A file beside the live segment; a closed one's ending is its number.
    pub(super) fn beside(&self, ending: impl Display) -> PathBuf {
        let mut path = self.live.clone().into_os_string();
        path.push(format!(".{ending}"));
        path.into()
    }

    /// The numbers of all closed segments, in order.
    pub(super) fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.directory())? {
            let name = entry?.file_name();
            let number = Path::new(&name).extension();
            let number: Option<u64> = number.and_then(|it| it.to_str()?.parse().ok());
            // A number has one spelling.
            numbers.extend(number.filter(|it| self.beside(it).file_name() == Some(&name)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes a file that nobody else has open, with its first line. It is locked before it has a
    /// name that others open.
    pub(super) fn create(&self, path: &Path) -> io::Result<Segment> {
        remove(path)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        let mut file = options.open(path)?;
        file.try_lock()?;
        file.write_all(&self.head)?;
        Segment::of(Arc::new(file))
    }

    /// Has a file of ours that cannot be replaced begin with the first line, whatever it holds
    /// instead, and end with a whole one.
    pub(super) fn adopt(&self, file: &Arc<File>) -> io::Result<Segment> {
        if !holds(file, 0, &self.head).unwrap_or(false) {
            file.set_len(0)?;
            (&**file).write_all(&self.head)?;
        }
        let length = file.metadata()?.len();
        let end = tail(file, length, LIMITS.journal_line);
        let torn = end.len() - memrchr(b'\n', &end).map_or(0, |at| at + 1);
        file.set_len(length - torn as u64)?;
        file.sync_all()?;
        Segment::of(Arc::clone(file))
    }

    /// A new name is safe when its directory is.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        File::open(self.directory())?.sync_all()
    }

    pub(super) fn directory(&self) -> &Path {
        let parent = self.live.parent().filter(|it| !it.as_os_str().is_empty());
        parent.unwrap_or(Path::new("."))
    }
}

/// At most this many of the last bytes of a file of this length; none, if they cannot be read.
fn tail(file: &File, length: u64, most: usize) -> Vec<u8> {
    let mut tail = vec![0; most.min(length as usize)];
    let at = length - tail.len() as u64;
    match file.read_exact_at(&mut tail, at) {
        Ok(()) => tail,
        Err(_) => Vec::new(),
    }
}

/// How many lines of these segments are known to be damaged.
pub(super) fn bad_lines<'a>(segments: impl Iterator<Item = &'a Segment>) -> u64 {
    segments.fold(0, |bad, it| bad.saturating_add(it.bad))
}

/// Whether a file has these bytes at this place.
pub(super) fn holds(file: &File, at: u64, bytes: &[u8]) -> io::Result<bool> {
    let mut there = vec![0; bytes.len()];
    file.read_exact_at(&mut there, at)?;
    Ok(there == bytes)
}

/// Whether a path leads to this file.
pub(super) fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    let (there, here) = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        there => (there?, file.metadata()?),
    };
    Ok((there.dev(), there.ino()) == (here.dev(), here.ino()))
}

/// Removes a file, if there is one. In a directory that cannot be written that is asked first, for
/// there unlink(2) fails in any case.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let is_absent = |error: &io::Error| error.kind() == ErrorKind::NotFound;
    if fs::symlink_metadata(path).is_err_and(|error| is_absent(&error)) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if is_absent(&error) => Ok(()),
        result => result,
    }
}

/// Why something failed, for the log.
pub(super) fn why(path: &Path, error: impl Display) -> String {
    format!("{}: {error}", path.display())
}
