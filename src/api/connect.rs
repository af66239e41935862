//! The HTTP client underneath: what it may do and what it must not, and what its errors mean.
//!
//! No redirects, no cookies, no referer, no retries and no decoding of its own; HTTP/1.1; TLS 1.2 or later with the
//! system's certificate authorities and those of a file; the system's proxy by environment, but never for loopback.

use std::error::Error as _;
use std::io;
use std::path::Path;

use reqwest::{Certificate, Client, redirect, tls};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::breaker::Reach;
use super::config::ApiConfig;
use super::courier::{Failure, FailureClass};
use super::error::{ApiError, ApiErrorKind, Fault};
use super::stats::RetryKind;

/// Builds the client.
pub(super) fn client(config: &ApiConfig) -> Result<Client, ApiError> {
    // An error means that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .tls_version_min(tls::Version::TLS_1_2)
        .connect_timeout(config.timings.connect)
        .pool_idle_timeout(config.timings.keep_alive)
        .pool_max_idle_per_host(config.concurrency.get())
        .user_agent(&config.user_agent);
    if config.base_url.is_loopback() {
        builder = builder.no_proxy();
    }
    if config.base_url.as_str().starts_with("https:") {
        builder = builder.https_only(true);
        if let Some(file) = &config.ca_file {
            builder = builder.tls_certs_merge(authorities(file)?);
        }
    } else {
        if let Some(file) = &config.ca_file {
            authorities(file)?;
        }
        // Plain HTTP on loopback: reading the system's certificates would be work for nothing.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| ApiError::configuration(cause(&error)))
}

/// The certificates of a PEM file; a file without one is a mistake.
fn authorities(file: &Path) -> Result<Vec<Certificate>, ApiError> {
    let shown = file.display();
    let pem = std::fs::read(file).map_err(|error| {
        ApiError::configuration(format!(
            "the CA file {shown} cannot be read ({}): give a PEM file in POWENS_CA_FILE",
            error.kind()
        ))
    })?;
    // The client takes what it cannot read without a word, and finds out at the first connection.
    let mut roots = RootCertStore::empty();
    let usable =
        CertificateDer::pem_slice_iter(&pem).all(|found| found.is_ok_and(|der| roots.add(der).is_ok()));
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if usable && !certificates.is_empty() => Ok(certificates),
        Ok(certificates) if !certificates.is_empty() => Err(ApiError::configuration(format!(
            "the CA file {shown} holds something that is no certificate authority"
        ))),
        _ => Err(ApiError::configuration(format!("the CA file {shown} holds no PEM certificate"))),
    }
}

/// What an error before the answer's head means.
pub(super) fn classify(error: &reqwest::Error) -> Failure {
    let transient = |kind, reach, fault| {
        Failure::of(FailureClass::Transient(kind, reach), ApiErrorKind::Transport(fault))
    };
    if let Some(refused) = tls_refusal(error) {
        return Failure::of(FailureClass::Internal, ApiErrorKind::Tls(refused));
    }
    if error.is_builder() {
        return Failure::of(FailureClass::Internal, ApiErrorKind::Configuration(cause(error)));
    }
    if error.is_dns() || cause(error).starts_with("failed to lookup address") {
        return transient(RetryKind::Connect, Reach::Unconnected, Fault::Dns);
    }
    if error.is_connect() {
        return transient(RetryKind::Connect, Reach::Unconnected, Fault::Connect);
    }
    if error.is_timeout() {
        return transient(RetryKind::Timeout, Reach::Unanswered, Fault::Stalled);
    }
    if closed_early(error) {
        return Failure::of(FailureClass::Stale, ApiErrorKind::Transport(Fault::Closed));
    }
    // Something came, and it was no HTTP: too many headers, a garbled status line.
    Failure::of(
        FailureClass::Transient(RetryKind::Protocol, Reach::Unanswered),
        ApiErrorKind::Protocol(Fault::NotHttp),
    )
}

/// The innermost cause in the client's words, which hold neither URLs nor headers.
fn cause(error: &reqwest::Error) -> String {
    let text = chain(error).last().map_or_else(|| "no cause given".to_owned(), ToString::to_string);
    super::answer::redact(&text)
}

/// Whether TLS itself said no, as against a connection that broke under it.
fn tls_refusal(error: &reqwest::Error) -> Option<String> {
    chain(error)
        .find_map(|cause| cause.downcast_ref::<rustls::Error>())
        .map(|refused| super::answer::redact(&refused.to_string()))
}

fn closed_early(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    chain(error).any(|cause| match cause.downcast_ref::<io::Error>() {
        Some(io) => {
            matches!(
                io.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof
            )
        }
        None => {
            // hyper's own error has no public kind that its users' dependants could ask.
            let text = cause.to_string();
            text.starts_with("connection closed") || text.starts_with("operation was canceled")
        }
    })
}

/// The causes of an error, outermost first. What an `io::Error` wraps is one of them: its own `source` skips it.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
        Some(cause)
    })
}
