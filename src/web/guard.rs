//! The rules that say who may ask: the host that a request names, the password, and where a POST
//! comes from. Pure.
//!
//! A page of a stranger can make a browser send requests here. It cannot read the answers, unless
//! its own name leads to our address (DNS rebinding); so a name that is not ours is refused. It can
//! send forms; so a POST must be JSON, which a browser does not send across sites without asking
//! first, or come from our own page by the browser's word.

use std::net::{IpAddr, SocketAddr};

use ring::hmac;

use super::http::{Request, Response};

/// The rules.
pub struct Guard {
    /// The address that we listen on.
    address: SocketAddr,
    /// Names that somebody has given us, in small letters.
    names: Vec<String>,
    password: Option<Password>,
}

/// The password, by what a browser says to know it.
struct Password {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Guard {
    /// `names` are further names of this host.
    pub fn new(address: SocketAddr, names: &[String], password: Option<&[u8]>) -> Guard {
        Guard {
            address,
            names: names.iter().map(|it| it.to_ascii_lowercase()).collect(),
            password: password.map(Password::new),
        }
    }

    /// Why a request must not be answered, if it must not.
    pub fn refusal(&self, request: &Request) -> Option<Response> {
        let host = request.host.as_deref();
        if host.is_some_and(|host| !self.is_ours(host)) {
            let why = "this address is not known by that name; herd web --host NAME adds one";
            return Some(Response::error(421, why));
        }
        let password = self.password.as_ref();
        if password.is_some_and(|it| !it.is_known(request.authorization.as_deref())) {
            let realm = "Basic realm=\"herd\", charset=\"UTF-8\"";
            let why = "say the user name herd and the password of --password-file";
            return Some(Response::error(401, why).with("WWW-Authenticate", realm));
        }
        None
    }

    /// Why a POST must not be obeyed, if it must not.
    pub fn post_refusal(&self, request: &Request) -> Option<Response> {
        let origin = request.origin.as_deref();
        let is_same = request
            .fetch_site
            .as_deref()
            .map(|site| site == "same-origin");
        let is_ours = origin.map(|origin| self.is_our_origin(origin, request));
        let is_known = is_ours == Some(true) || is_same == Some(true) || is_json(request);
        if is_known && is_ours != Some(false) && is_same != Some(false) {
            return None;
        }
        let why = "a POST comes from our own page, or has Content-Type application/json";
        Some(Response::error(403, why))
    }

    /// Why a question that may cost money must not be asked, if it must not: a page of a stranger
    /// could name it as a picture, and a lookup at a service of places is paid for.
    pub fn lookup_refusal(&self, request: &Request) -> Option<Response> {
        let site = request.fetch_site.as_deref();
        let is_foreign = matches!(site, Some("cross-site" | "same-site"));
        let why = "a page of another site may not ask this";
        is_foreign.then(|| Response::error(403, why))
    }

    /// Whether a value of Host is a name of ours.
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = split(host);
        let name = name.to_ascii_lowercase();
        if self.names.contains(&name) {
            // A proxy in front of us may listen on another port.
            return true;
        }
        if port != Some(self.address.port()) {
            return false;
        }
        let literal = name.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            // An address in its place is no name that somebody could lead here.
            Ok(_) if self.address.ip().is_unspecified() => true,
            Ok(ip) => ip.to_canonical() == self.address.ip().to_canonical(),
            Err(_) => name == "localhost",
        }
    }

    /// Whether an origin is that of the page which we serve at the request's own host.
    fn is_our_origin(&self, origin: &str, request: &Request) -> bool {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| request.host.as_deref() == Some(host) && self.is_ours(host))
    }
}

/// A host and its port; 80 is not written.
fn split(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, Some(80)),
    }
}

