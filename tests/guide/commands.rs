//! The commands of a page: a reader pastes them one after the other, and so does the test, in a
//! network and among processes of its own.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::support::herd::Directory;

/// Commands of a page, and what they print, if the page says so: in a fence right behind them, or
/// below each prompt.
pub struct Fence {
    commands: String,
    printed: String,
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
                printed: next.filter(|_| follows).unwrap_or_default().to_string(),
            };
        }
        let (commands, printed): (Vec<&str>, Vec<&str>) =
            body.lines().partition(|line| line.starts_with("$ "));
        let commands = commands.iter().map(|line| format!("{}\n", &line[2..]));
        // A comment says what else prints it, and holds it equal.
        let is_held = parts[at - 1].trim_end().ends_with("-->");
        Fence {
            commands: commands.collect(),
            printed: if is_held {
                String::new()
            } else {
                printed.join("\n")
            },
        }
    });
    fences.filter(|it| !it.commands.is_empty()).collect()
}

/// A line without what differs from run to run: each number is 0, and so is a digest; each unit of
/// time is a second, each server the same; a ladder's rungs are one, and gaps one blank.
fn shape(line: &str) -> String {
    const SERVERS: [&str; 5] = ["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"];
    let is_rung = |word: &&str| word.chars().all(|it| "<>o-|*".contains(it));
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let word = &SERVERS
            .iter()
            .fold(word.to_string(), |it, name| it.replace(name, "SERVER"))[..];
        let bare = word.trim_end_matches([',', ':']);
        let is_digest = bare.len() == 16 && bare.chars().all(|it| it.is_ascii_hexdigit());
        let shape = match word {
            _ if is_digest => "0".to_string(),
            _ if ["µs", "ms"].contains(&bare) => word.replace(bare, "s"),
            _ if is_rung(&word) => "|".to_string(),
            _ => without_digits(word),
        };
        if shape != "|" || words.last().is_none_or(|last| *last != shape) {
            words.push(shape);
        }
    }
    words.join(" ")
}

/// A word with 0 for each number in it.
fn without_digits(word: &str) -> String {
    let mut shape = String::new();
    for char in word.chars() {
        match char {
            '0'..='9' if shape.ends_with('0') => {}
            '0'..='9' => shape.push('0'),
            '.' | ',' if shape.ends_with('0') => {}
            _ => shape.push(char),
        }
    }
    shape
}

/// The lines of a transcript that the commands did not print. In a line, `…` stands for anything.
fn lacking(printed: &str, said: &str) -> String {
    if said.contains("skipped: no ") {
        return String::new();
    }
    let said: Vec<String> = said.lines().map(shape).collect();
    let is_said = |line: &str| {
        let shape = shape(line);
        let has = |said: &String| {
            let mut rest = &said[..];
            shape.split('…').all(|part| {
                let found = rest.split_once(part.trim());
                found.map(|(_, after)| rest = after).is_some()
            })
        };
        said.iter().any(has)
    };
    let lines = printed.lines().filter(|line| !is_said(line));
    lines.map(|line| format!("not printed: {line}\n")).collect()
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

/// The rows of the tables that a command of the page prints, `<!-- by make sim-scale -->`.
fn printed_rows(page: &str) -> Vec<&str> {
    let tables = page.split("<!-- by make ").skip(1);
    let rows = |table| -> Vec<&str> {
        let lines = str::lines(table).skip(1).skip_while(|line| line.is_empty());
        lines.take_while(|line| line.starts_with('|')).collect()
    };
    tables.flat_map(rows).collect()
}

/// The first lines of the `text` fences that stand behind no commands and below no comment that
/// says what they are.
pub fn unheld(page: &str) -> Vec<&str> {
    let parts: Vec<&str> = page.split("\n```").collect();
    let fences = parts.iter().enumerate().skip(1).step_by(2);
    let fences = fences.filter(|(at, _)| {
        let before = parts[at - 1].trim_end();
        let is_printed = *at > 1 && before.is_empty() && parts[at - 2].starts_with("sh\n");
        !is_printed && !before.ends_with("-->")
    });
    let texts = fences.filter_map(|(_, part)| part.strip_prefix("text\n"));
    let texts = texts.filter(|text| !text.starts_with("$ "));
    texts
        .map(|text| text.lines().next().unwrap_or_default())
        .collect()
}

/// The script of a page. A page that does not start a herd finds one, and two clients in it.
fn script(fences: &[Fence]) -> String {
    let mut script = String::from("ip link set lo up\nsource tests/guide/reader/shell.sh\n");
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
        script += &format!("exec >said.{number} 2>&1\n");
        script += &format!("{}\nend_fence\n", fence.commands);
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
    let programs = Path::new(env!("CARGO_BIN_EXE_herd")).parent().unwrap();
    if page.contains("--example") && !programs.join("examples/step").exists() {
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
        "{}:{}:{}",
        tree.0.join("tests/guide/reader").display(),
        tree.0.join("target/release").display(),
        env::var("PATH").unwrap()
    );
    let mut shell = Command::new("timeout");
    shell.args(["--kill-after=1", "240"]);
    shell.args(["unshare", flags, "--mount-proc", "bash", "page.sh"]);
    shell.current_dir(&tree.0).env("PATH", path);
    shell.env("FAILED", &failed).env("PROGRAMS", programs);
    shell.env("CARGO", "cargo");
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
        failed += &lacking(&fence.printed, &said);
        all += &said;
    }
    let is_printed = |row: &&str| all.lines().any(|line| line.ends_with(row));
    let rows = printed_rows(page)
        .into_iter()
        .filter(|row| !is_printed(row));
    failed += &rows
        .map(|row| format!("not printed: {row}\n"))
        .collect::<String>();
    match failed.is_empty() && output.status.success() {
        true => Some(String::new()),
        false => Some(format!("{failed}{said}{all}")),
    }
}

#[test]
fn a_transcript_is_held_but_for_what_differs_from_run_to_run() {
    let said = "seed 7: 5 servers\n 0.1 µs |  |  <-o  news from Welsh\nMARK 2 2 7de47e8bcffc8ab8\n";
    let held =
        "seed 12: 3 servers\n1,000 ms o->  news from Hands\nMARK 0 0 0000000000000000\n…: 4 …s\n";
    assert_eq!(lacking(held, said), "");
    for wrong in ["seed 7: five servers", "0.1 µs <-o olds", "…: 5 …x"] {
        assert_eq!(lacking(wrong, said), format!("not printed: {wrong}\n"));
    }
    assert_eq!(lacking("anything", "skipped: no strace here\n"), "");
}

#[test]
fn what_a_page_shows_is_found() {
    let page = "\n```sh\nls\n```\n\n```text\na\n```\nb\n```text\nc\n```\n<!-- by make x -->\n\n\
                | 1 |\n| 2 |\n\n```text\n$ cat\nd\n```\n";
    let fences = fences(page);
    let fences: Vec<_> = fences
        .iter()
        .map(|it| (&it.commands[..], &it.printed[..]))
        .collect();
    assert_eq!(fences, [("ls", "a"), ("cat\n", "d")]);
    assert_eq!(unheld(page), ["c"]);
    assert_eq!(printed_rows(page), ["| 1 |", "| 2 |"]);
}
