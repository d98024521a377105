//! A story on a stage: each command, what it puts out, and what the servers hold after it. Time is
//! the story's own, so slow motion does not lie: no deadline passes while the reader thinks.

mod state;

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use herd::terminal::{COLUMNS, wrap};

use crate::support::stories::blocks::blocks;
use crate::support::stories::story::Story;
use state::State;

/// Lines of one command's output that are shown.
const LINES_MAX: usize = 12;
/// The indent of a story's sentence in the list.
const INDENT: usize = 4;

const USAGE: &str = "\
usage: cargo run -q --example play [STORY]
STORY is a file of commands, or the name of one in tests/scripts. Without one,
play lists them. On a terminal, Enter goes on and q ends.
";

/// Obeys the words of a command line. `reader` is who presses Enter; without one the story is told
/// at once. Returns the exit status.
pub fn main(
    words: &[String],
    reader: Option<&mut dyn BufRead>,
    out: &mut dyn Write,
    errors: &mut dyn Write,
) -> io::Result<u8> {
    let [name] = words else {
        let text = if words.is_empty() {
            list()?
        } else {
            USAGE.to_string()
        };
        out.write_all(text.as_bytes())?;
        return Ok(if words.is_empty() { 0 } else { 2 });
    };
    if ["-h", "--help"].contains(&&name[..]) {
        out.write_all(USAGE.as_bytes())?;
        return Ok(0);
    }
    let path = if name.ends_with(".herd") {
        PathBuf::from(name)
    } else {
        folder().join(name).with_extension("herd")
    };
    match fs::read_to_string(&path) {
        Ok(text) => play(&text, reader, out).map(|()| 0),
        Err(error) if path.is_file() => {
            writeln!(errors, "play: cannot read {}: {error}", path.display())?;
            Ok(2)
        }
        Err(_) => {
            writeln!(
                errors,
                "play: no story {name}; without a name, play lists them all"
            )?;
            Ok(2)
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts")
}

/// The stories, and the first sentence of each.
fn list() -> io::Result<String> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder())?.collect();
    let mut paths: Vec<PathBuf> = entries?.iter().map(|it| it.path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "herd"));
    paths.sort();
    let names: Vec<String> = paths
        .iter()
        .filter_map(|it| Some(it.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let mut text = String::new();
    for (path, name) in paths.iter().zip(names) {
        let story = fs::read_to_string(path)?;
        let head: Vec<&str> = story
            .lines()
            .map_while(|it| it.strip_prefix("# "))
            .collect();
        let sentence = head.join(" ");
        let sentence = sentence.split_once(". ").map_or(&sentence[..], |it| it.0);
        let sentence = wrap(
            sentence.trim_end_matches('.').split(' '),
            " ",
            COLUMNS - INDENT,
        );
        let rows = sentence.iter().map(|row| format!("{:INDENT$}{row}\n", ""));
        text += &format!("{name}\n{}", rows.collect::<String>());
    }
    Ok(text)
}

/// The transcript of a story of this name, told at once.
pub fn transcript(name: &str) -> String {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let status = main(&[name.to_string()], None, &mut out, &mut errors).unwrap();
    assert_eq!((status, &errors[..]), (0, &b""[..]), "{name}");
    String::from_utf8(out).unwrap()
}

/// Tells a story.
fn play(text: &str, mut reader: Option<&mut dyn BufRead>, out: &mut dyn Write) -> io::Result<()> {
    let (mut story, mut state, mut is_begun) = (Story::new(), State::default(), false);
    for block in blocks(text) {
        let mut words = Vec::new();
        let last = block.commands.iter().rposition(|it| !it.starts_with('#'));
        for (place, command) in block.commands.iter().enumerate() {
            if let Some(comment) = command.strip_prefix('#') {
                words.extend(comment.split_whitespace());
                continue;
            }
            say(&std::mem::take(&mut words), &mut is_begun, out)?;
            writeln!(out, "> {}", cut(command, COLUMNS - 2))?;
            if let Some(reader) = reader.as_deref_mut() {
                let asks = Some(place) == last && block.want.is_some();
                out.write_all(if asks { b"  What happens? " } else { b"  " })?;
                out.flush()?;
                let mut answer = String::new();
                if reader.read_line(&mut answer)? == 0 {
                    return writeln!(out);
                }
                if answer.trim() == "q" {
                    return Ok(());
                }
            }
            match story.obey(command) {
                Ok(told) => show(&told, out)?,
                Err(wrong) => writeln!(out, "  wrong: {wrong}")?,
            }
            for line in story.world().map_or(Vec::new(), |it| state.changes(it)) {
                writeln!(out, "  | {line}")?;
            }
        }
        say(&words, &mut is_begun, out)?;
    }
    Ok(())
}

/// A comment of the story's, apart from what came before.
fn say(words: &[&str], is_begun: &mut bool, out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in wrap(words, " ", COLUMNS).iter().enumerate() {
        if number == 0 && std::mem::replace(is_begun, true) {
            writeln!(out)?;
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The output of a command.
fn show(told: &[String], out: &mut dyn Write) -> io::Result<()> {
    let rows = told.iter().flat_map(|line| folded(line));
    let rows: Vec<String> = rows.collect();
    for row in rows.iter().take(LINES_MAX) {
        writeln!(out, "  {}", row.trim_end())?;
    }
    match rows.len().saturating_sub(LINES_MAX) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more lines"),
    }
}

/// A line in rows of a terminal, after an indent.
fn folded(line: &str) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let (first, rest) = chars.split_at(chars.len().min(COLUMNS - 2));
    let rows = std::iter::once(first.iter().collect::<String>());
    let others = rest.chunks(COLUMNS - 6);
    rows.chain(others.map(|it| format!("    {}", it.iter().collect::<String>())))
        .collect()
}

/// The text, or its beginning.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_string();
    }
    let start: String = text.chars().take(columns - 1).collect();
    format!("{}…", start.trim_end())
}

