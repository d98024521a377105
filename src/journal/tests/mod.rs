//! Journals in a directory of their own, opened, worked on and opened again.

mod compaction;
mod damage;
mod restart;

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Error, JournalFiles, open};
use crate::node::{JournalEvent, JournalTask, Lost, journal_line};
use crate::units::Mono;

const HEAD: &str = "herd-journal 2 A";

/// A directory that is removed with the test.
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

    /// A file of the journal: the live segment if `ending` is empty.
    fn write(&self, ending: &str, text: &[u8]) {
        fs::write(self.0.join(format!("A.herd{ending}")), text).unwrap();
    }

    fn read(&self, ending: &str) -> Vec<u8> {
        fs::read(self.0.join(format!("A.herd{ending}"))).unwrap()
    }

    /// The endings of all files, in order.
    fn endings(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0)
            .unwrap()
            .map(|it| it.unwrap().file_name());
        let mut endings: Vec<String> = names
            .map(|it| {
                it.to_str()
                    .unwrap()
                    .trim_start_matches("A.herd")
                    .to_string()
            })
            .collect();
        endings.sort();
        endings
    }

    /// Opens the journal of `A`, and returns the texts of its good lines, in order.
    fn open(&self) -> Result<(JournalFiles, Vec<String>), Error> {
        let mut texts = Vec::new();
        let files = open(&self.file(), "A", |line| {
            let text = journal_line::text(line).ok_or(Lost::Checksum)?;
            texts.push(String::from_utf8_lossy(text).into_owned());
            Ok(())
        })?;
        texts.sort();
        Ok((files, texts))
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
        journal_line::push(&mut out, text.as_bytes());
    }
    out
}

/// An AT line about a client at a second.
fn at(client: &str, second: u32) -> String {
    format!("AT A +0.000000000 {client} +1+1 {second}")
}

fn append(files: &mut JournalFiles, texts: &[&str]) {
    assert_eq!(files.append(&lines(texts)), JournalEvent::Wrote(Ok(())));
}

/// Does all work that there is, and returns what the node is told.
fn work(files: &mut JournalFiles) -> Vec<JournalEvent> {
    let mut events = Vec::new();
    while let Some(job) = files.next_job(Mono(0), 0) {
        events.extend(files.done(job.run(), Mono(0)));
    }
    events
}

/// Has a task of the node's done, and all other work.
fn task(files: &mut JournalFiles, task: JournalTask) -> JournalEvent {
    files.ask(task);
    let events = work(files);
    let [event] = &events[..] else {
        panic!("{events:?}");
    };
    event.clone()
}

#[test]
fn what_was_appended_is_replayed() {
    let place = Place::new();
    let (mut files, texts) = place.open().unwrap();
    assert_eq!((files.size().lines, texts.len()), (0, 0));
    append(&mut files, &["AT 1", "AT 2"]);
    let size = files.size();
    assert!(matches!(place.open(), Err(Error::InUse)));
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
fn a_link_is_not_replaced_but_what_it_leads_to() {
    let (place, other) = (Place::new(), Place::new());
    std::os::unix::fs::symlink(other.file(), place.file()).unwrap();
    let (mut files, _) = place.open().unwrap();
    let restarted = task(&mut files, JournalTask::Restart);
    assert_eq!(restarted, JournalEvent::Restarted(Ok(())));
    append(&mut files, &["AT 1"]);
    assert!(place.file().is_symlink());
    assert_eq!(other.read(""), lines(&[HEAD, "AT 1"]));
    assert_eq!((place.endings().len(), other.endings().len()), (1, 2));
}

#[test]
fn where_there_is_no_room_nothing_is_half_written() {
    let Ok(full) = OpenOptions::new().append(true).open("/dev/full") else {
        return;
    };
    let place = Place::new();
    let (mut files, _) = place.open().unwrap();
    files.live.file = full.into();
    // A device cannot be cut, so it is not known what it has.
    let event = files.append(b"AT 1\n");
    assert!(
        matches!(&event, JournalEvent::Lost(why) if why.contains("A.herd: ")),
        "{event:?}"
    );
}
