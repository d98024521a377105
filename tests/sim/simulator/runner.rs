//! Many seeds, on all cores; the first that fails, with what it takes to see it again.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use super::shows::Shows;
use super::trace::Trace;
use super::words::described;
use super::{Failure, Plan, run};

/// The outcome of many seeds.
#[derive(Debug)]
pub struct Tally {
    /// How many ran.
    pub count: u64,
    /// All fingerprints as one number, whatever the order of the runs.
    pub fingerprint: u64,
    /// The lowest seed that failed.
    pub failure: Option<(u64, Failure)>,
}

/// Runs seeds 0 to `count` − 1.
pub fn run_all(count: u64) -> Tally {
    let (next, sum, ran) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let failed: Mutex<Option<(u64, Failure)>> = Mutex::new(None);
    let worker = || loop {
        let seed = next.fetch_add(1, Relaxed);
        if seed >= count {
            return;
        }
        ran.fetch_add(1, Relaxed);
        match run_caught(seed) {
            Ok(fingerprint) => drop(sum.fetch_add(fingerprint, Relaxed)),
            Err(failure) => {
                next.store(count, Relaxed);
                let mut failed = failed.lock().unwrap();
                if failed.as_ref().is_none_or(|(lowest, _)| seed < *lowest) {
                    *failed = Some((seed, failure));
                }
            }
        }
    };
    // A panic's message is part of the failure; said twice it would hide the rest.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(worker);
        }
    });
    panic::set_hook(hook);
    Tally {
        count: ran.into_inner(),
        fingerprint: sum.into_inner(),
        failure: failed.into_inner().unwrap(),
    }
}

/// Runs a seed and writes to `out` as much of it as `show` chooses.
///
/// # Errors
/// A word of `show` is unknown.
pub fn replay(
    seed: u64,
    show: Option<&str>,
    out: Box<dyn Write>,
) -> Result<Result<u64, Failure>, String> {
    let (shows, plan) = (Shows::of(show)?, Plan::of(seed));
    let trace = Trace::new(&plan.names, shows, &described(seed, &plan), out);
    Ok(run(seed, Some(trace)))
}

/// A panic of a node is a failure like any other.
fn run_caught(seed: u64) -> Result<u64, Failure> {
    let run = AssertUnwindSafe(|| run(seed, None));
    panic::catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Err(Failure {
            check: "panic",
            what: text.unwrap_or_default(),
        })
    })
}
