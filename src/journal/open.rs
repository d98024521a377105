//! A journal is opened: it is ours, nobody else has it, and what it holds is taken in.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::files::JournalFiles;
use super::job::Kind;
use super::place::{MERGING, NEW, Place, Segment, is_at, remove};
use super::replay::{Error, NO_JOURNAL, head, read};
use crate::holder;
use crate::limits::LIMITS;
use crate::node::Replay;
use crate::units::Mono;

/// Opens the journal of `server` at `path`, or begins one. Each good line, without its LF, is given
/// to `replay`; each bad one is named in the log, and lost. A torn end is cut off.
///
/// # Errors
/// When it is somebody else's, or cannot be read or written. Then it is as it was.
pub fn open(path: &Path, server: &str, replay: &mut impl Replay) -> Result<JournalFiles, Error> {
    let head = head(server);
    let file = lock(path, OpenOptions::new().create(true))?;
    let (live, is_current) = load(path, &head, file, replay)?;
    let place = Place::new(path, head.clone())?;
    // A process that was killed may have left these. They hold nothing that is not elsewhere.
    remove(&place.beside(NEW))?;
    remove(&place.beside(MERGING))?;
    let mut closed = BTreeMap::new();
    for number in place.numbers()? {
        let path = place.beside(number);
        let segment = lock(&path, &mut OpenOptions::new())
            .and_then(|file| load(&path, &head, file, replay))
            .map_err(|error| Error(format!("{} belongs to it, but {error}", path.display())))?;
        closed.insert(number, segment.0);
    }
    let mut files = JournalFiles::new(place, live, closed);
    if !is_current {
        let job = files.job(Kind::Close);
        let live = job.run().map_err(Error)?;
        files.done(&job, Ok(live), Mono(0));
    }
    Ok(files)
}

/// The file at `path`, when it is ours alone.
pub(super) fn lock(path: &Path, options: &mut OpenOptions) -> Result<File, Error> {
    for _ in 0..LIMITS.journal_lock {
        let file = options.read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The process that had it may have put another file in its place, and unlocked this one.
        if is_at(path, &file)? {
            return Ok(file);
        }
    }
    Err(in_use(path))
}

/// Somebody else has the file at `path`: who, if it can be known.
fn in_use(path: &Path) -> Error {
    Error(match holder::of_lock(path) {
        Some(holder) => {
            let (name, pid) = (holder.name(), holder.pid);
            format!("it is in use by {name} (pid {pid}); end it with kill {pid}")
        }
        None => "it is in use by another process; end that one".to_string(),
    })
}

