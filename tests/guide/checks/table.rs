//! The table of the steps, from what the steps and their checks say of themselves.

use std::fs;
use std::path::Path;

/// A row for each step: its file, its first sentence, and its checks in words.
pub fn table() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide");
    let read = |folder: &str| {
        let entries = fs::read_dir(here.join(folder)).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.into_iter().map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            (name, fs::read_to_string(path).unwrap())
        })
    };
    let checks: String = read("checks").map(|(_, text)| text).collect();
    let mut out = String::from("| file | what it teaches | its checks |\n|---|---|---|\n");
    for (name, text) in read("steps") {
        let first = text.lines().next().unwrap_or_default();
        let Some((number, sentence)) = first
            .strip_prefix("//! Step ")
            .and_then(|it| it.split_once(": "))
        else {
            continue;
        };
        let start = format!("fn step_{number}_");
        let checks = checks.split(&start[..]).skip(1);
        let checks = checks.filter_map(|it| Some(it.split_once('(')?.0.replace('_', " ")));
        let checks = checks.collect::<Vec<_>>().join("; ");
        let sentence = sentence.trim_end_matches('.');
        out += &format!("| `{name}` | {sentence} | {checks} |\n");
    }
    out
}
