//! Work that may wait for a disk: a worker does it, never the loop's thread.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::look::{check, is_alien};
use super::merge::merge;
use super::place::{ALIEN, MERGING, NEW, Place, Segment, bad_lines, is_at, remove, why};
use crate::limits::LIMITS;
use crate::node::JournalTask;
use crate::wire::Position;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The node's task.
    Task(JournalTask),
    /// Puts a new live segment into the place of the present one.
    Close,
    /// Merges closed segments into the last of them.
    Merge,
    /// Looks whether the files are what we wrote.
    Look,
}

/// The work, with everything that it needs.
#[derive(Debug)]
pub struct Job {
    pub(super) kind: Kind,
    pub(super) place: Arc<Place>,
    pub(super) live: Segment,
    /// The closed segments by their numbers.
    pub(super) closed: BTreeMap<u64, Segment>,
    /// A merge is replacing closed segments.
    pub(super) is_merging: bool,
    /// For a sync: closed segments that the disk may not have yet.
    pub(super) unsynced: Vec<Arc<File>>,
}

/// The new file, if there is one; or why the job failed.
pub type Outcome = Result<Option<Segment>, String>;

impl Job {
    /// A merge takes long, and nobody waits for it; everything else is waited for.
    pub fn is_long(&self) -> bool {
        self.kind == Kind::Merge
    }

    /// Does it. This may wait for the disk.
    pub fn run(&self) -> Outcome {
        let (live, merging) = (&self.place.live, self.place.beside(MERGING));
        let (path, outcome) = match self.kind {
            Kind::Merge => {
                let merged = merge(&self.place, &self.closed, self.table(), &LIMITS);
                let merged = merged.inspect_err(|_| drop(remove(&merging)));
                (&merging, merged.map(Some))
            }
            Kind::Close => (live, self.swap().map(Some)),
            Kind::Task(JournalTask::Restart) => {
                self.put_aliens_aside();
                let restarted = self.swap().or_else(|error| self.go_on_in_place(error));
                (live, restarted.map(Some))
            }
            Kind::Look => return self.look().map(|()| None),
            Kind::Task(_) => (live, self.sync().map(|()| None)),
        };
        outcome.map_err(|error| why(path, error))
    }

    /// The number of the last closed segment. The next one to be closed gets the next number.
    pub(super) fn last(&self) -> u64 {
        self.closed
            .last_key_value()
            .map_or(0, |(number, _)| *number)
    }

    /// How many lines of the files are known to be damaged.
    pub(super) fn bad(&self) -> u64 {
        bad_lines(self.closed.values().chain([&self.live]))
    }

    /// The server's table when the last segment was closed, if the closed ones have all of it.
    fn table(&self) -> Option<Position> {
        let table = self.closed.values().next_back()?.table;
        // A bad line may be that of a client which the table had no room for.
        table.filter(|_| self.bad() == 0)
    }

    /// A file whose pages could not be made safe cannot be trusted, whatever a second try says: the
    /// kernel may have marked them clean (fsync(2)).
    fn sync(&self) -> io::Result<()> {
        if self.kind == Kind::Task(JournalTask::Sync) {
            let mut files = self.unsynced.iter().chain([&self.live.file]);
            files.try_for_each(|file| file.sync_data())?;
        }
        match self.is_in_place()? {
            true => Ok(()),
            false => Err(io::Error::other("it is gone, or another file is there now")),
        }
    }

    /// Between any two steps a start finds every line: in the live segment, or in a closed one.
    fn swap(&self) -> io::Result<Segment> {
        let path = &self.place.live;
        let (new, closed) = (self.place.beside(NEW), self.place.beside(self.last() + 1));
        let is_there = self.is_in_place()?;
        if !is_there && (self.kind == Kind::Close || is_in_use(path)) {
            return Err(io::Error::other("another file is there now"));
        }
        let segment = self.place.create(&new)?;
        segment.file.sync_all()?;
        if is_there {
            fs::rename(path, &closed).inspect_err(|_| drop(remove(&new)))?;
            self.place.sync_directory()?;
        }
        let renamed = fs::rename(&new, path);
        if renamed.is_err() && is_there {
            // If that fails, too, a start finds the closed segment.
            let _ = fs::rename(&closed, path);
        }
        renamed?;
        self.place.sync_directory()?;
        Ok(segment)
    }

    /// A file that is no journal of ours any more would keep the server from starting.
    fn put_aliens_aside(&self) {
        for (path, segment) in self.segments() {
            let is_sound = || self.check(&path, segment).is_ok();
            let aside = self.place.beside(ALIEN);
            // In a place where that fails, it is written over.
            if !is_sound()
                && is_alien(&path, &segment.file, &self.place.head)
                && fs::rename(&path, &aside).is_ok()
            {
                let (path, aside) = (path.display(), aside.display());
                log::warn!("{path} is no journal any more; it is {aside} now");
            }
        }
    }

