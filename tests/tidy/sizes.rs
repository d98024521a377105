//! How long a file, a function and a line may be, and how much one type may hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::Modules;
use crate::source::{Source, block, product, report, sources};
use crate::syntax::{Path, blocks};

/// Lines of a file of `src`, its unit tests left out; and of any file, all in all.
const CODE_LINES_MAX: usize = 300;
const FILE_LINES_MAX: usize = 400;
/// Files that may be longer, how much, and the reason.
const LONG_FILES: &[(&str, usize, &str)] = &[(
    "src/limits/table.rs",
    600,
    "it is one table, and each row needs its reason",
)];
const FUNCTION_LINES_MAX: usize = 60;
const COLUMNS_MAX: usize = 100;

/// A type that needs more than these is two.
const METHODS_MAX: usize = 20;
const FIELDS_MAX: usize = 12;
/// Types that may be implemented in two files, with the reason.
const TWO_FILES: &[(&str, &str)] = &[];
/// Structs that may have more fields, how many, and the reason.
const MANY_FIELDS: &[(&str, usize, &str)] = &[];

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = &source.path[..];
        let exception = LONG_FILES.iter().find(|(it, ..)| *it == path);
        let most = exception.map_or(CODE_LINES_MAX, |(_, most, _)| *most);
        let (code, all) = (code_lines(&source), source.text.lines().count());
        let is_long = source.room().is_some() && code > most || all > most.max(FILE_LINES_MAX);
        if is_long {
            wrong.push(format!(
                "{path}: {code} lines without its unit tests, {all} with them; at most {most} and \
                 {}: divide it",
                most.max(FILE_LINES_MAX)
            ));
        }
        if !source.text.starts_with("//!") {
            wrong.push(format!(
                "{path}: begin it with //! and what it is, what it must not know, how it fails"
            ));
        }
        for (number, line) in (1..).zip(source.text.lines()) {
            if line.chars().count() > COLUMNS_MAX {
                wrong.push(format!(
                    "{path}:{number}: wider than {COLUMNS_MAX} columns; break it"
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn functions_are_short() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for source in product() {
        for (name, start, count) in functions(&source) {
            seen += 1;
            if count > FUNCTION_LINES_MAX {
                wrong.push(format!(
                    "{}:{start}: {name} has {count} lines, more than {FUNCTION_LINES_MAX}; divide \
                     it",
                    source.path
                ));
            }
        }
    }
    assert!(seen > 500, "only {seen} functions were found");
    report(wrong);
}

#[test]
fn types_are_small_and_stand_in_one_file() {
    let sources = product();
    let modules = Modules::of(&sources);
    // By where a type is defined, and its name: its methods, and the files that have some of them.
    let mut types: BTreeMap<(&Path, &str), (usize, BTreeSet<&str>)> = BTreeMap::new();
    for (here, module) in modules.iter() {
        for (head, _, inside) in blocks(&module.source.code, "impl") {
            let Some(name) = inherent(head) else {
                continue;
            };
            let home = modules.home_of_name(here, name).unwrap_or(here);
            let (methods, files) = types.entry((home, name)).or_default();
            *methods += method_count(inside);
            files.insert(&module.source.path);
        }
    }
    assert!(types.len() > 60, "only {} types were found", types.len());
    let mut wrong = Vec::new();
    for ((_, name), (methods, files)) in types {
        if methods > METHODS_MAX {
            wrong.push(format!(
                "{name} has {methods} methods, more than {METHODS_MAX}; it is two types"
            ));
        }
        let most = if TWO_FILES.iter().any(|(it, _)| *it == name) {
            2
        } else {
            1
        };
        if files.len() > most {
            wrong.push(format!(
                "{name} is implemented in {files:?}; bring it together, or say why not in \
                 TWO_FILES of tests/tidy/sizes.rs"
            ));
        }
    }
    report(wrong);
}

#[test]
fn structs_have_few_fields() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for source in product() {
        for (head, at, inside) in blocks(&source.code, "struct") {
            let name = head.split(['<', ' ']).next().unwrap_or_default();
            let exception = MANY_FIELDS.iter().find(|(it, ..)| *it == name);
            let most = exception.map_or(FIELDS_MAX, |(_, most, _)| *most);
            let count = field_count(inside);
            seen += 1;
            if count > most {
                wrong.push(format!(
                    "{}:{}: {name} has {count} fields, more than {most}; it is two structs, or say \
                     why not in MANY_FIELDS of tests/tidy/sizes.rs",
                    source.path,
                    source.line_of(at)
                ));
            }
        }
    }
    assert!(seen > 80, "only {seen} structs were found");
    report(wrong);
}

/// Lines up to the unit tests, without the blank ones at their end.
fn code_lines(source: &Source) -> usize {
    let tests = source.text.lines().position(|line| line == "#[cfg(test)]");
    tests.unwrap_or_else(|| source.text.lines().count())
}

/// Name, first line and length of each function.
fn functions(source: &Source) -> Vec<(&str, usize, usize)> {
    let (code, mut found) = (&source.code[..], Vec::new());
    for (at, _) in code.match_indices("fn ") {
        let is_word =
            at == 0 || code[..at].ends_with(|char: char| !char.is_alphanumeric() && char != '_');
        let name = code[at + 3..]
            .split(|char: char| !char.is_alphanumeric() && char != '_')
            .next();
        let Some(inside) = block(code, at).filter(|_| is_word) else {
            continue;
        };
        let lines = code[at..inside.end].matches('\n').count() + 1;
        found.push((name.unwrap_or_default(), source.line_of(at), lines));
    }
    found
}

/// The type of an `impl` that is of no trait.
fn inherent(head: &str) -> Option<&str> {
    // Behind the generics of the `impl` itself. The arrow of a function's type closes nothing.
    let (mut depth, mut before) = (0, ' ');
    let behind = head.find(|char| {
        match char {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        before = char;
        depth == 0 && char != '>'
    })?;
    let head = head[behind..].trim();
    let name = head.split(['<', ' ']).next()?;
    let is_trait = head.contains(" for ");
    (!is_trait).then(|| name.rsplit("::").next().unwrap_or(name))
}

/// Functions at the top level of a block.
fn method_count(inside: &str) -> usize {
    let lines = inside
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    lines
        .filter(|line| line.split(' ').any(|word| word == "fn"))
        .count()
}

/// Fields of a struct, each of which begins a line.
fn field_count(inside: &str) -> usize {
    let lines = inside
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let fields = lines.filter(|line| {
        let line = line.trim_start();
        let line = line
            .strip_prefix("pub(")
            .and_then(|it| it.split_once(") "))
            .map_or(line, |it| it.1);
        let line = line.trim_start_matches("pub ");
        let name = line.split(':').next().unwrap_or_default();
        line.contains(": ")
            && name
                .chars()
                .all(|char| char.is_alphanumeric() || char == '_')
    });
    fields.count()
}

#[test]
fn what_is_counted_is_there() {
    let text = "//! A.
pub(super) struct One<'a> {
    pub a: u8,
    #[allow(dead_code)]
    pub(in crate::x) b: Vec<(u8, &'a str)>,
    c: fn(
        usize,
    ) -> usize,
}
impl<'a, T: Fn(&u8) -> u8> One<'a> {
    const fn new() -> One<'a> {
        fn inner() {}
    }
    pub(crate) fn long(
        &self,
    ) {
    }
}
impl<T> From<T> for One<'_> {
    fn from(_: T) -> Self {}
}
trait Has {
    fn none(&self);
}
";
    let source = Source::new("src/x.rs", text);
    let structs = blocks(&source.code, "struct");
    assert_eq!((structs.len(), field_count(structs[0].2)), (1, 3));
    let impls = blocks(&source.code, "impl");
    let names: Vec<_> = impls.iter().map(|(head, ..)| inherent(head)).collect();
    assert_eq!(names, [Some("One"), None]);
    assert_eq!(method_count(impls[0].2), 2);
    let functions = functions(&source);
    let functions: Vec<_> = functions
        .iter()
        .map(|(name, _, lines)| (*name, *lines))
        .collect();
    assert_eq!(
        functions,
        [("new", 3), ("inner", 1), ("long", 4), ("from", 1)]
    );
}
