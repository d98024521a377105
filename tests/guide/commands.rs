//! The commands of a page: a reader pastes them one after the other, and so does the test, in a
//! network and among processes of its own.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::support::herd::Directory;

/// Commands that no test can run, by how they begin, and why.
const APART: &[(&str, &str)] = &[
    ("podman ", "it needs images from a registry"),
    (
        "herd trace kiwi here/",
        "it needs the logs of several hosts",
    ),
    (
        "python3 tests/bench/turns.py ",
        "it needs the trace of a busy server",
    ),
];

/// Commands of a page, and what they print, if the page says so right behind them. A comment
/// between, `<!-- seen by strace -->`, says that no test can see it.
pub struct Fence {
    commands: String,
    printed: Option<String>,
}

/// The commands of a page: those of a `sh` fence, and those after a prompt in a transcript.
fn fences(page: &str) -> Vec<Fence> {
    let parts: Vec<&str> = page.split("\n```").collect();
    let fences = parts.iter().enumerate().skip(1).step_by(2);
    let fences = fences.map(|(at, part)| {
        let (kind, body) = part.split_once('\n').unwrap_or((part, ""));
        if kind == "sh" {
            let follows = parts.get(at + 1).is_some_and(|it| it.trim().is_empty());
            let next = parts.get(at + 2).and_then(|it| it.strip_prefix("text\n"));
            return Fence {
                commands: body.to_string(),
                printed: next.filter(|_| follows).map(str::to_string),
            };
        }
        let lines = body.lines().filter_map(|line| line.strip_prefix("$ "));
        Fence {
            commands: lines.map(|line| format!("{line}\n")).collect(),
            printed: None,
        }
    });
    fences.filter(|it| !it.commands.is_empty()).collect()
}

/// A line without what differs from run to run: each number is 0, each gap one blank.
fn shape(line: &str) -> String {
    let is_number = |it: char| it.is_ascii_digit() || it == '.' || it == ',';
    let words = line.split_whitespace().map(|word| {
        let mut shape = String::new();
        for char in word.chars() {
            match char.is_ascii_digit() {
                true if shape.ends_with('0') => {}
                true => shape.push('0'),
                false if is_number(char) && shape.ends_with('0') => {}
                false => shape.push(char),
            }
        }
        shape
    });
    words.collect::<Vec<String>>().join(" ")
}

/// The lines of a transcript that the commands did not print.
fn lacking(printed: &str, said: &str) -> String {
    let said: Vec<String> = said.lines().map(shape).collect();
    let lines = printed.lines().filter(|line| !line.trim().is_empty());
    let lacking = lines.filter(|line| !said.iter().any(|it| it.contains(&shape(line))));
    lacking
        .map(|line| format!("not printed: {line}\n"))
        .collect()
}

/// The lines of a page that look like commands, and are in no fence of commands.
pub fn strays(page: &str) -> Vec<&str> {
    let parts = page.split("\n```").skip(1).step_by(2);
    let lines = parts
        .filter(|part| !part.starts_with("sh\n"))
        .flat_map(str::lines);
    let begins = |line: &&str| {
        let verb = ["make ", "cargo ", "target/release/herd "];
        verb.iter().any(|verb| line.starts_with(verb))
    };
    lines.filter(begins).collect()
}

/// The script of a page. A page that does not start a herd finds one, and two clients in it.
fn script(fences: &[Fence]) -> String {
    let mut script = String::from("ip link set lo up\nsource tests/guide/reader.sh\n");
    let starts = |it: &Fence| {
        ["make herd", "herd up"]
            .iter()
            .any(|up| it.commands.contains(up))
    };
    if !fences.iter().any(starts) {
        script += "herd up\nfor client in kiwi fig; do\n\
                   herd ask Welsh IAMAT $client +34.068930-118.445127 now\ndone\n";
    }
    for (number, fence) in fences.iter().enumerate() {
        let (mut is_apart, mut goes_on) = (false, false);
        let lines = fence.commands.lines().filter(|line| {
            // A line that ends with a backslash goes on in the next one.
            is_apart = match goes_on {
                true => is_apart,
                false => APART.iter().any(|(begins, _)| line.starts_with(begins)),
            };
            goes_on = line.ends_with('\\');
            !is_apart
        });
        script += &format!("exec >said.{number} 2>&1\n");
        script += &lines.map(|line| format!("{line}\n")).collect::<String>();
        script += "end_fence\n";
    }
    script
}

/// A copy of the tree as a reader has it, with the program built.
fn tree() -> Directory {
    let directory = Directory::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name();
        if !["target", "run", ".git"].iter().any(|it| name == *it) {
            // A copy, for a page may plant a bug in it.
            let status = Command::new("cp")
                .arg("-r")
                .arg(root.join(&name))
                .arg(&directory.0)
                .status();
            assert!(status.unwrap().success());
        }
    }
    let release = directory.0.join("target/release");
    fs::create_dir_all(&release).unwrap();
    symlink(env!("CARGO_BIN_EXE_herd"), release.join("herd")).unwrap();
    directory
}

/// Pastes the commands of a page. Returns what failed; none: this machine has no such rooms.
pub fn paste(page: &str) -> Option<String> {
    let fences = fences(page);
    let examples = Path::new(env!("CARGO_BIN_EXE_herd")).with_file_name("examples");
    if page.contains("--example") && !examples.join("step").exists() {
        return None;
    }
    let tree = tree();
    let failed = tree.0.join("failed");
    fs::write(&failed, "").unwrap();
    let is_root = nix::unistd::Uid::effective().is_root();
    let flags = if is_root { "-npf" } else { "-rnpf" };
    // A file, for a page may look for processes by their command lines.
    fs::write(tree.0.join("page.sh"), script(&fences)).unwrap();
    let path = format!(
        "{}:{}",
        tree.0.join("target/release").display(),
        env::var("PATH").unwrap()
    );
    let mut shell = Command::new("timeout");
    shell.args(["--kill-after=1", "120"]);
    shell.args(["unshare", flags, "--mount-proc", "bash", "page.sh"]);
    shell.current_dir(&tree.0).env("PATH", path);
    shell.env("FAILED", &failed).env("EXAMPLES", examples);
    let output = shell.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // The second is what is said where there is no unshare(1).
    if said.contains("unshare: ") || said.starts_with("timeout: failed to run") {
        return None;
    }
    let mut failed = fs::read_to_string(&failed).unwrap();
    let mut all = String::new();
    for (number, fence) in fences.iter().enumerate() {
        let said = fs::read(tree.0.join(format!("said.{number}"))).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        failed += &fence
            .printed
            .as_ref()
            .map_or(String::new(), |it| lacking(it, &said));
        all += &said;
    }
    match failed.is_empty() && output.status.success() {
        true => Some(String::new()),
        false => Some(format!("{failed}{said}{all}")),
    }
}
