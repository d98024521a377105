//! A few threads for work that blocks, behind a bounded queue.
//!
//! Rule 8: a worker publishes its result, then wakes the loop; the other way round the loop could
//! look too early and sleep through it. One wake is enough for all results that the loop has not
//! taken yet. A job that panics comes back as well, without a result, and its worker goes on.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

/// Called when there are results to take.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The loop's side of a pool. The threads end with it, each after the job that it has begun.
pub struct Pool<J, R>(Arc<Shared<J, R>>);

struct Shared<J, R> {
    work: Box<dyn Fn(&J) -> R + Send + Sync>,
    wake: Wake,
    jobs_max: usize,
    state: Mutex<State<J, R>>,
    /// There is a job, or the pool is closed.
    changed: Condvar,
}

struct State<J, R> {
    queue: VecDeque<J>,
    closed: bool,
    done: Vec<(J, Option<R>)>,
}

impl<J: Send + 'static, R: Send + 'static> Pool<J, R> {
    /// Starts `workers` threads called `name-1` and so on. `work` may block and may panic.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        name: &str,
        workers: usize,
        jobs_max: usize,
        work: impl Fn(&J) -> R + Send + Sync + 'static,
        wake: &Wake,
    ) -> io::Result<Pool<J, R>> {
        // Made first, so that the threads end if one of them cannot be started.
        let pool = Pool(Arc::new(Shared {
            work: Box::new(work),
            wake: Arc::clone(wake),
            jobs_max,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                closed: false,
                done: Vec::new(),
            }),
            changed: Condvar::new(),
        }));
        for number in 1..=workers {
            let shared = Arc::clone(&pool.0);
            let thread = thread::Builder::new().name(format!("{name}-{number}"));
            thread.spawn(move || shared.serve()).map_err(no_thread)?;
        }
        Ok(pool)
    }
}

/// The error of a thread or a process that cannot be started (clone(2)), with what to do.
pub fn no_thread(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::other(format!(
            "no thread or process more may be started ({error}); raise TasksMax= of the service, \
             pids.max of the control group, or RLIMIT_NPROC (ulimit -u)"
        )),
        _ => error,
    }
}

impl<J, R> Pool<J, R> {
    /// Queues a job.
    ///
    /// # Errors
    /// The job itself, when the queue is full.
    pub fn submit(&self, job: J) -> Result<(), J> {
        let mut state = self.0.lock();
        if state.queue.len() >= self.0.jobs_max {
            return Err(job);
        }
        state.queue.push_back(job);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }

    /// Takes unwanted jobs out of the queue. One that a worker has begun goes on.
    pub fn forget(&self, is_unwanted: impl Fn(&J) -> bool) {
        self.0.lock().queue.retain(|job| !is_unwanted(job));
    }

    /// The jobs that were done since the last call, with their results; none: it panicked.
    pub fn results(&self) -> Vec<(J, Option<R>)> {
        std::mem::take(&mut self.0.lock().done)
    }
}

impl<J, R> Drop for Pool<J, R> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl<J, R> Shared<J, R> {
    /// The life of a worker.
    fn serve(&self) {
        while let Some(job) = self.next_job() {
            let result = catch_unwind(AssertUnwindSafe(|| (self.work)(&job))).ok();
            if self.publish(job, result) {
                (self.wake)();
            }
        }
    }

    fn next_job(&self) -> Option<J> {
        let is_idle = |state: &mut State<J, R>| state.queue.is_empty() && !state.closed;
        let waited = self.changed.wait_while(self.lock(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.queue.pop_front()
    }

    /// Adds a result. True: it is the first since the loop took the last, which it must be told.
    fn publish(&self, job: J, result: Option<R>) -> bool {
        let mut state = self.lock();
        state.done.push((job, result));
        state.done.len() == 1
    }

    /// No thread panics while it holds the lock, so a poisoned one is sound all the same.
    fn lock(&self) -> MutexGuard<'_, State<J, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::mpsc;

    type Gate = Pool<u32, String>;
    type Started = (Gate, mpsc::Sender<()>, mpsc::Receiver<()>);

    /// Each job waits for a permit, and 13 panics.
    fn start(workers: usize, jobs_max: usize) -> Started {
        let (wake, woken) = mpsc::channel();
        let (pool, permit) = gate(workers, jobs_max, move || wake.send(()).unwrap_or(()));
        (pool, permit, woken)
    }

    fn gate(
        workers: usize,
        jobs_max: usize,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> (Gate, mpsc::Sender<()>) {
        let (permit, permits) = mpsc::channel();
        let permits = Mutex::new(permits);
        let work = move |job: &u32| {
            let _ = permits.lock().unwrap().recv();
            assert_ne!(*job, 13, "an unlucky job");
            thread::current().name().unwrap_or_default().to_string()
        };
        let wake: Wake = Arc::new(wake);
        let pool = Pool::start("gate", workers, jobs_max, work, &wake);
        (pool.unwrap(), permit)
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
        let (wake, woken) = mpsc::channel();
        let (look, looked) = mpsc::channel::<()>();
        // The wake lasts until the loop has looked.
        let ends = Mutex::new((wake, looked));
        let (pool, permit) = gate(1, 64, move || {
            let (wake, looked) = &*ends.lock().unwrap();
            let _ = wake.send(());
            let _ = looked.recv();
        });
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
        let published = || pool.0.lock().done.len();
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
    fn a_job_that_panics_comes_back_and_its_worker_goes_on() {
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
        assert_eq!(seen, [(13, None), (14, Some("gate-1".to_string()))]);
    }
}
