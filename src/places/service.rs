//! One place service on the web: an agent, its base address and its key; a request in, the text
//! of the answer out. It knows HTTP and nothing of places.
//!
//! Whatever goes wrong is a [`LookupError`] in our own words. The errors of the HTTP library are
//! never shown: they may hold the address, and an address may hold the key.

use std::io::{self, Read};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Response, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Proxy};

use crate::limits::Limits;
use crate::node::LookupError;

use super::key::Key;

/// The longest answer that is read.
const BODY_BYTES_MAX: usize = Limits::PRODUCT.answer_body;

/// How long a lookup may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until there is a connection, with TLS and through a proxy if there is one.
    pub connect: Duration,
    /// From the start to the last byte of the answer, however it drips. The node has told the
    /// client by then that there is no answer, so a longer wait would only hold the worker.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_nanos(Limits::PRODUCT.connect_wait),
            whole: Duration::from_nanos(Limits::PRODUCT.lookup_wait),
        }
    }
}

/// What a service said.
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) text: String,
}

/// The error for a reply that is no answer, by its HTTP status.
pub(super) fn no_places(http_status: u16) -> LookupError {
    failed(&match http_status {
        200 => "the place service sent something that is no list of places".into(),
        status => format!("the place service answered HTTP {status} and no places"),
    })
}

/// A place service.
pub(super) struct Service {
    agent: Agent,
    /// `scheme://host[:port][/prefix]`, without a slash at its end.
    base: String,
    key: Key,
}

impl Service {
    /// A service at `base_url`. The error says what is wrong with it and what to write instead.
    pub(super) fn new(
        base_url: &str,
        key: Key,
        workers: usize,
        timeouts: Timeouts,
    ) -> Result<Service, String> {
        // Not repeated: it may hold a key.
        let (base, is_loopback) = checked(base_url).ok_or(
            "--places-url is no address; write it like http://127.0.0.1:8080 or \
             https://host/prefix",
        )?;
        // The library applies proxy variables to 127.0.0.1 too; no proxy can reach that for us.
        let proxy = if is_loopback {
            None
        } else {
            Proxy::try_from_env()
        };
        let config = Agent::config_builder()
            .proxy(proxy)
            // The body of an error says more than its number.
            .http_status_as_error(false)
            // A redirect would carry the key elsewhere; it is no answer.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(timeouts.connect))
            .timeout_global(Some(timeouts.whole))
            .max_response_header_size(Limits::PRODUCT.answer_head)
            .max_idle_connections(workers)
            .max_idle_connections_per_host(workers)
            .max_idle_age(Duration::from_nanos(Limits::PRODUCT.keep_alive))
            .user_agent(concat!("herd/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Service {
            agent: Agent::with_parts(config, DefaultConnector::new(), OnThisThread::default()),
            base,
            key,
        })
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Where it asks, fit to be shown.
    pub(super) fn shown(&self) -> String {
        self.key.hide(&self.base).into_owned()
    }

    /// GETs `path_and_query`, which starts with a slash.
    pub(super) fn get(&self, path_and_query: &str) -> Result<Reply, LookupError> {
        let url = format!("{}{path_and_query}", self.base);
        Service::read(self.agent.get(url).call())
    }

    /// POSTs a JSON body to `path`, with further headers.
    pub(super) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Reply, LookupError> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Service::read(request.send(body))
    }

    fn read(response: Result<Response<Body>, ureq::Error>) -> Result<Reply, LookupError> {
        let mut response = response.map_err(Service::in_our_words)?;
        let mut body = Vec::new();
        response
            .body_mut()
            .as_reader()
            // One byte more, to tell an answer of just that length from a longer one.
            .take(BODY_BYTES_MAX as u64 + 1)
            .read_to_end(&mut body)
            .map_err(|error| Service::in_our_words(error.into()))?;
        if body.len() > BODY_BYTES_MAX {
            return Err(failed("the place service sent more than 5 MiB"));
        }
        let text = String::from_utf8(body)
            .map_err(|_| failed("the place service sent text that is not UTF-8"))?;
        let status = response.status().as_u16();
        Ok(Reply { status, text })
    }

    fn in_our_words(error: ureq::Error) -> LookupError {
        use io::ErrorKind as Kind;
        failed(match error {
            ureq::Error::Timeout(_) => return LookupError::Late,
            ureq::Error::HostNotFound => "the place service's name was not found",
            ureq::Error::ConnectProxyFailed(_) => "the proxy would not reach the place service",
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => {
                "there is no secure connection to the place service"
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                "the place service did not speak HTTP"
            }
            ureq::Error::Io(error) => match error.kind() {
                Kind::ConnectionRefused => "the place service refused the connection",
                Kind::UnexpectedEof
                | Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe => "the place service closed the connection too early",
                Kind::TimedOut => return LookupError::Late,
                // TLS speaks to us through errors of reading and writing.
                Kind::InvalidData => "there is no secure connection to the place service",
                _ => "the place service cannot be reached",
            },
            _ => "the place service could not be asked",
        })
    }
}

fn failed(what: &str) -> LookupError {
    LookupError::Failed(what.into())
}

/// The base address less the slashes at its end, and whether it is on this machine. `None` for
/// what is not `http[s]://host[:port][/prefix]`; a name and password there would be shown.
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
    is_right.then(|| (url.trim_end_matches('/').into(), is_loopback(host)))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Resolves names on the worker's own thread.
///
/// Given a time-out, the library's resolver starts a thread for each request and leaves it
/// behind. Ours gives it none: the system's own limits apply, and the time counts as part of the
/// whole. Only so is `timeout_global`, the one that a dripping answer cannot stretch, free.
#[derive(Debug, Default)]
struct OnThisThread(DefaultResolver);

impl Resolver for OnThisThread {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0
            .resolve(uri, config, NextTimeout::default())
            .map_err(|error| match error {
                ureq::Error::Io(_) => ureq::Error::HostNotFound,
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