/// Reads a segment, and mends its end. False: nothing may be appended to it, for its version is an
/// older one, or its first line is damaged.
fn load(
    path: &Path,
    head: &[u8],
    mut file: File,
    replay: &mut impl Replay,
) -> Result<(Segment, bool), Error> {
    if !file.metadata()?.is_file() {
        // A device may have no end.
        return Err(Error(NO_JOURNAL.into()));
    }
    let content = read(path, head, &file, replay)?;
    if content.end != file.metadata()?.len() {
        file.set_len(content.end)?;
    }
    if content.end == 0 {
        file.write_all(head)?;
    } else if content.lacks_lf {
        file.write_all(b"\n")?;
    }
    let segment = Segment {
        lines: content.lines(),
        bad: content.bad,
        ..Segment::of(Arc::new(file))?
    };
    Ok((segment, content.is_current || content.end == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{HEAD, Place, append, at, lines, work};

    #[test]
    fn what_was_appended_is_replayed() {
        let place = Place::new();
        let (mut files, texts) = place.open().unwrap();
        assert_eq!((files.size().lines, texts.len()), (0, 0));
        append(&mut files, &["AT 1", "AT 2"]);
        let size = files.size();
        assert!(place.open().unwrap_err().to_string().contains("in use"));
        drop(files);
        let (files, texts) = place.open().unwrap();
        assert_eq!(texts, ["AT 1", "AT 2"]);
        assert_eq!((files.size(), files.bad_lines()), (size, 0));
        let whole = lines(&[HEAD, "AT 1", "AT 2"]);
        assert_eq!(place.read(""), whole);
        assert_eq!((size.lines, size.bytes), (2, whole.len() as u64));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let other = lines(&["herd-journal 2 B", "AT 1"]);
        let newer = lines(&["herd-journal 3 A"]);
        let check = |text: &[u8], want: &str| {
            for ending in ["", ".7"] {
                let place = Place::new();
                place.write(ending, text);
                let error = place.open().unwrap_err().to_string();
                assert!(error.contains(want), "{error}");
                assert_eq!(ending.is_empty(), error.starts_with(want), "{error}");
                assert_eq!(place.read(ending), text);
            }
        };
        check(&other, "it is the journal of B; move it away");
        check(
            &newer,
            "its format is 3, and this herd knows 1 and 2; move it away",
        );
        check(b"my poems", "it is no journal; ");
        check(b"my\npoems\n", "it is no journal; ");
        check(b"\n", "it is no journal; ");
    }

    #[test]
    fn only_numbers_are_closed_segments() {
        let place = Place::new();
        for ending in [".bak", ".", ".+1", ".01", ".1.gz", ".-1", "1"] {
            place.write(ending, b"my poems");
        }
        place.write(".12", &lines(&[HEAD, "AT 1"]));
        assert_eq!(place.open().unwrap().1, ["AT 1"]);
    }

    #[test]
    fn another_process_has_a_closed_segment() {
        let place = Place::new();
        place.write("", &lines(&[HEAD]));
        place.write(".1", &lines(&[HEAD, "AT 1"]));
        let file = File::open(place.0.join("A.herd.1")).unwrap();
        file.try_lock().unwrap();
        let error = place.open().unwrap_err().to_string();
        assert!(
            error.contains("A.herd.1 ") && error.contains("in use"),
            "{error}"
        );
    }

    #[test]
    fn only_the_damaged_line_is_lost() {
        let whole = lines(&[HEAD, "AT 1", "AT 2", "AT 3"]);
        let starts = [0, 1, 2, 3].map(|count| lines(&[HEAD, "AT 1", "AT 2"][..count.min(3)]).len());
        for (ending, place_of) in [("", 0..whole.len()), (".4", 0..whole.len())] {
            for at in place_of {
                let place = Place::new();
                let mut text = whole.clone();
                text[at] ^= 4;
                place.write(ending, &text);
                let (mut files, texts) = place.open().unwrap();
                let line = starts.iter().rposition(|start| *start <= at).unwrap();
                let mut want = vec!["AT 1", "AT 2", "AT 3"];
                // An LF that is flipped loses nothing.
                if line > 0 && text[at] != b'\n' ^ 4 {
                    want.remove(line - 1);
                }
                let kept = texts.iter().filter(|it| *it != HEAD).count();
                assert_eq!(kept, want.len(), "{at}");
                assert_eq!(files.bad_lines(), 1, "{at}");
                // Nothing is appended to a file without its first line.
                let is_closed = line == 0 && ending.is_empty();
                assert_eq!(
                    files.closed.len(),
                    usize::from(is_closed || !ending.is_empty())
                );
                append(&mut files, &["AT 4"]);
                drop(files);
                // The good lines are there again, and the next one is not lost for the damage.
                let (_files, again) = place.open().unwrap();
                assert_eq!(again.len(), texts.len() + 1, "{at}");
                assert!(again.contains(&"AT 4".to_string()), "{at}");
            }
        }
    }

    #[test]
    fn a_torn_end_is_cut_off() {
        let whole = lines(&[HEAD, "AT 1", "AT 2"]);
        for end in 0..whole.len() {
            let place = Place::new();
            place.write("", &whole[..end]);
            let (mut files, before) = place.open().unwrap();
            append(&mut files, &["AT 3"]);
            drop(files);
            let (files, texts) = place.open().unwrap();
            assert_eq!(
                (files.bad_lines(), texts.len()),
                (0, before.len() + 1),
                "{end}"
            );
        }
    }

    #[test]
    fn long_runs_of_anything_are_one_bad_line() {
        for filler in [b'\0', b' ', b'A'] {
            let place = Place::new();
            let mut text = lines(&[HEAD, "AT 1"]);
            text.extend(vec![filler; 1 << 20]);
            text.push(b'\n');
            text.extend(lines(&["AT 2"]));
            text.extend(vec![filler; 1 << 20]);
            place.write("", &text);
            let (files, texts) = place.open().unwrap();
            let size = files.size();
            assert_eq!((size.lines, files.bad_lines(), texts.len()), (4, 2, 2));
            let end = text.len() - (1 << 20);
            assert_eq!((size.bytes, place.read("").len()), (end as u64, end));
        }
    }

    /// As herds wrote it before version 2.
    const V1: &[u8] = b"herd-journal 1 A 9c53578ec4fbc621\n\
        AT A +0.000000000 kiwi +1+1 1 f9134240f8f2c5e5\n\
        AT A +0.000000000 lime +1+1 1 3f76283415ae0542\n";

    #[test]
    fn a_journal_of_version_1_is_read_and_closed() {
        let [kiwi, lime] = ["kiwi", "lime"].map(|client| at(client, 1));
        let place = Place::new();
        place.write("", V1);
        let (mut files, texts) = place.open().unwrap();
        assert_eq!(texts, [&*kiwi, &*lime]);
        assert_eq!((files.size().lines, files.bad_lines()), (2, 0));
        // It is as it was, and nothing is appended to it.
        let newer = at("kiwi", 2);
        append(&mut files, &[&newer]);
        assert_eq!(place.endings(), ["", ".1"]);
        assert_eq!(place.read(".1"), V1);
        assert_eq!(place.read(""), lines(&[HEAD, &newer]));
        assert_eq!(work(&mut files), []);
        assert_eq!(place.read(".1"), lines(&[HEAD, &kiwi, &lime]));
        // Killed before it was merged, it is still read.
        place.write(".1", V1);
        drop(files);
        assert_eq!(place.open().unwrap().1, [&*kiwi, &*newer, &*lime]);
    }
}
