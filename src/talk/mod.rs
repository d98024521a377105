//! Talk with the servers' doors, for the tools that ask there: who is called at which address, and
//! how a conversation ends. The caller says what is said.
//!
//! A server's answer is a stranger's: its length is bounded.

mod call;
mod dialogue;

pub use call::{Call, Outcome, Talk};
pub use dialogue::{Dialogue, Refusal, Step};
