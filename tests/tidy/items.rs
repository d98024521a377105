//! Names of code that prose has in backticks: `Type::member`, names_with_underscores on pages, and
//! what a `cargo test` runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, files, read};

/// Names of asyncio's that pages have beside ours.
const FOREIGN: [&str; 5] = [
    "_process_events",
    "_accept_connection",
    "call_later",
    "run_in_executor",
    "call_soon_threadsafe",
];

/// The names in the code of the tree.
pub struct Items {
    /// Each type, with all words of the files in which it is defined or implemented; of the folder,
    /// if a macro defines it.
    types: BTreeMap<String, BTreeSet<String>>,
    /// All words of all code, strings included.
    words: BTreeSet<String>,
    /// Each folder or file of tests, with the paths of its functions.
    tests: BTreeMap<String, Vec<String>>,
}

impl Items {
    pub fn of(sources: &[Source]) -> Items {
        let (mut types, mut words, mut tests) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        for source in sources {
            words.extend(words_of(&without_comments(source)));
            let own: Vec<String> = match source.code.contains("macro_rules!") {
                true => {
                    let siblings = sources.iter().filter(|it| folder(it) == folder(source));
                    siblings.flat_map(|it| words_of(&it.code)).collect()
                }
                false => words_of(&source.code).collect(),
            };
            for name in types_of(&source.code) {
                let words: &mut BTreeSet<String> = types.entry(name).or_default();
                words.extend(own.iter().cloned());
            }
            if let Some((target, module)) = target(&source.path) {
                let paths: &mut Vec<String> = tests.entry(target).or_default();
                paths.extend(functions_of(&source.code).map(|name| module.clone() + name));
            }
        }
        let others = files(&["src", "tests"]).into_iter();
        let has_names = |path: &String| {
            let endings = [".py", ".dict", "families.txt"];
            endings.iter().any(|ending| path.ends_with(ending))
        };
        for path in others.filter(has_names) {
            words.extend(words_of(&read(&path)));
        }
        words.extend(words_of(&read("Makefile")));
        Items {
            types,
            words,
            tests,
        }
    }

    /// The fault in the words of a span in backticks, if there is one. A page may name only what is
    /// there; a comment may have types of other crates, too.
    pub fn wrong(&self, words: &[&str], on_page: bool) -> Option<String> {
        let start = words.iter().position(|it| !it.contains('='));
        match words[start?..] {
            ["cargo", "test", ref rest @ ..] => self.wrong_test(rest),
            [name] => self.wrong_name(name.trim_end_matches("()"), on_page),
            _ => None,
        }
    }

    fn wrong_name(&self, name: &str, on_page: bool) -> Option<String> {
        let is_name = |it: &str| !it.is_empty() && words_of(it).eq([it.to_string()]);
        if let Some((owner, member)) = name.split_once("::") {
            let is_type = owner.starts_with(char::is_uppercase) && is_name(owner);
            return match self.types.get(owner) {
                _ if !is_type || !is_name(member) => None,
                None => on_page.then(|| format!("there is no type {owner}")),
                Some(words) if words.contains(member) => None,
                Some(_) => Some(format!("{owner} has no {member}")),
            };
        }
        let is_ours = is_name(name) && name.trim_matches('_').contains('_');
        let is_small = !name.contains(char::is_uppercase);
        let is_known = self.words.contains(name) || FOREIGN.contains(&name);
        (on_page && is_ours && is_small && !is_known).then(|| format!("there is no {name}"))
    }

    /// The fault in the arguments of a `cargo test`.
    fn wrong_test(&self, arguments: &[&str]) -> Option<String> {
        let mut arguments = arguments.iter().take_while(|it| **it != "--");
        let (mut target, mut filters) = (None, Vec::new());
        while let Some(argument) = arguments.next() {
            match *argument {
                "--test" => target = arguments.next(),
                option if option.starts_with('-') => {}
                filter => filters.push(filter),
            }
        }
        let target = target?;
        let Some(paths) = self.tests.get(*target) else {
            return Some(format!("there is no tests/{target}"));
        };
        let is_placeholder = |it: &&str| it.chars().all(|char| char.is_ascii_uppercase());
        filters.retain(|it| !is_placeholder(it));
        match filters[..] {
            [] => None,
            [filter] => {
                let part = filter.rsplit_once("::").filter(|it| is_placeholder(&it.1));
                let part = part.map_or(filter, |it| it.0);
                let is_there = paths.iter().any(|path| path.contains(part));
                (!is_there).then(|| format!("{filter} is no test of tests/{target}"))
            }
            _ => Some(format!("cargo test takes one filter, not {filters:?}")),
        }
    }
}

