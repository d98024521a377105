//! The journal's part in the loop: lines are appended at once, on this thread; workers do the jobs
//! that may wait for a disk. A merge has a worker of its own, so that no sync waits for it.

use std::io;

use super::clock::Clock;
use super::phase::Phase;
use super::pool::{Pool, Size, Wake};
use super::shell::{Shell, ShellTimer};
use super::slices::{Span, Track, timed};
use crate::journal::{Job, JournalFiles, Outcome};
use crate::limits::LIMITS;
use crate::node::{Event, JournalTask};

/// The files, and the workers that wait for the disk.
pub struct Journal {
    pub files: JournalFiles,
    /// One for jobs that are waited for, and one for those that take long.
    workers: [Pool<Job, (Outcome, Option<Span>)>; 2],
}

impl Journal {
    /// Starts the workers. They time their jobs by `clock`, if there is one.
    ///
    /// # Errors
    /// When there is no room for another thread.
    pub fn start(files: JournalFiles, clock: Option<Clock>, wake: &Wake) -> io::Result<Journal> {
        let size = Size {
            workers: 1,
            jobs_max: LIMITS.journal_jobs,
            batch: 1,
        };
        let start = |name, track| {
            let work = timed(clock, move || track, Job::run);
            Pool::start(name, size, work, wake)
        };
        let workers = [
            start("journal", Track::Journal)?,
            start("merge", Track::Merge)?,
        ];
        Ok(Journal { files, workers })
    }

    /// Does a task of the node, or has a worker do it.
    pub fn task(&mut self, task: JournalTask, shell: &mut Shell) {
        if task == JournalTask::Append {
            shell.watch.enter(Phase::Journal);
            let (lines, table) = (shell.node.journal_text(), shell.node.inspect().table());
            let event = self.files.append(lines, table);
            shell.watch.enter(Phase::Node);
            shell.tell(Event::Journal(event));
        } else {
            self.files.task = Some(task);
        }
        self.start_jobs(shell);
    }

    /// Takes in what the workers have done.
    pub fn take_results(&mut self, shell: &mut Shell) {
        for pool in &self.workers {
            for (job, result) in pool.results() {
                let bug = || Err("a bug; the log of the server says more".to_string());
                let (outcome, span) = result.unwrap_or_else(|| (bug(), None));
                shell.watch.worked(span);
                done(&mut self.files, &job, outcome, shell);
            }
        }
        self.start_jobs(shell);
    }

    /// Has the files looked at, and again in a second.
    pub fn look(&mut self, shell: &mut Shell) {
        let next = shell.now.mono + LIMITS.journal_sync;
        shell.timers.set(ShellTimer::JournalLook, next);
        if let Some(job) = self.files.look() {
            self.submit(job, shell);
        }
        self.start_jobs(shell);
    }

    /// Gives the workers what there is to do now. A job that no worker takes has failed.
    pub fn start_jobs(&mut self, shell: &mut Shell) {
        let live_bytes = shell.node.inspect().journal_status().live_bytes;
        while let Some(job) = self.files.next_job(shell.now.mono, live_bytes) {
            if !self.submit(job, shell) {
                return;
            }
        }
    }

    /// Gives a worker a job. False: it takes none.
    fn submit(&mut self, job: Job, shell: &mut Shell) -> bool {
        let submitted = self.workers[usize::from(job.is_long())].submit(job);
        if let Err(job) = &submitted {
            let busy = Err("the worker is busy".to_string());
            done(&mut self.files, job, busy, shell);
        }
        submitted.is_ok()
    }
}

fn done(files: &mut JournalFiles, job: &Job, outcome: Outcome, shell: &mut Shell) {
    if let Some(event) = files.done(job, outcome, shell.now.mono) {
        shell.tell(Event::Journal(event));
    }
}