/// Whether the body is JSON by its own word.
pub fn is_json(request: &Request) -> bool {
    let kind = request.content_type.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

impl Password {
    fn new(password: &[u8]) -> Password {
        // Comparing the tags of two texts takes the same time wherever they differ.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"herd web");
        let words = [b"herd:", password].concat();
        let tag = hmac::sign(&key, base64(&words).as_bytes());
        Password { key, tag }
    }

    fn is_known(&self, authorization: Option<&str>) -> bool {
        let said = authorization.and_then(|it| it.split_once(' '));
        let words = match said {
            Some((scheme, words)) if scheme.eq_ignore_ascii_case("Basic") => words.trim(),
            _ => "",
        };
        hmac::verify(&self.key, words.as_bytes(), self.tag.as_ref()).is_ok()
    }
}

/// Base64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > three.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str, password: Option<&[u8]>) -> Guard {
        Guard::new(address.parse().unwrap(), &["Herd.example".into()], password)
    }

    fn status(refusal: Option<Response>) -> u16 {
        refusal.map_or(200, |response| response.status)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for (address, host, want) in [
            ("127.0.0.1:12300", "127.0.0.1:12300", 200),
            ("127.0.0.1:12300", "localhost:12300", 200),
            ("127.0.0.1:12300", "LocalHost:12300", 200),
            ("127.0.0.1:12300", "herd.example", 200),
            ("127.0.0.1:12300", "HERD.example:443", 200),
            ("127.0.0.1:12300", "evil.example:12300", 421),
            ("127.0.0.1:12300", "localhost", 421),
            ("127.0.0.1:12300", "localhost:1", 421),
            ("127.0.0.1:12300", "127.0.0.2:12300", 421),
            ("127.0.0.1:12300", "127.0.0.1.evil.example:12300", 421),
            ("127.0.0.1:12300", "", 421),
            ("127.0.0.1:12300", ":12300", 421),
            ("127.0.0.1:80", "localhost", 200),
            ("[::1]:80", "[::1]", 200),
            ("[::1]:12300", "[::1]:12300", 200),
            ("0.0.0.0:12300", "192.0.2.7:12300", 200),
            ("[::]:12300", "[2001:db8::1]:12300", 200),
            ("0.0.0.0:12300", "evil.example:12300", 421),
        ] {
            let request = Request {
                host: Some(host.into()),
                ..Request::default()
            };
            let found = status(guard(address, None).refusal(&request));
            assert_eq!(found, want, "{host} at {address}");
        }
        // Only HTTP/1.0 has no host, and no browser speaks it.
        let found = guard("127.0.0.1:1", None).refusal(&Request::default());
        assert_eq!(found, None);
    }

    #[test]
    fn a_password_is_asked_for_and_known() {
        let guard = guard("127.0.0.1:80", Some(b"Aladdin opens it"));
        let right = base64(b"herd:Aladdin opens it");
        for (said, want) in [
            (Some(format!("Basic {right}")), 200),
            (Some(format!("basic  {right} ")), 200),
            (Some(format!("Bearer {right}")), 401),
            (
                Some(format!("Basic {}", base64(b"herd:Aladdin opens i"))),
                401,
            ),
            (
                Some(format!("Basic {}", base64(b"x:Aladdin opens it"))),
                401,
            ),
            (Some(right.clone()), 401),
            (Some("Basic".into()), 401),
            (Some(String::new()), 401),
            (None, 401),
        ] {
            let request = Request {
                authorization: said.clone(),
                ..Request::default()
            };
            assert_eq!(status(guard.refusal(&request)), want, "{said:?}");
        }
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, want) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), want);
        }
    }

    #[test]
    fn a_lookup_for_another_site_is_refused() {
        let guard = guard("127.0.0.1:12300", None);
        for (site, want) in [
            (None, 200),
            (Some("none"), 200),
            (Some("same-origin"), 200),
            (Some("same-site"), 403),
            (Some("cross-site"), 403),
        ] {
            let request = Request {
                fetch_site: site.map(String::from),
                ..Request::default()
            };
            assert_eq!(status(guard.lookup_refusal(&request)), want, "{site:?}");
        }
    }

    #[test]
    fn a_post_from_another_site_is_refused() {
        let guard = guard("127.0.0.1:12300", None);
        let form = "application/x-www-form-urlencoded";
        let (ours, evil) = (Some("http://localhost:12300"), Some("http://evil.example"));
        for (kind, origin, site, want) in [
            (form, ours, None, 200),
            (form, None, Some("same-origin"), 200),
            (form, ours, Some("same-origin"), 200),
            ("Application/JSON; charset=utf-8", None, None, 200),
            (form, None, None, 403),
            (form, evil, None, 403),
            (form, Some("null"), None, 403),
            (form, Some("http://127.0.0.1:12300"), None, 403),
            (form, None, Some("cross-site"), 403),
            (form, None, Some("same-site"), 403),
            ("application/json", evil, None, 403),
            ("application/json", None, Some("cross-site"), 403),
            ("text/plain; application/json", None, None, 403),
        ] {
            let request = Request {
                host: Some("localhost:12300".into()),
                content_type: Some(kind.into()),
                origin: origin.map(String::from),
                fetch_site: site.map(String::from),
                ..Request::default()
            };
            let found = status(guard.post_refusal(&request));
            assert_eq!(found, want, "{kind} {origin:?} {site:?}");
        }
    }
}
