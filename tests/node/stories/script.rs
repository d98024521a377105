//! Golden scripts: a story in a file, and the exact output of its commands.
//!
//! ```text
//! # What it shows.
//! herd Goloman-Hands
//! connect kiwi Goloman
//! kiwi sends "IAMAT kiwi +34-118 999.5\n"
//! ---
//! kiwi < AT Goloman +0.500000000 kiwi +34-118 999.5\n
//! ```
//!
//! A block is commands, a line `---`, and what they put out, up to a blank line. With `HERD_BLESS`
//! set the real output is written instead; then somebody reads the diff. The folder's README.md has
//! all commands.

use std::fmt::Write;

use super::diff::difference;
use crate::support::stories::blocks::{Block, blocks};
use crate::support::stories::story::Story;

/// The outcome of a script.
#[derive(Debug)]
pub struct Told {
    /// The whole file with the output that there really was.
    pub text: String,
    /// The differences, for a person: `file:line:` and the lines, one paragraph a block.
    pub complaints: String,
    /// How many blocks have an output.
    pub blocks: usize,
}

/// Tells the story in `text`; `name` is the file's, for the complaints.
pub fn tell(name: &str, text: &str) -> Told {
    let mut story = Story::new();
    let mut told = Told {
        text: String::new(),
        complaints: String::new(),
        blocks: 0,
    };
    for (number, block) in blocks(text).iter().enumerate() {
        if number > 0 {
            told.text.push('\n');
        }
        let got = play(&mut story, block, name, &mut told.complaints);
        for command in &block.commands {
            writeln!(told.text, "{command}").expect("a string");
        }
        let Some(want) = &block.want else {
            if got.iter().any(|line| line != NOTHING) {
                complain(name, block, &[], &got, &mut told.complaints);
            }
            continue;
        };
        told.blocks += 1;
        writeln!(told.text, "---\n{}", got.join("\n")).expect("a string");
        if *want != got {
            complain(name, block, want, &got, &mut told.complaints);
        }
    }
    told
}

/// The output of commands of which none has any.
const NOTHING: &str = "nothing";

fn play(story: &mut Story, block: &Block<'_>, name: &str, complaints: &mut String) -> Vec<String> {
    let mut got = Vec::new();
    for (offset, command) in block.commands.iter().enumerate() {
        let command = command.trim();
        if command.is_empty() || command.starts_with('#') {
            continue;
        }
        match story.obey(command) {
            Ok(tale) => got.extend(tale),
            Err(wrong) => {
                let line = block.line + offset;
                writeln!(complaints, "{name}:{line}: {wrong}: {command}").expect("a string");
            }
        }
    }
    if got.is_empty() {
        got.push(NOTHING.into());
    }
    got
}

/// Says where a block goes otherwise, and how.
fn complain(name: &str, block: &Block<'_>, want: &[&str], got: &[String], out: &mut String) {
    // The first line of the output, or the last command if nothing was said about any.
    let line = match block.want {
        Some(_) => block.line + block.commands.len() + 1,
        None => block.line + block.commands.len() - 1,
    };
    writeln!(out, "{name}:{line}: expected (-) and got (+):").expect("a string");
    for line in difference(want, got) {
        writeln!(out, "  {line}").expect("a string");
    }
}
