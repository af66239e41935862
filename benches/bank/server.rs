//! A bank for benchmarks: pages rendered from templates at memory speed, so that the program under test is the
//! bottleneck and not the bank. It serves what an export asks for and nothing else; for a bank that behaves (and
//! misbehaves) like the real one there is `powens-export sandbox`.
//!
//! Everything is a pure function of the arguments. A thread a connection; nothing is shared.
//!
//! ```text
//! bank [--users N] [--rows N] [--months N] [--night N] [--latency MS] [--port P]
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `server` | arguments, connections, requests |
//! | `world` | what is answered: lists and pages |
//! | `template` | a row's text with holes, and what fills them |
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a tool for developers: it may fail loudly"
)]

mod template;
mod world;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use world::Bank;

fn main() {
    let mut bank = Bank::default();
    let (mut latency, mut months) = (Duration::ZERO, 36);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value: u64 = arguments.next().and_then(|value| value.parse().ok()).unwrap();
        match name.as_str() {
            "--users" => bank.users = value,
            "--rows" => bank.rows = value,
            "--months" => months = value,
            "--night" => bank.night = value,
            "--latency" => latency = Duration::from_millis(value),
            "--port" => bank.port = u16::try_from(value).unwrap(),
            _ => panic!("no such argument: {name}"),
        }
    }
    bank.days = (months * 30).max(1);
    let listener = TcpListener::bind(("127.0.0.1", bank.port)).unwrap();
    bank.port = listener.local_addr().unwrap().port();
    println!("POWENS_BASE_URL=http://127.0.0.1:{}/2.0", bank.port);
    println!("POWENS_CLIENT_ID=16423094\nPOWENS_CLIENT_SECRET=secret\nPOWENS_USERS_TOKEN=users");
    std::io::stdout().flush().unwrap();
    let bank: &'static Bank = Box::leak(Box::new(bank));
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        // The client may leave whenever it likes.
        std::thread::spawn(move || drop(connection(stream, bank, latency)));
    }
}

/// Whether no request has come yet: for measuring how long a start takes.
static FIRST: AtomicBool = AtomicBool::new(true);

/// One request's line and body.
struct Request {
    method: String,
    target: String,
}

fn connection(stream: TcpStream, bank: &Bank, latency: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let (mut body, mut head) = (Vec::new(), Vec::new());
    while let Some(request) = read_request(&mut reader)? {
        if FIRST.swap(false, Ordering::Relaxed) {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            println!("FIRST_REQUEST={:.6}", now.as_secs_f64());
            std::io::stdout().flush()?;
        }
        if !latency.is_zero() {
            std::thread::sleep(latency);
        }
        body.clear();
        let status = bank.answer(&request.method, &request.target, &mut body);
        head.clear();
        write!(
            head,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nDate: {}\r\n\r\n",
            body.len(),
            bank.http_date()
        )?;
        writer.write_all(&head)?;
        writer.write_all(&body)?;
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { method, target }))
}
