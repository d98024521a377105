//! Waiting for something that will be so: look, pause, look again, and fail with a message once
//! patience is at its end. Nothing here waits for a time to pass.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it: many times what it should.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks; the machine is for those who are waited for.
const PAUSE: Duration = Duration::from_millis(1);

/// Waits until it is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || is_so().then_some(()));
}

/// Waits until there is something, and returns it.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(PAUSE);
    }
}
