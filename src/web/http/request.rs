//! A request out of the bytes of a connection, or the answer that says what is wrong with them.

use httparse::{EMPTY_HEADER, Error, Header, Status};

use super::response::Response;
use crate::limits::LIMITS;

/// A whole request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// From its slash on, as it came: nothing in it is decoded or resolved.
    pub path: String,
    /// The bytes after `?`, as they came.
    pub query: String,
    /// The host that it was sent to.
    pub host: Option<String>,
    pub authorization: Option<String>,
    pub origin: Option<String>,
    /// The field Sec-Fetch-Site, which browsers set and pages cannot.
    pub fetch_site: Option<String>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// Whether the connection stays open after it.
    pub keeps_open: bool,
}

/// The method, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    /// A method that has a meaning, and none here.
    Other,
}

/// The bytes of a connection, read.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More must come.
    Incomplete,
    /// A request, and how many bytes it has.
    Whole(Box<Request>, usize),
    /// No request, and no way to find the next one.
    Wrong(Response),
}

/// Reads the request that `input` begins with.
pub fn parse(input: &[u8]) -> Parsed {
    read(input).unwrap_or_else(Parsed::Wrong)
}

fn read(input: &[u8]) -> Result<Parsed, Response> {
    let mut headers = [EMPTY_HEADER; LIMITS.web_fields];
    let mut head = httparse::Request::new(&mut headers);
    let seen = &input[..input.len().min(LIMITS.web_head)];
    let length = match head.parse(seen) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if input.len() < LIMITS.web_head => return Ok(Parsed::Incomplete),
        Ok(Status::Partial) => return Err(too_long(seen)),
        Err(error) => return Err(wrong(error)),
    };
    let fields = Head(head.headers);
    let method = method(head.method.unwrap_or_default())?;
    let body = fields.body_length(method)?;
    if input.len() < length + body {
        return Ok(Parsed::Incomplete);
    }
    let (authority, target) = split_target(head.path.unwrap_or_default())?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_newer = head.version == Some(1);
    let host = fields.one("host")?;
    if is_newer && host.is_none() {
        return Err(Response::error(400, "the field Host is missing"));
    }
    let request = Request {
        method,
        path: path.to_string(),
        query: query.to_string(),
        // The one in the target wins (RFC 9112, section 3.2.2).
        host: authority.map(String::from).or(host),
        authorization: fields.one("authorization")?,
        origin: fields.one("origin")?,
        fetch_site: fields.one("sec-fetch-site")?,
        content_type: fields.one("content-type")?,
        body: input[length..length + body].to_vec(),
        keeps_open: is_newer && !fields.says_close(),
    };
    Ok(Parsed::Whole(Box::new(request), length + body))
}

/// The fields of a head.
struct Head<'a>(&'a [Header<'a>]);

impl Head<'_> {
    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let all = self.0.iter();
        all.filter(move |it| it.name.eq_ignore_ascii_case(name))
            .map(|it| it.value)
    }

    /// The value of a field that may be there once.
    fn one(&self, name: &str) -> Result<Option<String>, Response> {
        let mut all = self.all(name);
        let (first, second) = (all.next(), all.next());
        if second.is_some() {
            let why = format!("the field {name} is there more than once");
            return Err(Response::error(400, &why));
        }
        let text = first.map(|value| String::from_utf8(value.to_vec()));
        let why = format!("the field {name} is not UTF-8");
        text.transpose().map_err(|_| Response::error(400, &why))
    }

    /// How many bytes the body has. One of unknown length is refused: where the next request begins
    /// must never be a matter of opinion.
    fn body_length(&self, method: Method) -> Result<usize, Response> {
        let length = self.one("content-length")?;
        if let Some(coding) = self.all("transfer-encoding").next() {
            return Err(match length {
                Some(_) => Response::error(400, "a body has a length or a coding, not both"),
                None if coding.eq_ignore_ascii_case(b"chunked") => {
                    Response::error(411, "a body needs Content-Length here, not chunks")
                }
                None => Response::error(501, "no transfer coding is known here"),
            });
        }
        if self.all("expect").next().is_some() {
            let why = "no expectation is met here; send the body at once";
            return Err(Response::error(417, why));
        }
        let Some(length) = length else {
            return match method {
                Method::Post => Err(Response::error(411, "a POST needs Content-Length")),
                _ => Ok(0),
            };
        };
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Response::error(400, "Content-Length is not a number"));
        }
        let most = LIMITS.web_body;
        // A number that is too long for us is too large, too.
        let length = length.parse().ok().filter(|length| *length <= most);
        length.ok_or_else(|| Response::error(413, &format!("a body has at most {most} bytes")))
    }

    fn says_close(&self) -> bool {
        let words = self
            .all("connection")
            .flat_map(|it| it.split(|byte| *byte == b','));
        let mut words = words.map(<[u8]>::trim_ascii);
        words.any(|word| word.eq_ignore_ascii_case(b"close"))
    }
}