fn folder(source: &Source) -> &str {
    source.path.rsplit_once('/').map_or("", |it| it.0)
}

fn words_of(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
    words.filter(|word| !word.is_empty()).map(String::from)
}

/// The text of a file with its strings and its unit tests.
fn without_comments(source: &Source) -> String {
    let mut lines: Vec<&str> = source.text.lines().collect();
    for comment in &source.comments {
        let line = &mut lines[comment.line - 1];
        *line = line.strip_suffix(&comment.text).unwrap_or(line);
    }
    lines.join("\n")
}

/// The types that a file defines or implements.
fn types_of(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in code.lines() {
        let words: Vec<&str> = line.split([' ', '<', ';', '(', '{']).collect();
        let pairs = words.windows(2);
        let pairs = pairs.filter(|it| ["struct", "enum", "trait", "type"].contains(&it[0]));
        found.extend(pairs.map(|it| it[1].to_string()));
        if line.starts_with("impl") {
            let head = line.rsplit_once(" for ").map_or(line, |it| it.1);
            let name = head.trim_start_matches("impl").split(['<', ' ', '{']);
            let name = name
                .map(|it| it.trim_end_matches('>'))
                .find(|it| it.len() > 1);
            found.extend(name.map(String::from));
        }
    }
    found
}

/// The target that a file of tests belongs to, and the start of the paths of its tests.
fn target(path: &str) -> Option<(String, String)> {
    let inside = path.strip_prefix("tests/")?.strip_suffix(".rs")?;
    let (target, module) = inside.split_once('/').unwrap_or((inside, "main"));
    let module = module.trim_end_matches("main").trim_end_matches("mod");
    let module = module.trim_end_matches('/').replace('/', "::");
    let colons = if module.is_empty() { "" } else { "::" };
    Some((target.to_string(), format!("{module}{colons}")))
}

fn functions_of(code: &str) -> impl Iterator<Item = &str> {
    let lines = code.lines().map(str::trim_start);
    lines.filter_map(|line| line.strip_prefix("fn ")?.split('(').next())
}

#[test]
fn names_of_code_are_found() {
    let sources = [
        Source::new(
            "src/a/node.rs",
            "pub struct Node;\nimpl<'a> Node {\n    fn turn() { \"late_by\" } // by_hand\n}\n",
        ),
        Source::new("tests/one/b/mod.rs", "#[test]\nfn it_holds() {}\n"),
        Source::new("tests/two.rs", "fn main() {}\n"),
    ];
    let items = Items::of(&sources);
    let check = |span: &str, want: Option<&str>| {
        let words: Vec<&str> = span.split(' ').collect();
        assert_eq!(items.wrong(&words, true).as_deref(), want, "{span}");
    };
    check("Node::turn()", None);
    check("Node::wait", Some("Node has no wait"));
    check("Nod::turn", Some("there is no type Nod"));
    check("late_by", None);
    check("call_later", None);
    check("by_hand", Some("there is no by_hand"));
    check("X=1 cargo test --test one b:: -- --nocapture", None);
    check("cargo test --release --test one b::NAME", None);
    check("cargo test --test two NAME", None);
    check(
        "cargo test --test one c::",
        Some("c:: is no test of tests/one"),
    );
    check("cargo test --test three", Some("there is no tests/three"));
    let two = "cargo test takes one filter, not [\"b\", \"it\"]";
    check("cargo test --test one b it", Some(two));
    assert_eq!(items.wrong(&["Vec::new"], false), None);
}
