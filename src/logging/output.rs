//! The log's way out of the process: a file, or a pipe, a terminal or a socket. It is written
//! without waiting for a reader.

use std::env;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{MsgFlags, send};

use crate::stdio::{Stream, try_to_say};

/// The mode of a new file, less the umask: that of open(2) in C's library.
pub const MODE: u32 = 0o666;

/// A pipe takes this many bytes whole or not at all (pipe(7)), so its other writers cut no line.
const PIPE_BUF: usize = 4096;

/// The open log.
pub enum Output {
    /// A file or a terminal; that one in nonblocking mode.
    File(File),
    /// A pipe in nonblocking mode.
    Pipe(File),
    /// A socket that others may share, and nonblocking mode with it.
    Socket(File),
    /// Standard error, where nonblocking mode would be every other process's, too, and which cannot
    /// be opened again: a thread waits in our place.
    Shared(File),
}

impl Output {
    /// Writes once, and does not wait.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match self {
            Output::File(file) => file.write(lines),
            Output::Pipe(file) => file.write(piece(lines)),
            Output::Socket(file) => Ok(send(file.as_raw_fd(), lines, MsgFlags::MSG_DONTWAIT)?),
            Output::Shared(_) => {
                let lines = piece(lines);
                let text = String::from_utf8_lossy(lines).into_owned();
                let is_taken = try_to_say(Stream::Error, text);
                let count = is_taken.then_some(lines.len());
                count.ok_or_else(|| ErrorKind::WouldBlock.into())
            }
        }
    }

    pub fn facts(&self) -> io::Result<Metadata> {
        self.file().metadata()
    }

    /// Drops everything that is in the file.
    pub fn cut(&self) -> io::Result<()> {
        self.file().set_len(0)
    }

    fn file(&self) -> &File {
        match self {
            Output::File(file)
            | Output::Pipe(file)
            | Output::Socket(file)
            | Output::Shared(file) => file,
        }
    }
}

/// The first lines, as many as a pipe takes whole, but at least one.
fn piece(lines: &[u8]) -> &[u8] {
    let fits = &lines[..lines.len().min(PIPE_BUF)];
    let end = match memchr::memrchr(b'\n', fits) {
        Some(at) => at + 1,
        None => memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1),
    };
    &lines[..end]
}

/// A file to append to, made with this mode if need be.
pub fn append(path: &Path, mode: u32) -> io::Result<Output> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(mode);
    match open(&mut options, path) {
        // A socket has no such name (/dev/stdout leads to one), but we have it open.
        Err(error) if is_unread(&error) => {
            let there = fs::metadata(path)?;
            let mut ours = streams()?.into_iter();
            let socket = ours.find(|file| file.metadata().is_ok_and(|it| is_same(&it, &there)));
            socket.map(Output::Socket).ok_or(error)
        }
        opened => opened,
    }
}

/// Whether a pipe could not be opened because nobody reads it yet (ENXIO, open(2)).
pub fn is_unread(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::ENXIO as i32)
}

/// Standard error. A pipe or a terminal is opened again, for a nonblocking mode of its own.
pub fn standard_error() -> io::Result<Output> {
    let [_, file] = streams()?;
    let kind = file.metadata()?.file_type();
    if kind.is_socket() {
        return Ok(Output::Socket(file));
    }
    if !kind.is_fifo() && !file.is_terminal() {
        // Everybody who writes to a file through this descriptor needs the same offset.
        return Ok(Output::File(file));
    }
    let own = open(OpenOptions::new().write(true), Path::new("/proc/self/fd/2"));
    // It may be another user's.
    Ok(own.unwrap_or(Output::Shared(file)))
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<Output> {
    // A pipe that is opened by its name, /dev/stdout for one, has a mode of its own (open(2)).
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = options.custom_flags(flags.bits()).open(path)?;
    Ok(match file.metadata()?.file_type().is_fifo() {
        true => Output::Pipe(file),
        false => Output::File(file),
    })
}

/// Standard output and standard error.
fn streams() -> io::Result<[File; 2]> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let error = io::stderr().as_fd().try_clone_to_owned()?;
    Ok([output.into(), error.into()])
}

/// Whether these are the facts of standard output or standard error.
pub fn is_stream(facts: &Metadata) -> bool {
    let is_it = |file: File| file.metadata().is_ok_and(|its| is_same(&its, facts));
    streams().is_ok_and(|streams| streams.into_iter().any(is_it))
}

pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether standard error leads to systemd's journal: the check of systemd.exec(5).
pub fn is_journal() -> bool {
    let stream = env::var("JOURNAL_STREAM").ok();
    let facts = streams().and_then(|[_, error]| error.metadata());
    let is_it =
        |stream: String| facts.is_ok_and(|it| stream == format!("{}:{}", it.dev(), it.ino()));
    stream.is_some_and(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_whole_lines() {
        let long = [&b"x".repeat(PIPE_BUF)[..], b"\ny\n"].concat();
        for (lines, want) in [
            (&b"one\ntwo\n"[..], 8),
            (b"one\nhalf", 4),
            (b"half", 4),
            (&long, PIPE_BUF + 1),
            (&long[2..], PIPE_BUF - 1),
            (b"", 0),
        ] {
            assert_eq!(piece(lines).len(), want);
        }
    }
}
