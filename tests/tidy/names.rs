//! Every file, verb and option of `herd`, target of `make`, test, heading of the guide and piece of
//! code that prose names is there: in the README files, the guide, comments, and the heads of
//! stories.

use std::process::Command;

use crate::items::Items;
use crate::pages::{Line, prose};
use crate::source::{files, read, report, sources, top};

/// Endings of files of this tree.
const ENDINGS: [&str; 6] = [".rs", ".md", ".py", ".toml", ".tsv", ".svg"];
/// Files of others that we name.
const FOREIGN: [&str; 1] = ["asyncio/base_events.py"];
/// A word with one of these holds the place of a name.
const PLACEHOLDERS: [char; 8] = ['*', '<', '{', '$', '…', '~', '[', '|'];

/// Options of other programs.
const FOREIGN_OPTIONS: [&str; 2] = ["--nofile", "--format"];

/// All that prose may name.
struct Tree {
    files: Vec<String>,
    verbs: Vec<String>,
    options: Vec<String>,
    targets: Vec<String>,
    items: Items,
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
        let top = help(&[]);
        let verbs = verbs(&top);
        let texts = verbs.iter().map(|verb| help(&[verb]));
        let options = options(&(texts.collect::<String>() + &top));
        let makefile = read("Makefile");
        let targets = makefile
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|it| it.0);
        Tree {
            files: all,
            verbs,
            options,
            targets: targets.map(String::from).collect(),
            items: Items::of(&sources()),
        }
    }

    /// Names in a line that mean nothing.
    fn missing(&self, line: &Line) -> Vec<String> {
        let mut wrong = Vec::new();
        for (in_ticks, span) in line.spans() {
            let words: Vec<&str> = span.split_whitespace().collect();
            if in_ticks {
                wrong.extend(self.wrong_command(&words));
                wrong.extend(self.items.wrong(&words, line.is_page()));
            }
            let is_ours = |it: &&str| *it == "herd" || it.starts_with('-');
            if !in_ticks || words.first().is_some_and(is_ours) {
                let words = words.iter().map(|word| option(word));
                let options = words.filter(|it| is_option(it) && !self.has_option(it));
                wrong.extend(options.map(|it| format!("there is no option {it}")));
            }
            let words = span.split(|char: char| char.is_whitespace() || char == '(');
            let words = words.map(|word| word.trim_matches(PUNCTUATION));
            let paths = words.filter(|word| is_path(word) && !self.has_file(word));
            wrong.extend(paths.map(|it| format!("there is no {it}")));
        }
        wrong
    }

    fn wrong_command(&self, words: &[&str]) -> Option<String> {
        match *words {
            ["herd", verb, ..] if is_word(verb) && !has(&self.verbs, verb) => {
                Some(format!("there is no herd {verb}"))
            }
            ["make", target, ..] if is_word(target) && !has(&self.targets, target) => {
                Some(format!("there is no make {target}"))
            }
            _ => None,
        }
    }

    fn has_option(&self, option: &str) -> bool {
        has(&self.options, option) || FOREIGN_OPTIONS.contains(&option)
    }

    /// A path from the top, or the end of one.
    fn has_file(&self, path: &str) -> bool {
        let end = format!("/{}", path.trim_end_matches('/'));
        let is_end = |file: &String| format!("/{file}").ends_with(&end);
        top().join(path).exists() || self.files.iter().any(is_end) || FOREIGN.contains(&path)
    }
}

