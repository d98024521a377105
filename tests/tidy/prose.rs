//! How comments read: nothing is left open in them, and no sentence of theirs begins with a
//! relative clause in the place of a subject, as in "Who is late waits".

use crate::source::{Source, files, read, report, sources};

/// Words that need a noun before them, unless they ask.
const HEADLESS: [&str; 6] = ["Who", "Whose", "Whoever", "What", "Whatever", "Which"];
/// Words that do so behind "Those".
const BEHIND_THOSE: [&str; 3] = ["who", "that", "with"];

#[test]
fn sentences_have_a_subject() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, paragraphs) in all_paragraphs() {
        for (line, text) in paragraphs {
            for sentence in sentences(&text) {
                seen += 1;
                if is_headless(sentence) {
                    wrong.push(format!(
                        "{path}:{line}: {sentence} (begin with a noun: \"A server that …\")"
                    ));
                }
            }
        }
    }
    assert!(seen > 2000, "only {seen} sentences were found");
    report(wrong);
}

#[test]
fn nothing_is_left_open() {
    // Put together here, so that this file does not find itself.
    let open = ["TO", "FIX", "XX", "todo", "unimplemented", "dbg"];
    let words = ["DO", "ME", "X", "!", "!", "!("];
    let pairs = open.iter().zip(words);
    let words: Vec<String> = pairs.map(|(start, end)| format!("{start}{end}")).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in (1..).zip(source.text.lines()) {
            for word in words.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!(
                    "{}:{number}: {word} is left open; do it",
                    source.path
                ));
            }
        }
    }
    report(wrong);
}

/// A paragraph, and the number of its first line.
type Paragraph = (usize, String);

/// The comments of Rust files and of stories.
fn all_paragraphs() -> Vec<(String, Vec<Paragraph>)> {
    let stories = files(&["tests/scripts"]).into_iter();
    let stories = stories.filter(|path| path.ends_with(".herd"));
    let stories = stories.map(|path| {
        let text = read(&path);
        let lines = (1..).zip(text.lines()).filter_map(|(number, line)| {
            let line = line.strip_prefix('#')?;
            Some((number, line.to_string()))
        });
        let paragraphs = paragraphs(lines.collect());
        (path, paragraphs)
    });
    let rust = sources().into_iter().map(|source| {
        let paragraphs = paragraphs(comment_lines(&source));
        (source.path, paragraphs)
    });
    stories.chain(rust).collect()
}

/// Comments that have their line for themselves are read on; each other is a paragraph.
fn comment_lines(source: &Source) -> Vec<(usize, String)> {
    let comments = source.comments.iter().flat_map(|comment| {
        let own = (!comment.alone).then_some((comment.line, String::new()));
        own.into_iter()
            .chain([(comment.line, comment.text.clone())])
    });
    comments.collect()
}

/// Joins lines that follow each other; a blank line, a list's item, a row of a table and a heading
/// begin another paragraph, and a fence holds none.
fn paragraphs(lines: Vec<(usize, String)>) -> Vec<Paragraph> {
    let mut found: Vec<Paragraph> = Vec::new();
    let (mut last, mut is_open, mut in_fence) = (0, false, false);
    for (number, line) in lines {
        let line = line.trim();
        if line.starts_with("```") {
            (in_fence, is_open) = (!in_fence, false);
        }
        let begins = ["- ", "| ", "# ", "* "]
            .iter()
            .any(|mark| line.starts_with(mark));
        is_open &= !begins && number == last + 1;
        last = number;
        match found.last_mut() {
            _ if in_fence || line.starts_with("```") => {}
            _ if line.is_empty() => is_open = false,
            Some((_, text)) if is_open => *text = format!("{text} {line}"),
            _ => {
                found.push((
                    number,
                    line.trim_start_matches(['-', '|', '#', '*', ' '])
                        .to_string(),
                ));
                is_open = true;
            }
        }
    }
    found
}

/// The sentences of a paragraph, each with the mark at its end. A colon and a semicolon end one.
fn sentences(text: &str) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    for (at, _) in text.match_indices(' ') {
        if text[..at].ends_with(['.', ':', ';', '?', '!']) {
            found.push(text[start..at].trim());
            start = at;
        }
    }
    found.push(text[start..].trim());
    found
}

fn is_headless(sentence: &str) -> bool {
    let mut words = sentence.split([' ', ',']);
    let (first, second) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let first = first.trim_end_matches('.');
    let begins = HEADLESS.contains(&first) || first == "Those" && BEHIND_THOSE.contains(&second);
    begins && !sentence.ends_with('?')
}

#[test]
fn headless_sentences_are_found() {
    let text = "\
/// Late. Who
/// is late waits; What is it? Those that
/// wait, wait.
///
/// - Which
/// ```
/// What is code.
/// ```
fn f() {} // Whoever.
";
    let source = Source::new("src/x.rs", text);
    let paragraphs = paragraphs(comment_lines(&source));
    let all = paragraphs.iter().flat_map(|(_, text)| sentences(text));
    let found: Vec<&str> = all.filter(|sentence| is_headless(sentence)).collect();
    assert_eq!(
        found,
        [
            "Who is late waits;",
            "Those that wait, wait.",
            "Which",
            "Whoever."
        ]
    );
}
