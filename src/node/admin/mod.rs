//! The view of a server for operators, and its end.

mod inspect;
mod lag;
mod metrics;
mod refusals;
pub mod shutdown;
pub mod status;

pub use inspect::Inspector;
pub use metrics::{ConnStats, Counters, Counts, LinkStats, LoopMetrics, Recent, Snapshot};
