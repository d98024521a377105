//! For a person who types something wrong, reads the help or checks a topology: exit
//! status, one line that says what to do, and never a panic text.

mod broken;
mod check;
mod help;
mod limits;
mod secret;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The program, in the top directory and without a key.
fn herd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.args(arguments).stdin(Stdio::null());
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    command
        .env_remove("GOOGLE_MAPS_API_KEY")
        .env_remove("PLACES_API_KEY");
    command
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// The output of a run without errors.
fn right(arguments: &[&str]) -> String {
    let output = output(&mut herd(arguments));
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    text(&output.stdout).to_string()
}

/// The one line that it prints where there is something to correct.
fn wrong(command: &mut Command) -> String {
    let output = output(command);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{command:?}");
    assert!(!said.contains("panicked"), "{said}");
    let line = said
        .strip_suffix('\n')
        .unwrap_or_else(|| panic!("no line: {said:?}"));
    assert!(
        !line.contains(char::is_control),
        "more than a line: {said:?}"
    );
    line.to_string()
}

/// A directory that goes with the test.
struct Files(PathBuf);

impl Files {
    fn new() -> Files {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("herd-cli-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        Files(directory)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
