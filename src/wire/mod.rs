//! Text to values and back, as the protocol page says. Total functions: whatever a stranger
//! sends, the answer is a value, never a panic.

pub mod json;
