//! Parts of pages that are made, and held equal: code that a page quotes, and tables. A comment
//! before the part says what it is; `HERD_BLESS=1` renews the part.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The pages of the guide and its book.
pub fn all() -> Vec<PathBuf> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let folders = [guide.clone(), guide.join("book")].into_iter();
    let entries = folders.flat_map(|it| fs::read_dir(it).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// A part of a page, by the comment before it.
pub enum Part {
    /// It should be this.
    Made(String),
    /// It is a piece of code, `FILE: START`.
    Code,
    /// It stays as it is: this machine lacks what makes it.
    Skipped,
}

/// A page with its parts as they should be.
pub fn check(path: &Path, made: impl Fn(&str) -> Part) {
    let text = fs::read_to_string(path).unwrap();
    let want = renewed(&text, made);
    if text != want && env::var_os("HERD_BLESS").is_some() {
        fs::write(path, &want).unwrap();
        return;
    }
    let differs = want
        .lines()
        .zip(text.lines())
        .find(|(should, is)| should != is);
    let (should, is) = differs.unwrap_or_default();
    assert!(
        text == want,
        "{} says\n{is}\nand should say\n{should}\n\
         HERD_BLESS=1 cargo test --test guide writes it",
        path.display()
    );
}

fn renewed(text: &str, made: impl Fn(&str) -> Part) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out += &format!("{line}\n");
        let Some(what) = line
            .strip_prefix("<!-- ")
            .and_then(|it| it.strip_suffix(" -->"))
        else {
            continue;
        };
        // The old part ends with the next empty line outside a fence.
        let mut is_fenced = false;
        while lines.peek() == Some(&"") {
            lines.next();
        }
        let is_part = lines.peek().is_some_and(|it| it.starts_with(['|', '`']));
        let mut old = Vec::new();
        while is_part && let Some(line) = lines.next_if(|it| is_fenced || !it.is_empty()) {
            is_fenced ^= line.starts_with("```");
            old.push(line);
        }
        let part = match made(what) {
            Part::Made(part) => part,
            Part::Code => quote(what),
            Part::Skipped => old.join("\n"),
        };
        out += &format!("\n{}\n\n", part.trim_end());
        while lines.peek() == Some(&"") {
            lines.next();
        }
    }
    out
}

/// The code that `FILE: START` names, in a fence: from the line that begins so to its last brace,
/// or as many lines as it says, `FILE: START, 9 lines`.
fn quote(what: &str) -> String {
    let (file, start) = what.split_once(": ").expect("FILE: START");
    let length = start
        .strip_suffix(" lines")
        .and_then(|it| it.rsplit_once(", "));
    let (start, length) = match length.map(|(start, count)| (start, count.parse::<usize>())) {
        Some((start, Ok(count))) => (start, Some(count)),
        _ => (start, None),
    };
    let code = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let lines: Vec<&str> = code.lines().collect();
    let begins = |line: &&str| {
        line.trim_start()
            .trim_start_matches("pub ")
            .starts_with(start)
    };
    let first = lines
        .iter()
        .position(begins)
        .unwrap_or_else(|| panic!("{what}: nowhere"));
    let indent = lines[first].len() - lines[first].trim_start().len();
    let is_end = |line: &&str| line.len() > indent && line[..=indent].trim() == "}";
    let to_its_end = || lines[first..].iter().position(is_end).expect("an end") + 1;
    let count = length.unwrap_or_else(to_its_end);
    let shown = lines[first..first + count].iter();
    let shown: Vec<&str> = shown.map(|line| line.get(indent..).unwrap_or("")).collect();
    // rustdoc reads Rust, and a part of a function is none.
    let kind = if length.is_some() {
        "text"
    } else {
        "rust,ignore"
    };
    format!("```{kind}\n{}\n```", shown.join("\n"))
}
