//! The log's way out of the process: a file, or a pipe, a terminal or a socket. It is written
//! without waiting for a reader.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{MsgFlags, send};

/// The open log.
pub enum Output {
    /// A file, a pipe or a terminal, in nonblocking mode.
    File(File),
    /// A socket that others may share, and nonblocking mode with it.
    Socket(File),
}

impl Output {
    /// Writes once, and does not wait.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::File(file) => file.write(bytes),
            Output::Socket(file) => Ok(send(file.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT)?),
        }
    }

    pub fn facts(&self) -> io::Result<Metadata> {
        match self {
            Output::File(file) | Output::Socket(file) => file.metadata(),
        }
    }

    /// Whether it has a name. Writes to a file that was removed succeed, and are lost.
    pub fn exists(&self) -> bool {
        self.facts().is_ok_and(|facts| facts.nlink() > 0)
    }
}

/// The same; none: it is a pipe that nobody reads yet (ENXIO, open(2)).
pub fn append_or_wait(path: &Path) -> io::Result<Option<Output>> {
    match append(path) {
        Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => Ok(None),
        opened => opened.map(Some),
    }
}

/// A file to append to, made if need be.
pub fn append(path: &Path) -> io::Result<Output> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    // A pipe that is opened by its name, /dev/stdout for one, has a mode of its own (open(2)).
    options.custom_flags(OFlag::O_NONBLOCK.bits());
    match options.open(path) {
        // A socket has no such name (/dev/stdout leads to one), but we have it open.
        Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => {
            let there = fs::metadata(path)?;
            let ours = [
                io::stdout().as_fd().try_clone_to_owned()?,
                io::stderr().as_fd().try_clone_to_owned()?,
            ];
            let mut ours = ours.into_iter().map(File::from);
            let is_it = |facts: Metadata| (facts.dev(), facts.ino()) == (there.dev(), there.ino());
            let socket = ours.find(|file| file.metadata().is_ok_and(is_it));
            socket.map(Output::Socket).ok_or(error)
        }
        opened => opened.map(Output::File),
    }
}
