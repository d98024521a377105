//! Segments are closed and merged, whatever comes between.

use std::collections::BTreeSet;

use super::*;
use crate::journal::job::{Job, Kind};
use crate::journal::merge::{self, Pass};
use crate::limits::Limits;
use crate::node::{Ack, Config, Fsync, Node};

/// As if the journal were too long.
fn close(files: &mut JournalFiles) -> Job {
    files.working = Some(Kind::Close);
    files.job(Kind::Close)
}

#[test]
fn a_long_journal_is_closed_and_merged() {
    let place = Place::new();
    let (mut files, _) = place.open().unwrap();
    let [old, new, other] = [at("kiwi", 1), at("kiwi", 2), at("lime", 1)];
    append(&mut files, &[&old, &new]);
    assert!(
        files.next_job(Mono(0), 0).is_none(),
        "it is below the floor"
    );
    files.live.bytes += Limits::PRODUCT.journal_floor;
    let live_bytes = files.size().bytes / 2 + 1;
    assert!(files.next_job(Mono(0), live_bytes).is_none());
    let job = files.next_job(Mono(0), live_bytes - 2).unwrap();
    assert!(!job.is_long() && files.size().compacting);
    let done = job.run();
    // Until the loop knows, lines go to the closed segment.
    append(&mut files, &[&other]);
    assert_eq!(files.done(done, Mono(0)), None);
    let newest = at("kiwi", 3);
    append(&mut files, &[&newest]);
    assert_eq!(place.read(".1"), lines(&[HEAD, &old, &new, &other]));
    let job = files.next_job(Mono(0), live_bytes).unwrap();
    assert!(job.is_long() && files.size().compacting);
    assert_eq!(files.done(job.run(), Mono(0)), None);
    assert_eq!(place.read(".1"), lines(&[HEAD, &new, &other]));
    assert_eq!(place.read(""), lines(&[HEAD, &newest]));
    let size = files.size();
    assert_eq!((size.lines, size.compacting), (3, false));
    assert_eq!(
        size.bytes,
        (place.read("").len() + place.read(".1").len()) as u64
    );
    assert!(matches!(place.open(), Err(Error::InUse)));
    // The second time there is one already.
    let job = close(&mut files);
    files.done(job.run(), Mono(0));
    assert_eq!(place.endings(), ["", ".1", ".2"]);
    work(&mut files);
    assert_eq!(place.endings(), ["", ".2"]);
    assert_eq!(place.read(".2"), lines(&[HEAD, &newest, &other]));
}

/// Each state of the directory that a crash may leave, and what a start makes of it.
#[test]
fn a_crash_between_any_two_steps_loses_nothing() {
    let all = [at("kiwi", 2), at("lemon", 1), at("lime", 1)];
    let [kiwi, lemon, lime] = &all;
    let live = lines(&[HEAD, lime]);
    let closed = lines(&[HEAD, &at("kiwi", 1), lemon]);
    let later = lines(&[HEAD, kiwi]);
    let merged = lines(&[HEAD, kiwi, lemon]);
    let head = lines(&[HEAD]);
    let both = [&later[..], &live[head.len()..]].concat();
    let states: [&[(&str, &[u8])]; 10] = [
        // The live segment is closed.
        &[("", &both), (".1", &closed)],
        &[("", &both), (".1", &closed), (".new", &head[..5])],
        &[("", &both), (".1", &closed), (".new", &head)],
        &[(".1", &closed), (".2", &both), (".new", &head)],
        &[("", &head), (".1", &closed), (".2", &both)],
        // Both are merged.
        &[("", &live), (".1", &closed), (".2", &later)],
        &[
            ("", &live),
            (".1", &closed),
            (".2", &later),
            (".merging", &merged[..20]),
        ],
        &[
            ("", &live),
            (".1", &closed),
            (".2", &later),
            (".merging", &merged),
        ],
        &[("", &live), (".1", &closed), (".2", &merged)],
        &[("", &live), (".2", &merged)],
    ];
    for state in states {
        let place = Place::new();
        for (ending, text) in state {
            place.write(ending, text);
        }
        for _ in 0..2 {
            let (mut files, texts) = place.open().unwrap();
            let newest = BTreeSet::from_iter(texts);
            assert!(all.iter().all(|text| newest.contains(text)), "{state:?}");
            work(&mut files);
            assert!(files.closed.len() <= 1);
            let endings = place.endings();
            assert!(
                endings.iter().all(|it| ["", ".1", ".2"].contains(&&**it)),
                "{endings:?}"
            );
        }
    }
}

#[test]
fn a_sync_waits_for_the_swap_and_covers_the_closed_segment() {
    let place = Place::new();
    let (mut files, _) = place.open().unwrap();
    append(&mut files, &[&at("kiwi", 1)]);
    let job = close(&mut files);
    files.ask(JournalTask::Sync);
    assert!(files.next_job(Mono(0), 0).is_none());
    files.done(job.run(), Mono(0));
    let sync = files.next_job(Mono(0), 0).unwrap();
    assert!(!sync.is_long() && files.unsynced.is_empty());
    // Beside it there may be a merge.
    let merge = files.next_job(Mono(0), 0).unwrap();
    assert!(merge.is_long());
    assert_eq!(files.done(merge.run(), Mono(0)), None);
    let synced = files.done(sync.run(), Mono(0));
    assert_eq!(synced, Some(JournalEvent::Synced(Ok(()))));
}

