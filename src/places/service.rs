//! A place service on the web: an HTTP agent, a base address and a key; and how its replies are
//! read. This file knows HTTP, and nothing of places.
//!
//! Every failure is a [`LookupError`] in our own words. The HTTP library's errors are never shown:
//! they may contain the address, and an address may contain the key.

use std::net::IpAddr;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Response, Uri};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Error, Proxy, ProxyProtocol};

use crate::limits::{LIMITS, Limits};
use crate::node::{LookupError, Refusal};
use crate::wire::json::{depth, without_blank_lines};

use super::key::Key;
use super::provider::Answer;
use super::tls;

/// A place service.
pub(super) struct Service {
    pub(super) agent: Agent,
    /// `scheme://host[:port][/prefix]` without a slash at its end.
    base: String,
    pub(super) key: Key,
    /// The environment names a SOCKS proxy. The library would pass it over and ask directly, which
    /// may be just what the proxy is to prevent.
    needs_socks: bool,
}

const SOCKS: &str = "the environment names a SOCKS proxy, and herd knows HTTP proxies only";

impl Service {
    /// A service at `base_url`. The error says what is wrong with it and what to write instead.
    pub(super) fn new(base_url: &str, key: Key, limits: &Limits) -> Result<Service, String> {
        let (base, is_loopback) = checked(base_url).ok_or_else(|| {
            let given = without_secrets(&key.hide(base_url));
            format!(
                "--places-url {given:?} is not an address; write it like http://127.0.0.1:8080 or \
                 https://host/prefix"
            )
        })?;
        // The library would use a proxy for 127.0.0.1, too, and no proxy can reach that for us.
        let proxy = Proxy::try_from_env().filter(|_| !is_loopback);
        let is_http = |it: &Proxy| {
            matches!(it.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
                || base.parse().is_ok_and(|uri| it.is_no_proxy(&uri))
        };
        let needs_socks = proxy.as_ref().is_some_and(|it| !is_http(it));
        // Loading certificates takes milliseconds. A proxy may want them, too.
        let is_https = base.as_bytes()[..6].eq_ignore_ascii_case(b"https:");
        let tls_config = match is_https || proxy.is_some() {
            true => tls::config()?,
            false => TlsConfig::default(),
        };
        let config = Agent::config_builder()
            .proxy(proxy)
            // The body of an error says more than its status code.
            .http_status_as_error(false)
            // Following a redirect would send the key elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Until the connection is open, with TLS and through a proxy if there is one.
            .timeout_connect(Some(Duration::from_nanos(limits.connect_wait)))
            // To the last byte of the answer, however slowly it arrives. By then the node has told
            // the client that there is no answer; waiting longer would only block the worker.
            .timeout_global(Some(Duration::from_nanos(limits.lookup_wait)))
            .max_response_header_size(limits.answer_head)
            .max_idle_connections(limits.workers)
            .max_idle_connections_per_host(limits.workers)
            .max_idle_age(Duration::from_nanos(limits.keep_alive))
            .tls_config(tls_config)
            .user_agent(concat!("herd/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::new(), OnThisThread::default());
        Ok(Service {
            agent,
            base,
            key,
            needs_socks,
        })
    }

    /// The address of `path`, which starts with a slash; or why nothing can be asked.
    pub(super) fn url(&self, path: &str) -> Result<String, LookupError> {
        match self.needs_socks {
            true => Err(failed(SOCKS)),
            false => Ok(format!("{}{path}", self.base)),
        }
    }

    /// The base address without the key, and whether it is asked at all.
    pub(super) fn shown(&self) -> String {
        let base = self.key.hide(&self.base);
        match self.needs_socks {
            true => format!("{base}, which is not asked: {SOCKS}"),
            false => base,
        }
    }
}

/// Reads the HTTP status and the text of a reply.
pub(super) fn read(reply: Result<Response<Body>, Error>) -> Result<(u16, String), LookupError> {
    let mut reply = reply.map_err(in_our_words)?;
    // The library's limit is the first length that is refused.
    let limit = LIMITS.answer_body as u64 + 1;
    let body = reply.body_mut().with_config().limit(limit).read_to_vec();
    let text = String::from_utf8(body.map_err(in_our_words)?)
        .map_err(|_| failed("the place service sent text that is not UTF-8"))?;
    Ok((reply.status().as_u16(), text))
}

/// The meaning of a service's text.
pub(super) struct Told {
    /// The text for a client.
    pub(super) text: String,
    /// Status and message, unless there is an answer.
    pub(super) refusal: Option<(String, String)>,
}

/// The answer to a client: what `told` makes of the service's text, without the key and without
/// blank lines. The error, if it makes nothing of it, goes by the HTTP status. Text that is nested
/// too deep is no answer, whatever part of it the client would get.
pub(super) fn answer(
    http_status: u16,
    text: &str,
    key: &Key,
    told: impl FnOnce(&str) -> Option<Told>,
) -> Answer {
    if depth(text) > LIMITS.answer_depth {
        return Err(failed(
            "the place service sent JSON that is nested too deep",
        ));
    }
    let Some(Told { text, refusal }) = told(text) else {
        return Err(failed(match http_status {
            200 => "the place service sent something that is no list of places".into(),
            status => format!("the place service answered HTTP {status} and no places"),
        }));
    };
    let text = without_blank_lines(key.hide(&text).as_bytes());
    match refusal {
        None => Ok(text),
        Some((status, message)) => Err(LookupError::Refused(Box::new(Refusal {
            status: key.hide(&status),
            message: key.hide(&message),
            text,
        }))),
    }
}

fn in_our_words(error: Error) -> LookupError {
    use std::io::ErrorKind::*;
    let insecure = |why: String| {
        let what = "there is no secure connection to the place service";
        failed(format!("{what}: {why}"))
    };
    failed(match error {
        Error::Timeout(_) => return LookupError::Late,
        Error::BodyExceedsLimit(_) => "the place service sent more than 5 MiB",
        Error::HostNotFound => "the place service's name was not found",
        Error::ConnectProxyFailed(_) => "the proxy would not reach the place service",
        Error::Rustls(error) => return insecure(tls::why(&error)),
        Error::Tls(_) | Error::TlsRequired => return insecure("TLS cannot be used".into()),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => {
            "the place service did not speak HTTP"
        }
        Error::Io(error) => match error.kind() {
            ConnectionRefused => "the place service refused the connection",
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => {
                "the place service closed the connection too early"
            }
            TimedOut => return LookupError::Late,
            // Errors of TLS arrive as errors of reading and writing.
            InvalidData => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                return insecure(inner.map_or("the TLS handshake failed".into(), tls::why));
            }
            _ => "the place service cannot be reached",
        },
        _ => "the place service could not be asked",
    })
}

fn failed(what: impl Into<String>) -> LookupError {
    LookupError::Failed(what.into())
}

/// The base address without slashes at its end, and whether it is on this machine. `None` if it is
/// not `http[s]://host[:port][/prefix]`. A user name and password are refused, because the address
/// is shown.
fn checked(url: &str) -> Option<(String, bool)> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let has_port = authority.as_str().len() > host.len();
    let is_right = matches!(uri.scheme_str(), Some("http" | "https"))
        && !authority.as_str().contains('@')
        && (!has_port || uri.port_u16().is_some_and(|port| port > 0))
        && uri.query().is_none()
        && !url.contains('#');
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_localhost = host.eq_ignore_ascii_case("localhost");
    let is_loopback = address.map_or(is_localhost, |address| address.is_loopback());
    is_right.then(|| (url.trim_end_matches('/').into(), is_loopback))
}

/// An address that is no good, with `***` in place of a user name and password, and of a query,
/// which may be another key.
fn without_secrets(url: &str) -> String {
    let (rest, end) = match url.find(['?', '#']) {
        Some(at) => (&url[..at], format!("{}***", &url[at..=at])),
        None => (url, String::new()),
    };
    let start = rest.find("://").map_or(0, |at| at + 3);
    match rest[start..].rfind('@') {
        Some(at) => format!("{}***{}{end}", &rest[..start], &rest[start + at..]),
        None => format!("{rest}{end}"),
    }
}

/// Resolves names on the worker's own thread.
///
/// If there is a time-out, the library's resolver starts a thread for each request and abandons it.
/// This one passes no time-out on: the system's own limits apply, and the time counts as part of
/// the whole. So `timeout_global`, the only time-out that a slow answer cannot extend, costs no
/// thread.
#[derive(Debug, Default)]
struct OnThisThread(DefaultResolver);

impl Resolver for OnThisThread {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.resolve(uri, config, NextTimeout::default());
        found.map_err(|error| match error {
            Error::Io(_) => Error::HostNotFound,
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_perhaps_more() {
        let check = |url: &str, want: Option<(&str, bool)>| {
            let want = want.map(|(base, is_loopback)| (base.to_string(), is_loopback));
            assert_eq!(checked(url), want, "{url}");
        };
        check("http://127.0.0.1:80", Some(("http://127.0.0.1:80", true)));
        check("http://[::1]:80/", Some(("http://[::1]:80", true)));
        check("https://LocalHost", Some(("https://LocalHost", true)));
        check("https://a.b/c/d//", Some(("https://a.b/c/d", false)));
        check("http://128.0.0.1", Some(("http://128.0.0.1", false)));
        for url in [
            "",
            "a.b",
            "127.0.0.1:80",
            "/path",
            "ftp://a.b",
            "http://",
            "http://:80",
            "http://a.b:0",
            "http://a.b:99999",
            "http://a.b:",
            "http://user:word@a.b",
            "http://a.b/?key=1",
            "http://a.b/#top",
            "http://a b",
        ] {
            check(url, None);
        }
    }

    #[test]
    fn an_address_that_is_no_good_is_repeated_without_its_secrets() {
        for (url, want) in [
            ("", ""),
            ("ftp://a.b", "ftp://a.b"),
            ("ftp://a.b?key=1#é", "ftp://a.b?***"),
            ("http://user:w@rd@a.b/#top", "http://***@a.b/#***"),
            ("user:word@a.b", "***@a.b"),
            ("é?", "é?***"),
        ] {
            assert_eq!(without_secrets(url), want);
        }
    }

    /// With no time left, the library's own resolver would ask another thread and not wait.
    #[test]
    fn names_are_resolved_without_another_thread() {
        let none_left = NextTimeout {
            after: ureq::unversioned::transport::time::Duration::from_secs(0),
            ..NextTimeout::default()
        };
        let uri = Uri::from_static("http://127.0.0.1:8080/");
        let found = OnThisThread::default().resolve(&uri, &Config::default(), none_left);
        let want: std::net::SocketAddr = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(found.unwrap().iter().collect::<Vec<_>>(), [&want]);
    }
}