fn method(name: &str) -> Result<Method, Response> {
    match name {
        "GET" => Ok(Method::Get),
        "HEAD" => Ok(Method::Head),
        "POST" => Ok(Method::Post),
        "PUT" | "DELETE" | "OPTIONS" | "PATCH" | "TRACE" | "CONNECT" => Ok(Method::Other),
        _ => Err(Response::error(501, "no such method is known here")),
    }
}

/// The host in a target, if it is a whole URL as for a proxy, and the target from its path on.
fn split_target(target: &str) -> Result<(Option<&str>, &str), Response> {
    if target.starts_with('/') {
        return Ok((None, target));
    }
    let Some(rest) = target.strip_prefix("http://") else {
        return Err(Response::error(400, "a target begins with a slash"));
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = if path.starts_with('/') { path } else { "/" };
    Ok((Some(authority), path))
}

/// The head is longer than it may be.
fn too_long(seen: &[u8]) -> Response {
    let most = LIMITS.web_head;
    match seen.contains(&b'\n') {
        true => Response::error(431, &format!("a head has at most {most} bytes")),
        false => Response::error(
            414,
            &format!("a target and its head have {most} bytes at most"),
        ),
    }
}

fn wrong(error: Error) -> Response {
    match error {
        Error::TooManyHeaders => {
            let most = LIMITS.web_fields;
            Response::error(431, &format!("a head has at most {most} fields"))
        }
        Error::Version => Response::error(505, "HTTP/1.1 is spoken here"),
        other => Response::error(400, &format!("no HTTP request: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "Host: h\r\n";

    fn status(text: &str) -> u16 {
        match parse(text.as_bytes()) {
            Parsed::Incomplete => 0,
            Parsed::Whole(..) => 200,
            Parsed::Wrong(response) => response.status,
        }
    }

    #[test]
    fn a_request_is_whole_at_its_last_byte() {
        let text = "POST /iamat?a=b%20c HTTP/1.1\r\nhOsT: h:1\r\nContent-Length: 3\r\n\
            Content-Type: application/json\r\nOrigin: http://h:1\r\n\
            Connection: x, Close\r\n\r\n{}\n";
        for end in 0..text.len() {
            assert_eq!(parse(&text.as_bytes()[..end]), Parsed::Incomplete, "{end}");
        }
        let more = format!("{text}GET / HTTP/1.1\r\n");
        let Parsed::Whole(request, length) = parse(more.as_bytes()) else {
            panic!("it is whole")
        };
        assert_eq!(length, text.len());
        let want = Request {
            method: Method::Post,
            path: "/iamat".into(),
            query: "a=b%20c".into(),
            host: Some("h:1".into()),
            origin: Some("http://h:1".into()),
            content_type: Some("application/json".into()),
            body: b"{}\n".to_vec(),
            ..Request::default()
        };
        assert_eq!(*request, want);
    }

    #[test]
    fn each_fault_has_its_status() {
        let long = "x".repeat(LIMITS.web_head);
        let field = format!("GET / HTTP/1.1\r\n{HOST}X: {long}");
        let many = format!("GET / HTTP/1.1\r\n{HOST}{}\r\n", "a: b\r\n".repeat(64));
        for (text, want) in [
            (&format!("GET / HTTP/1.1\r\n{HOST}\r\n")[..], 200),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
            ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("IAMAT kiwi +34.0-118.4 1\n", 505),
            ("\x16\x03\x01", 400),
            ("GET / HTTP/2.0\r\n\r\n", 505),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            (&format!("BREW / HTTP/1.1\r\n{HOST}\r\n"), 501),
            (&format!("GET /{long}"), 414),
            (&field, 431),
            (&many, 431),
        ] {
            assert_eq!(status(text), want, "{}", text.escape_debug());
        }
    }

    #[test]
    fn the_length_of_a_body_is_never_a_matter_of_opinion() {
        for (fields, want) in [
            ("", 411),
            ("Content-Length: 0", 200),
            ("Content-Length: 2", 0),
            ("Content-Length: 4097", 413),
            ("Content-Length: 99999999999999999999999", 413),
            ("Content-Length: +1", 400),
            ("Content-Length: 0x1", 400),
            ("Content-Length: 1, 1", 400),
            ("Content-Length:", 400),
            ("Content-Length: 0\r\nContent-Length: 0", 400),
            ("Transfer-Encoding: chunked", 411),
            ("Transfer-Encoding: gzip, chunked", 501),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0", 400),
            ("Content-Length: 1\r\nExpect: 100-continue", 417),
        ] {
            let break_ = if fields.is_empty() { "" } else { "\r\n" };
            let text = format!("POST / HTTP/1.1\r\n{HOST}{fields}{break_}\r\n");
            assert_eq!(status(&text), want, "{fields}");
        }
    }

    /// Words that mean something, in any order: no bytes make it panic, none are counted that are
    /// not there, and bytes that come later change nothing about a request that is whole.
    #[test]
    fn any_bytes_are_a_request_or_a_refusal() {
        const WORDS: &[&[u8]] = &[
            b"GET / HTTP/1.1\r\n",
            b"POST /iamat HTTP/1.1\r\n",
            b"HEAD http://h/x?y HTTP/1.0\r\n",
            b"Host: h\r\n",
            b"Content-Length: 4\r\n",
            b"Content-Length: 5000\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: close\r\n",
            b"Origin: \xff\r\n",
            b"\r\n",
            b"\n",
            b"{}{}",
            b"%00",
            b"\0",
            b":",
            b" ",
            b"\xff",
        ];
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as usize % below
        };
        let (mut whole, mut wrong) = (0, 0);
        for _ in 0..20_000 {
            let words = (0..random(8)).map(|_| WORDS[random(WORDS.len())]);
            let text = words.collect::<Vec<_>>().concat();
            match parse(&text) {
                Parsed::Whole(request, length) => {
                    assert!(length <= text.len());
                    let again = parse(&text[..length]);
                    assert_eq!(again, Parsed::Whole(request, length));
                    whole += 1;
                }
                Parsed::Wrong(response) => {
                    assert!((400..=505).contains(&response.status));
                    wrong += 1;
                }
                Parsed::Incomplete => {}
            }
        }
        assert!(whole > 100 && wrong > 100, "{whole} whole, {wrong} wrong");
    }

    #[test]
    fn a_target_is_not_resolved() {
        for (target, path, host) in [
            ("/a/../b", "/a/../b", "h"),
            ("/%2e%2e/x?y?z", "/%2e%2e/x", "h"),
            ("//evil/x", "//evil/x", "h"),
            ("http://evil:1/x", "/x", "evil:1"),
            ("http://evil", "/", "evil"),
        ] {
            let text = format!("GET {target} HTTP/1.1\r\n{HOST}\r\n");
            let Parsed::Whole(request, _) = parse(text.as_bytes()) else {
                panic!("{target}")
            };
            let found = (&request.path[..], request.host.as_deref().unwrap());
            assert_eq!(found, (path, host), "{target}");
        }
    }
}
