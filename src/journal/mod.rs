//! The journal's files. The node decides what is appended and when; this room decides which files
//! there are. It knows nothing of a poll.
//!
//! A journal is a set of *segments*: `NAME.herd` is the live one, which is appended to; closed ones
//! are `NAME.herd.1` and so on. Each is a text: `herd-journal 2 NAME`, then AT lines, each with its
//! checksum. cat(1) and grep(1) work on it. The order of lines and of segments means nothing, for
//! the newest report of a client wins; so there is no step at which a crash could lose anything:
//!
//! - When the journal is longer than it need be, the live segment is *closed*: it is renamed, and a
//!   new one takes its place. Lines that are appended meanwhile are in the closed one.
//! - Closed segments are *merged*: the newest line of each client is written to another file, which
//!   is made safe and then takes the place of the last of them; then the others are removed.
//! - When the files cannot be trusted any more, the journal is *restarted*: everything is told
//!   again, to a new live segment. When that is safe, all segments from before are removed. A live
//!   segment that cannot be replaced, such as a mount of its own, is told everything at its end.
//!   Such a file is not made shorter: nothing but a rename puts a short file into the place of a
//!   long one in a single step. To cut it and write it again would lose what a crash finds in
//!   between; to keep a copy beside it meanwhile would keep that where, with a mount, nobody finds
//!   it later. fallocate(2) can take the start of a file away, but on some file systems only, and
//!   in blocks. So it grows, and the status says why.
//! - Once a second a worker *looks* whether the files are what we wrote.
//!
//! A server holds a lock (flock(2)) on each of its segments, so no two servers share a journal.
//!
//! Appending is a write(2) on the loop's own thread, into the kernel's memory. Everything that may
//! wait for a disk is a [`Job`] for a worker; at most one is under way beside a merge.

mod files;
mod forget;
mod job;
mod look;
mod merge;
mod newest;
mod open;
mod place;
mod replay;

pub use files::JournalFiles;
pub use forget::{Claimed, claim};
pub use job::{Job, Outcome};
pub use open::open;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::files::JournalFiles;
    use super::open::open;
    use super::replay::Error;
    use crate::node::{JournalEvent, JournalTask, Lost, Replay};
    use crate::units::Mono;
    use crate::wire::{Position, checksum, journal_line};

    pub(super) const HEAD: &str = "herd-journal 2 A";

    /// A table that is never found.
    pub(super) const UNKNOWN: Position = Position {
        seq: 0,
        count: u64::MAX,
        digest: 0,
    };

    /// The table of these AT lines.
    pub(super) fn table(texts: &[&str]) -> Position {
        let hashes = texts.iter().map(|text| checksum(text.as_bytes()));
        Position {
            seq: 0,
            count: texts.len() as u64,
            digest: hashes.fold(0, u64::wrapping_add),
        }
    }

    /// A directory that is removed with the test.
    pub(super) struct Place(pub(super) PathBuf);

    impl Place {
        pub(super) fn new() -> Place {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("herd-journal-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Place(path)
        }

        pub(super) fn file(&self) -> PathBuf {
            self.0.join("A.herd")
        }

        /// A file of the journal: the live segment if `ending` is empty.
        pub(super) fn write(&self, ending: &str, text: &[u8]) {
            fs::write(self.0.join(format!("A.herd{ending}")), text).unwrap();
        }

        pub(super) fn read(&self, ending: &str) -> Vec<u8> {
            fs::read(self.0.join(format!("A.herd{ending}"))).unwrap()
        }

        /// The endings of all files, in order.
        pub(super) fn endings(&self) -> Vec<String> {
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
        pub(super) fn open(&self) -> Result<(JournalFiles, Vec<String>), Error> {
            let mut texts = Texts(Vec::new());
            let files = open(&self.file(), "A", &mut texts)?;
            texts.0.sort();
            Ok((files, texts.0))
        }
    }

    /// The texts of good lines.
    struct Texts(Vec<String>);

    impl Replay for Texts {
        fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
            let text = journal_line::text(line).ok_or(Lost::Checksum)?;
            self.0.push(String::from_utf8_lossy(text).into_owned());
            Ok(())
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    pub(super) fn lines(texts: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for text in texts {
            journal_line::push(&mut out, text.as_bytes());
        }
        out
    }

    /// An AT line about a client at a second.
    pub(super) fn at(client: &str, second: u32) -> String {
        format!("AT A +0.000000000 {client} +1+1 {second}")
    }

    pub(super) fn append(files: &mut JournalFiles, texts: &[&str]) {
        let event = files.append(&lines(texts), UNKNOWN);
        assert_eq!(event, JournalEvent::Wrote(Ok(())));
    }

    /// Does all work that there is, and returns what the node is told.
    pub(super) fn work(files: &mut JournalFiles) -> Vec<JournalEvent> {
        let mut events = Vec::new();
        while let Some(job) = files.next_job(Mono(0), 0) {
            events.extend(files.done(&job, job.run(), Mono(0)));
        }
        events
    }

    /// Has a task of the node's done, and all other work.
    pub(super) fn task(files: &mut JournalFiles, task: JournalTask) -> JournalEvent {
        files.task = Some(task);
        let events = work(files);
        let [event] = &events[..] else {
            panic!("{events:?}");
        };
        event.clone()
    }
}
