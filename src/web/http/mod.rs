//! HTTP/1.1 (RFC 9112) without sockets: requests out of bytes, answers into bytes, and the state of
//! a connection between the two. It knows no route and no herd.
//!
//! A stranger's bytes give a request or an answer that says what is wrong with them. One request at
//! a time is answered; those behind it wait in the input, whose length is bounded.

mod conn;
mod date;
mod fields;
mod output;
mod request;
mod response;

pub use conn::HttpConn;
pub use fields::{Fields, form, object};
pub use request::{Method, Request};
pub use response::{HTML, JSON, PROMETHEUS, Response, SCRIPT, STYLE, TEXT};
