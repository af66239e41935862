//! What goes wrong, by class; and what a run must make of it.

use std::io::Write as _;
use std::time::Duration;

use fastrand::Rng;
use powens_export::sandbox::{Endpoint, Fault, NextLink, On, RetryAfter, Rule};

/// What must become of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Every user of the plan complete, exit 0: nothing went wrong, or all of it heals.
    Healed,
    /// This user is the only one who may be incomplete, and must be.
    OneLost(i64),
    /// Any user may be incomplete: data moved under the walk.
    Doubtful,
    /// Nothing is published; the exit code is this.
    Stopped(u8),
    /// As that, or the run was through before it happened.
    MayStop(u8),
    /// The API went away on the way: users are incomplete, or nothing is published and the next run goes on.
    Outage,
    /// Nothing is published with 130, or the run was through before.
    Cancelled,
    /// As `Stopped(4)`, if more than one of these users came to be asked for anything.
    ManyLost(Vec<i64>),
}

/// Refusals that nobody should outlast: who asks more often than that is found out, and does not ask for ever.
const STUBBORN: u64 = 200;

/// What is cut or followed by garbage; "no account" without its code is a request that is refused, or a server that is
/// busy.
const AS_NO_ACCOUNT: &[&str] = &["undecodable", "transport", "server_error", "request_refused"];

/// A class of faults, as the table of the report has it.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) class: &'static str,
    pub(super) rules: Vec<Ruling>,
    pub(super) fate: Fate,
    /// The pause that a 429 of this trouble asks for.
    pub(super) retry_after: Option<u64>,
    /// Silence must be waited out.
    pub(super) silent: bool,
    /// Why the one user who is lost may be said to be.
    pub(super) reasons: &'static [&'static str],
    /// The run is killed when its folder has its place and the pointer has not moved.
    pub(super) killed: bool,
}

/// A rule, as data: rules themselves cannot be cloned.
#[derive(Debug, Clone)]
pub(super) struct Ruling {
    pub(super) on: On,
    pub(super) user: Option<i64>,
    pub(super) skip: u64,
    pub(super) times: u64,
    pub(super) fault: Fault,
}

impl Ruling {
    pub(super) fn rule(&self) -> Rule {
        let rule = Rule::on(self.on.clone()).after(self.skip).times(self.times).fault(self.fault.clone());
        match self.user {
            Some(user) => rule.user(user),
            None => rule,
        }
    }
}

/// Faults of one answer that another attempt heals.
fn healing(rng: &mut Rng) -> (&'static str, Fault) {
    let cut = rng.usize(0..400);
    let length = cut + 1;
    match rng.u8(..38) {
        0 => ("connection closed after the answer", Fault::CloseIdle),
        1 => ("reset before headers", Fault::ResetBeforeHeaders),
        2 => ("reset in the body", Fault::ResetMidBody(cut)),
        3 | 4 => ("body shorter than its length", Fault::CutBody(cut)),
        5 => ("chunks without an end", Fault::ChunkedNoEnd(length)),
        6 => ("chunks of no size", Fault::ChunkedBadSize),
        7 => ("body without framing", Fault::Unframed(Some(cut))),
        8 => ("body without framing", Fault::Unframed(None)),
        9 => ("body longer than its length", Fault::LongerThanLength(length)),
        10 => ("gzip cut", Fault::GzipCut),
        11 => ("gzip checksum", Fault::GzipBadCrc),
        12 => ("gzip in name only", Fault::GzipLabel),
        13 => ("gzip with a tail", Fault::GzipTwoMembers),
        14 => ("gzip with a tail", Fault::GzipTail(b"tail".to_vec())),
        15 => ("no HTTP", Fault::GarbageStatus),
        16 => ("too many headers", Fault::ManyHeaders(200)),
        17 if rng.bool() => ("HTML instead of JSON", Fault::ContentType("text/html".to_owned())),
        17 => ("HTML instead of JSON", Fault::Html([200, 502, 503][rng.usize(..3)])),
        18 => ("byte order mark or UTF-16", Fault::Utf16),
        19 => ("byte order mark or UTF-16", Fault::Bom),
        20 | 21 => ("5xx, 408, 425", Fault::Status([500, 502, 503, 504, 408, 425][rng.usize(..6)])),
        22 => ("locked (409, 423)", Fault::Status([409, 423][rng.usize(..2)])),
        23 => ("error object under 200", Fault::ErrorObject),
        24 => ("empty body", Fault::Empty(200)),
        25 => ("206, 304 unasked", Fault::Partial),
        26 => ("206, 304 unasked", Fault::NotModified),
        27 => ("invalid UTF-8", Fault::InvalidUtf8),
        28 | 29 => ("garbage after the document", Fault::TrailingGarbage),
        30 => ("two documents", Fault::TwoDocuments),
        34 => ("invalid UTF-8", Fault::edit(spoiled)),
        35 => ("206, 304 unasked", Fault::Body(206, "application/json".to_owned(), NO_ROWS.into())),
        36 => ("body without framing", Fault::Wire(unframed(NO_ROWS))),
        37 => ("gzip with a tail", Fault::Wire(zipped_twice(NO_ROWS))),
        31 => ("429 without a time", Fault::TooManyRequests(RetryAfter::None)),
        32 => ("429 without a time", Fault::TooManyRequests(RetryAfter::Text("soon".to_owned()))),
        _ => ("429 without a time", Fault::TooManyRequests(RetryAfter::Html)),
    }
}