/// The help of the program, or of a verb.
fn help(words: &[&str]) -> String {
    let mut herd = Command::new(env!("CARGO_BIN_EXE_herd"));
    let output = herd.args(words).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that the help of the program lists.
fn verbs(help: &str) -> Vec<String> {
    let verbs = help.lines().filter_map(|line| {
        let words = line.trim_start().trim_start_matches("herd ");
        let word = words.split(' ').next()?;
        line.starts_with(' ').then(|| word.to_string())
    });
    verbs.filter(|word| !word.starts_with('-')).collect()
}

/// The options in a help text.
fn options(help: &str) -> Vec<String> {
    let words = help.split([' ', '\n', ',', '=', '(', ')', ';']);
    let options = words.filter(|word| is_option(word));
    options.map(String::from).collect()
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

/// The option in a word of prose, which may have a value and punctuation.
fn option(word: &str) -> &str {
    let word = word.trim_matches(PUNCTUATION);
    word.split(['=', '\'', '/']).next().unwrap_or(word)
}

fn is_option(word: &str) -> bool {
    let name = word.strip_prefix("--").unwrap_or_default();
    name.starts_with(|char: char| char.is_ascii_lowercase()) && is_word(name)
}

/// Something that must be a file or a folder here.
fn is_path(word: &str) -> bool {
    let is_ours = word.starts_with("tests/") || word.starts_with("src/");
    let has_ending = ENDINGS
        .iter()
        .any(|ending| word.ends_with(ending) && word.len() > ending.len());
    // Files in `run` are the reader's.
    let is_elsewhere =
        ["://", "::", "run/"].iter().any(|it| word.contains(it)) || word.starts_with('/');
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

/// Headings and words in bold that a page says to see on itself.
fn own_headings(text: &str) -> Vec<&str> {
    let marks = [("see \"", "\""), ("see **", "**")];
    let all = marks.into_iter().flat_map(|(start, end)| {
        let parts = text.split(start).skip(1);
        parts.filter_map(move |rest| Some(rest.split_once(end)?.0))
    });
    all.collect()
}

#[test]
fn what_prose_names_is_there() {
    let tree = Tree::of_package();
    assert!(
        has(&tree.verbs, "serve") && has(&tree.targets, "bench") && has(&tree.options, "--fsync"),
        "{:?}",
        tree.verbs
    );
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for line in prose() {
        seen += 1;
        let missing = tree.missing(&line).into_iter();
        wrong.extend(missing.map(|it| format!("{line}: {it}; was it renamed?")));
    }
    assert!(seen > 4000, "only {seen} lines of prose were found");
    report(wrong);
}

#[test]
fn headings_that_prose_names_are_there() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for line in prose() {
        let own = own_headings(&line.text).into_iter();
        let own = own.filter(|_| line.is_page());
        let own = own.map(|it| (line.path.clone(), it.to_string()));
        for (page, heading) in headings(&line.text).into_iter().chain(own) {
            seen += 1;
            let text = if top().join(&page).exists() {
                read(&page)
            } else {
                String::new()
            };
            let bold = format!("**{heading}.**");
            let is_it = |line: &str| {
                line.starts_with('#') && line.trim_start_matches('#').trim() == heading
                    || line.contains(&bold)
            };
            if !text.lines().any(is_it) {
                wrong.push(format!(
                    "{line}: {page} has no heading {heading:?}; was it renamed?"
                ));
            }
        }
    }
    assert!(seen > 30, "only {seen} headings were named");
    report(wrong);
}

#[test]
fn the_readme_names_every_verb() {
    let readme = read("README.md");
    let verbs = verbs(&help(&[]));
    let wrong = verbs.iter().filter(|verb| **verb != "help");
    let wrong = wrong.filter(|verb| !readme.contains(&format!("`{verb}`")));
    report(
        wrong
            .map(|verb| format!("README.md: `{verb}` is not among the verbs"))
            .collect(),
    );
}

#[test]
fn every_page_of_the_guide_is_in_its_contents() {
    let pages = files(&["src/guide"]).into_iter();
    let wrong = pages.flat_map(|path| {
        let Some((folder, name)) = path.strip_suffix(".md").and_then(|it| it.rsplit_once('/'))
        else {
            return Vec::new();
        };
        let contents = read(&format!("{folder}/mod.rs"));
        let needed = [
            format!("]({name})"),
            format!("include_str!(\"{name}.md\")"),
            format!("pub mod {name} {{}}"),
        ];
        let lacking = needed.iter().filter(|it| !contents.contains(*it));
        let lacking = lacking.map(|it| format!("{folder}/mod.rs: it needs {it}"));
        lacking.collect()
    });
    report(wrong.collect());
}

#[test]
fn names_are_found_in_prose() {
    let tree = Tree {
        files: vec!["src/a/b.rs".into()],
        verbs: vec!["up".into()],
        options: vec!["--quiet".into()],
        targets: vec!["sim".into()],
        items: Items::of(&[]),
    };
    let missing = |text: &str| tree.missing(&Line::new("x.md", 1, text));
    let fine = "`herd up -q`, `herd VERB`, herd her, `make sim SEED=7`, make hay, a/b.rs, `b.rs`, \
                src/*/c.rs, https://x.rs/y.rs, `topology.txt`, `herd up --quiet`, \
                `cargo x --locked`, \
                --quiet. -- `--nofile=64`";
    assert_eq!(missing(fine), Vec::<String>::new());
    let wrong = "`herd down` `make it` (`src/a/c.rs`), tests/none. [x](src/y.md) c.rs `--loud`, \
                 `herd up --lod=1` --soft.";
    let found = [
        "herd down",
        "make it",
        "src/a/c.rs",
        "tests/none",
        "src/y.md",
        "c.rs",
        "option --loud",
        "option --lod",
        "option --soft",
    ];
    assert_eq!(missing(wrong), found.map(|it| format!("there is no {it}")));
    let named = headings("see src/x.md, \"A b\" and \"C\", or y.md");
    let pairs = [("src/x.md", "A b"), ("src/x.md", "C")];
    assert_eq!(
        named,
        pairs.map(|(page, heading)| (page.to_string(), heading.to_string()))
    );
    assert_eq!(own_headings("(see \"A b\"), see **C**"), ["A b", "C"]);
}
