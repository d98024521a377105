//! As much of Rust as the rules know: imports, paths, items and blocks in the code of a file.

use std::collections::BTreeSet;

use crate::source::block;

/// A path: `["crate", "wire", "Report"]`.
pub type Path = Vec<String>;

/// Each `use` of a file: whether others see it, and what stands between `use` and `;`.
pub fn uses(code: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for (start, end) in use_ranges(code) {
        let text = code[start..end].trim();
        let (head, tree) = text.split_once("use ").unwrap();
        found.push((
            head.starts_with("pub"),
            tree.split_whitespace().collect::<Vec<_>>().join(" "),
        ));
    }
    found
}

/// Where the `use` items of a file stand.
fn use_ranges(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        let words = line.trim_start();
        let plain = words.strip_prefix("pub").map_or(words, |rest| {
            let rest = rest.trim_start();
            let inside = rest
                .strip_prefix('(')
                .and_then(|rest| rest.split_once(") "));
            inside.map_or(rest, |(_, rest)| rest)
        });
        if plain.starts_with("use ") {
            let end = code[at..].find(';').map_or(code.len(), |end| at + end);
            found.push((at, end));
        }
        at += line.len();
    }
    found
}

pub fn without_imports(code: &str) -> String {
    let mut out = code.to_string();
    for (start, end) in use_ranges(code) {
        let blank = " ".repeat(end - start);
        out.replace_range(start..end, &blank);
    }
    out
}

/// The paths of a `use` tree, each with the name that it has here; `*` is that of a glob.
pub fn expand(tree: &str) -> Vec<(Path, String)> {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let group = group.trim_end().trim_end_matches('}');
        let head: Path = segments(head.trim_end_matches("::"));
        let mut found = Vec::new();
        for part in split_group(group) {
            for (path, name) in expand(part) {
                let is_self = path == ["self"];
                let path: Path = match is_self {
                    true => head.clone(),
                    false => [&head[..], &path[..]].concat(),
                };
                let name = match is_self && name == "self" {
                    true => head.last().cloned().unwrap_or_default(),
                    false => name,
                };
                found.push((path, name));
            }
        }
        return found;
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut path = segments(path);
    let last = path.last().cloned().unwrap_or_default();
    if last == "*" {
        path.pop();
    }
    let name = if alias.is_empty() {
        last
    } else {
        alias.trim().to_string()
    };
    vec![(path, name)]
}

/// The parts of a group between the commas of its own level.
fn split_group(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = group.split(|char| {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        char == ',' && depth == 0
    });
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

pub fn segments(path: &str) -> Path {
    path.split("::")
        .map(|part| part.trim().to_string())
        .filter(|part| !part.is_empty())
        .collect()
}

/// All paths of two parts and more that stand in the code.
pub fn paths_in(code: &str) -> Vec<Path> {
    let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let words = code.split(|char| !is_part(char));
    let paths = words.filter(|word| word.contains("::") && !word.starts_with(':'));
    paths.map(segments).filter(|path| path.len() > 1).collect()
}

/// Whether a name stands in the code as a word.
pub fn names(code: &str, name: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    code.split(|char| !is_part(char)).any(|word| word == name)
}

/// The names of what a file defines at its top level.
pub fn items(code: &str) -> BTreeSet<String> {
    const WORDS: [&str; 9] = [
        "struct",
        "enum",
        "fn",
        "const",
        "static",
        "type",
        "trait",
        "union",
        "macro_rules!",
    ];
    let mut found = BTreeSet::new();
    for line in code
        .lines()
        .filter(|line| !line.starts_with(char::is_whitespace))
    {
        let words: Vec<&str> = line
            .split(|char: char| char.is_whitespace() || char == '(')
            .collect();
        let mut pairs = words.windows(2).filter(|pair| WORDS.contains(&pair[0]));
        // `const fn name`: the last pair is the one.
        if let Some(pair) = pairs.next_back() {
            let name = pair[1]
                .split(|char: char| !char.is_alphanumeric() && char != '_')
                .next();
            found.insert(name.unwrap_or_default().to_string());
        }
    }
    found
}

/// Every block that begins with `word` at the start of a line, as in `impl Node {`: its head
/// behind the word, the byte where it begins, and what stands between its braces.
pub fn blocks<'c>(code: &'c str, word: &str) -> Vec<(&'c str, usize, &'c str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        let words = line.strip_prefix("pub").map_or(line, |rest| {
            rest.split_once(") ")
                .filter(|_| rest.starts_with('('))
                .map_or(rest, |(_, rest)| rest)
        });
        let head = words.trim_start_matches(' ').strip_prefix(word);
        let starts = head.is_some_and(|rest| rest.starts_with([' ', '<']));
        if starts
            && !line.starts_with(' ')
            && let Some(inside) = block(code, at)
        {
            let head = &code[at..inside.start - 1];
            let (_, head) = head.split_once(word).unwrap_or_default();
            found.push((head.trim(), at, &code[inside]));
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_trees_come_apart() {
        let found = expand("crate::a::{self, b::{C, D as E}, f::*, G}");
        let found: Vec<String> = found
            .iter()
            .map(|(path, name)| format!("{} {name}", path.join("::")))
            .collect();
        let want = [
            "crate::a a",
            "crate::a::b::C C",
            "crate::a::b::D E",
            "crate::a::f *",
            "crate::a::G G",
        ];
        assert_eq!(found, want);
    }
}
