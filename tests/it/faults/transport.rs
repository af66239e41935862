//! Rows 1–14: connections, framing, encodings, silence. A page is taken in whole or asked for again.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use powens_export::api::{BaseUrl, Timings};
use powens_export::export::RunConfig;
use powens_export::model::Reason;
use powens_export::sandbox::{Endpoint, Fault, On, Rule};

use super::scene::{Scene, impatient, small};

/// Answers that are cut, damaged or no answers, what a retry for each is called, and the row it belongs to.
pub(super) fn faults() -> Vec<(u32, Fault, &'static [&'static str])> {
    const BROKEN: &[&str] = &["broken", "stale_connection"];
    const PROTOCOL: &[&str] = &["protocol", "broken"];
    let wire = |text: &str| Fault::Wire(text.as_bytes().to_vec());
    vec![
        (4, Fault::ResetBeforeHeaders, BROKEN),
        (4, Fault::ResetMidBody(0), BROKEN),
        (4, Fault::ResetMidBody(100), BROKEN),
        (5, Fault::CutBody(0), BROKEN),
        (5, Fault::CutBody(100), BROKEN),
        (5, Fault::CutBody(usize::MAX), BROKEN),
        (6, Fault::ChunkedNoEnd(100), BROKEN),
        (6, Fault::ChunkedNoEnd(usize::MAX), BROKEN),
        (6, Fault::ChunkedBadSize, PROTOCOL),
        (7, Fault::Unframed(None), PROTOCOL),
        (7, Fault::Unframed(Some(100)), PROTOCOL),
        (8, Fault::LongerThanLength(1), PROTOCOL),
        (8, Fault::LongerThanLength(100), PROTOCOL),
        (9, Fault::GzipCut, PROTOCOL),
        (9, Fault::GzipBadCrc, PROTOCOL),
        (9, Fault::GzipLabel, PROTOCOL),
        (10, Fault::GzipTwoMembers, PROTOCOL),
        (10, Fault::GzipTail(b"\0".to_vec()), PROTOCOL),
        (10, Fault::GzipTail(b"junk".to_vec()), PROTOCOL),
        (12, Fault::GarbageStatus, PROTOCOL),
        (12, Fault::ManyHeaders(200), PROTOCOL),
        (12, wire("HTTP/1.1 OK\r\n\r\n"), PROTOCOL),
        (12, wire("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"), PROTOCOL),
        (12, wire("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), PROTOCOL),
        (12, wire("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"), PROTOCOL),
        (13, Fault::Html(200), PROTOCOL),
        (13, Fault::ContentType("text/html".to_owned()), PROTOCOL),
        (13, Fault::ContentType("text/plain".to_owned()), PROTOCOL),
        (13, Fault::Bom, PROTOCOL),
        (13, Fault::Utf16, PROTOCOL),
    ]
}

/// Each fault of these rows comes once, on a list of transactions.
fn heal(row: u32) {
    let scene = Scene::new(small());
    let calm = scene.calm();
    for (_, fault, kinds) in faults().into_iter().filter(|(of, ..)| *of == row) {
        scene.heals(&calm, Endpoint::Transactions, fault, kinds);
    }
}

/// The fault comes at every attempt for one user.
fn stay(fault: Fault, reason: Reason) {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let rule = |user| Rule::on(Endpoint::Transactions).user(user).always().fault(fault.clone());
    scene.fails_alone(&calm, rule, reason);
}

/// Answers that are whole in another way than usual are pages.
fn no_fault(fault: &Fault) {
    let scene = Scene::new(small());
    let calm = scene.calm();
    scene.inject(Rule::on(Endpoint::Transactions).always().fault(fault.clone()));
    let ended = scene.run("lake").whole();
    assert_eq!(ended.digests(), calm, "{fault:?}");
    let retries = &ended.manifest().requests.retries;
    // The bank closes the connection after such an answer. A request that meets the close costs no attempt; one that does
    // so twice in a row, on a busy machine, costs one.
    let of_closes = |kind: &String| ["stale_connection", "broken"].contains(&kind.as_str());
    assert!(retries.keys().all(of_closes), "{fault:?}: {retries:?}");
}

/// Counts connections to a port and says these bytes to each.
fn listener(says: &'static [u8]) -> (u16, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU32::new(0)));
    let counter = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(says);
        }
    });
    (port, count)
}

