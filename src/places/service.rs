//! A place service on the web: an HTTP agent, a base address and a key. It sends a request and
//! returns the text of the answer. It knows HTTP, and nothing of places.
//!
//! Every failure is a [`LookupError`] in our own words. The HTTP library's errors are never shown:
//! they may contain the address, and an address may contain the key.

use std::io;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Response, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Proxy};

use crate::limits::Limits;
use crate::node::LookupError;

use super::key::Key;

/// How long the steps of a lookup may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until the connection is open, with TLS and through a proxy if there is one.
    pub connect: Duration,
    /// From the start to the last byte of the answer, however slowly it arrives. By then the node
    /// has told the client that there is no answer, so that waiting longer would only block the
    /// worker.
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

/// A service's reply.
pub(super) struct Reply {
    /// The HTTP status code.
    pub(super) status: u16,
    /// The body.
    pub(super) text: String,
}

/// The error for a reply that is not an answer, by its HTTP status.
pub(super) fn no_places(http_status: u16) -> LookupError {
    failed(&match http_status {
        200 => "the place service sent something that is no list of places".into(),
        status => format!("the place service answered HTTP {status} and no places"),
    })
}

/// A place service.
pub(super) struct Service {
    agent: Agent,
    /// `scheme://host[:port][/prefix]` without a slash at its end.
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
        // The error does not repeat the address, which may contain a key.
        let (base, is_loopback) = checked(base_url).ok_or(
            "--places-url is no address; write it like http://127.0.0.1:8080 or \
             https://host/prefix",
        )?;
        // The library would use a proxy for 127.0.0.1, too, and no proxy can reach that for us.
        let proxy = if is_loopback {
            None
        } else {
            Proxy::try_from_env()
        };
        let config = Agent::config_builder()
            .proxy(proxy)
            // The body of an error says more than its status code.
            .http_status_as_error(false)
            // Following a redirect would send the key elsewhere.
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

    /// The base address without the key.
    pub(super) fn shown(&self) -> String {
        self.key.hide(&self.base).into_owned()
    }

    /// Sends a GET for `path_and_query`, which starts with a slash.
    pub(super) fn get(&self, path_and_query: &str) -> Result<Reply, LookupError> {
        let url = format!("{}{path_and_query}", self.base);
        Service::read(self.agent.get(url).call())
    }

    /// Sends a POST with a JSON body and further headers to `path`.
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
        let body = response.body_mut().with_config();
        // The library's limit is the first length that is refused.
        let body = body.limit(Limits::PRODUCT.answer_body as u64 + 1);
        let body = body.read_to_vec().map_err(Service::in_our_words)?;
        let text = String::from_utf8(body)
            .map_err(|_| failed("the place service sent text that is not UTF-8"))?;
        let status = response.status().as_u16();
        Ok(Reply { status, text })
    }

    fn in_our_words(error: ureq::Error) -> LookupError {
        use io::ErrorKind as Kind;
        failed(match error {
            ureq::Error::Timeout(_) => return LookupError::Late,
            ureq::Error::BodyExceedsLimit(_) => "the place service sent more than 5 MiB",
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
                // Errors of TLS arrive as errors of reading and writing.
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
