//! The journal's part in the loop: lines are appended at once, on this thread; workers do the jobs
//! that may wait for a disk. A merge has a worker of its own, so that no sync waits for it.

use std::io;

use super::LIMITS;
use super::pool::{Pool, Work};
use super::shell::Shell;
use crate::journal::{Done, Job, JournalFiles};
use crate::node::{Event, JournalSize, JournalTask};

/// The files, and the workers that wait for the disk.
pub struct Journal {
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
    ///
    /// # Errors
    /// When there is no room for another thread.
    pub fn start(
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

    /// The size of the files.
    pub fn size(&self) -> JournalSize {
        self.files.size()
    }

    /// Does a task of the node, or has a worker do it.
    pub fn task(&mut self, task: JournalTask, shell: &mut Shell) {
        if task == JournalTask::Append {
            let event = self.files.append(shell.node.journal_text());
            shell.tell(Event::Journal(event));
        } else {
            self.files.ask(task);
        }
        self.start_jobs(shell);
    }

    /// Takes in what the workers have done.
    pub fn take_results(&mut self, shell: &mut Shell) {
        let done = self.worker.results().into_iter();
        for done in done.chain(self.merger.results()) {
            if let Some(event) = self.files.done(done, shell.now.mono) {
                shell.tell(Event::Journal(event));
            }
        }
        self.start_jobs(shell);
    }

    /// Gives the workers what there is to do now. A job that no worker takes has failed.
    pub fn start_jobs(&mut self, shell: &mut Shell) {
        let live_bytes = shell.node.inspect().journal_status().live_bytes;
        while let Some(job) = self.files.next_job(shell.now.mono, live_bytes) {
            let pool = if job.is_long() {
                &self.merger
            } else {
                &self.worker
            };
            if let Err(job) = pool.submit(job) {
                let failed = job.failed("the worker is busy");
                if let Some(event) = self.files.done(failed, shell.now.mono) {
                    shell.tell(Event::Journal(event));
                }
                return;
            }
        }
    }
}