#[test]
fn fault_01_nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scene = Scene::new(small());
    let ended = scene.run_with("lake", |config| {
        config.api.base_url = BaseUrl::parse(&format!("http://127.0.0.1:{port}/2.0")).unwrap();
        config.api.timings = impatient();
    });
    assert_eq!((ended.exit, ended.manifest.is_some()), (69, false), "{}", ended.error);
    assert!(ended.error.contains("cannot be reached") && ended.error.contains("run the same command again"));
    assert!(ended.lines().iter().any(|line| line["message"] == "the API does not answer; all wait"));
}

#[test]
fn fault_02_a_server_that_speaks_no_tls_is_asked_once() {
    let (port, connections) = listener(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let scene = Scene::new(small());
    let ended = scene.run_with("lake", |config| {
        config.api.base_url = BaseUrl::parse(&format!("https://127.0.0.1:{port}/2.0")).unwrap();
    });
    assert_eq!((ended.exit, ended.manifest.is_some()), (69, false), "{}", ended.error);
    assert!(ended.error.contains("identity could not be verified"), "{}", ended.error);
    assert_eq!(connections.load(Ordering::SeqCst), 1, "no retry, no other way in");
}

#[test]
fn fault_03_an_idle_connection_was_closed() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    scene.inject(Rule::on(Endpoint::Connections).always().fault(Fault::CloseIdle));
    let ended = scene.run_with("lake", |config| config.api.concurrency = std::num::NonZeroUsize::MIN).whole();
    assert_eq!(ended.digests(), calm);
    let retries = &ended.manifest().requests.retries;
    assert!(retries.keys().all(|kind| kind == "stale_connection"), "{retries:?}");
}

#[test]
fn fault_04_resets() {
    heal(4);
    stay(Fault::ResetMidBody(100), Reason::Transport);
}

#[test]
fn fault_05_bodies_shorter_than_their_length() {
    heal(5);
    stay(Fault::CutBody(100), Reason::Transport);
}

#[test]
fn fault_06_chunks() {
    heal(6);
    no_fault(&Fault::Chunked);
}

#[test]
fn fault_07_bodies_without_framing() {
    heal(7);
    stay(Fault::Unframed(None), Reason::Transport);
}

#[test]
fn fault_08_bodies_longer_than_their_length() {
    heal(8);
    stay(Fault::LongerThanLength(1), Reason::Transport);
}

#[test]
fn fault_09_damaged_gzip() {
    heal(9);
    no_fault(&Fault::Gzip);
}

#[test]
fn fault_10_gzip_with_something_behind_it() {
    heal(10);
    stay(Fault::GzipTwoMembers, Reason::Transport);
}

#[test]
fn fault_11_silence_and_drips() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let faults = [
        Fault::StallBeforeHeaders,
        Fault::Stall(0),
        Fault::Stall(100),
        Fault::Drip(1, Duration::from_millis(40)),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        scene.bank.sandbox.clear_rules();
        scene.inject(Rule::on(Endpoint::Transactions).nth(2).fault(fault.clone()));
        let ended = scene.run_with(&format!("lake-{number}"), |config| {
            config.api.timings.idle_read = Duration::from_millis(700);
            config.api.timings.connect = Duration::from_millis(100);
            config.api.timings.slow_window = Duration::from_millis(700);
        });
        let ended = ended.whole();
        assert_eq!(ended.digests(), calm, "{fault:?}");
        // A busy machine may be silent for as long once more.
        assert!(ended.manifest().requests.retries.contains_key("timeout"), "{fault:?}");
    }
}

#[test]
fn fault_12_answers_that_are_no_http() {
    heal(12);
    no_fault(&Fault::HugeHeader(100_000));
    stay(Fault::GarbageStatus, Reason::Transport);
}

