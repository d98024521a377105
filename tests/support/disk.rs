//! The disk of one server, in memory: its journal, and the worker's task. It outlives processes.

use herd::node::{JournalEvent, JournalTask, Node, Replay};

/// A disk, with the worker's hands on it.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The files that a start finds: the lines of all segments, their first lines left out.
    pub text: Vec<u8>,
    /// How much of it outlives a loss of power.
    pub safe: usize,
    /// There is no room.
    pub full: bool,
    /// Nothing can be made safe, or made at all. A sync forgets what it could not write, and a
    /// check finds nothing where the journal was.
    pub broken: bool,
    /// The worker waits for it.
    pub hangs: bool,
    /// It hangs again when one thing more is done.
    pub once: bool,
    /// The worker's task, and how long the journal was when it was asked for.
    job: Option<(JournalTask, usize)>,
}

impl Disk {
    /// A process is gone, and its worker with it.
    pub fn abandon(&mut self) {
        self.job = None;
    }

    /// Has a node take in what is there.
    pub fn replay(&self, node: &mut Node) {
        for line in self.text.split(|&byte| byte == b'\n') {
            if !line.is_empty() {
                assert_eq!(Replay::take(node, line), Ok(()), "{}", line.escape_ascii());
            }
        }
        node.replayed();
    }

    /// A task. An append has its answer at once.
    pub fn take(&mut self, task: JournalTask, text: &[u8]) -> Option<JournalEvent> {
        if task != JournalTask::Append {
            assert!(self.job.is_none(), "two tasks for one worker: {task:?}");
            self.job = Some((task, self.text.len()));
            return None;
        }
        assert!(text.ends_with(b"\n"), "half a line");
        if self.full {
            return Some(JournalEvent::Wrote(Err("no room".to_string())));
        }
        self.text.extend_from_slice(text);
        Some(JournalEvent::Wrote(Ok(())))
    }

    /// The worker's task.
    pub fn job(&self) -> Option<JournalTask> {
        self.job.map(|(task, _)| task)
    }

    /// The worker has done its task.
    pub fn finish(&mut self) -> Option<JournalEvent> {
        let (task, length) = self.job.take_if(|_| !self.hangs)?;
        self.hangs = std::mem::take(&mut self.once);
        let broken = match self.broken {
            true => Err("the disk is broken".to_string()),
            false => Ok(()),
        };
        Some(match task {
            JournalTask::Append => unreachable!("it is done at once"),
            JournalTask::Sync => {
                match broken {
                    Ok(()) => self.safe = length,
                    // The kernel forgets what it could not write.
                    Err(_) => self.text.truncate(self.safe),
                }
                JournalEvent::Synced(broken)
            }
            JournalTask::Check => {
                if self.broken {
                    // Somebody has removed everything.
                    (self.text, self.safe) = (Vec::new(), 0);
                }
                JournalEvent::Synced(broken)
            }
            JournalTask::Restart if self.full => JournalEvent::Restarted(Err("no room".into())),
            JournalTask::Restart => JournalEvent::Restarted(broken),
        })
    }
}

/// A task, for a story.
pub fn describe(task: JournalTask, text: &[u8]) -> String {
    match task {
        JournalTask::Append => {
            let lines = text.iter().filter(|&&byte| byte == b'\n').count();
            format!("writes {lines} to journal")
        }
        task => format!("asks for {task:?}").to_lowercase(),
    }
}
