//! Files that cannot be trusted any more: everything is told again to another one.

use super::*;

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
    assert_eq!(files.done(merge.run(), Mono(0)), None);
    assert_eq!(place.endings(), ["", ".2", ".3"]);
    assert_eq!(work(&mut files), []);
    assert_eq!(place.endings(), ["", ".3"]);
    assert_eq!(files.size().lines, 4);
}