#[test]
fn what_cannot_be_merged_is_tried_again_later() {
    let place = Place::new();
    place.write(".1", &lines(&[HEAD, "AT 1"]));
    place.write(".2", &lines(&[HEAD, "AT 2"]));
    let (mut files, _) = place.open().unwrap();
    fs::create_dir(place.0.join("A.herd.merging")).unwrap();
    assert_eq!(work(&mut files), []);
    assert!(!files.size().compacting);
    assert_eq!(place.read(".1"), lines(&[HEAD, "AT 1"]));
    let later = Mono(Limits::PRODUCT.journal_merge_retry);
    assert!(files.next_job(Mono(later.0 - 1), 0).is_none());
    assert!(files.next_job(later, 0).is_some_and(|job| job.is_long()));
}

#[test]
fn a_closed_segment_that_was_removed_is_merged_all_the_same() {
    let [kiwi, lime] = [at("kiwi", 1), at("lime", 1)];
    let place = Place::new();
    place.write(".1", &lines(&[HEAD, &kiwi]));
    place.write(".2", &lines(&[HEAD, &lime]));
    let (mut files, _) = place.open().unwrap();
    fs::remove_file(place.0.join("A.herd.1")).unwrap();
    assert_eq!(work(&mut files), []);
    assert_eq!(place.read(".2"), lines(&[HEAD, &kiwi, &lime]));
}

/// The lines of a node that replayed a file.
fn known(text: &[u8]) -> Vec<Vec<u8>> {
    let mut node = Node::new(Config {
        name: "A".into(),
        run: 1,
        seed: 1,
        neighbours: vec![],
        ack: Ack::Local,
        journal: Some(Fsync::Off),
        secret: None,
        level: None,
        limits: Limits::default(),
    });
    for line in text.split(|byte| *byte == b'\n') {
        if !line.is_empty() && !line.starts_with(b"herd-journal ") {
            node.replay(line).unwrap();
        }
    }
    node.inspect()
        .lines()
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect()
}

/// Random segments, merged with so little memory that it takes many passes, hold what a node knows
/// that replays all of them.
#[test]
fn a_merge_keeps_what_a_node_would_keep() {
    arbtest::arbtest(|u| {
        let place = Place::new();
        let mut all = Vec::new();
        let count = u.int_in_range(1..=4)?;
        for number in 1..=count {
            let mut segment = lines(&[HEAD]);
            for _ in 0..u.int_in_range(0..=30)? {
                let (server, client) = (u.choose(&["A", "B"])?, u.choose(&["a", "b", "bb", "c"])?);
                let (place, time) = (u.choose(&["+1+1", "+1-1"])?, u.choose(&["1", "1.0", "2"])?);
                let text = format!("AT {server} +0.00000000{number} {client} {place} {time}");
                segment.extend(lines(&[&text]));
            }
            place.write(&format!(".{number}"), &segment);
            all.extend(segment);
        }
        let (files, _) = place.open().unwrap();
        let segments: Vec<_> = files.closed.values().map(|it| it.file.clone()).collect();
        let numbers: Vec<u64> = files.closed.keys().copied().collect();
        let memory = u.int_in_range(0..=1000)?;
        let merged = merge::put_in_place(&files.place, &segments, &numbers, memory).unwrap();
        let text = place.read(&format!(".{count}"));
        let want = known(&all);
        assert_eq!(known(&text), want);
        let size = (merged.bytes, merged.lines, merged.bad);
        assert_eq!(size, (text.len() as u64, want.len() as u64, 0));
        assert_eq!(place.endings(), ["".to_string(), format!(".{count}")]);
        Ok(())
    });
}

#[test]
fn a_merge_of_many_clients_takes_no_more_memory() {
    let clients: Vec<String> = (0..1000)
        .map(|number| at(&format!("k{number:03}"), 1))
        .collect();
    let texts: Vec<&str> = clients.iter().map(String::as_str).collect();
    let place = Place::new();
    place.write(".1", &lines(&[HEAD]));
    place.write(".2", &lines(&[&[HEAD], &texts[..]].concat()));
    let (mut files, _) = place.open().unwrap();
    let mut passes = 0;
    let mut from = Some(Vec::new());
    while let Some(first) = from {
        let mut pass = Pass::new(first, 20_000);
        let bad = pass.read(&place.file(), &files.closed[&2].file);
        assert_eq!(bad, 0);
        assert!(pass.bytes <= 20_000);
        passes += 1;
        from = pass.until;
    }
    // Each takes some 170 bytes.
    assert!((8..=10).contains(&passes), "{passes}");
    let job = files.next_job(Mono(0), 0).unwrap();
    let merged = job.run().result.unwrap().unwrap();
    assert_eq!(merged.lines, 1000);
}

/// The table may be smaller than before, and what it has no room for stays in the journal.
#[test]
fn a_journal_that_stays_long_is_not_closed_again_and_again() {
    let place = Place::new();
    place.write(".1", &lines(&[HEAD]));
    let (mut files, _) = place.open().unwrap();
    let floor = Limits::PRODUCT.journal_floor;
    files.closed.get_mut(&1).unwrap().bytes = 3 * floor;
    files.live.bytes = floor;
    assert!(files.next_job(Mono(0), floor).is_none());
    files.live.bytes = floor + 1;
    assert!(files.next_job(Mono(0), floor).is_some());
}
