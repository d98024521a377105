//! An answer, and its bytes.
//!
//! Every answer tells the browser to run, frame and keep nothing that is not ours, and to keep no
//! copy: what the herd knows changes each second, and is nobody else's.

use std::sync::Arc;

use serde_json::json;

use super::date::date;
use crate::units::Wall;

pub const HTML: &str = "text/html; charset=utf-8";
pub const STYLE: &str = "text/css; charset=utf-8";
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
pub const JSON: &str = "application/json";
pub const TEXT: &str = "text/plain; charset=utf-8";
/// Prometheus' text format.
pub const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Fields of each head. `script-src 'self'` and the like allow the files that we serve, and no
/// script in a page.
const ALWAYS: &str = "Content-Security-Policy: default-src 'none'; style-src 'self'; \
    script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    Cache-Control: no-store\r\n";

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    kind: &'static str,
    body: Arc<[u8]>,
    /// A further field of the head, with its CRLF.
    field: String,
}

impl Response {
    pub fn new(status: u16, kind: &'static str, body: impl Into<Arc<[u8]>>) -> Response {
        Response {
            status,
            kind,
            body: body.into(),
            field: String::new(),
        }
    }

    /// A refusal with its reason, for a person: `{"error":"…"}`.
    pub fn error(status: u16, why: &str) -> Response {
        let body = json!({ "error": why }).to_string() + "\n";
        Response::new(status, JSON, body.into_bytes())
    }

    /// The same with a further field of the head. `value` is ours, and has no CR or LF.
    pub fn with(self, name: &str, value: &str) -> Response {
        Response {
            field: format!("{}{name}: {value}\r\n", self.field),
            ..self
        }
    }

    /// Its head, which says whether the connection stays open.
    pub(super) fn head(&self, keeps_open: bool, time: Wall) -> String {
        let length = format!("Content-Length: {}\r\n", self.body.len());
        self.head_with(&length, keeps_open, time)
    }

    /// The head of a body without an end.
    pub(super) fn endless_head(&self, time: Wall) -> String {
        self.head_with("", false, time)
    }

    fn head_with(&self, length: &str, keeps_open: bool, time: Wall) -> String {
        let (status, kind, field) = (self.status, self.kind, &self.field);
        let (words, connection) = (
            reason(status),
            if keeps_open { "keep-alive" } else { "close" },
        );
        let date = date(time);
        format!(
            "HTTP/1.1 {status} {words}\r\nDate: {date}\r\nContent-Type: {kind}\r\n{length}\
             {ALWAYS}{field}Connection: {connection}\r\n\r\n"
        )
    }

    pub(super) fn body(&self) -> Arc<[u8]> {
        Arc::clone(&self.body)
    }

    /// How many bytes its body has.
    pub fn len(&self) -> usize {
        self.body.len()
    }
}

/// The words of a status (RFC 9110).
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_what_the_browser_may_do() {
        let response = Response::error(405, "no").with("Allow", "GET, HEAD");
        let head = response.head(true, Wall(0));
        for line in [
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
            "\r\nContent-Length: 15\r\n",
            "\r\nAllow: GET, HEAD\r\nConnection: keep-alive\r\n\r\n",
            "\r\nX-Content-Type-Options: nosniff\r\n",
            "\r\nReferrer-Policy: no-referrer\r\n",
            "\r\nCache-Control: no-store\r\n",
            "\r\nContent-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; \
             connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'\r\n",
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
        assert!(
            response
                .head(false, Wall(0))
                .ends_with("\r\nConnection: close\r\n\r\n")
        );
        assert!(!response.endless_head(Wall(0)).contains("Content-Length"));
    }
}