#[test]
fn fault_13_a_proxys_page_stands_for_the_apis() {
    heal(13);
    stay(Fault::Html(200), Reason::Undecodable);
    let scene = Scene::new(small());
    let calm = scene.calm();
    let page = |status| move || Rule::on(Endpoint::Users).always().fault(Fault::Html(status));
    scene.ends_run(&calm, page(200), 65, "is not JSON");
    scene.inject(page(200)());
    let ended = scene.run("lake");
    assert!(!ended.log.contains("DOCTYPE") && !ended.error.contains("DOCTYPE"), "a body is logged");
}

/// A network that can be cut: it carries connections to the bank until then.
struct Network {
    cut: Arc<AtomicBool>,
    carried: Arc<Mutex<Vec<TcpStream>>>,
    listening: JoinHandle<()>,
}

impl Network {
    /// Carries connections from a port (0: a free one) to the bank's.
    fn lay(port: u16, bank: &str) -> (u16, Self) {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, carried) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (is_cut, sockets, bank) = (Arc::clone(&cut), Arc::clone(&carried), bank.to_owned());
        let listening = std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if is_cut.load(Ordering::SeqCst) {
                    return;
                }
                let far = TcpStream::connect(&bank).unwrap();
                for (mut from, mut to) in
                    [(&near, &far), (&far, &near)].map(|(a, b)| (copy_of(a), copy_of(b)))
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                    });
                }
                sockets.lock().unwrap().extend([near, far]);
            }
        });
        (port, Self { cut, carried, listening })
    }

    /// Nothing gets through any more, and nobody listens.
    fn cut(self, port: u16) {
        self.cut.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", port));
        self.listening.join().unwrap();
        for socket in self.carried.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn copy_of(socket: &TcpStream) -> TcpStream {
    socket.try_clone().unwrap()
}

#[test]
fn fault_11_an_api_that_answers_nobody_any_more_is_gone_even_before_patience_ends() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    // Users come to the end of their attempts long before an outage counts as one.
    scene.inject(Rule::on(On::Any).after(8).always().fault(Fault::ResetBeforeHeaders));
    let ended = scene.run_with("lake", |config| {
        config.api.timings = Timings { outage_patience: Duration::from_secs(600), ..impatient() };
        config.api.limits.attempts = 2;
    });
    assert_eq!((ended.exit, ended.manifest.is_some()), (69, false), "{}\n{}", ended.error, ended.log);
    assert!(ended.error.contains("run the same command again later to resume"), "{}", ended.error);
    scene.bank.sandbox.clear_rules();
    assert_eq!(scene.run("lake").whole().digests(), calm);
}

#[test]
fn fault_14_the_network_is_gone_for_long_and_the_same_command_goes_on() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let whole = scene.bank.sandbox.request_count();
    let bank = scene.bank.sandbox.base_url().replace("http://", "").replace("/2.0", "");
    let (port, network) = Network::lay(0, &bank);
    let through = move |config: &mut RunConfig| {
        config.api.base_url = BaseUrl::parse(&format!("http://127.0.0.1:{port}/2.0")).unwrap();
        config.api.concurrency = std::num::NonZeroUsize::MIN;
        config.api.timings = impatient();
    };
    // Long enough for the network to be cut while the second user is fetched.
    scene.inject(Rule::on(On::Any).always().delay(Duration::from_millis(30)));
    let ended = std::thread::scope(|threads| {
        threads.spawn(|| {
            while scene.bank.sandbox.request_count() < whole + 10 {
                std::thread::sleep(Duration::from_millis(2));
            }
            network.cut(port);
        });
        scene.run_with("lake", through)
    });
    assert_eq!((ended.exit, ended.manifest.is_some()), (69, false), "{}\n{}", ended.error, ended.log);
    assert!(ended.error.contains("run the same command again"), "{}", ended.error);
    assert!(ended.lines().iter().any(|line| line["message"] == "the API does not answer; all wait"));

    scene.bank.sandbox.clear_rules();
    let before = scene.bank.sandbox.request_count();
    let (_, network) = Network::lay(port, &bank);
    let ended = scene.run_with("lake", through).whole();
    network.cut(port);
    assert_eq!(ended.digests(), calm);
    assert!(scene.bank.sandbox.request_count() - before < whole, "nothing of the interrupted run was used");
    assert_eq!(scene.bank.sandbox.tokens_left(), Vec::<i64>::new());
}