    /// After a restart that failed with `error`: if the file is in its place and cannot be
    /// replaced, everything can still be told to its end. If it is a journal, it keeps its lines.
    fn go_on_in_place(&self, error: io::Error) -> io::Result<Segment> {
        use ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
        let is_fixed = matches!(
            error.kind(),
            CrossesDevices | PermissionDenied | ReadOnlyFilesystem | ResourceBusy
        );
        match is_fixed && self.is_in_place()? {
            true => self.place.adopt(&self.live.file),
            false => Err(error),
        }
    }

    fn look(&self) -> Result<(), String> {
        self.segments().try_for_each(|(path, segment)| {
            let checked = self.check(&path, segment);
            checked.map_err(|error| why(&path, error))
        })
    }

    /// All segments, where they must be. A merge replaces closed ones, and nothing in those that
    /// are all bad matters any more.
    fn segments(&self) -> impl Iterator<Item = (PathBuf, &Segment)> {
        let closed = self.closed.iter();
        let closed = closed.filter(|(_, it)| !self.is_merging && it.bad < u64::MAX);
        let closed = closed.map(|(number, it)| (self.place.beside(number), it));
        closed.chain([(self.place.live.clone(), &self.live)])
    }

    fn check(&self, path: &Path, segment: &Segment) -> io::Result<()> {
        let is_live = Arc::ptr_eq(&segment.file, &self.live.file);
        check(path, segment, is_live.then_some(&self.place.head))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        is_at(&self.place.live, &self.live.file)
    }
}

