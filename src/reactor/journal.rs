//! The journal's part in the loop: lines are appended at once, on this thread; what may wait for a
//! disk is done by workers. A merge has a worker of its own, so that no sync waits for it.

use std::io;

use super::pool::{Pool, Work};
use super::{EventLoop, LIMITS};
use crate::journal::{Done, Job, JournalFiles};
use crate::node::{Event, JournalEvent, JournalSize, JournalTask};
use crate::units::Mono;

/// The files, and the workers that wait for the disk.
pub(super) struct Journal {
    files: JournalFiles,
    worker: Pool<Disk>,
    merger: Pool<Disk>,
}

/// The workers' part.
struct Disk;

impl Work for Disk {
    type Job = Job;
    type Done = Done;

    fn run(&self, job: &Job) -> Done {
        job.run()
    }

    fn panicked(&self, job: &Job) -> Done {
        job.failed("a bug; the log of the server says more")
    }
}

impl Journal {
    /// Starts the workers. `wake` is called after each job.
    pub(super) fn start(
        files: JournalFiles,
        wake: impl Fn() + Clone + Send + Sync + 'static,
    ) -> io::Result<Journal> {
        let jobs = LIMITS.journal_jobs;
        Ok(Journal {
            files,
            worker: Pool::start("journal", 1, jobs, Disk, wake.clone())?,
            merger: Pool::start("merge", 1, jobs, Disk, wake)?,
        })
    }

    pub(super) fn size(&self) -> JournalSize {
        self.files.size()
    }

    /// Takes in what the workers have done.
    fn results(&mut self, now: Mono) -> Vec<JournalEvent> {
        let mut done = self.worker.results();
        done.append(&mut self.merger.results());
        let events = done.into_iter().map(|it| self.files.done(it, now));
        events.flatten().collect()
    }

    /// Gives the workers what there is to do now. One that takes nothing has failed.
    fn start_jobs(&mut self, now: Mono, live_bytes: u64) -> Option<JournalEvent> {
        while let Some(job) = self.files.next_job(now, live_bytes) {
            let pool = if job.is_long() {
                &self.merger
            } else {
                &self.worker
            };
            if let Err(job) = pool.submit(job) {
                return self.files.done(job.failed("the worker is busy"), now);
            }
        }
        None
    }
}

impl EventLoop {
    /// Does a task of the journal's, or has it done.
    pub(super) fn journal_task(&mut self, task: JournalTask) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        if task == JournalTask::Append {
            let event = journal.files.append(self.node.journal_text());
            self.node.handle(self.now, Event::Journal(event));
        } else {
            journal.files.ask(task);
        }
        self.start_journal_jobs();
    }

    /// Takes in what the journal's workers have done.
    pub(super) fn take_journal_results(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        for event in journal.results(self.now.mono) {
            self.node.handle(self.now, Event::Journal(event));
        }
        self.start_journal_jobs();
    }

    pub(super) fn start_journal_jobs(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let live_bytes = self.node.journal_status().live_bytes;
        if let Some(event) = journal.start_jobs(self.now.mono, live_bytes) {
            self.node.handle(self.now, Event::Journal(event));
        }
    }
}
