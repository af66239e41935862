//! Rows 98–104: a server that means harm, or somebody between it and us.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use powens_export::encode::CsvProfile;
use powens_export::export::Formats;
use powens_export::model::Reason;
use powens_export::sandbox::{Endpoint, Fault, NextLink, On, RetryAfter, Rule};
use powens_export::table::Table;

use super::scene::{Scene, paged, small};

/// Next links that lead elsewhere. `{origin}` is the API's, `{host}` its host and port, `{user}` the user asked for.
pub(super) const LINKS: &[&str] = &[
    "https://evil.example/2.0/users/{user}/transactions?a",
    "http://evil.example/2.0/users/{user}/transactions?a",
    "//evil.example/2.0/users/{user}/transactions?a",
    "https://{host}/2.0/users/{user}/transactions?a",
    "http://127.0.0.1/2.0/users/{user}/transactions?a",
    "http://127.0.0.1:1/2.0/users/{user}/transactions?a",
    "http://localhost:1/2.0/users/{user}/transactions?a",
    "http://2130706433/2.0/users/{user}/transactions?a",
    "http://0x7f000001/2.0/users/{user}/transactions?a",
    "http://[::1]/2.0/users/{user}/transactions?a",
    "http://169.254.169.254/latest/meta-data",
    "http://{host}@evil.example/2.0/users/{user}/transactions?a",
    "http://x@{host}/2.0/users/{user}/transactions?a",
    "http://x:y@{host}/2.0/users/{user}/transactions?a",
    "http://@{host}/2.0/users/{user}/transactions?a",
    "//x@{host}/2.0/users/{user}/transactions?a",
    "http://{host}.evil.example/2.0/users/{user}/transactions?a",
    "ftp://{host}/2.0/users/{user}/transactions?a",
    "file:///2.0/users/{user}/transactions",
    "javascript:alert(1)",
    "data:application/json,{}",
    "gopher://{host}/2.0/users/{user}/transactions",
    "/2.0/users/99/transactions?x",
    "/2.0/users/all/transactions?x",
    "/2.0/users/0{user}/transactions?x",
    "/2.0/users/{user}/accounts?all",
    "/2.0/users/{user}/transactions/?x",
    "/2.0/users/{user}/transactions/1",
    "/2.0/users/{user}/../99/transactions?x",
    "/2.0/users/99/../{user}/transactions?x",
    "../99/transactions?x",
    "../../auth/token",
    "/2.0/users/{user}/%2e%2e/99/transactions?x",
    "/2.0/users/{user}%2f..%2f99/transactions?x",
    "/2.0/users/%7Buser%7D/transactions?x",
    "/2.0//users/{user}/transactions?x",
    "//2.0/users/{user}/transactions?x",
    "/1.0/users/{user}/transactions?x",
    "/users/{user}/transactions?x",
    "/2.0/users",
    "/2.0/auth/renew",
    "/2.0/users/{user}/transactions?x#fragment",
    "/2.0\\\\users/{user}/transactions?x",
    "http:\\\\\\\\evil.example/2.0/users/{user}/transactions?x",
    "/2.0/users/{user}/transactions?a\\r\\nHost: evil.example",
    "/2.0/users/{user}/transactions?a\\u0000",
    "",
    " ",
];

#[test]
fn fault_98_links_to_another_place_are_not_followed() {
    let scene = Scene::new(paged());
    let calm = scene.calm();
    let (user, origin) = (scene.user(), scene.bank.sandbox.base_url().replace("/2.0", ""));
    let host = origin.trim_start_matches("http://").to_owned();
    let link = |pattern: &str| {
        NextLink::To(
            pattern
                .replace("{origin}", &origin)
                .replace("{host}", &host)
                .replace("{user}", &user.to_string()),
        )
    };
    for pattern in LINKS {
        scene.bank.sandbox.clear_rules();
        scene.bank.sandbox.forget_requests();
        let rule = Rule::on(Endpoint::Transactions).user(user).always();
        scene.inject(rule.fault(Fault::Next(link(pattern))));
        // A run sees to it that the decoy and its own rules for guests were left alone.
        let ended = scene.run(&format!("lake-{}", scene.bank.sandbox.request_count()));
        let reason = ended.manifest().incomplete.first().map(|entry| (entry.id_user.get(), entry.reason));
        let refused = matches!(reason, Some((of, Reason::NextRefused | Reason::Undecodable)) if of == user);
        assert!(ended.exit == 3 && refused, "{pattern}: {reason:?}");
        let asked = scene.bank.sandbox.requests();
        let of_user = asked
            .iter()
            .filter(|request| request.endpoint == Endpoint::Transactions && request.user == Some(user));
        assert!(of_user.count() <= 6, "{pattern}");
        assert!(
            asked.iter().all(|request| request.status != 404 && request.user != Some(99)),
            "{pattern} was followed"
        );
    }
    let away =
        |user| Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::Next(NextLink::ForeignHost));
    scene.fails_alone(&calm, away, Reason::NextRefused);
    // The list of users hangs together: a link elsewhere ends the run.
    let users = || {
        let link =
            r#"{"users": [], "_links": {"next": {"href": "https://evil.example/2.0/users"}}, "total": 9}"#;
        let fault = Fault::Body(200, "application/json".to_owned(), link.as_bytes().to_vec());
        Rule::on(Endpoint::Users).always().fault(fault)
    };
    scene.ends_run(&calm, users, 65, "another origin");
}

