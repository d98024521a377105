//! A few threads for work that blocks, behind a bounded queue.
//!
//! Rule 8: a worker publishes its results, then wakes the loop; the other way round the loop could
//! look too early and sleep through it. One wake is enough for all results that the loop has not
//! taken yet. A job that panics comes back as well, without a result, and its worker goes on.
//!
//! In the other direction the loop hands over the jobs of a turn, then wakes one worker; none if
//! all are busy or one is already on its way. A worker that leaves jobs in the queue wakes the
//! next. The lock that guards jobs and results also guards the decision to wake, so the thread that
//! is woken sees them, and no other memory order is needed.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

/// Called when there are results to take.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The loop's side of a pool. The threads end with it, each after the jobs that it has taken.
pub struct Pool<J, R>(Arc<Shared<J, R>>);

/// The size of a pool.
#[derive(Clone, Copy)]
pub struct Size {
    pub workers: usize,
    /// The most jobs that wait for a worker.
    pub jobs_max: usize,
    /// The most jobs that a worker takes at a time. More than one are for short jobs only: those
    /// behind a slow one wait, though another worker may be idle.
    pub batch: usize,
}

struct Shared<J, R> {
    work: Box<dyn Fn(&J) -> R + Send + Sync>,
    wake: Wake,
    size: Size,
    state: Mutex<State<J, R>>,
    /// There is a job, or the pool is closed.
    changed: Condvar,
}

struct State<J, R> {
    queue: VecDeque<J>,
    /// Workers that wait for a job.
    idle: usize,
    /// One of them is woken, and has not come yet.
    is_called: bool,
    closed: bool,
    done: Vec<(J, Option<R>)>,
}

impl<J: Send + 'static, R: Send + 'static> Pool<J, R> {
    /// Starts threads called `name-1` and so on. `work` may block and may panic.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        name: &str,
        size: Size,
        work: impl Fn(&J) -> R + Send + Sync + 'static,
        wake: &Wake,
    ) -> io::Result<Pool<J, R>> {
        // Made first, so that the threads end if one of them cannot be started.
        let pool = Pool(Arc::new(Shared {
            work: Box::new(work),
            wake: Arc::clone(wake),
            size,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                idle: 0,
                is_called: false,
                closed: false,
                done: Vec::new(),
            }),
            changed: Condvar::new(),
        }));
        for number in 1..=size.workers {
            let shared = Arc::clone(&pool.0);
            let thread = thread::Builder::new().name(format!("{name}-{number}"));
            thread.spawn(move || shared.serve())?;
        }
        Ok(pool)
    }
}

impl<J, R> Pool<J, R> {
    /// Queues a job.
    ///
    /// # Errors
    /// The job itself, when the queue is full.
    pub fn submit(&self, job: J) -> Result<(), J> {
        let mut jobs = vec![job];
        self.submit_all(&mut jobs);
        jobs.pop().map_or(Ok(()), Err)
    }

    /// Queues jobs, in order. Jobs that find the queue full stay in `jobs`.
    pub fn submit_all(&self, jobs: &mut Vec<J>) {
        let mut state = self.0.lock();
        // An idle worker takes one at once.
        let room = (self.0.size.jobs_max + state.idle).saturating_sub(state.queue.len());
        state.queue.extend(jobs.drain(..room.min(jobs.len())));
        self.0.call_worker(state);
    }

