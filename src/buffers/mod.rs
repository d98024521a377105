//! Containers of bytes and deadlines. They are pure: they know no socket and no clock, and of the
//! protocol only that a line ends with LF. Their owners keep them within the limits.

mod line;
mod outbox;
mod pool;
mod replies;
mod timers;

pub use line::{Line, LineBuffer};
pub use outbox::Outbox;
pub use pool::BufferPool;
pub use replies::{ReplyQueue, Ticket};
pub use timers::Timers;
