//! TLS to a place service: which authorities are trusted, and why there is no secure connection, in
//! our own words.

use std::sync::Arc;

use rustls::{CertificateError, Error};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Variables that name certificates in place of the system's.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Trusts the authorities that the environment names, or else those of the system, or else, on a
/// machine that has none, those in the program. An error if the environment names none: whoever set
/// the variable does not want others.
pub(super) fn config() -> Result<TlsConfig, String> {
    let found = rustls_native_certs::load_native_certs().certs;
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    if found.is_empty()
        && let Some(name) = VARIABLES.iter().find(|name| is_set(name))
    {
        return Err(format!(
            "{name} names no certificates that can be read; correct it, or unset it"
        ));
    }
    let certificate = |der: &_| Certificate::from_der(AsRef::<[u8]>::as_ref(der)).to_owned();
    let roots = match &found[..] {
        [] => RootCerts::WebPki,
        found => {
            let found: Vec<_> = found.iter().map(certificate).collect();
            RootCerts::Specific(Arc::new(found))
        }
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

/// A clause that says what is wrong with the other side.
pub(super) fn why(error: &Error) -> String {
    use CertificateError::*;
    let what = match error {
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => "its certificate has expired",
        Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
            "its certificate is not valid yet"
        }
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "its certificate is for another name"
        }
        Error::InvalidCertificate(UnknownIssuer) => {
            "no authority that this machine trusts has signed its certificate"
        }
        Error::InvalidCertificate(Other(why)) => {
            return format!("its certificate is not valid: {why}");
        }
        Error::InvalidCertificate(_) => "its certificate is not valid",
        Error::InvalidMessage(_) => "it does not speak TLS",
        _ => "the TLS handshake failed",
    };
    what.into()
}