    /// Takes unwanted jobs out of the queue. One that a worker has taken goes on.
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
        let (mut jobs, mut done) = (Vec::new(), Vec::new());
        while self.take_jobs(&mut jobs) {
            for job in jobs.drain(..) {
                let result = catch_unwind(AssertUnwindSafe(|| (self.work)(&job))).ok();
                done.push((job, result));
            }
            if self.publish(&mut done) {
                (self.wake)();
            }
        }
    }

    /// Waits for jobs, and takes a share of them. False: the pool is closed.
    fn take_jobs(&self, jobs: &mut Vec<J>) -> bool {
        let mut state = self.lock();
        while state.queue.is_empty() && !state.closed {
            state.idle += 1;
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
            state.is_called = false;
        }
        let share = share(state.queue.len(), self.size.batch);
        jobs.extend(state.queue.drain(..share));
        let is_open = !state.closed;
        self.call_worker(state);
        is_open
    }

    /// Wakes a worker if there is a job for it, unless none is idle, or one is already on its way
    /// and will look after the rest.
    fn call_worker(&self, mut state: MutexGuard<'_, State<J, R>>) {
        if state.needs_worker() {
            state.is_called = true;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Adds results. True: they are the first since the loop took the last, which it must be told.
    fn publish(&self, done: &mut Vec<(J, Option<R>)>) -> bool {
        let mut state = self.lock();
        let is_first = state.done.is_empty();
        state.done.append(done);
        is_first
    }

    /// No thread panics while it holds the lock, so a poisoned one is sound all the same.
    fn lock(&self) -> MutexGuard<'_, State<J, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J, R> State<J, R> {
    fn needs_worker(&self) -> bool {
        !self.queue.is_empty() && self.idle > 0 && !self.is_called
    }
}

/// How many of `count` jobs a worker takes: the same as each other that is needed for them, if
/// none takes more than `batch`. Fewer workers cost fewer wakes than more of them.
fn share(count: usize, batch: usize) -> usize {
    count.div_ceil(count.div_ceil(batch).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Duration;

    /// Nothing takes as long.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Workers, jobs that wait, and jobs in a batch.
    fn size(workers: usize, jobs_max: usize, batch: usize) -> Size {
        Size {
            workers,
            jobs_max,
            batch,
        }
    }

    fn start<R: Send + 'static>(
        size: Size,
        work: impl Fn(&u32) -> R + Send + Sync + 'static,
    ) -> (Pool<u32, R>, Receiver<()>) {
        let (wake, woken) = mpsc::channel();
        let wake: Wake = Arc::new(move || wake.send(()).unwrap_or(()));
        (Pool::start("gate", size, work, &wake).unwrap(), woken)
    }

    /// Each job waits for a permit, and 13 panics.
    fn gate() -> (Sender<()>, impl Fn(&u32) -> String + Send + Sync) {
        let (permit, permits) = mpsc::channel();
        let permits = Mutex::new(permits);
        let work = move |job: &u32| {
            let _ = permits.lock().unwrap().recv();
            assert_ne!(*job, 13, "an unlucky job");
            thread::current().name().unwrap_or_default().to_string()
        };
        (permit, work)
    }

    /// Takes results until there are `count`; their jobs.
    fn take<R>(pool: &Pool<u32, R>, woken: &Receiver<()>, count: usize) -> Vec<(u32, Option<R>)> {
        let mut seen = Vec::new();
        while seen.len() < count {
            woken.recv_timeout(PATIENCE).unwrap();
            seen.extend(pool.results());
        }
        seen
    }

    fn until_taken<R>(pool: &Pool<u32, R>) {
        while !pool.0.lock().queue.is_empty() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_result_is_published_before_the_wake() {
        let (wake, woken) = mpsc::channel();
        let (look, looked) = mpsc::channel::<()>();
        // The wake lasts until the loop has looked.
        let ends = Mutex::new((wake, looked));
        let wake: Wake = Arc::new(move || {
            let (wake, looked) = &*ends.lock().unwrap();
            let _ = wake.send(());
            let _ = looked.recv();
        });
        let pool = Pool::start("gate", size(1, 64, 1), |_: &u32| (), &wake).unwrap();
        for job in 0..3 {
            pool.submit(job).unwrap();
            woken.recv().unwrap();
            assert_eq!(pool.results().len(), 1, "there is nothing to see yet");
            look.send(()).unwrap();
        }
    }

    #[test]
    fn one_wake_is_enough_for_all_results() {
        let (pool, woken) = start(size(1, 64, 1), |_| ());
        let published = || pool.0.lock().done.len();
        pool.submit_all(&mut (0..4).collect());
        // When the worker has published the fourth, it has called all wakes of those before.
        while published() < 4 {
            thread::yield_now();
        }
        assert_eq!(woken.try_iter().count(), 1);
        assert_eq!(pool.results().len(), 4);
        pool.submit(4).unwrap();
        assert_eq!(take(&pool, &woken, 1).len(), 1);
    }

    #[test]
    fn a_full_queue_hands_the_job_back() {
        let (permit, work) = gate();
        let (pool, woken) = start(size(1, 2, 1), work);
        pool.submit(0).unwrap();
        until_taken(&pool);
        let mut jobs = vec![1, 1, 2];
        pool.submit_all(&mut jobs);
        assert_eq!((jobs, pool.submit(2)), (vec![2], Err(2)));
        pool.forget(|job| *job == 1);
        pool.submit(3).unwrap();
        drop(permit);
        let seen = take(&pool, &woken, 2);
        assert_eq!([seen[0].0, seen[1].0], [0, 3]);
    }

    #[test]
    fn a_job_that_panics_comes_back_and_its_worker_goes_on() {
        let (permit, work) = gate();
        let (pool, woken) = start(size(1, 64, 2), work);
        drop(permit);
        pool.submit_all(&mut vec![13, 14]);
        let seen = take(&pool, &woken, 2);
        assert_eq!(seen, [(13, None), (14, Some("gate-1".to_string()))]);
    }

    #[test]
    fn a_job_that_is_forgotten_is_never_begun() {
        let (permit, work) = gate();
        let (pool, woken) = start(size(1, 64, 1), work);
        pool.submit(0).unwrap();
        until_taken(&pool);
        // The unlucky one would come back.
        pool.submit_all(&mut vec![1, 13, 2, 13, 3]);
        pool.forget(|job| *job == 13);
        drop(permit);
        let seen = take(&pool, &woken, 4);
        assert_eq!(seen.iter().map(|it| it.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn a_share_is_as_large_as_that_of_each_other_worker() {
        for (count, batch, want) in [(0, 1, 0), (9, 1, 1), (16, 16, 16), (17, 16, 9)] {
            assert_eq!(share(count, batch), want, "{count} by {batch}");
        }
    }

    #[test]
    fn a_worker_is_woken_for_a_job_if_one_is_idle_and_none_is_on_its_way() {
        for (jobs, idle, is_called, want) in [
            (0, 1, false, false),
            (1, 0, false, false),
            (1, 1, true, false),
            (1, 1, false, true),
        ] {
            let state: State<u32, ()> = State {
                queue: (0..jobs).collect(),
                idle,
                is_called,
                closed: false,
                done: Vec::new(),
            };
            assert_eq!(state.needs_worker(), want, "{jobs} {idle} {is_called}");
        }
    }

    /// Each worker has one job at a time, and wakes the next one: all begin, though the loop has
    /// woken only one of them, and the job that hangs holds up none of those behind it.
    #[test]
    fn a_slow_job_holds_up_no_other() {
        let (permit, work) = gate();
        let work = move |job: &u32| if *job < 3 { work(job) } else { String::new() };
        let (pool, woken) = start(size(4, 64, 1), work);
        while pool.0.lock().idle < 4 {
            thread::yield_now();
        }
        pool.submit_all(&mut (0..20).collect());
        let seen = take(&pool, &woken, 17);
        assert!(seen.iter().all(|(job, _)| *job >= 3));
        drop(permit);
        take(&pool, &woken, 3);
    }

    #[test]
    fn a_batch_is_published_with_one_wake() {
        let (permit, work) = gate();
        let (pool, woken) = start(size(1, 64, 8), work);
        pool.submit_all(&mut (0..8).collect());
        for _ in 0..8 {
            assert!(woken.try_recv().is_err());
            permit.send(()).unwrap();
        }
        woken.recv_timeout(PATIENCE).unwrap();
        assert!(pool.results().iter().map(|it| it.0).eq(0..8));
    }

    /// Workers fall asleep while jobs come, and the loop while results come.
    #[test]
    fn no_wake_is_lost() {
        for batch in [1, 3] {
            let (pool, woken) = start(size(3, 1_000, batch), |job| *job);
            let (mut asked, mut answered) = (0, 0);
            for round in 0..5_000 {
                let next = asked + round % 8;
                pool.submit_all(&mut (asked..next).collect());
                asked = next;
                // Some rounds wait for all results, some for a few.
                let enough = if round % 3 == 0 { asked } else { answered + 1 };
                while answered < enough.min(asked) {
                    answered += take(&pool, &woken, 1).len() as u32;
                }
            }
        }
    }
}
