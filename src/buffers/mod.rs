//! Containers of bytes and deadlines. Pure: they know no socket, no clock and no protocol but
//! that a line ends with LF. Who fills them keeps them within the limits.

mod line;
mod outbox;
mod replies;
mod spares;
mod timers;

pub use line::{Line, LineBuffer};
pub use outbox::Outbox;
pub use replies::{ReplyQueue, Ticket};
pub use spares::BufferPool;
pub use timers::Timers;