fn json(body: impl Into<Vec<u8>>) -> Fault {
    Fault::Body(200, "application/json".to_owned(), body.into())
}

#[test]
fn fault_99_answers_without_measure() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let measure: [(&str, Fault, Reason); 5] = [
        ("a bomb", bomb(64 * 1024 * 1024), Reason::PageTooLarge),
        ("a body without end", json(vec![b' '; 40 * 1024 * 1024]), Reason::PageTooLarge),
        (
            "rows without end",
            json(format!("{{\"transactions\":[{}1]}}", "1,".repeat(100_001))),
            Reason::PageTooLarge,
        ),
        (
            "depth",
            json(format!("{{\"transactions\":[{}{}]}}", "[".repeat(5_000), "]".repeat(5_000))),
            Reason::PageTooLarge,
        ),
        (
            "depth in a row",
            json(format!(
                "{{\"transactions\":[{{\"id\":1,\"id_account\":1,\"x\":{}1{}}}]}}",
                "[".repeat(500),
                "]".repeat(500)
            )),
            Reason::PageTooLarge,
        ),
    ];
    for (what, fault, reason) in measure {
        let rule = |user| Rule::on(Endpoint::Transactions).user(user).always().fault(fault.clone());
        let user = scene.user();
        scene.bank.sandbox.clear_rules();
        scene.inject(rule(user));
        let ended = scene.run(what);
        let named: Vec<Reason> = ended.manifest().incomplete.iter().map(|entry| entry.reason).collect();
        assert!(named == [reason] || named == [Reason::Undecodable], "{what}: {named:?}");
        scene.bank.sandbox.clear_rules();
        assert_eq!(scene.run(what).whole().digests(), calm, "{what}: mended");
    }
    // A number of a million digits costs its cell.
    let long = scene.transactions(scene.user())[3];
    scene.bank.sandbox.with_world(|world| {
        let user = world.users()[1];
        world.edit_transaction(user, long, |row| {
            row.patch_mut().set("value", &"9".repeat(1_000_000));
        })
    });
    let ended = scene.run("a long number").whole();
    assert_eq!(ended.issues(long).get("value").map(String::as_str), Some("too_large"));
}

/// Spaces, packed as gzip packs them.
fn bomb(spaces: usize) -> Fault {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..spaces / 65_536 {
        packed.write_all(&[b' '; 65_536]).unwrap();
    }
    let body = packed.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Fault::Wire([head.as_bytes(), &body].concat())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() && !path.is_symlink() { files_below(&path) } else { vec![path] })
        .collect()
}

