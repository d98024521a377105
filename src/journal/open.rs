//! A journal is opened: it is ours, nobody else has it, and what it holds is taken in.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::job::is_at;
use super::replay::{Found, Replay};
use super::{JournalFiles, Volume};
use crate::node::{Lost, journal_line};

/// The word that the first line begins with, and the only version of the format so far.
const FORMAT: [&str; 2] = ["herd-journal", "1"];
/// The file may be replaced by another while it is being locked: so often it is tried.
const TRIES_MAX: usize = 10;

/// Why a journal cannot be had.
#[derive(Debug)]
pub enum Error {
    /// Another process has it.
    InUse,
    /// It is that server's.
    Foreign(String),
    /// It is of another version.
    Version(String),
    /// It is something else.
    NoJournal,
    /// It cannot be opened, read or written.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InUse => f.write_str("it is in use by another process; end that one"),
            Error::Foreign(server) => {
                write!(f, "it is the journal of {server}; move it away")
            }
            Error::Version(version) => {
                write!(
                    f,
                    "its format is {version}, and this herd knows 1; move it away"
                )
            }
            Error::NoJournal => f.write_str("it is no journal; move it away"),
            Error::Io(error) => write!(f, "{error}; make it writable"),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// Opens the journal of `server` at `path`, or begins one. Each good line is given to `recall`;
/// each bad one is named in the log, and lost. A torn end is cut off.
///
/// # Errors
/// When it is somebody else's, or cannot be read or written. Then it is as it was.
pub fn open(
    path: &Path,
    server: &str,
    recall: impl FnMut(&mut [u8]) -> Result<(), Lost>,
) -> Result<(JournalFiles, Found), Error> {
    let mut file = lock(path)?;
    if !file.metadata()?.is_file() {
        // A device may have no end.
        return Err(Error::NoJournal);
    }
    // A link stays: what it leads to is written, and replaced.
    let place = match path.is_symlink() {
        true => path.canonicalize()?,
        false => path.to_path_buf(),
    };
    let mut fresh_path = place.as_os_str().to_owned();
    fresh_path.push(".new");
    let fresh_path = PathBuf::from(fresh_path);
    // Of a process that was killed over it: the journal has everything.
    match fs::remove_file(&fresh_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut head = Vec::new();
    journal_line::push(
        &mut head,
        format!("{} {} {server}\n", FORMAT[0], FORMAT[1]).as_bytes(),
    );
    let mut replay = Replay::new(path, &head, recall);
    let found = replay.run(&mut file, |text| check_head(text, server))?;
    let len = file.metadata()?.len();
    if found.end != len {
        file.set_len(found.end)?;
    }
    if found.end == 0 {
        file.write_all(&head)?;
    } else if found.lacks_lf {
        file.write_all(b"\n")?;
    }
    let len = file.metadata()?.len();
    let file = Arc::new(file);
    let keeper = JournalFiles {
        path: place,
        fresh_path,
        head,
        journal: Volume { file, len },
        fresh: None,
        publishing: false,
    };
    Ok((keeper, Found { end: len, ..found }))
}

/// The file at `path`, made if there is none, when it is ours alone.
fn lock(path: &Path) -> Result<File, Error> {
    for _ in 0..TRIES_MAX {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Whoever had it may have put a fresh one in its place, and unlocked this.
        if matches!(is_at(path, &file), Ok(true)) {
            return Ok(file);
        }
    }
    Err(Error::InUse)
}

/// The text of a first line that is whole.
fn check_head(text: &[u8], server: &str) -> Result<(), Error> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.split(' ');
    if words.next() != Some(FORMAT[0]) {
        return Err(Error::NoJournal);
    }
    match (words.next(), words.next()) {
        (Some(version), _) if version != FORMAT[1] => Err(Error::Version(version.to_string())),
        (_, Some(name)) if name == server => Ok(()),
        (_, name) => Err(Error::Foreign(name.unwrap_or_default().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Done, Job};
    use crate::node::{Book, JournalEvent, JournalTask};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A directory that goes with the test.
    struct Place(PathBuf);

    impl Place {
        fn new() -> Place {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("herd-journal-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Place(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("A.herd")
        }

        /// Opens the journal of `A`, and returns what it held.
        fn open(&self) -> Result<(JournalFiles, Found, Vec<String>), Error> {
            let mut texts = Vec::new();
            let (keeper, found) = open(&self.file(), "A", |line| {
                let text = journal_line::text(line).ok_or(Lost::Hash)?;
                texts.push(String::from_utf8_lossy(text).into_owned());
                Ok(())
            })?;
            Ok((keeper, found, texts))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn lines(texts: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for text in texts {
            journal_line::push(&mut out, format!("{text}\n").as_bytes());
        }
        out
    }

    fn done(keeper: &mut JournalFiles, task: JournalTask) -> JournalEvent {
        let done = keeper.job(task).map(|job| job.run());
        keeper.done(done.expect("a worker's task"))
    }

    const HEAD: &str = "herd-journal 1 A";

    #[test]
    fn what_was_appended_is_replayed() {
        let place = Place::new();
        let (mut keeper, found, texts) = place.open().unwrap();
        assert_eq!((found.lines, texts.len()), (0, 0));
        keeper
            .append(Book::Journal, &lines(&["AT 1", "AT 2"]))
            .unwrap();
        assert!(matches!(place.open(), Err(Error::InUse)));
        drop(keeper);
        let (_keeper, found, texts) = place.open().unwrap();
        assert_eq!(
            (found.lines, found.bad, &texts[..]),
            (2, 0, &["AT 1".into(), "AT 2".into()][..])
        );
        let whole = lines(&[HEAD, "AT 1", "AT 2"]);
        assert_eq!(fs::read(place.file()).unwrap(), whole);
        assert_eq!(found.end, whole.len() as u64);
    }

    #[test]
    fn only_the_damaged_line_is_lost() {
        let whole = lines(&[HEAD, "AT 1", "AT 2", "AT 3"]);
        let starts = [0, 1, 2, 3].map(|count| lines(&[HEAD, "AT 1", "AT 2"][..count.min(3)]).len());
        for at in 0..whole.len() {
            let place = Place::new();
            let mut text = whole.clone();
            text[at] ^= 4;
            fs::write(place.file(), &text).unwrap();
            let (keeper, found, texts) = place.open().unwrap();
            let line = starts.iter().rposition(|start| *start <= at).unwrap();
            let mut want = vec!["AT 1", "AT 2", "AT 3"];
            // An LF that is flipped loses nothing.
            if line > 0 && text[at] != b'\n' ^ 4 {
                want.remove(line - 1);
            }
            let kept = texts.iter().filter(|it| *it != HEAD).count();
            assert_eq!(kept, want.len(), "{at}");
            assert_eq!((found.bad, found.headless), (1, line == 0), "{at}");
            drop(keeper);
            // What was there is there again, and what comes next is not lost for it.
            let (mut keeper, _, again) = place.open().unwrap();
            assert_eq!(again, texts, "{at}");
            keeper.append(Book::Journal, &lines(&["AT 4"])).unwrap();
            drop(keeper);
            let (_, _, texts) = place.open().unwrap();
            assert_eq!(texts.last().map(String::as_str), Some("AT 4"), "{at}");
        }
    }

    #[test]
    fn a_torn_end_is_cut_off() {
        let whole = lines(&[HEAD, "AT 1", "AT 2"]);
        for end in 0..whole.len() {
            let place = Place::new();
            fs::write(place.file(), &whole[..end]).unwrap();
            let (mut keeper, _, before) = place.open().unwrap();
            keeper.append(Book::Journal, &lines(&["AT 3"])).unwrap();
            drop(keeper);
            let (_, found, texts) = place.open().unwrap();
            assert_eq!((found.bad, texts.len()), (0, before.len() + 1), "{end}");
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
            fs::write(place.file(), &text).unwrap();
            let (_keeper, found, texts) = place.open().unwrap();
            assert_eq!((found.lines, found.bad, texts.len()), (4, 2, 2));
            let end = text.len() - (1 << 20);
            assert_eq!(
                (found.end, fs::read(place.file()).unwrap().len()),
                (end as u64, end)
            );
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let other = lines(&["herd-journal 1 B", "AT 1"]);
        let newer = lines(&["herd-journal 2 A"]);
        let check = |text: &[u8], want: &str| {
            let place = Place::new();
            fs::write(place.file(), text).unwrap();
            let error = place.open().unwrap_err().to_string();
            assert!(error.starts_with(want), "{error}");
            assert_eq!(fs::read(place.file()).unwrap(), text);
        };
        check(&other, "it is the journal of B; move it away");
        check(&newer, "its format is 2, and this herd knows 1");
        check(b"my poems", "it is no journal; ");
        check(b"my\npoems\n", "it is no journal; ");
        check(b"\n", "it is no journal; ");
    }

    #[test]
    fn a_fresh_file_takes_its_place() {
        let place = Place::new();
        let (mut keeper, ..) = place.open().unwrap();
        keeper
            .append(Book::Journal, &lines(&["AT 1", "AT 1", "AT 1"]))
            .unwrap();
        let len = lines(&[HEAD]).len() as u64;
        assert_eq!(
            done(&mut keeper, JournalTask::Create),
            JournalEvent::Created(Ok(len))
        );
        keeper.append(Book::Fresh, &lines(&["AT 1"])).unwrap();
        assert_eq!(
            done(&mut keeper, JournalTask::Publish),
            JournalEvent::Published(Ok(()))
        );
        keeper.append(Book::Journal, &lines(&["AT 2"])).unwrap();
        assert_eq!(
            done(&mut keeper, JournalTask::Sync),
            JournalEvent::Synced(Ok(()))
        );
        assert!(matches!(place.open(), Err(Error::InUse)));
        assert_eq!(
            fs::read(place.file()).unwrap(),
            lines(&[HEAD, "AT 1", "AT 2"])
        );
        assert_eq!(fs::read_dir(&place.0).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_not_replaced_but_what_it_leads_to() {
        let (place, other) = (Place::new(), Place::new());
        std::os::unix::fs::symlink(other.file(), place.file()).unwrap();
        let (mut keeper, ..) = place.open().unwrap();
        for task in [JournalTask::Create, JournalTask::Publish] {
            done(&mut keeper, task);
        }
        keeper.append(Book::Journal, &lines(&["AT 1"])).unwrap();
        assert!(place.file().is_symlink());
        let kept = fs::read(other.file()).unwrap();
        assert_eq!(kept, lines(&[HEAD, "AT 1"]));
    }

    #[test]
    fn a_file_that_is_gone_is_noticed() {
        let place = Place::new();
        let (mut keeper, ..) = place.open().unwrap();
        fs::remove_file(place.file()).unwrap();
        for task in [JournalTask::Sync, JournalTask::Look] {
            let JournalEvent::Synced(Err(trouble)) = done(&mut keeper, task) else {
                panic!("it is not noticed");
            };
            assert!(
                !trouble.intact && trouble.why.contains("A.herd: "),
                "{trouble:?}"
            );
        }
        // Somebody else's may stand there by now; while it is used, it is not replaced.
        let (other, ..) = place.open().unwrap();
        let created = done(&mut keeper, JournalTask::Create);
        assert!(matches!(created, JournalEvent::Created(Ok(_))));
        let refused = done(&mut keeper, JournalTask::Publish);
        assert!(
            matches!(refused, JournalEvent::Published(Err(_))),
            "{refused:?}"
        );
        drop(other);
        let created = done(&mut keeper, JournalTask::Create);
        assert!(matches!(created, JournalEvent::Created(Ok(_))));
        assert_eq!(
            done(&mut keeper, JournalTask::Publish),
            JournalEvent::Published(Ok(()))
        );
    }

    #[test]
    fn where_there_is_no_room_nothing_is_half_written() {
        let full = Path::new("/dev/full");
        let (Ok(file), true) = (OpenOptions::new().append(true).open(full), full.exists()) else {
            return;
        };
        let place = Place::new();
        let (mut keeper, ..) = place.open().unwrap();
        keeper.journal.file = Arc::new(file);
        let trouble = keeper.append(Book::Journal, b"AT 1\n").unwrap_err();
        assert!(trouble.why.contains("A.herd: "), "{trouble:?}");
        let job = Job::Create {
            path: place.0.join("none/x"),
            head: Vec::new(),
        };
        assert!(matches!(job.run(), Done::Created(Err(_))));
    }
}