/// Whether another process has locked the file at that path: its journal, since ours is not there.
/// A named pipe is no journal, and to open one would wait for its writer.
fn is_in_use(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.is_file())
        && File::open(path).is_ok_and(|it| matches!(it.try_lock(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::journal::tests::{HEAD, Place, append, at, lines, table, task, work};
    use crate::journal::{JournalFiles, open};
    use crate::limits::Limits;
    use crate::node::{JournalEvent, Lost, Replay};
    use crate::units::Mono;

    const RESTARTED: JournalEvent = JournalEvent::Restarted(Ok(()));

    const SYNCED: JournalEvent = JournalEvent::Synced(Ok(()));

    #[test]
    fn a_file_that_is_gone_is_noticed() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        let kiwi = at("kiwi", 1);
        append(&mut files, &[&kiwi]);
        fs::remove_file(place.file()).unwrap();
        for check in [JournalTask::Sync, JournalTask::Check] {
            let event = task(&mut files, check);
            assert!(
                matches!(&event, JournalEvent::Synced(Err(why)) if why.contains("A.herd: ")),
                "{event:?}"
            );
        }
        // Another server may have its journal there now. While it runs, that is not replaced.
        let (other, _) = place.open().unwrap();
        let event = task(&mut files, JournalTask::Restart);
        assert!(
            matches!(event, JournalEvent::Restarted(Err(_))),
            "{event:?}"
        );
        drop(other);
        assert_eq!(task(&mut files, JournalTask::Restart), RESTARTED);
        let lime = at("lime", 1);
        append(&mut files, &[&lime]);
        assert_eq!(place.read(""), lines(&[HEAD, &lime]));
        // The lines of the file that is gone are not lost, for it is open.
        assert_eq!(place.read(".1"), lines(&[HEAD, &kiwi]));
        assert_eq!(place.endings(), ["", ".1"]);
    }

    #[test]
    fn a_file_that_nobody_uses_is_replaced() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        fs::remove_file(place.file()).unwrap();
        place.write("", b"my poems");
        let event = task(&mut files, JournalTask::Check);
        assert!(matches!(event, JournalEvent::Synced(Err(_))), "{event:?}");
        assert_eq!(task(&mut files, JournalTask::Restart), RESTARTED);
        assert_eq!(place.read(""), lines(&[HEAD]));
    }

    #[test]
    fn a_pipe_in_its_place_is_not_waited_for() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        fs::remove_file(place.file()).unwrap();
        let made = Command::new("mkfifo").arg(place.file()).status();
        assert!(made.unwrap().success());
        assert_eq!(task(&mut files, JournalTask::Restart), RESTARTED);
        assert_eq!(place.read(""), lines(&[HEAD]));
    }

    #[test]
    fn a_directory_that_is_gone_is_waited_for() {
        let [kiwi, lime] = [at("kiwi", 1), at("lime", 1)];
        let place = Place::new();
        place.write(".1", &lines(&[HEAD, &kiwi]));
        let (mut files, _) = place.open().unwrap();
        append(&mut files, &[&lime]);
        fs::remove_dir_all(&place.0).unwrap();
        let event = task(&mut files, JournalTask::Restart);
        assert!(
            matches!(event, JournalEvent::Restarted(Err(_))),
            "{event:?}"
        );
        fs::create_dir(&place.0).unwrap();
        assert_eq!(task(&mut files, JournalTask::Restart), RESTARTED);
        assert_eq!(task(&mut files, JournalTask::Sync), SYNCED);
        assert_eq!(place.read(""), lines(&[HEAD]));
        assert_eq!(place.read(".2"), lines(&[HEAD, &kiwi, &lime]));
        assert_eq!(place.endings(), ["", ".2"]);
    }

    /// The lines from before are there until newer ones take their place; but what is damaged among
    /// them is no reason to tell everything once more.
    #[test]
    fn what_was_there_before_is_merged() {
        let [kiwi, lime] = [at("kiwi", 1), at("lime", 1)];
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        append(&mut files, &[&kiwi, &lime]);
        let mut damaged = lines(&[HEAD, &kiwi, &lime]);
        let last = damaged.len() - 30;
        damaged[last] ^= 4;
        place.write("", &damaged);
        assert_eq!(task(&mut files, JournalTask::Restart), RESTARTED);
        assert_eq!(place.read(".1"), lines(&[HEAD, &kiwi]));
        append(&mut files, &[&kiwi, &lime]);
        assert_eq!(files.size().lines, 3);
        drop(files);
        assert_eq!(place.open().unwrap().1, [&*kiwi, &*kiwi, &*lime]);
    }

    #[test]
    fn a_restart_does_not_wait_for_a_merge() {
        let [kiwi, lime] = [at("kiwi", 1), at("lime", 1)];
        let place = Place::new();
        place.write(".1", &lines(&[HEAD, &kiwi]));
        place.write(".2", &lines(&[HEAD, &lime]));
        let (mut files, _) = place.open().unwrap();
        let merge = files.next_job(Mono(0), 0).unwrap();
        assert!(merge.is_long());
        assert_eq!(task(&mut files, JournalTask::Restart), RESTARTED);
        append(&mut files, &[&kiwi, &lime]);
        assert_eq!(task(&mut files, JournalTask::Sync), SYNCED);
        assert_eq!(place.endings(), ["", ".1", ".2", ".3"]);
        assert_eq!(files.done(&merge, merge.run(), Mono(0)), None);
        assert_eq!(place.endings(), ["", ".2", ".3"]);
        assert_eq!(work(&mut files), []);
        assert_eq!(place.endings(), ["", ".3"]);
        assert_eq!(files.size().lines, 4);
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

    /// Closes the live segment when the table is `known`, has it damaged, and merges all.
    fn close_and_merge(
        place: &Place,
        files: &mut JournalFiles,
        known: &[&str],
        damage: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<JournalEvent> {
        let (last, before) = (known[known.len() - 1], place.read(""));
        files.append(&lines(&[last]), table(known));
        let job = files.job(Kind::Close);
        files.done(&job, job.run(), Mono(0));
        let number = job.last() + 1;
        let mut closed = [before, lines(&[last])].concat();
        damage(&mut closed);
        place.write(&format!(".{number}"), &closed);
        work(files)
    }

    #[test]
    fn damage_of_what_is_outdated_is_not_told() {
        let [old, new, cold] = [at("kiwi", 1), at("kiwi", 2), at("lime", 1)];
        for (is_outdated, client) in [(true, &old), (false, &cold)] {
            let place = Place::new();
            let (mut files, _) = place.open().unwrap();
            append(&mut files, &[&old, &cold]);
            let damaged = |text: &mut Vec<u8>| {
                let at = memchr::memmem::find(text, client.as_bytes()).unwrap();
                text[at + client.len() - 1] ^= 4;
            };
            let events = close_and_merge(&place, &mut files, &[&cold, &new], damaged);
            assert_eq!(events.is_empty(), is_outdated, "{events:?}");
            let kept: &[&str] = if is_outdated { &[&new, &cold] } else { &[&new] };
            assert_eq!(place.read(".1"), lines(&[&[HEAD], kept].concat()));
        }
    }

    /// A table that has no room for plum.
    struct NoRoom;

    impl Replay for NoRoom {
        fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
            match memchr::memmem::find(line, b" plum ") {
                Some(_) => Err(Lost::Full),
                None => Ok(()),
            }
        }
    }

    /// The table is found before all is read, but that is not all that the journal has.
    #[test]
    fn clients_that_the_table_has_no_room_for_stay() {
        let [kiwi, newest, plum] = [at("kiwi", 1), at("kiwi", 2), at("plum", 1)];
        let place = Place::new();
        let slice = Limits::PRODUCT.journal_line;
        let mut long = lines(&[HEAD, &plum]);
        long.extend(lines(&[&kiwi]).repeat(slice / kiwi.len()));
        place.write("", &long);
        let mut files = open(&place.file(), "A", &mut NoRoom).unwrap();
        for _ in 0..2 {
            let events = close_and_merge(&place, &mut files, &[&newest], |_| {});
            assert_eq!(events, []);
            let number = files.closed.keys().next().unwrap();
            let merged = place.read(&format!(".{number}"));
            assert_eq!(merged, lines(&[HEAD, &newest, &plum]));
        }
    }
}
