//! The journal's part in the loop: lines are written at once, on this thread; what may wait for the
//! disk is done by one worker, in the order in which it was asked for.

use std::io;

use super::pool::{Pool, Work};
use super::{EventLoop, LIMITS};
use crate::journal::{Done, Job, JournalFiles};
use crate::node::{Event, JournalEvent, JournalTask};

/// The files, and who waits for the disk.
pub(super) struct Journal {
    keeper: JournalFiles,
    worker: Pool<Disk>,
}

/// What the worker does.
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
    /// Starts the worker. `wake` is called after each task.
    pub(super) fn start(
        keeper: JournalFiles,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Journal> {
        let worker = Pool::start("journal", 1, LIMITS.journal_jobs, Disk, wake)?;
        Ok(Journal { keeper, worker })
    }
}

impl EventLoop {
    /// Does a task of the journal's, or has it done.
    pub(super) fn keep(&mut self, task: JournalTask) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let event = match task {
            JournalTask::Append(book) => {
                let result = journal.keeper.append(book, self.shell.node.journal_text());
                JournalEvent::Wrote(book, result)
            }
            task => {
                let Some(job) = journal.keeper.job(task) else {
                    return;
                };
                match journal.worker.submit(job) {
                    Ok(()) => return,
                    Err(job) => journal.keeper.done(job.failed("the worker is busy")),
                }
            }
        };
        self.shell
            .node
            .handle(self.shell.now, Event::Journal(event));
    }

    /// Takes in what the worker has done.
    pub(super) fn take_kept(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        for done in journal.worker.results() {
            let event = journal.keeper.done(done);
            self.shell
                .node
                .handle(self.shell.now, Event::Journal(event));
        }
    }
}
