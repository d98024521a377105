//! Is the journal still what we wrote? A program may cut a file, or write another one over it, in
//! its place: logrotate's copytruncate, `: > NAME.herd`, or a backup that is copied back. Writes to
//! it succeed as before, and a start would not find the lines before them.
//!
//! The live segment must begin with our first line, be as long as what was written, and have our
//! last bytes there; a closed one, to which nothing is added, must have its length.

use std::fs::File;
use std::io;
use std::path::Path;

use super::place::{Segment, holds, is_at};
use super::replay::{Checked, read};

/// Checks a segment, the live one if its `head` is given.
///
/// # Errors
/// Why it is not as it must be.
pub(super) fn check(path: &Path, segment: &Segment, head: Option<&Vec<u8>>) -> io::Result<()> {
    let Segment { file, bytes, .. } = segment;
    if !is_at(path, file)? {
        return Err(io::Error::other("it is gone, or another file is there now"));
    }
    let length = file.metadata()?.len();
    let is_sound = match head {
        None => length == *bytes,
        // More may follow what was written.
        Some(head) => {
            let at = bytes.saturating_sub(segment.tail.len() as u64);
            length >= *bytes && holds(file, 0, head)? && holds(file, at, &segment.tail)?
        }
    };
    match is_sound {
        true => Ok(()),
        false => Err(io::Error::other("it was cut or written over")),
    }
}

/// Whether a start would refuse what is at `path` now, where our `file` was, so that it must not
/// stay there.
pub(super) fn is_alien(path: &Path, file: &File, head: &[u8]) -> bool {
    // A merge may be reading the file that we have open.
    let is_refused = || {
        let there = File::open(path);
        there.is_ok_and(|there| read(path, head, there, &mut Checked).is_err())
    };
    let is_ours = holds(file, 0, head).unwrap_or(false);
    !is_ours && is_at(path, file).unwrap_or(false) && is_refused()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;
    use crate::journal::tests::{HEAD, Place, append, at, lines, task, work};
    use crate::node::{JournalEvent, JournalTask};
    use crate::units::Mono;

    /// Whether a look that is due finds the journal of ten clients, one of whose segments is
    /// closed, as it must be after this was done to it.
    fn is_sound(damage: impl Fn(&Place)) -> bool {
        let place = Place::new();
        let texts: Vec<String> = (0..10).map(|it| at(&format!("k{it}"), 1)).collect();
        let texts: Vec<&str> = texts.iter().map(|it| &**it).collect();
        place.write(".7", &lines(&[&[HEAD], &texts[..5]].concat()));
        let (mut files, _) = place.open().unwrap();
        append(&mut files, &texts[5..]);
        assert_eq!(work(&mut files), [], "it is sound");
        damage(&place);
        let look = files.look().expect("no other work is under way");
        assert!(!look.is_long());
        let event = files.done(&look, look.run(), Mono(0));
        let is_sound = event.is_none();
        if let Some(event) = event {
            let JournalEvent::Lost(why) = event else {
                panic!("{event:?}");
            };
            assert!(why.contains("A.herd"), "{why}");
            // It is not looked at again before everything is told again.
            assert!(files.look().is_none());
            let restarted = JournalEvent::Restarted(Ok(()));
            assert_eq!(task(&mut files, JournalTask::Restart), restarted);
            append(&mut files, &texts);
            assert_eq!(work(&mut files), []);
            let look = files.look().expect("no other work is under way");
            assert_eq!(look.run().map(drop), Ok(()), "it is sound again");
            drop((look, files));
            let (_files, found) = place.open().unwrap();
            assert!(texts.iter().all(|text| found.iter().any(|it| it == text)));
        }
        is_sound
    }

    /// Writes over a file in its place: its inode stays.
    fn write_over(place: &Place, ending: &str, change: impl Fn(&mut Vec<u8>)) {
        let mut text = place.read(ending);
        change(&mut text);
        place.write(ending, &text);
    }

    #[test]
    fn a_journal_that_is_as_it_was_is_sound() {
        assert!(is_sound(|_| ()));
        assert!(is_sound(|place| write_over(place, "", |_| ())));
    }

    #[test]
    fn a_file_that_was_cut_is_noticed() {
        for ending in ["", ".7"] {
            assert!(!is_sound(|place| place.write(ending, b"")));
            assert!(!is_sound(
                |place| write_over(place, ending, |it| it.truncate(100))
            ));
            let gone = |place: &Place| fs::remove_file(place.0.join(format!("A.herd{ending}")));
            assert!(!is_sound(|place| gone(place).unwrap()));
        }
    }

    /// Meanwhile it may have grown again, by our own lines or by somebody's.
    #[test]
    fn a_file_that_was_written_over_is_noticed() {
        let other = lines(&["herd-journal 2 B", &"x".repeat(5000)]);
        assert!(!is_sound(|place| place.write("", &other)));
        assert!(!is_sound(
            |place| place.write("", &lines(&[HEAD, &"x".repeat(5000)]))
        ));
        assert!(!is_sound(|place| place.write(".7", &other)));
        let twice = |text: &mut Vec<u8>| {
            text.remove(60);
            text.extend(text.clone());
        };
        assert!(!is_sound(|place| write_over(place, "", twice)));
        let without_head = |text: &mut Vec<u8>| {
            text.splice(..8, *b"something");
        };
        assert!(!is_sound(|place| write_over(place, "", without_head)));
    }

    /// A line that is being appended is no damage.
    #[test]
    fn a_file_may_grow_meanwhile() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        append(&mut files, &["AT 1"]);
        let look = files.look().expect("no other work is under way");
        assert!(files.look().is_none() && files.next_job(Mono(0), 0).is_none());
        append(&mut files, &["AT 2"]);
        let mut file = File::options().append(true).open(place.file()).unwrap();
        file.write_all(b"half a li").unwrap();
        assert_eq!(look.run().map(drop), Ok(()));
    }
}
