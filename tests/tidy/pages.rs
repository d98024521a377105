//! The prose of the tree, line by line: pages, comments, and the heads of stories.

use std::fmt;

use crate::source::{files, read, sources};

/// One line.
pub struct Line {
    /// The file.
    pub path: String,
    pub number: usize,
    pub text: String,
    /// A backtick before this line, in its paragraph, has no partner yet.
    in_ticks: bool,
    /// It is an example, between fences.
    in_fence: bool,
}

impl Line {
    pub fn new(path: &str, number: usize, text: &str) -> Line {
        Line {
            path: path.to_string(),
            number,
            text: text.to_string(),
            in_ticks: false,
            in_fence: false,
        }
    }

    /// Whether it is of a page in Markdown.
    pub fn is_page(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// The parts of the line, and whether each is in backticks. A line of an example is one part
    /// that is, without a prompt and the folder of the program.
    pub fn spans(&self) -> Vec<(bool, &str)> {
        if self.in_fence {
            let command = self.text.trim_start_matches("$ ");
            return vec![(true, command.trim_start_matches("target/release/"))];
        }
        let spans = (usize::from(self.in_ticks)..).zip(self.text.split('`'));
        spans.map(|(index, span)| (index % 2 == 1, span)).collect()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.number)
    }
}

/// All of it.
pub fn prose() -> Vec<Line> {
    let mut found = Vec::new();
    for source in sources() {
        let comments = source.comments.into_iter();
        found.extend(comments.map(|it| Line::new(&source.path, it.line, &it.text)));
    }
    let paths = files(&["src/guide", "tests"]).into_iter();
    for path in paths.chain(["README.md".to_string()]) {
        if path.ends_with(".md") {
            found.extend(page(&path, &read(&path)));
        } else if path.ends_with(".herd") {
            let text = read(&path);
            let lines = (1..).zip(text.lines());
            let heads = lines.filter(|(_, line)| line.starts_with('#'));
            found.extend(heads.map(|(number, line)| Line::new(&path, number, line)));
        }
    }
    found
}

/// The lines of a page, except fences.
fn page(path: &str, text: &str) -> Vec<Line> {
    let (mut found, mut in_ticks, mut in_fence) = (Vec::new(), false, false);
    for (number, text) in (1..).zip(text.lines()) {
        if text.trim_start().starts_with("```") {
            (in_fence, in_ticks) = (!in_fence, false);
            continue;
        }
        in_ticks &= !text.trim().is_empty();
        let line = Line::new(path, number, text);
        found.push(Line {
            in_ticks,
            in_fence,
            ..line
        });
        in_ticks ^= !in_fence && text.matches('`').count() % 2 == 1;
    }
    found
}

#[test]
fn backticks_and_fences_go_over_lines() {
    let text = "see `herd\nup -q` and\n\nhere `x\n\n```\n$ target/release/herd up\n```\nthere";
    let lines = page("a.md", text);
    let spans = lines.iter().flat_map(Line::spans);
    let in_ticks = spans.filter(|it| it.0).map(|it| it.1);
    assert_eq!(
        in_ticks.collect::<Vec<_>>(),
        ["herd", "up -q", "x", "herd up"]
    );
    assert_eq!(lines.last().map(|line| line.number), Some(9));
}
