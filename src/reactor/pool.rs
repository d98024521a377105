//! A few threads for work that blocks, behind a bounded queue.
//!
//! Rule 8: a worker publishes its result, then wakes the loop; the other way round the loop could
//! look too early and sleep through it. One wake is enough for all results that the loop has not
//! taken yet. A job that panics has an answer too, and its worker goes on.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The work of a pool's threads.
pub trait Work: Send + Sync + 'static {
    /// A question.
    type Job: Send;
    /// Its answer.
    type Done: Send;

    /// Answers it. This may block and may panic.
    fn run(&self, job: &Self::Job) -> Self::Done;

    /// The answer when `run` panicked.
    fn panicked(&self, job: &Self::Job) -> Self::Done;
}

/// The loop's side of a pool. The threads end with it, each after the job that it has begun.
pub struct Pool<W: Work> {
    shared: Arc<Shared<W>>,
}

struct Shared<W: Work> {
    work: W,
    wake: Box<dyn Fn() + Send + Sync>,
    queue: Mutex<Queue<W::Job>>,
    /// There is a job, or the pool is closed.
    changed: Condvar,
    done: Mutex<Vec<W::Done>>,
}

struct Queue<J> {
    jobs: VecDeque<J>,
    jobs_max: usize,
    closed: bool,
}

impl<W: Work> Pool<W> {
    /// Starts `workers` threads called `name-1` and so on. `wake` is called when there are results
    /// to take.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        name: &str,
        workers: usize,
        jobs_max: usize,
        work: W,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Pool<W>> {
        let queue = Queue {
            jobs: VecDeque::new(),
            jobs_max,
            closed: false,
        };
        let shared = Arc::new(Shared {
            work,
            wake: Box::new(wake),
            queue: Mutex::new(queue),
            changed: Condvar::new(),
            done: Mutex::new(Vec::new()),
        });
        // Made first, so that the threads end if one of them cannot be started.
        let pool = Pool { shared };
        for number in 1..=workers {
            let shared = Arc::clone(&pool.shared);
            let thread = thread::Builder::new().name(format!("{name}-{number}"));
            thread.spawn(move || shared.serve())?;
        }
        Ok(pool)
    }

