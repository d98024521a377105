//! Connections, whatever they are for: lines come in, replies go out, and connections end.

pub mod close;
mod deadlines;
pub mod input;
pub mod output;
mod session;
mod sessions;
mod settle;
pub mod timeouts;

pub use close::End;
pub use deadlines::Stamp;
pub use output::Waiting;
pub use session::{Challenge, Kind, Output, Phase, Purpose, Session};
pub use sessions::Sessions;
pub use settle::settle;
