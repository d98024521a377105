//! A journal is removed as a whole, while no server has it.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::open::lock;
use super::place::{MERGING, NEW, Place, remove};
use super::replay::{Checked, Error, head, read};
use crate::limits::LIMITS;

/// A journal that nobody else can open until it is removed, or until this is dropped.
#[derive(Debug)]
pub struct Claimed {
    place: Place,
    /// Its segments, locked.
    segments: Vec<(PathBuf, File)>,
}

/// Locks the journal of `server` at `path`; an absent one is fine.
///
/// # Errors
/// When it is in use, or another server's, or no journal. It is as it was.
pub fn claim(path: &Path, server: &str) -> Result<Claimed, Error> {
    let head = head(server);
    let place = match path.exists() {
        true => Place::new(path, head.clone())?,
        // A symbolic link that leads nowhere has no files beside its end.
        false => Place {
            live: path.to_path_buf(),
            head: head.clone(),
        },
    };
    let live = place.live.exists().then(|| place.live.clone());
    let numbers = match place.directory().exists() {
        true => place.numbers()?,
        false => Vec::new(),
    };
    let closed = numbers.into_iter().map(|number| place.beside(number));
    let mut segments = Vec::new();
    for path in live.into_iter().chain(closed) {
        let file = lock(&path, &mut OpenOptions::new())?;
        // Its beginning says whose it is; what is behind it may be long.
        let beginning = File::open(&path)?.take(LIMITS.journal_line as u64);
        read(&path, &head, beginning, &mut Checked)?;
        segments.push((path, file));
    }
    Ok(Claimed { place, segments })
}

impl Claimed {
    /// Removes all its files.
    ///
    /// # Errors
    /// When one cannot be removed; then some may be gone.
    pub fn remove(self) -> Result<(), Error> {
        let cannot = |error| Error(format!("{error}; make its directory writable"));
        for path in self.segments.iter().map(|(path, _)| path) {
            remove(path).map_err(cannot)?;
        }
        for ending in [NEW, MERGING] {
            remove(&self.place.beside(ending)).map_err(cannot)?;
        }
        if !self.segments.is_empty() {
            self.place.sync_directory().map_err(cannot)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{HEAD, Place, append, lines};

    #[test]
    fn all_of_its_files_go_and_no_others() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        append(&mut files, &["AT 1"]);
        let held = claim(&place.file(), "A").unwrap_err().to_string();
        assert!(held.contains("in use by"), "{held}");
        drop(files);
        place.write(".7", &lines(&[HEAD, "AT 2"]));
        place.write(".new", b"x");
        place.write(".bak", b"my poems");
        let claimed = claim(&place.file(), "A").unwrap();
        assert!(place.open().is_err(), "it is locked");
        claimed.remove().unwrap();
        assert_eq!(place.endings(), [".bak"]);
        claim(&place.file(), "A").unwrap().remove().unwrap();
        let nowhere = place.0.join("nowhere/A.herd");
        claim(&nowhere, "A").unwrap().remove().unwrap();
    }

    #[test]
    fn files_that_are_not_ours_stay() {
        for text in [&lines(&["herd-journal 2 B"])[..], b"my\npoems\n"] {
            for ending in ["", ".3"] {
                let place = Place::new();
                place.write(ending, text);
                claim(&place.file(), "A").unwrap_err();
                assert_eq!(place.read(ending), text);
            }
        }
    }

    #[test]
    fn a_link_stays() {
        let place = Place::new();
        place.write(".real", &lines(&[HEAD, "AT 1"]));
        std::os::unix::fs::symlink("A.herd.real", place.file()).unwrap();
        claim(&place.file(), "A").unwrap().remove().unwrap();
        assert_eq!(place.endings(), [""]);
    }
}