/// What an answer that is cut in the wrong place could look like: a page, and none of its rows.
const NO_ROWS: &str = r#"{"first_date": null, "last_date": null, "transactions": [], "accounts": [], "connections": [], "_links": {"prev": null, "next": null}}"#;

/// The body with a byte that is not UTF-8 in the first row's wording.
fn spoiled(mut body: Vec<u8>) -> Vec<u8> {
    const KEY: &[u8] = b"\"original_wording\": \"";
    if let Some(at) = body.windows(KEY.len()).position(|window| window == KEY) {
        body.insert(at + KEY.len(), 0xe9);
    }
    body
}

/// An answer that says neither how long it is nor where it ends.
fn unframed(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// An answer in two gzip members, of which the first is a page.
fn zipped_twice(body: &str) -> Vec<u8> {
    let member = |text: &str| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    };
    let zipped = [member(body), member("\n")].concat();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        zipped.len()
    );
    [head.into_bytes(), zipped].concat()
}

/// Oddities that are no faults.
fn harmless(rng: &mut Rng) -> Fault {
    match rng.u8(..4) {
        0 => Fault::Gzip,
        1 => Fault::Chunked,
        2 => Fault::SetCookie,
        _ => Fault::Drip(97, Duration::from_micros(200)),
    }
}

fn trouble(class: &'static str, fate: Fate, rules: Vec<Ruling>) -> Trouble {
    Trouble { class, rules, fate, retry_after: None, silent: false, reasons: &[], killed: false }
}

fn once(on: impl Into<On>, skip: u64, fault: Fault) -> Ruling {
    Ruling { on: on.into(), user: None, skip, times: 1, fault }
}

fn always(on: impl Into<On>, user: Option<i64>, fault: Fault) -> Ruling {
    Ruling { on: on.into(), user, skip: 0, times: u64::MAX, fault }
}

/// One trouble for a run over these users. `meaning`: the API's `total` and links can be held against each other.
pub(super) fn random(rng: &mut Rng, users: &[i64], meaning: bool) -> Trouble {
    match rng.u8(..27) {
        0..11 => heals(rng),
        11 => trouble("harmless oddities", Fate::Healed, vec![always(On::Any, None, harmless(rng))]),
        12 | 13 => throttled(rng),
        14 if rng.u8(..4) == 0 => stall(rng),
        14 | 15 => token_refused(rng),
        16..19 => poisoned(rng, users),
        19 | 22 => stops(rng, users),
        20 | 21 => Trouble { fate: Fate::Cancelled, ..trouble("cancelled", Fate::Cancelled, Vec::new()) },
        24 => Trouble { killed: true, ..trouble("killed before the pointer", Fate::Healed, Vec::new()) },
        25 => many_lost(rng, users),
        _ if meaning => misleading(rng),
        _ => heals(rng),
    }
}

/// A few faults of one class, spread over the run, no more than the attempts of one request.
fn heals(rng: &mut Rng) -> Trouble {
    let (class, fault) = healing(rng);
    // What is about rows is no use where there are none.
    let (on, until) = match &fault {
        Fault::Edit(_) | Fault::Body(..) | Fault::Wire(_) => (On::from(Endpoint::Transactions), 5),
        _ => (On::Any, 30),
    };
    let rules = (0..rng.usize(1..3)).map(|_| once(on.clone(), rng.u64(0..until), fault.clone())).collect();
    trouble(class, Fate::Healed, rules)
}

fn throttled(rng: &mut Rng) -> Trouble {
    let seconds = rng.u64(1..6);
    let fault = Fault::TooManyRequests(RetryAfter::Seconds(seconds));
    let rules = (0..rng.usize(1..4)).map(|_| once(On::Any, rng.u64(0..30), fault.clone())).collect();
    Trouble { retry_after: Some(seconds), ..trouble("429 with Retry-After", Fate::Healed, rules) }
}

fn stall(rng: &mut Rng) -> Trouble {
    let fault = if rng.bool() { Fault::Stall(rng.usize(0..200)) } else { Fault::StallBeforeHeaders };
    let rules = vec![once(On::Any, rng.u64(0..20), fault)];
    Trouble { silent: true, ..trouble("silence", Fate::Healed, rules) }
}

/// One 401: the token is renewed.
fn token_refused(rng: &mut Rng) -> Trouble {
    let on = [Endpoint::Connections, Endpoint::Accounts, Endpoint::Transactions][rng.usize(..3)];
    trouble("one 401", Fate::Healed, vec![once(on, rng.u64(0..6), Fault::Status(401))])
}

