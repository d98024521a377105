//! One server's process: its pipes, and why it ended.
//!
//! A child ends when its standard input ends. We hold the other end, and the kernel closes it when
//! we are gone, however that comes; so nothing is left running even after a SIGKILL.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Command, ExitStatus, Stdio};

use mio::unix::pipe::{Receiver, Sender};
use mio::{Interest, Registry, Token};
use signal_hook::low_level::signal_name;

use super::change::Change;
use super::lines::Lines;
use super::opening;
use crate::limits::LIMITS;
use crate::reactor::no_thread;

/// A line on a child's standard error that begins like this is not about its end.
const WARNING: &str = "herd: warning: ";

/// A child, from its start until its end is known.
#[derive(Debug, Default)]
pub struct Child {
    /// None if it could not even be started.
    process: Option<process::Child>,
    stdin: Option<Sender>,
    /// By [`Stream`]; None: it has ended.
    outputs: [Option<(Receiver, Lines)>; 2],
    is_open: bool,
    last_words: Option<String>,
    exit: Option<ExitStatus>,
    end_taken: bool,
}

/// One of the two pipes that a child writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout = 0,
    Stderr = 1,
}

impl Child {
    /// Starts a process and registers its two outputs under `tokens`. A child that cannot be
    /// started has ended already, with the reason as its last words.
    ///
    /// # Errors
    /// When its pipes cannot be watched; it ends by itself, since its standard input does.
    pub fn start(
        mut command: Command,
        registry: &Registry,
        tokens: [Token; 2],
    ) -> io::Result<Child> {
        // Its own process group: Ctrl-C of the terminal reaches only us, and we end the children.
        command.process_group(0);
        let pipe = Stdio::piped;
        let spawned = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn();
        let mut child = Child::default();
        let mut process = match spawned {
            Ok(process) => process,
            Err(error) => {
                let error = no_thread(error);
                child.last_words = Some(format!("cannot be started ({error})"));
                return Ok(child);
            }
        };
        let stdout = process.stdout.take().map(Receiver::from);
        let stderr = process.stderr.take().map(Receiver::from);
        let pipes = [stdout, stderr].into_iter().zip(tokens);
        for (output, (pipe, token)) in child.outputs.iter_mut().zip(pipes) {
            let mut pipe = pipe.ok_or(ErrorKind::BrokenPipe)?;
            pipe.set_nonblocking(true)?;
            registry.register(&mut pipe, token, Interest::READABLE)?;
            *output = Some((pipe, Lines::default()));
        }
        let stdin = process.stdin.take().map(Sender::from);
        if let Some(stdin) = &stdin {
            stdin.set_nonblocking(true)?;
        }
        (child.stdin, child.process) = (stdin, Some(process));
        Ok(child)
    }

    /// In the place of a server that another process runs: it has ended without a word.
    pub fn absent() -> Child {
        Child {
            end_taken: true,
            ..Child::default()
        }
    }

    /// Reads once from an output and adds what it says to `changes`, as of the child at `place`.
    /// False: it has no more for now.
    pub fn hear(&mut self, stream: Stream, place: usize, changes: &mut VecDeque<Change>) -> bool {
        let Some((pipe, lines)) = &mut self.outputs[stream as usize] else {
            return false;
        };
        // One read takes a line of the greatest length.
        let mut bytes = [0; LIMITS.child_line];
        let count = match pipe.read(&mut bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => 0,
        };
        let pid = self.process.as_ref().map_or(0, process::Child::id);
        let each = |line: String| match (stream, line.strip_prefix(WARNING)) {
            (Stream::Stdout, _) if self.is_open => {}
            (Stream::Stdout, _) => {
                self.is_open = true;
                changes.push_back(Change::Opened(place, pid, opening::clients(&line)));
            }
            (Stream::Stderr, Some(what)) => changes.push_back(Change::Warned(place, what.into())),
            // After the text of a panic comes advice for the programmer.
            (Stream::Stderr, None) if line.trim().is_empty() || line.starts_with("note: ") => {}
            (Stream::Stderr, None) => self.last_words = Some(line),
        };
        lines.push(&bytes[..count], each);
        if count == 0 {
            self.outputs[stream as usize] = None;
        }
        count > 0
    }

    /// Does not wait for more of its standard error.
    pub fn stop_hearing(&mut self) {
        self.outputs[Stream::Stderr as usize] = None;
    }

    /// Takes notice if it has ended. True: just now.
    pub fn reap(&mut self) -> bool {
        let process = self.process.as_mut().filter(|_| self.exit.is_none());
        let exit = process.and_then(|process| process.try_wait().ok().flatten());
        self.exit = self.exit.or(exit);
        exit.is_some()
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some() && self.exit.is_none()
    }

    /// Why it ended, once, when it has and all of its standard error is read.
    pub fn take_end(&mut self) -> Option<String> {
        if self.end_taken || self.is_running() || self.outputs[Stream::Stderr as usize].is_some() {
            return None;
        }
        self.end_taken = true;
        Some(reason(self.exit, self.last_words.as_deref()))
    }

    /// Passes a signal on, as its byte on a server's standard input: that needs no system call
    /// that the standard library lacks, and reaches our child only, even if its id is reused.
    pub fn signal(&mut self, byte: u8) {
        if let Some(stdin) = &mut self.stdin {
            // A child that has ended needs none; one that has left a full pipe of them has enough.
            let _ = stdin.write(&[byte]);
        }
    }

    /// Asks it to end.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    pub fn kill(&mut self) {
        // It can only fail if the child has ended meanwhile, which is as good.
        let _ = self.process.as_mut().map(process::Child::kill);
    }
}

/// Why a child ended: a signal by its name, else its last words, else its exit status.
fn reason(exit: Option<ExitStatus>, words: Option<&str>) -> String {
    if let Some(signal) = exit.and_then(|exit| exit.signal()) {
        let name = signal_name(signal).map(String::from);
        return format!("killed by {}", name.unwrap_or(format!("signal {signal}")));
    }
    match (words, exit.and_then(|exit| exit.code())) {
        (Some(words), _) => words.strip_prefix("herd: ").unwrap_or(words).to_string(),
        (None, Some(code)) => format!("exit status {code}"),
        (None, None) => "no reason known".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_has_one_reason() {
        let exit = |wait| Some(ExitStatus::from_raw(wait));
        let words = Some("herd: port taken");
        assert_eq!(reason(exit(9), words), "killed by SIGKILL");
        assert_eq!(reason(exit(64), None), "killed by signal 64");
        assert_eq!(reason(exit(1 << 8), words), "port taken");
        assert_eq!(reason(exit(3 << 8), None), "exit status 3");
        assert_eq!(reason(None, Some("cannot be started")), "cannot be started");
    }
}