    /// Queues a job.
    ///
    /// # Errors
    /// The job itself, when the queue is full.
    pub fn submit(&self, job: W::Job) -> Result<(), W::Job> {
        let mut queue = lock(&self.shared.queue);
        if queue.jobs.len() >= queue.jobs_max {
            return Err(job);
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Takes unwanted jobs out of the queue. One that a worker has begun goes on.
    pub fn forget(&self, is_unwanted: impl Fn(&W::Job) -> bool) {
        lock(&self.shared.queue)
            .jobs
            .retain(|job| !is_unwanted(job));
    }

    /// The results since the last call.
    pub fn results(&self) -> Vec<W::Done> {
        std::mem::take(&mut *lock(&self.shared.done))
    }
}

impl<W: Work> Drop for Pool<W> {
    fn drop(&mut self) {
        lock(&self.shared.queue).closed = true;
        self.shared.changed.notify_all();
    }
}

impl<W: Work> Shared<W> {
    /// The life of a worker.
    fn serve(&self) {
        while let Some(job) = self.next_job() {
            let done = catch_unwind(AssertUnwindSafe(|| self.work.run(&job)))
                .unwrap_or_else(|_| self.work.panicked(&job));
            if publish(&self.done, done) {
                (self.wake)();
            }
        }
    }

    fn next_job(&self) -> Option<W::Job> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Adds a result. True: it is the first since the loop took the last, which it must be told.
fn publish<T>(results: &Mutex<Vec<T>>, result: T) -> bool {
    let mut results = lock(results);
    results.push(result);
    results.len() == 1
}

/// No thread panics while it holds a lock, so a poisoned one is sound all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::mpsc;

    /// Waits for a permit per job, and panics over 13.
    struct Gate {
        permits: Mutex<mpsc::Receiver<()>>,
    }

    impl Work for Gate {
        type Job = u32;
        type Done = (u32, Result<String, ()>);

        fn run(&self, job: &u32) -> Self::Done {
            let _ = lock(&self.permits).recv();
            assert_ne!(*job, 13, "an unlucky job");
            (
                *job,
                Ok(thread::current().name().unwrap_or_default().to_string()),
            )
        }

        fn panicked(&self, job: &u32) -> Self::Done {
            (*job, Err(()))
        }
    }

    type Started = (Pool<Gate>, mpsc::Sender<()>, mpsc::Receiver<()>);

    fn start(workers: usize, jobs_max: usize) -> Started {
        let (permit, permits) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let gate = Gate {
            permits: Mutex::new(permits),
        };
        let wake = Mutex::new(wake);
        let pool = Pool::start("gate", workers, jobs_max, gate, move || {
            let _ = lock(&wake).send(());
        });
        (pool.unwrap(), permit, woken)
    }

    #[test]
    fn every_result_is_seen_after_a_wake() {
        let (pool, permit, woken) = start(2, 64);
        for job in 100..150 {
            pool.submit(job).unwrap();
            permit.send(()).unwrap();
        }
        let mut seen = BTreeSet::new();
        while seen.len() < 50 {
            woken.recv().unwrap();
            for (job, name) in pool.results() {
                assert!(name.unwrap().starts_with("gate-"));
                assert!(seen.insert(job));
            }
        }
    }

    #[test]
    fn a_result_is_published_before_the_wake() {
        let (permit, permits) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let (look, looked) = mpsc::channel::<()>();
        let gate = Gate {
            permits: Mutex::new(permits),
        };
        // The wake lasts until the loop has looked.
        let ends = Mutex::new((wake, looked));
        let pool = Pool::start("gate", 1, 64, gate, move || {
            let (wake, looked) = &*lock(&ends);
            let _ = wake.send(());
            let _ = looked.recv();
        });
        let pool = pool.unwrap();
        drop(permit);
        for job in 0..3 {
            pool.submit(job).unwrap();
            woken.recv().unwrap();
            assert_eq!(pool.results().len(), 1, "there is nothing to see yet");
            look.send(()).unwrap();
        }
    }

    #[test]
    fn one_wake_is_enough_for_all_results() {
        let (pool, permit, woken) = start(1, 64);
        drop(permit);
        let published = || lock(&pool.shared.done).len();
        for job in 0..4 {
            pool.submit(job).unwrap();
        }
        // When the worker has published the fourth, it has called all wakes of those before.
        while published() < 4 {
            thread::yield_now();
        }
        assert_eq!(woken.try_iter().count(), 1);
        assert_eq!(pool.results().len(), 4);
        pool.submit(4).unwrap();
        woken.recv().unwrap();
        assert_eq!(pool.results().len(), 1);
    }

    #[test]
    fn a_full_queue_hands_the_job_back() {
        let (pool, permit, woken) = start(1, 2);
        // One is with the worker once a place is free again.
        pool.submit(0).unwrap();
        while pool.submit(1).is_ok() {}
        assert_eq!(pool.submit(2), Err(2));
        pool.forget(|job| *job == 1);
        pool.submit(3).unwrap();
        drop(permit);
        let mut seen = BTreeSet::new();
        while !seen.contains(&3) {
            woken.recv().unwrap();
            seen.extend(pool.results().into_iter().map(|(job, _)| job));
        }
        assert!(seen.contains(&0) && !seen.contains(&2));
    }

    #[test]
    fn a_job_that_panics_has_an_answer_and_its_worker_goes_on() {
        let (pool, permit, woken) = start(1, 64);
        drop(permit);
        for job in [13, 14] {
            pool.submit(job).unwrap();
        }
        let mut seen = Vec::new();
        while seen.len() < 2 {
            woken.recv().unwrap();
            seen.extend(pool.results());
        }
        assert_eq!(seen, [(13, Err(())), (14, Ok("gate-1".to_string()))]);
    }
}