#[test]
fn enter_goes_on_and_q_ends() {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let mut reader: &[u8] = b"\n\n\nits own words\nq\n";
    let words = ["packets".to_string()];
    let status = main(&words, Some(&mut reader), &mut out, &mut errors).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!((status, reader.len(), errors.len()), (0, 0, 0), "{text}");
    assert_eq!(text.matches("\n> ").count(), 5, "{text}");
    let asked = text.find("What happens? ").unwrap();
    assert!(
        text[asked..].contains(" < "),
        "the answer comes after the question: {text}"
    );
    // At the end of the input the reader has gone.
    let status = main(&words, Some(&mut &b""[..]), &mut Vec::new(), &mut errors);
    assert_eq!(status.unwrap(), 0);
}

#[test]
fn without_a_name_the_stories_are_listed_and_a_wrong_one_is_an_error() {
    let run = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|it| it.to_string()).collect();
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let status = main(&words, None, &mut out, &mut errors).unwrap();
        (
            status,
            [out, errors].map(|it| String::from_utf8(it).unwrap()),
        )
    };
    let (status, [out, errors]) = run(&[]);
    assert_eq!((status, &errors[..]), (0, ""));
    assert!(
        out.contains("\norder-late-lookup\n    Answers come in "),
        "{out}"
    );
    assert!(out.lines().all(|it| it.chars().count() <= COLUMNS), "{out}");
    let (status, [out, errors]) = run(&["nonsense"]);
    assert_eq!((status, &out[..], errors.lines().count()), (2, "", 1));
    assert_eq!(run(&["a", "b"]).0, 2);
    // A path is a story, too.
    let path = folder().join("packets.herd");
    assert_eq!(run(&[path.to_str().unwrap()]), run(&["packets"]));
}

#[test]
fn every_story_can_be_played_on_a_small_terminal() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "herd") {
            continue;
        }
        let text = transcript(path.to_str().unwrap());
        assert!(text.contains("\n> herd "), "{}", path.display());
        assert!(!text.contains("\n  wrong: "), "{}: {text}", path.display());
        for line in text.lines() {
            assert!(
                line.chars().count() <= COLUMNS,
                "{}: {line}",
                path.display()
            );
        }
    }
}
