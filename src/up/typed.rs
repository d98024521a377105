//! Lines that a person types on our terminal.
//!
//! Nothing here waits, and no job in the background reads: the kernel would stop it (SIGTTIN,
//! termios(3)). Lines typed meanwhile are the shell's.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use super::lines::Lines;

/// The terminal that is standard input.
pub struct Typed {
    terminal: File,
    lines: Lines,
}

impl Typed {
    /// None: standard input is something else.
    pub fn here() -> Option<Typed> {
        let stdin = io::stdin();
        let descriptor = stdin.as_fd().try_clone_to_owned().ok()?;
        stdin.is_terminal().then(|| Typed {
            terminal: descriptor.into(),
            lines: Lines::default(),
        })
    }

    /// Reads once, and gives each line that is complete to `each`. False: there is no more for now.
    pub fn read(&mut self, each: impl FnMut(String)) -> bool {
        if !self.is_ours() || !self.is_readable() {
            return false;
        }
        let mut bytes = [0; 4096];
        match self.terminal.read(&mut bytes) {
            // An end (Ctrl-D) is no line, and more may follow.
            Ok(0) => true,
            Ok(count) => {
                self.lines.push(&bytes[..count], each);
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }

    /// We are in the foreground.
    fn is_ours(&self) -> bool {
        tcgetpgrp(&self.terminal).is_ok_and(|group| group == getpgrp())
    }

    fn is_readable(&self) -> bool {
        let mut terminal = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)];
        // One that is closed would be readable for ever.
        let is_polled = poll(&mut terminal, PollTimeout::ZERO).is_ok();
        is_polled && terminal[0].revents() == Some(PollFlags::POLLIN)
    }
}
