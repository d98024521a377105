//! The disk of one server, in memory: its journal, and what its worker is at. It outlives
//! processes.

use herd::node::{Book, JournalEvent, JournalTask, Node, WriteError};

/// What stands at the start of each file, for its length.
const HEAD: &[u8] = b"head\n";

/// A disk, with the worker's hands on it.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The journal, its first line left out.
    pub text: Vec<u8>,
    /// So much of it outlives a loss of power.
    pub safe: usize,
    /// The fresh file.
    fresh: Option<Vec<u8>>,
    /// The journal that was, once a fresh one has its name: it is lost with the process. The worker
    /// puts it in place as soon as it can, and says so as late as it can.
    unlinked: Option<Vec<u8>>,
    /// There is no room.
    pub full: bool,
    /// Nothing can be made safe, or made at all.
    pub broken: bool,
    /// The worker waits for it.
    pub hangs: bool,
    /// It hangs again when one thing more is done.
    pub once: bool,
    /// What the worker is to do, and how long the file was when it was asked to.
    job: Option<(JournalTask, usize)>,
}

impl Disk {
    /// A process is gone, and its worker with it.
    pub fn abandon(&mut self) {
        self.job = None;
        self.fresh = None;
        self.unlinked = None;
    }

    /// Has a node take in what is there.
    pub fn recall(&self, node: &mut Node) {
        for line in self.text.split(|&byte| byte == b'\n') {
            if !line.is_empty() {
                let kept = node.recall(&mut line.to_vec());
                assert_eq!(kept, Ok(()), "{}", line.escape_ascii());
            }
        }
        let lines = self.text.iter().filter(|&&byte| byte == b'\n').count();
        node.recalled(lines as u64, (HEAD.len() + self.text.len()) as u64, false);
    }

    /// A task. One that is the loop's own has its answer at once.
    pub fn take(&mut self, task: JournalTask, text: &[u8]) -> Option<JournalEvent> {
        let JournalTask::Append(book) = task else {
            assert!(self.job.is_none(), "two tasks for one worker: {task:?}");
            if task == JournalTask::Publish && !self.broken {
                let fresh = self.fresh.take().expect("a fresh file");
                self.unlinked = Some(std::mem::replace(&mut self.text, fresh));
                // It was made safe before it was renamed.
                self.safe = self.text.len();
            }
            self.job = Some((task, self.text.len()));
            return None;
        };
        assert!(text.is_empty() || text.ends_with(b"\n"), "half a line");
        let why = "no room".to_string();
        let result = match self.full {
            true => Err(WriteError { intact: true, why }),
            false => Ok(()),
        };
        if result.is_ok() {
            let file = match (book, &mut self.unlinked) {
                (Book::Journal, Some(unlinked)) => unlinked,
                (Book::Journal, None) | (Book::Fresh, Some(_)) => &mut self.text,
                (Book::Fresh, None) => self.fresh.as_mut().expect("a fresh file"),
            };
            file.extend_from_slice(text);
        }
        Some(JournalEvent::Wrote(book, result))
    }

    /// What the worker is at.
    pub fn job(&self) -> Option<JournalTask> {
        self.job.map(|(task, _)| task)
    }

    /// The worker has done it.
    pub fn finish(&mut self) -> Option<JournalEvent> {
        let (task, length) = self.job.take_if(|_| !self.hangs)?;
        self.hangs = std::mem::take(&mut self.once);
        let trouble = |intact| WriteError {
            intact,
            why: "the disk is broken".to_string(),
        };
        Some(match task {
            JournalTask::Append(_) => unreachable!("it is done at once"),
            JournalTask::Sync if self.broken => JournalEvent::Synced(Err(trouble(false))),
            JournalTask::Sync => {
                self.safe = length;
                JournalEvent::Synced(Ok(()))
            }
            JournalTask::Look => JournalEvent::Synced(Ok(())),
            JournalTask::Create if self.broken || self.full => {
                JournalEvent::Created(Err(trouble(true)))
            }
            JournalTask::Create => {
                self.fresh = Some(Vec::new());
                JournalEvent::Created(Ok(HEAD.len() as u64))
            }
            JournalTask::Publish => match self.unlinked.take() {
                None => JournalEvent::Published(Err(trouble(true))),
                Some(_) => {
                    self.safe = length;
                    JournalEvent::Published(Ok(()))
                }
            },
        })
    }
}

/// A task, for a story.
pub fn describe(task: JournalTask, text: &[u8]) -> String {
    match task {
        JournalTask::Append(book) => {
            let lines = text.iter().filter(|&&byte| byte == b'\n').count();
            format!("writes {lines} to {book:?}").to_lowercase()
        }
        task => format!("asks for {task:?}").to_lowercase(),
    }
}
