//! Every file, verb of `herd`, target of `make` and heading of the guide that prose names is there:
//! in the README files, the guide, comments, and the heads of stories.

use std::process::Command;

use crate::source::{files, read, report, sources, top};

/// Endings of files of this tree.
const ENDINGS: [&str; 6] = [".rs", ".md", ".py", ".toml", ".tsv", ".svg"];
/// Files of others that we name.
const FOREIGN: [&str; 1] = ["asyncio/base_events.py"];
/// A word with one of these holds the place of a name.
const PLACEHOLDERS: [char; 8] = ['*', '<', '{', '$', '…', '~', '[', '|'];

/// All that prose may name.
struct Tree {
    files: Vec<String>,
    verbs: Vec<String>,
    targets: Vec<String>,
}

impl Tree {
    fn of_package() -> Tree {
        let mut all = files(&["src", "tests", ".ci"]);
        let manifest = [
            "Cargo.toml",
            "Cargo.lock",
            "Makefile",
            "README.md",
            "topology.txt",
        ];
        all.extend(manifest.map(String::from));
        let help = Command::new(env!("CARGO_BIN_EXE_herd"))
            .arg("--help")
            .output()
            .unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let verbs = help.lines().filter_map(|line| {
            let word = line
                .trim_start()
                .trim_start_matches("herd ")
                .split(' ')
                .next()?;
            line.starts_with(' ').then(|| word.to_string())
        });
        let makefile = read("Makefile");
        let targets = makefile
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|it| it.0);
        Tree {
            files: all,
            verbs: verbs.collect(),
            targets: targets.map(String::from).collect(),
        }
    }

    /// Names in a text that mean nothing.
    fn missing(&self, text: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for (index, span) in text.split('`').enumerate() {
            let in_ticks = index % 2 == 1;
            let words: Vec<&str> = span.split_whitespace().collect();
            match words[..] {
                ["herd", verb, ..] if in_ticks && is_word(verb) && !has(&self.verbs, verb) => {
                    wrong.push(format!("herd {verb}"));
                }
                ["make", target, ..]
                    if in_ticks && is_word(target) && !has(&self.targets, target) =>
                {
                    wrong.push(format!("make {target}"));
                }
                _ => {}
            }
            let words = span.split(|char: char| char.is_whitespace() || char == '(');
            let words = words.map(|word| word.trim_matches(PUNCTUATION));
            let paths = words.filter(|word| is_path(word) && !self.has_file(word));
            wrong.extend(paths.map(String::from));
        }
        wrong
    }

    /// A path from the top, or the end of one.
    fn has_file(&self, path: &str) -> bool {
        let end = format!("/{}", path.trim_end_matches('/'));
        let is_end = |file: &String| format!("/{file}").ends_with(&end);
        top().join(path).exists() || self.files.iter().any(is_end) || FOREIGN.contains(&path)
    }
}

const PUNCTUATION: [char; 11] = ['.', ',', ';', ':', '(', ')', '"', '\'', '!', '?', ']'];

fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|it| it == word)
}

/// A verb or a target, and no placeholder for one.
fn is_word(word: &str) -> bool {
    word.chars()
        .all(|char| char.is_ascii_lowercase() || char == '-')
        && !word.starts_with('-')
}

/// Something that must be a file or a folder here.
fn is_path(word: &str) -> bool {
    let is_ours = word.starts_with("tests/") || word.starts_with("src/");
    let has_ending = ENDINGS
        .iter()
        .any(|ending| word.ends_with(ending) && word.len() > ending.len());
    let is_elsewhere = word.contains("://") || word.starts_with('/') || word.contains("::");
    (is_ours || has_ending) && !word.contains(PLACEHOLDERS) && !is_elsewhere
}

/// The headings that a text names behind their page.
fn headings(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(".md, \"") {
        let page = text[..at].rsplit([' ', '`']).next().unwrap_or_default();
        let mut rest = &text[at + ".md, ".len()..];
        while let Some((heading, behind)) = rest.strip_prefix('"').and_then(|it| it.split_once('"'))
        {
            found.push((format!("{page}.md"), heading.to_string()));
            rest = behind.strip_prefix(" and ").unwrap_or_default();
        }
    }
    found
}

/// All prose of the tree, in lines: where it stands, and what it says.
fn prose() -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    for source in sources() {
        let comments = source.comments.into_iter();
        found.extend(comments.map(|it| (source.path.clone(), it.line, it.text)));
    }
    for path in files(&["src/guide", "tests"])
        .into_iter()
        .chain(["README.md".to_string()])
    {
        let is_story = path.ends_with(".herd");
        if is_story || path.ends_with(".md") {
            let text = read(&path);
            let lines = (1..)
                .zip(text.lines())
                .filter(|(_, line)| !is_story || line.starts_with('#'));
            found.extend(lines.map(|(number, line)| (path.clone(), number, line.to_string())));
        }
    }
    found
}

#[test]
fn what_prose_names_is_there() {
    let tree = Tree::of_package();
    assert!(
        has(&tree.verbs, "serve") && has(&tree.targets, "bench"),
        "{:?}",
        tree.verbs
    );
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, line, text) in prose() {
        seen += 1;
        let missing = tree.missing(&text).into_iter();
        wrong.extend(missing.map(|it| format!("{path}:{line}: there is no {it}")));
    }
    assert!(seen > 4000, "only {seen} lines of prose were found");
    report(wrong);
}

#[test]
fn headings_that_prose_names_are_there() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, line, text) in prose() {
        for (page, heading) in headings(&text) {
            seen += 1;
            let text = if top().join(&page).exists() {
                read(&page)
            } else {
                String::new()
            };
            let is_it = |line: &str| {
                line.starts_with('#') && line.trim_start_matches('#').trim() == heading
            };
            if !text.lines().any(is_it) {
                wrong.push(format!("{path}:{line}: {page} has no heading {heading:?}"));
            }
        }
    }
    assert!(seen > 30, "only {seen} headings were named");
    report(wrong);
}

#[test]
fn names_are_found_in_prose() {
    let tree = Tree {
        files: vec!["src/a/b.rs".into()],
        verbs: vec!["up".into()],
        targets: vec!["sim".into()],
    };
    let fine = "`herd up -q`, `herd VERB`, herd her, `make sim SEED=7`, make hay, a/b.rs, `b.rs`, \
                src/*/c.rs, https://x.rs/y.rs, `topology.txt`";
    assert_eq!(tree.missing(fine), Vec::<String>::new());
    let wrong = "`herd down` `make it` (`src/a/c.rs`), tests/none. [x](src/y.md) c.rs";
    let found = [
        "herd down",
        "make it",
        "src/a/c.rs",
        "tests/none",
        "src/y.md",
        "c.rs",
    ];
    assert_eq!(tree.missing(wrong), found);
    let named = headings("see src/x.md, \"A b\" and \"C\", or y.md");
    let pairs = [("src/x.md", "A b"), ("src/x.md", "C")];
    assert_eq!(
        named,
        pairs.map(|(page, heading)| (page.to_string(), heading.to_string()))
    );
}
