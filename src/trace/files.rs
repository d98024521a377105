//! The log files: which there are, whose they are, and their lines, one after the other.
//!
//! `NAME.log` was `NAME.log.1` before it was full, so the files of a server are read in the order
//! of their first times. No file is held in memory: each line is looked at in the buffer through
//! which its file is read, and only a line that two reads cut is copied.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::line;
use crate::limits::LIMITS;
use crate::units::Wall;

/// How much is read at a time. The name of a server and the first time are looked for in as much.
const BUFFER: usize = 64 << 10;

/// A log that is open.
pub struct Log {
    pub path: PathBuf,
    /// The server that wrote it.
    pub server: String,
    first: Option<Wall>,
    file: BufReader<File>,
}

/// A log that cannot be read.
#[derive(Debug)]
pub struct Error {
    pub path: PathBuf,
    pub error: io::Error,
}

/// The logs in a directory: `NAME.log`, and `NAME.log.1` if there is one, of these servers, or of
/// all if there are none.
///
/// # Errors
/// The directory cannot be read.
pub fn in_directory(directory: &Path, servers: &[String]) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error {
        path: directory.to_path_buf(),
        error,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some((name, _)) = path.file_name().and_then(log_name) else {
            continue;
        };
        if servers.is_empty() || servers.contains(&name) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The name of the server that a file's name gives, and its age: `NAME.log` has 0, `NAME.log.1` has
/// 1. `None` if it is not named like a log.
fn log_name(file: &OsStr) -> Option<(String, u32)> {
    let file = file.to_string_lossy();
    let (stem, age) = match file.rsplit_once('.')? {
        (_, "log") => (&*file, 0),
        (stem, age) => (stem, age.parse().ok()?),
    };
    Some((stem.strip_suffix(".log")?.to_string(), age))
}

/// Opens logs, finds whose they are, and puts them in the order in which they are to be read.
///
/// # Errors
/// A file cannot be opened or read.
pub fn open(paths: &[PathBuf]) -> Result<Vec<Log>, Error> {
    // The files of one server beside each other, which share what one of them says.
    let mut families: BTreeMap<PathBuf, Vec<(u32, Log, bool)>> = BTreeMap::new();
    for path in paths {
        let failed = |error| Error {
            path: path.clone(),
            error,
        };
        let file = File::open(path).map_err(failed)?;
        let mut file = BufReader::with_capacity(BUFFER, file);
        let head = file.fill_buf().map_err(failed)?;
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = lines.clone().find_map(line::time);
        let said = lines.find_map(line::beginning).map(String::from);
        let file_name = path.file_name().unwrap_or_default();
        let (name, age) =
            log_name(file_name).unwrap_or_else(|| (file_name.to_string_lossy().into_owned(), 0));
        let family = families.entry(path.with_file_name(&name)).or_default();
        let is_said = said.is_some();
        let server = said.unwrap_or(name);
        let path = path.clone();
        let log = Log {
            path,
            server,
            first,
            file,
        };
        family.push((age, log, is_said));
    }
    let mut logs = Vec::new();
    for mut family in families.into_values() {
        let said = family.iter().find(|it| it.2).map(|it| it.1.server.clone());
        for (_, log, is_said) in &mut family {
            if let (false, Some(said)) = (*is_said, &said) {
                log.server.clone_from(said);
            }
        }
        logs.extend(family.into_iter().map(|(age, log, _)| (age, log)));
    }
    logs.sort_by(|(age, one), (other_age, other)| {
        let order = (&one.server, one.first).cmp(&(&other.server, other.first));
        order.then(other_age.cmp(age))
    });
    Ok(logs.into_iter().map(|it| it.1).collect())
}

impl Log {
    /// Gives each line to `take`, without its LF. A line that is too long, and one without an end,
    /// which is still being written, are left out.
    ///
    /// # Errors
    /// The file cannot be read to its end.
    pub fn lines(mut self, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        let (mut start, mut is_long) = (Vec::new(), false);
        loop {
            let read = match self.file.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let path = self.path;
                    return Err(Error { path, error });
                }
            };
            let (count, mut rest) = (read.len(), read);
            while let Some(end) = memchr(b'\n', rest) {
                let line = &rest[..end];
                rest = &rest[end + 1..];
                if start.is_empty() && !is_long {
                    take(line);
                } else if !is_long && start.len() + line.len() <= LIMITS.trace_line {
                    start.extend_from_slice(line);
                    take(&start);
                }
                start.clear();
                is_long = false;
            }
            is_long |= start.len() + rest.len() > LIMITS.trace_line;
            if is_long {
                start.clear();
            } else {
                start.extend_from_slice(rest);
            }
            self.file.consume(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that goes with the test.
    struct Files(PathBuf);

    impl Files {
        fn new(name: &str) -> Files {
            let name = format!("herd-trace-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Files(path)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn read(paths: &[PathBuf]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for log in open(paths).unwrap() {
            let server = log.server.clone();
            log.lines(|line| {
                let text = String::from_utf8_lossy(line).into_owned();
                found.push((server.clone(), text));
            })
            .unwrap();
        }
        found
    }

    #[test]
    fn names_of_logs_have_a_server_and_an_age() {
        let name = |text: &str| log_name(OsStr::new(text));
        assert_eq!(name("Welsh.log"), Some(("Welsh".into(), 0)));
        assert_eq!(name("Welsh.log.1"), Some(("Welsh".into(), 1)));
        assert_eq!(name("a.b.log.12"), Some(("a.b".into(), 12)));
        for text in ["Welsh.herd", "Welsh.log.old", "Welsh", "log", "Welsh.1"] {
            assert_eq!(name(text), None, "{text}");
        }
    }

    #[test]
    fn the_older_file_is_read_first_and_says_whose_both_are() {
        let files = Files::new("older");
        let newer = files.write("b.log", "2018-03-02T20:52:16.000000000Z [INFO] x\ncut");
        let begins = "2018-03-02T20:52:15.000000000Z [INFO] Welsh of herd 0.1.0 begins; x";
        let older = files.write("b.log.1", &format!("{begins}\n"));
        let other = files.write("Ann.log", "\n");
        let x = "2018-03-02T20:52:16.000000000Z [INFO] x";
        let want = [("Ann", ""), ("Welsh", begins), ("Welsh", x)];
        let want = want.map(|(server, line)| (server.to_string(), line.to_string()));
        assert_eq!(read(&[newer.clone(), older.clone(), other.clone()]), want);
        // Without times, by the names.
        fs::write(&newer, "new\n").unwrap();
        fs::write(&older, "old\n").unwrap();
        let lines: Vec<String> = read(&[newer.clone(), older.clone()])
            .into_iter()
            .map(|it| it.1)
            .collect();
        assert_eq!(lines, ["old", "new"]);
        files.write("b.herd", "");
        let all = in_directory(&files.0, &[]).unwrap();
        assert_eq!(all, [other, newer.clone(), older.clone()]);
        assert_eq!(
            in_directory(&files.0, &["b".into()]).unwrap(),
            [newer, older]
        );
        let nowhere = in_directory(&files.0.join("x"), &[]).unwrap_err();
        assert_eq!(nowhere.error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn lines_are_whole_wherever_a_read_ends_and_have_a_bound() {
        let files = Files::new("long");
        let longest = "x".repeat(LIMITS.trace_line);
        let many: Vec<String> = (0..20_000).map(|it| format!("line {it}")).collect();
        let text = format!("{}\n{longest}\n{longest}y\nz\nend", many.join("\n"));
        let path = files.write("a.log", &text);
        let lines: Vec<String> = read(&[path]).into_iter().map(|it| it.1).collect();
        assert!(lines[..many.len()] == many[..]);
        assert!(lines[many.len()..] == [longest, "z".to_string()]);
    }
}
