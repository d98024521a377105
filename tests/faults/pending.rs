//! What this program does not have yet: a row leaves out what needs it, and says so.

use std::process::Command;

/// Whether its help, or that of a verb, mentions this.
fn mentions(arguments: &[&str], word: &str) -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_herd"))
        .args(arguments)
        .output()
        .unwrap();
    let has = String::from_utf8_lossy(&output.stdout).contains(word);
    if !has {
        println!("left out: there is no {word} yet");
    }
    has
}

/// `run/NAME.herd`.
pub fn journal() -> bool {
    mentions(&["serve", "--help"], "--no-journal")
}
