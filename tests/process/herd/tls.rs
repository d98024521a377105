//! Lookups over HTTPS through a real server: with an authority that it trusts, and with everything
//! that can be wrong. Each WHATSAT has its answer, and the log has the reason.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use super::iamat;
use super::support::herd::{Directory, Herd};
use super::support::tls::{Authority, Kind, TlsEndpoint};

const ANSWER: &str = r#"{"places":[{"id":"a","displayName":{"text":"Amoeba"}}]}"#;

/// A server that asks there, and trusts the authorities in a file, or the system's.
fn asker(url: &str, trusted: Option<&str>) -> Herd {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let server = &mut herd.servers[0];
    server.options = ["--places", "google", "--places-url", url]
        .map(String::from)
        .to_vec();
    server.variables = vec![("GOOGLE_MAPS_API_KEY".into(), "sesame".into())];
    if let Some(file) = trusted {
        server.variables.push(("SSL_CERT_FILE".into(), file.into()));
        server
            .variables
            .push(("SSL_CERT_DIR".into(), String::new()));
    }
    herd.start();
    herd
}

/// The server's clients are told, and its log says, that there is no secure connection, and why.
fn refuses(herd: &Herd, why: &str) {
    let server = &herd.servers[0];
    let at = server.client().ask(iamat("k"));
    let near = server.client().near("WHATSAT k 10 5\n");
    assert_eq!((&near.line, near.status().as_str()), (&at, "UNKNOWN_ERROR"));
    assert_eq!(near.parsed()["error_message"], why);
    let line = server.logged("failed after");
    assert!(line.contains("[WARN]") && line.ends_with(why), "{line}");
}

#[test]
fn a_certificate_of_a_trusted_authority_is_enough_and_no_other() {
    let directory = Directory::new();
    let file = directory.0.join("authority.pem").display().to_string();
    let authority = Authority::new();
    fs::write(&file, authority.pem()).unwrap();
    let endpoint = |kind| TlsEndpoint::start(authority.identity(kind), ANSWER);

    let right = endpoint(Kind::Right);
    let herd = asker(&right.url(), Some(&file));
    let server = &herd.servers[0];
    server.client().ask(iamat("k"));
    for _ in 0..2 {
        let near = server.client().near("WHATSAT k 10 5\n");
        assert_eq!(near.status(), "OK", "{}", near.json);
        assert!(near.json.contains("\"Amoeba\""), "{}", near.json);
    }

    let unknown = "no authority that this machine trusts has signed its certificate";
    for (kind, trusted, why) in [
        (Kind::Expired, Some(&file), "its certificate has expired"),
        (
            Kind::NotYet,
            Some(&file),
            "its certificate is not valid yet",
        ),
        (
            Kind::OtherName,
            Some(&file),
            "its certificate is for another name",
        ),
        (
            Kind::SelfSignedAuthority,
            Some(&file),
            "its certificate is not valid: CaUsedAsEndEntity",
        ),
        (Kind::SelfSigned, Some(&file), unknown),
        (Kind::Right, None, unknown),
    ] {
        let endpoint = endpoint(kind);
        let herd = asker(&endpoint.url(), trusted.map(String::as_str));
        let why = format!("there is no secure connection to the place service: {why}");
        refuses(&herd, &why);
    }
}

#[test]
fn a_service_that_does_not_speak_tls_or_hangs_in_the_handshake_is_no_service() {
    // The kernel makes connections to it, and nobody reads.
    let hanging = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}", hanging.local_addr().unwrap());
    refuses(
        &asker(&url, None),
        "the place service did not answer in time",
    );

    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}", other.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
        // Until the other side ends it, in whatever way.
        let _ = io::copy(&mut stream, &mut io::sink());
    });
    let why = "there is no secure connection to the place service: it does not speak TLS";
    refuses(&asker(&url, None), why);
    thread.join().unwrap();
}
