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

    /// Does a task of the node's, or has a worker do it.
    fn task(&mut self, task: JournalTask, text: &[u8]) -> Option<JournalEvent> {
        match task {
            JournalTask::Append => Some(self.files.append(text)),
            task => {
                self.files.ask(task);
                None
            }
        }
    }

    /// Takes in what the workers have done.
    fn results(&mut self, now: Mono) -> Vec<JournalEvent> {
        let mut done = self.worker.results();
        done.append(&mut self.merger.results());
        let events = done.into_iter().map(|it| self.files.done(it, now));
        events.flatten().collect()
    }

    /// Gives the workers what there is to do now. A job that they do not take has failed.
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
    pub(super) fn journal_task(&mut self, task: JournalTask) {
        if let Some(journal) = &mut self.journal {
            let event = journal.task(task, self.node.journal_text());
            self.tell_journal(event);
        }
    }

    pub(super) fn take_journal_results(&mut self) {
        if let Some(journal) = &mut self.journal {
            let events = journal.results(self.now.mono);
            self.tell_journal(events);
        }
    }

    /// Tells the node what became of its journal, and starts what there is to do then.
    pub(super) fn tell_journal(&mut self, events: impl IntoIterator<Item = JournalEvent>) {
        for event in events {
            self.node.handle(self.now, Event::Journal(event));
        }
        let live_bytes = self.node.journal_status().live_bytes;
        let journal = self.journal.as_mut();
        let failed = journal.and_then(|it| it.start_jobs(self.now.mono, live_bytes));
        if let Some(event) = failed {
            self.node.handle(self.now, Event::Journal(event));
        }
    }
}
