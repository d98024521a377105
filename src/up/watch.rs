//! Tells a person about the herd while it runs, and keeps what counts in the end.

use std::fs::File;
use std::path::Path;

use super::change::Change;
use super::children::Children;
use super::follow::Follow;
use super::greeting::greeting;
use super::members::{Followed, Herd, State};
use super::tell::{cannot_watch, tell};
use crate::stdio::{Stream, is_written, say};
use crate::terminal::{list, one_line};

/// The herd as we have seen it so far.
pub struct Watch<'a> {
    herd: &'a Herd,
    program: &'a Path,
    states: Vec<State>,
    /// Members whose doors have been open.
    came_up: Vec<bool>,
    /// How many clients the journals brought back: the most of any, since all tell each other.
    known: u64,
    is_greeted: bool,
    /// The time to open all doors is over.
    is_late: bool,
    /// Lines that a person types are read.
    is_heard: bool,
    follow: Option<Follow>,
    /// Keeps another `herd up` from starting until the greeting.
    start: Option<File>,
}

impl<'a> Watch<'a> {
    /// Members that are not `is_ours` run elsewhere.
    pub fn new(
        herd: &'a Herd,
        program: &'a Path,
        is_ours: Vec<bool>,
        children: &mut Children,
        start: Option<File>,
    ) -> Watch<'a> {
        let state = |is_ours: &bool| match is_ours {
            true => State::Starting,
            false => State::Elsewhere,
        };
        Watch {
            herd,
            program,
            states: is_ours.iter().map(state).collect(),
            came_up: is_ours.iter().map(|is_ours| !is_ours).collect(),
            known: 0,
            is_greeted: false,
            is_late: false,
            is_heard: children.listen_to_typing(),
            follow: None,
            start,
        }
    }

    /// Tells about what happens until a signal asks us to end or no child is left.
    ///
    /// # Errors
    /// When none is left, or polling fails.
    pub fn until_the_end(&mut self, children: &mut Children) -> Result<(), String> {
        let is_left = |state: &State| matches!(state, State::Starting | State::Open(_));
        while self.states.iter().any(is_left) {
            if !self.is_greeted && (self.is_late || !self.states.contains(&State::Starting)) {
                self.greet(children);
            }
            match children.next().map_err(cannot_watch)? {
                Change::EndAsked | Change::EndNow => return Ok(()),
                Change::Late => self.is_late = true,
                Change::Opened(member, pid, known) => self.opened(member, pid, known),
                Change::Warned(member, what) => {
                    tell(&format!("{}: {what}", self.herd.name(member)));
                }
                Change::Ended(member, reason) => self.ended(member, &reason),
                Change::Look => {
                    // Lines that a slow reader has no room for stay in the logs.
                    if is_written() {
                        self.show_news();
                    }
                    children.look_later();
                }
                Change::Typed(line) => self.typed(line.trim(), children)?,
                Change::StillRunning(_) => {}
            }
        }
        Err("no server of the herd is left; fix the above, then run herd up again".to_string())
    }

    /// Tells about what takes long while the herd ends.
    pub fn tell_of_end(&self, change: Change) {
        if let Change::StillRunning(members) = change {
            let names = list(members.iter().map(|member| self.herd.name(*member)));
            let what = format!("Ending; waiting for {names} (Ctrl-C again kills).\n");
            say(Stream::Output, what);
        }
    }

    /// Shows what has been logged since the last look.
    pub fn show_news(&mut self) {
        if let Some(follow) = &mut self.follow {
            say(Stream::Output, follow.text());
        }
    }

    /// Whether all have come up. A server that has not is only late if it still had time.
    ///
    /// # Errors
    /// When one never did.
    pub fn verdict(&self) -> Result<(), String> {
        let is_failed = |member: &usize| match self.states[*member] {
            _ if self.came_up[*member] => false,
            State::Starting => self.is_late,
            _ => true,
        };
        let failed = (0..self.states.len()).filter(is_failed);
        let names: Vec<&str> = failed.map(|member| self.herd.name(member)).collect();
        match names.is_empty() {
            true => Ok(()),
            false => Err(format!("{} never came up", list(names))),
        }
    }

    fn greet(&mut self, children: &mut Children) {
        (self.is_greeted, self.start) = (true, None);
        let mut text = greeting(self.herd, &self.states, self.known, self.is_heard);
        if let Some(followed) = self.herd.follow {
            text += match followed {
                Followed::Everything => "\nThe logs, less what only keeps links alive:\n",
                Followed::Warnings => {
                    "\nThe logs; --log-level leaves out what clients and servers say:\n"
                }
            };
            self.follow = Some(Follow::new(self.herd));
            children.look_later();
        }
        say(Stream::Output, text);
    }

    fn opened(&mut self, member: usize, pid: u32, known: u64) {
        self.states[member] = State::Open(pid);
        self.came_up[member] = true;
        self.known = self.known.max(known);
        if self.is_greeted {
            let name = self.herd.name(member);
            say(Stream::Output, format!("{name} is open now.\n"));
        }
    }

    fn ended(&mut self, member: usize, reason: &str) {
        self.states[member] = State::Ended;
        let name = self.herd.name(member);
        let (what, verb) = match self.came_up[member] {
            true => ("ended", "start it again"),
            false => ("did not start", "try again"),
        };
        let how = match (self.is_heard, self.came_up[member]) {
            (true, _) => format!("; to {verb}, type {name} and Enter"),
            (false, true) => format!("; to {verb}: {}", self.herd.serve_line(member)),
            // The reason says what has to be done first.
            (false, false) => String::new(),
        };
        tell(&format!("{name} {what}: {reason}{how}"));
    }

    /// A line is the name of a server to start.
    fn typed(&mut self, line: &str, children: &mut Children) -> Result<(), String> {
        let all = 0..self.states.len();
        let member = all.clone().find(|member| self.herd.name(*member) == line);
        let answer = match member.map(|member| (member, self.states[member])) {
            _ if line.is_empty() => return Ok(()),
            Some((member, State::Ended)) => {
                self.states[member] = State::Starting;
                let command = self.herd.command(self.program, member);
                return children.start_again(member, command).map_err(cannot_watch);
            }
            Some((_, State::Open(pid))) => format!("{line} runs (pid {pid})"),
            Some((_, State::Starting)) => format!("{line} is starting"),
            Some((_, State::Elsewhere)) => format!("{line} was started elsewhere"),
            None => {
                let ended = all.filter(|member| self.states[*member] == State::Ended);
                let ended = list(ended.map(|member| self.herd.name(member)));
                format!(
                    "no server is called {}; a name starts one that has ended: {ended}",
                    one_line(line)
                )
            }
        };
        say(Stream::Output, format!("{answer}.\n"));
        Ok(())
    }
}
