//! The pictures of the book that are drawn from data, and held equal to it. `HERD_BLESS=1` draws
//! them again.

mod deadline;
mod edges;
mod floods;
mod ladder;
mod marks;
mod skipped;
mod slots;

use std::fs;
use std::path::Path;

use herd::units::SECOND;

use crate::support::shell::{Shell, Socket};
use crate::support::stories::blocks::blocks;
use crate::support::stories::story::Story;

/// The text of a picture's file.
type Draw = fn() -> String;

/// Each picture, and what draws it.
const PICTURES: [(&str, Draw); 7] = [
    ("deadline", deadline::picture),
    ("edges", edges::picture),
    ("floods", floods::picture),
    ("ladder", ladder::picture),
    ("marks", marks::picture),
    ("skipped", skipped::picture),
    ("slots", slots::picture),
];

#[test]
fn the_pictures_are_as_their_data_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/book/pictures");
    let mut wrong = Vec::new();
    for (name, draw) in PICTURES {
        let (path, want) = (folder.join(name).with_extension("svg"), draw());
        assert!(
            !want.contains("\n\n"),
            "{name}: a blank line would end it in Markdown"
        );
        if fs::read_to_string(&path).unwrap_or_default() == want {
            continue;
        }
        match std::env::var_os("HERD_BLESS") {
            Some(_) => fs::write(&path, want).unwrap(),
            None => wrong.push(name),
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong:?} in src/guide/book/pictures: HERD_BLESS=1 cargo test --test guide draws them"
    );
}

/// Tells a story, and calls `see` after each command with what it put out.
fn told(name: &str, mut see: impl FnMut(&mut Story, &str, &[String])) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scripts")
        .join(name);
    let (text, mut story) = (fs::read_to_string(path).unwrap(), Story::new());
    for block in blocks(&text) {
        for command in block.commands.iter().filter(|it| !it.starts_with('#')) {
            let told = story.obey(command).unwrap();
            see(&mut story, command, &told);
        }
    }
}

/// A look at the connection of somebody outside with the only server of a story.
fn with_conn<T>(
    story: &mut Story,
    name: &str,
    see: impl FnOnce(&Shell, &Socket) -> T,
) -> Option<T> {
    let world = story.world()?;
    let (_, shell) = world.running().next()?;
    let sockets = shell.sockets.iter().flatten();
    let socket = sockets
        .into_iter()
        .find(|it| world.net.peer_name(it.end) == name)?;
    Some(see(shell, socket))
}

/// A time in seconds.
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / SECOND as f64
}
