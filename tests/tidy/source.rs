//! The files of the tree as the rules look at them: text, code without comments, and comments.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A Rust file.
pub struct Source {
    /// Its path below the package, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// The same lines with comments, unit tests, and the inside of strings blanked out.
    pub code: String,
    /// Its comments.
    pub comments: Vec<Comment>,
}

/// One comment, up to the end of its line.
pub struct Comment {
    /// The number of the line, from 1.
    pub line: usize,
    /// Without the slashes.
    pub text: String,
    /// It has the line for itself.
    pub alone: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let (code, comments) = split(text);
        Source {
            path: path.to_string(),
            text: text.to_string(),
            code: without_unit_tests(&code),
            comments,
        }
    }

    /// The room of `src` that it belongs to, if any: a folder, or a file beside the folders.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        inside.split(['/', '.']).next()
    }

    /// Lines of code with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines())
    }

    /// The number of the line that holds this byte of `code`.
    pub fn line_of(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// The package's directory.
pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below some folders of the package, with `/` in their paths, in order.
pub fn files(folders: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| top().join(folder)).collect();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let path = path.strip_prefix(top()).unwrap();
                found.push(path.to_str().unwrap().to_string());
            }
        }
    }
    found.sort();
    found
}

pub fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Rust files of `src` and `tests`.
pub fn sources() -> Vec<Source> {
    let paths = files(&["src", "tests"]);
    let rust = paths.iter().filter(|path| path.ends_with(".rs"));
    let found: Vec<Source> = rust.map(|path| Source::new(path, &read(path))).collect();
    assert!(found.len() > 100, "only {} files of Rust", found.len());
    found
}

/// Those of `src` alone.
pub fn product() -> Vec<Source> {
    let mut found = sources();
    found.retain(|source| source.room().is_some());
    found
}

/// Fails with everything that is wrong, a line each. No panic is shown, for where this program was
/// says nothing.
pub fn report(wrong: Vec<String>) {
    if !wrong.is_empty() {
        println!("{}", wrong.join("\n"));
        std::panic::resume_unwind(Box::new("a rule is broken"));
    }
}

/// Byte ranges between braces: from behind the `{` at or after `from` to its `}`. None where a
/// semicolon comes first.
pub fn block(code: &str, from: usize) -> Option<Range<usize>> {
    let open = from + code[from..].find(['{', ';'])?;
    if code.as_bytes()[open] == b';' {
        return None;
    }
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + 1..at);
        }
    }
    None
}

/// Takes comments out, and empties strings and characters, so that what is left has its braces
/// in pairs. Every line stays in its place.
fn split(text: &str) -> (String, Vec<Comment>) {
    let mut code = String::with_capacity(text.len());
    let mut comments = Vec::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let (taken, kept) = if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            let line = code.rsplit('\n').next().unwrap_or_default();
            comments.push(Comment {
                line: code.matches('\n').count() + 1,
                text: rest[..end]
                    .trim_start_matches('/')
                    .trim_start_matches('!')
                    .to_string(),
                alone: line.trim().is_empty(),
            });
            (end, false)
        } else if let Some(end) = literal(rest, &code) {
            (end, false)
        } else {
            (char.len_utf8(), true)
        };
        match kept {
            true => code.push(char),
            false => blank(&mut code, &rest[..taken]),
        }
        rest = &rest[taken..];
    }
    (code, comments)
}

fn blank(code: &mut String, text: &str) {
    code.extend(
        text.chars()
            .map(|char| if char == '\n' { '\n' } else { ' ' }),
    );
}

/// The length of the string or character that `rest` begins with, behind `code`.
fn literal(rest: &str, code: &str) -> Option<usize> {
    let in_word = code.ends_with(|char: char| char.is_alphanumeric() || char == '_');
    if let Some(raw) = rest
        .strip_prefix('r')
        .filter(|_| !in_word || code.ends_with('b'))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(inside) = raw[hashes..].strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let length = inside.find(&end)? + end.len();
            return Some(1 + hashes + 1 + length);
        }
    }
    let quote = rest
        .chars()
        .next()
        .filter(|char| matches!(char, '"' | '\''))?;
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => _ = chars.next(),
            _ if char == quote => return Some(at + 1),
            // A lifetime has no second quote.
            _ if quote == '\'' && !rest[1..].starts_with('\\') && at > 1 => return None,
            _ => {}
        }
    }
    None
}

/// Empties what stands under `#[cfg(test)]`.
fn without_unit_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let end = match block(rest, at) {
            Some(inside) => inside.end + 1,
            None => rest[at..].find(';').map_or(rest.len(), |end| at + end + 1),
        };
        out.push_str(&rest[..at]);
        blank(&mut out, &rest[at..end]);
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn strings_comments_and_unit_tests_are_no_code() {
    let text = r##"//! Head {
fn a<'a>(b: &'a str) -> char { // behind
    let c = "{ \" // {";
    let d = r#"{ " {"#;
    let e = b"{"; let f = '{'; let g = '\''; let h = '\u{7b}';
    'x'
}
#[cfg(test)]
mod tests {
    fn lost() { "}" }
}
struct Kept;
#[cfg(test)]
use lost::Lost;
"##;
    let source = Source::new("src/a/b.rs", text);
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert_eq!(source.code.matches('{').count(), 1);
    assert_eq!(source.code.matches('}').count(), 1);
    assert!(!source.code.to_lowercase().contains("lost"));
    assert!(source.code.contains("struct Kept;"));
    assert!(source.code.contains("fn a<'a>(b: &'a str)"));
    assert_eq!(source.room(), Some("a"));
    let comments: Vec<_> = source
        .comments
        .iter()
        .map(|it| (it.line, it.alone))
        .collect();
    assert_eq!(comments, [(1, true), (2, false)]);
    assert_eq!(source.comments[0].text, " Head {");
}
