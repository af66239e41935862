//! A server that answers by script, byte for byte, right or wrong.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::{Api, ApiConfig, ApiError, Auth, BaseUrl, Endpoint, Response, Target, Timings};
use crate::model::{Secret, UserId};

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// These bytes; the connection stays.
    Send(Vec<u8>),
    /// These bytes, and the connection is closed.
    Close(Vec<u8>),
    /// These bytes, and the connection is reset.
    Reset(Vec<u8>),
    /// These bytes, and then silence.
    Stall(Vec<u8>),
    /// These bytes, and then one more each time, for ever.
    Drip(Vec<u8>, Duration),
    /// These bytes, and then blanks as fast as they are taken.
    Endless(Vec<u8>),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) head: String,
    pub(super) body: String,
}

#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers the requests with `script` in order, and every further one with `then`.
    pub(super) async fn start(script: Vec<Act>, then: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), then.clone(), Arc::clone(&log)));
            }
        });
        Self { port, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn config(&self) -> ApiConfig {
        config(&format!("http://127.0.0.1:{}/2.0", self.port))
    }

    pub(super) fn api(&self) -> Api {
        Api::new(self.config()).unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Mutex<VecDeque<Act>>>,
    then: Act,
    log: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(seen) = request(&mut stream).await {
        log.lock().unwrap().push(seen);
        let act = script.lock().unwrap().pop_front().unwrap_or_else(|| then.clone());
        let gone = match act {
            Act::Send(bytes) => stream.write_all(&bytes).await.is_err(),
            Act::Close(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                true
            }
            Act::Reset(bytes) => {
                let _ = stream.write_all(&bytes).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.set_zero_linger().unwrap();
                true
            }
            Act::Stall(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read(&mut [0; 1]).await;
                true
            }
            Act::Drip(bytes, every) => {
                let _ = stream.write_all(&bytes).await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(every).await;
                }
                true
            }
            Act::Endless(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let blanks = vec![b' '; 64 * 1024];
                while stream.write_all(&blanks).await.is_ok() {}
                true
            }
        };
        if gone {
            return;
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap();
                return Some(Seen { line: head.lines().next()?.to_owned(), head, body });
            }
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// Settings with all waits a hundredth; the deadlines stay long, so that a busy machine changes nothing.
pub(super) fn config(base_url: &str) -> ApiConfig {
    let mut config = ApiConfig::new(
        BaseUrl::parse(base_url).unwrap(),
        "81264403".to_owned(),
        Secret::new("cl1ent-s3cret".to_owned()),
        Secret::new("us3rs-t0ken".to_owned()),
    );
    let long = Duration::from_secs(60);
    config.timings = Timings { connect: long, idle_read: long, attempt: long, ..Timings::scaled(0.01) };
    config.concurrency = NonZeroUsize::new(4).unwrap();
    config.rate = "2000/s".parse().unwrap();
    config
}

/// A whole answer.
pub(super) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A whole JSON answer.
pub(super) fn json(status: &str, body: &str) -> Act {
    Act::Send(answer(status, "Content-Type: application/json\r\n", body))
}

pub(super) const PAGE: &str = r#"{"users":[{"id":1}],"total":1}"#;

/// A good page.
pub(super) fn good() -> Act {
    json("200 OK", PAGE)
}

/// The start of a 200 of JSON.
pub(super) fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n")
}

pub(super) fn user() -> UserId {
    UserId::new(4101).unwrap()
}

/// Asks for the users.
pub(super) async fn users(api: &Api) -> Result<Response, ApiError> {
    api.get(Auth::Users, &Target::users().with("limit", 1000), Endpoint::Users).await
}