#[test]
fn fault_100_ids_and_texts_that_look_like_paths() {
    let scene = Scene::new(small());
    let user = scene.user();
    let (account, rows) = (scene.accounts(user)[0], scene.transactions(user));
    let marks = [
        "../../marked",
        "/tmp/marked",
        "marked/../x",
        "CON",
        "marked\u{0}x",
        "a\\marked",
        "~marked",
        "$(marked)",
    ];
    scene.bank.sandbox.with_world(|world| {
        for (id, mark) in rows.iter().zip(marks) {
            world.edit_transaction(user, *id, |row| {
                row.wording = Some(mark.into());
                row.original_wording = mark.into();
                row.kind = mark.into();
                row.patch_mut()
                    .set("date", &format!("\"{}\"", mark.replace('\\', "\\\\").replace('\0', "\\u0000")));
            });
        }
        world.edit_account(user, account, |row| {
            row.name = "../../marked".into();
            row.currency = Some("../..".into());
        });
    });
    let ended = scene.run_with("lake", |config| config.formats = Formats::Both).whole();
    for (id, mark) in rows.iter().zip(marks) {
        assert_eq!(ended.row(Table::Transactions, *id)["wording"], mark);
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "/-_.=".contains(c);
    for file in files_below(&scene.lake("lake")) {
        let name = file.strip_prefix(scene.lake("lake")).unwrap().to_str().unwrap().to_owned();
        assert!(name.chars().all(legal) && !name.contains("marked") && !name.contains(".."), "{name}");
    }
    let beside: BTreeSet<_> =
        fs::read_dir(scene.lake("lake").parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 1, "something was written beside the lake: {beside:?}");
    // Ids that are paths are none.
    scene.bank.sandbox.with_world(|world| {
        world.edit_transaction(user, rows[20], |row| {
            row.patch_mut().set("id", "\"../../marked\"");
        })
    });
    scene.run("ids").partial(user, Reason::RowWithoutKey);
}

#[test]
fn fault_101_formulas_in_labels_stay_texts() {
    const FORMULAS: &[&str] = &[
        "=1+1",
        "+33612345678",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        " =1",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
        "=cmd|' /C calc'!A0",
        "'=1",
        "\"=1",
        "%0A=1",
        "0123",
        "1E5",
    ];
    let scene = Scene::new(small());
    let user = scene.user();
    let rows = scene.transactions(user);
    scene.bank.sandbox.with_world(|world| {
        for (id, formula) in rows.iter().zip(FORMULAS) {
            world.edit_transaction(user, *id, |row| row.wording = Some((*formula).into()));
        }
    });
    let ended = scene.run_with("lake", |config| {
        config.formats = Formats::Both;
        config.csv_profile = CsvProfile::Fr;
    });
    let ended = ended.whole();
    let mut texts = Vec::new();
    let mut amounts = Vec::new();
    for path in ended.files("csv/transactions/") {
        let text = fs::read_to_string(path).unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let headers = reader.headers().unwrap().clone();
        let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
        let (wording, value) = (at("wording"), at("value"));
        for record in reader.records() {
            let record = record.unwrap();
            texts.push(record[wording].to_owned());
            amounts.push(record[value].to_owned());
        }
    }
    for (id, formula) in rows.iter().zip(FORMULAS) {
        assert_eq!(
            ended.row(Table::Transactions, *id)["wording"],
            *formula,
            "Parquet keeps what the API said"
        );
        let calculated = formula.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        if calculated {
            assert!(texts.contains(&format!("'{formula}")), "{formula:?} is not guarded");
            assert!(!texts.contains(&(*formula).to_owned()), "{formula:?} stands bare");
        }
    }
    assert!(amounts.iter().any(|amount| amount.starts_with('-')), "amounts are never guarded");
    assert!(!amounts.iter().any(|amount| amount.contains('\'')), "amounts are never guarded");
}

#[test]
fn fault_102_error_texts_cannot_forge_log_lines() {
    let scene = Scene::new(small());
    let user = scene.user();
    let said = "x\\n{\\\"level\\\":\\\"ERROR\\\"}\\r\\n\\u001b[31mred\\u0000\\u202e IBAN FR7630006000011234567890189 jean@example.org";
    let body =
        format!("{{\"code\": \"invalidValue\\n\", \"description\": \"{said}\", \"message\": \"marked\"}}");
    let fault = Fault::Body(400, "application/json".to_owned(), body.into_bytes());
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().fault(fault));
    let ended = scene.run("lake").partial(user, Reason::RequestRefused);
    let lines = ended.lines();
    let line = lines.iter().find(|line| line["message"] == "the user could not be fetched").unwrap();
    let detail = line["detail"].as_str().unwrap();
    assert!(detail.contains('x') && !detail.chars().any(char::is_control), "{detail}");
    for personal in ["FR76", "jean@", "marked", "\u{202e}"] {
        assert!(!ended.log.contains(personal), "{personal} is logged: {detail}");
    }
    assert!(lines.iter().all(|line| line["target"].is_string()), "a forged line");
}

#[test]
fn fault_103_a_token_that_the_server_repeats_is_not_repeated_by_us() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let token = scene.bank.sandbox.users_token();
    let body = format!(
        "{{\"code\": \"unauthorized\", \"description\": \"token {token} is bad\", \"request_id\": \"{token}\"}}"
    );
    let fault = Fault::Body(401, "application/json".to_owned(), body.into_bytes());
    // Every run of a scene is searched for the secrets that it knows.
    scene.ends_run(
        &calm,
        || Rule::on(Endpoint::Users).always().fault(fault.clone()),
        77,
        "the token was refused",
    );
    let secret = scene.bank.sandbox.client_secret();
    let body = format!("{{\"code\": \"{secret}\", \"description\": \"{secret}\"}}");
    let fault = Fault::Body(403, "application/json".to_owned(), body.into_bytes());
    let rule = |user| Rule::on(Endpoint::Renew).user(user).always().fault(fault.clone());
    scene.fails_alone(&calm, rule, Reason::RenewRefused);
}

#[test]
fn fault_104_cookies_challenges_and_absurd_headers_change_nothing() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    scene.inject(Rule::on(On::Any).always().fault(Fault::SetCookie));
    assert_eq!(scene.run("cookies").whole().digests(), calm);

    scene.bank.sandbox.clear_rules();
    let absurd = Fault::TooManyRequests(RetryAfter::Text("1000000000000".to_owned()));
    scene.heals(&calm, Endpoint::Transactions, absurd, &["throttled"]);

    let challenge = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\", Negotiate, \xff\r\nContent-Length: 0\r\n\r\n";
    let rule = |user| Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Wire(challenge.to_vec()));
    scene.fails_alone(&calm, rule, Reason::Unauthorized);
}
