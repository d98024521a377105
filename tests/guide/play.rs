//! `cargo run -q --example play STORY` tells a story of `tests/scripts` step by step.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

mod stage;

/// The world of the stories, without what only tests can have.
#[path = "../support"]
mod support {
    pub mod disk;
    pub mod kernel;
    pub mod order;
    pub mod shell;
    pub mod shown;
    pub mod stories;
    pub mod wire;
}

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut stdin, mut out) = (io::stdin().lock(), io::stdout().lock());
    let is_read = io::stdin().is_terminal() && out.is_terminal();
    let reader: Option<&mut dyn BufRead> = if is_read { Some(&mut stdin) } else { None };
    let status = stage::main(&words, reader, &mut out, &mut io::stderr());
    // A reader that has gone has read enough.
    ExitCode::from(
        status
            .and_then(|status| out.flush().map(|()| status))
            .unwrap_or(0),
    )
}
