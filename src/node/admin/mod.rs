//! What operators see of a server, and how it ends.

mod inspect;
mod metrics;
pub mod shutdown;
pub mod status;

pub use inspect::Inspector;
pub use metrics::{ConnStats, Counters, Counts, LoopMetrics, Recent, Snapshot};
