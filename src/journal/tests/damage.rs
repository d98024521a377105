//! Segments that are damaged, or of an older version.

use super::*;

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

#[test]
fn a_merge_leaves_damaged_lines_out() {
    let [kiwi, lime, lemon] = ["kiwi", "lime", "lemon"].map(|client| at(client, 1));
    let place = Place::new();
    let mut damaged = lines(&[HEAD, &kiwi, &lime, &lemon]);
    let end = lines(&[HEAD, &kiwi]).len();
    // An LF: nothing is lost. Then a digit of the last line.
    damaged[end - 1] ^= 4;
    let last = damaged.len() - 30;
    damaged[last] ^= 4;
    place.write(".1", &damaged);
    place.write(".2", &lines(&[HEAD]));
    let (mut files, texts) = place.open().unwrap();
    assert_eq!(
        (texts, files.bad_lines()),
        (vec![kiwi.clone(), lime.clone()], 2)
    );
    assert_eq!(
        work(&mut files),
        [],
        "it was named when the journal was opened"
    );
    assert_eq!(place.endings(), ["", ".2"]);
    assert_eq!(place.read(".2"), lines(&[HEAD, &kiwi, &lime]));
    assert_eq!((files.size().lines, files.bad_lines()), (2, 0));
}

/// The node knows the line that is lost, and tells it again.
#[test]
fn damage_that_a_merge_finds_is_told() {
    let [kiwi, lime] = ["kiwi", "lime"].map(|client| at(client, 1));
    let place = Place::new();
    place.write(".1", &lines(&[HEAD, &kiwi]));
    place.write(".2", &lines(&[HEAD, &lime]));
    let (mut files, _) = place.open().unwrap();
    let mut damaged = lines(&[HEAD, &kiwi]);
    let last = damaged.len() - 30;
    damaged[last] ^= 4;
    place.write(".1", &damaged);
    let events = work(&mut files);
    let want = "A.herd.2: something in it was damaged";
    assert!(
        matches!(&events[..], [JournalEvent::Lost(why)] if why.ends_with(want)),
        "{events:?}"
    );
    assert_eq!(place.read(".2"), lines(&[HEAD, &lime]));
}
