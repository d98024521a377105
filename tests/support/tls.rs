//! A place service behind TLS: an authority that this test made, certificates of all kinds from it,
//! and an endpoint on 127.0.0.1 that shows one and gives one answer to each request.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::endpoint::{head, read_request};

/// No connection keeps the endpoint from ending for longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// The kinds of certificates.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Right,
    Expired,
    NotYet,
    OtherName,
    SelfSigned,
    /// As `openssl req -x509` makes them: they are an authority, too.
    SelfSignedAuthority,
}

/// A certificate and its key.
pub struct Identity(CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    pub fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = "the authority of this test";
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Authority { issuer, pem }
    }

    /// The contents of a file for `SSL_CERT_FILE`.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A new certificate for an endpoint.
    pub fn identity(&self, kind: Kind) -> Identity {
        let name = match kind {
            Kind::OtherName => "other.example",
            _ => "127.0.0.1",
        };
        let mut params = CertificateParams::new([name.to_string()]).unwrap();
        match kind {
            Kind::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Kind::SelfSignedAuthority => {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }
            Kind::NotYet => params.not_before = date_time_ymd(4000, 1, 1),
            _ => {}
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match kind {
            Kind::SelfSigned | Kind::SelfSignedAuthority => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Identity(certificate.unwrap().der().clone(), key)
    }
}

/// The endpoint. It ends when it is dropped.
pub struct TlsEndpoint {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TlsEndpoint {
    /// One that gives the answer `body` to each request.
    pub fn start(Identity(certificate, key): Identity, body: &str) -> TlsEndpoint {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let config = ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let (config, body, flag) = (Arc::new(config), body.to_string(), is_over.clone());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                // An error of a connection is its end: the other side has its own view of it.
                let _ = stream.and_then(|stream| serve(stream, config.clone(), &body));
            }
        });
        TlsEndpoint {
            address,
            is_over,
            thread: Some(thread),
        }
    }

    /// The base address to give to a server: `https://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for TlsEndpoint {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, body: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    read_request(&mut reader, 0)?;
    let end = ("Connection".to_string(), "close".to_string());
    let mut stream = reader.into_inner();
    stream.write_all(&head(200, &[end], body.len()))?;
    stream.write_all(body.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.sock.shutdown(Shutdown::Write)
}
