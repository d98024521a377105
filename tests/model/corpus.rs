//! Every file that the fuzzer starts from, or that it once found something with, goes through
//! the body of its target again: a crash that was mended stays mended, without a fuzzer.

use std::fs;
use std::path::Path;

use crate::support::fuzz::TARGETS;
use crate::support::random;

#[test]
fn corpora_hold() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    for (name, body) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(top.join("corpus").join(name)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            // Captured, and shown when it fails.
            println!("{}", path.display());
            body(&bytes);
            count += 1;
        }
        assert!(count >= 5, "{name} has only {count} files");
        let words = top.join("dictionaries").join(format!("{name}.dict"));
        assert!(words.is_file(), "{name} has no dictionary");
        let target = top.join("targets").join(format!("{name}.rs"));
        assert!(target.is_file(), "{name} has no target");
    }
}

/// The work of a fuzzer, in small: bytes are changed, left out, doubled and taken from
/// elsewhere. It finds little, but it finds it everywhere.
#[test]
fn corpora_hold_when_they_are_bent() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, body) in TARGETS {
        let files = fs::read_dir(top.join(name)).unwrap();
        let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let seeds: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
        random::try_property(|u| {
            let mut bytes = u.choose(&seeds)?.clone();
            for _ in 0..u.int_in_range(1..=4)? {
                let other = u.choose(&seeds)?;
                let (from, to) = (u.choose_index(other.len() + 1)?, u.int_in_range(0..=20)?);
                let piece = &other[from..other.len().min(from + to)];
                let at = u.choose_index(bytes.len() + 1)?;
                match u.int_in_range(0..=2)? {
                    0 if at < bytes.len() => bytes[at] = u.arbitrary()?,
                    1 => drop(bytes.drain(at..bytes.len().min(at + piece.len()))),
                    _ => drop(bytes.splice(at..at, piece.iter().copied())),
                }
            }
            // Captured, and shown when it fails.
            println!("{name}: {}", bytes.escape_ascii());
            body(&bytes);
            Ok(())
        });
    }
}