/// One user's answers are bad for ever.
fn poisoned(rng: &mut Rng, users: &[i64]) -> Trouble {
    let Some(user) = (!users.is_empty()).then(|| users[rng.usize(..users.len())]) else { return heals(rng) };
    let on = [Endpoint::Connections, Endpoint::Accounts, Endpoint::Transactions][rng.usize(..3)];
    let (class, fault, reasons): (_, _, &'static [&'static str]) = match rng.u8(..9) {
        0 => ("403 for one user", Fault::Status(403), &["forbidden"]),
        1 => ("404 for one user", Fault::Status(404), &["not_found"]),
        2 => ("401 for one user", Fault::Status(401), &["unauthorized"]),
        3 => ("5xx for one user", Fault::Status(500), &["server_error"]),
        4 => ("400 for one user", Fault::Code(400, "invalidValue".to_owned()), &["request_refused"]),
        5 => ("cut for one user, always", Fault::CutBody(9), AS_NO_ACCOUNT),
        6 => ("garbage for one user, always", Fault::TrailingGarbage, AS_NO_ACCOUNT),
        7 => ("206 for one user, always", Fault::Partial, &["transport"]),
        _ => {
            let (next, reasons): (_, &'static [&'static str]) = match rng.u8(..4) {
                0 => (NextLink::ForeignHost, &["next_refused"]),
                1 => (NextLink::OtherUser(user + 1), &["next_refused"]),
                2 => (NextLink::Itself, &["next_loop"]),
                _ => (
                    NextLink::To("https://example.org/2.0/users/1/transactions".to_owned()),
                    &["next_refused"],
                ),
            };
            let rules = vec![always(Endpoint::Transactions, Some(user), Fault::Next(next))];
            return Trouble { reasons, ..trouble("links elsewhere or back", Fate::OneLost(user), rules) };
        }
    };
    let rules = vec![Ruling { times: STUBBORN, ..always(on, Some(user), fault) }];
    Trouble { reasons, ..trouble(class, Fate::OneLost(user), rules) }
}

/// Two users' answers are bad for ever: too many to publish without them, however few there are.
fn many_lost(rng: &mut Rng, users: &[i64]) -> Trouble {
    let mut users = users.to_vec();
    rng.shuffle(&mut users);
    users.truncate(2);
    let fault = Fault::Status([403, 500][rng.usize(..2)]);
    let rules = users.iter().map(|user| always(Endpoint::Transactions, Some(*user), fault.clone())).collect();
    trouble("two users lost", Fate::ManyLost(users), rules)
}

/// What ends the run, whoever it happens to: from the start or on the way.
fn stops(rng: &mut Rng, users: &[i64]) -> Trouble {
    let skip = [0, rng.u64(1..25)][rng.usize(..2)];
    let from = |on: On, fault: Fault| vec![Ruling { skip, ..always(on, None, fault) }];
    let certain = |code: u8| if skip == 0 { Fate::Stopped(code) } else { Fate::MayStop(code) };
    match rng.u8(..8) {
        0 => trouble(
            "users token refused",
            Fate::Stopped(77),
            vec![always(Endpoint::Users, None, Fault::Status([401, 403][rng.usize(..2)]))],
        ),
        1 => trouble(
            "no token for anybody",
            Fate::Stopped(77),
            vec![always(Endpoint::Renew, None, Fault::Status([401, 403][rng.usize(..2)]))],
        ),
        2 | 3 => {
            let fault = if rng.bool() { Fault::RedirectAway(302) } else { Fault::RedirectHome(307) };
            trouble("redirect", certain(65), from(On::Any, fault))
        }
        4 => trouble("429 for ever", certain(69), from(On::Any, Fault::TooManyRequests(RetryAfter::None))),
        5 | 6 => {
            let fate = if skip == 0 { Fate::Stopped(69) } else { Fate::Outage };
            trouble("API gone", fate, from(On::Any, Fault::ResetBeforeHeaders))
        }
        _ => {
            let Some(user) = users.first() else { return heals(rng) };
            let fault =
                Fault::replace(&format!("\"id_user\": {user}"), &format!("\"id_user\": {}", user + 1));
            let on = [Endpoint::Accounts, Endpoint::Connections][rng.usize(..2)];
            trouble("another user's data", Fate::MayStop(65), vec![always(on, Some(*user), fault)])
        }
    }
}

/// Pages that say less than there is; only `total` tells.
fn misleading(rng: &mut Rng) -> Trouble {
    let (class, fault) = match rng.u8(..4) {
        0 => ("next link missing", Fault::Next(NextLink::Null)),
        1 => ("next link missing", Fault::Next(NextLink::Missing)),
        2 => ("links missing", Fault::Next(NextLink::NoLinks)),
        _ => ("page without its rows", Fault::EmptyPage),
    };
    trouble(class, Fate::Healed, vec![once(Endpoint::Transactions, rng.u64(0..5), fault)])
}
