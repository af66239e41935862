//! TLS: the server's identity is always verified, and nothing is sent before.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::super::{Api, ApiErrorKind, ExitClass};
use super::server::{PAGE, answer, config, users};

/// An authority that nobody trusts (its key was thrown away), its certificate for 127.0.0.1, and that one's key.
const AUTHORITY: &str = include_str!("authority.pem");
const CERTIFICATE: &str = include_str!("loopback.pem");
const KEY: &str = include_str!("loopback.key");

/// Serves one page to each connection over TLS; counts connections and requests.
fn serve() -> (u16, Arc<[AtomicU32; 2]>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let shared = Arc::clone(&counts);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            shared[0].fetch_add(1, Ordering::SeqCst);
            let mut socket = socket;
            let Ok(mut session) = rustls::ServerConnection::new(Arc::clone(&config)) else { return };
            let mut stream = rustls::Stream::new(&mut session, &mut socket);
            if stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                shared[1].fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(&answer("200 OK", "Content-Type: application/json\r\n", PAGE));
            }
        }
    });
    (port, counts)
}

#[tokio::test]
async fn fault_02_an_unknown_authority_is_refused_once() {
    let (port, counts) = serve();
    let api = Api::new(config(&format!("https://127.0.0.1:{port}/2.0"))).unwrap();
    let error = users(&api).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Tls(_)), "{error}");
    assert_eq!(error.exit_class(), ExitClass::Unavailable);
    assert_eq!((counts[0].load(Ordering::SeqCst), counts[1].load(Ordering::SeqCst)), (1, 0), "{error}");
}

#[tokio::test]
async fn fault_02_a_wrong_name_is_refused_even_from_a_known_authority() {
    let (port, counts) = serve();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), AUTHORITY).unwrap();
    let mut named = config(&format!("https://localhost:{port}/2.0"));
    named.ca_file = Some(file.path().to_owned());
    let error = users(&Api::new(named).unwrap()).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Tls(_)), "{error}");
    assert_eq!(counts[1].load(Ordering::SeqCst), 0);
    let mut right = config(&format!("https://127.0.0.1:{port}/2.0"));
    right.ca_file = Some(file.path().to_owned());
    users(&Api::new(right).unwrap()).await.unwrap();
}

#[tokio::test]
async fn fault_02_plain_http_behind_https_is_refused_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&connections);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            shared.fetch_add(1, Ordering::SeqCst);
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let api = Api::new(config(&format!("https://127.0.0.1:{port}/2.0"))).unwrap();
    let error = users(&api).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Tls(_)), "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}
