//! Rows 45–56: cells. An odd cell never costs its row, an odd row never its page, an odd page never the other users.

use std::fmt::Write as _;

use powens_export::export::Formats;
use powens_export::model::Reason;
use powens_export::sandbox::{Endpoint, Fault, Rule};
use powens_export::table::{ColumnType, Source, Table};

use super::scene::{Ended, Scene, small};

/// A JSON value under a key of a transaction, and what its column holds.
pub(super) struct Cell {
    row: u32,
    key: &'static str,
    json: &'static str,
    column: &'static str,
    expect: Expect,
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    /// This, and no issue.
    Holds(&'static str),
    /// Null, the JSON in `extra`, and an issue of this kind.
    Keeps(&'static str),
    /// This, and an issue of this kind.
    Reads(&'static str, &'static str),
    /// Null, and no issue.
    Null,
}

use Expect::{Holds, Keeps, Null, Reads};

/// The single odd cells.
pub(super) fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut of = |row, key, column, table: &[(&'static str, Expect)]| {
        cells.extend(table.iter().map(|(json, expect)| Cell { row, key, json, column, expect: *expect }));
    };
    of(46, "value", "value", &[("null", Null)]);
    of(46, "original_currency", "original_currency", &[("null", Null), (r#"{"id":null}"#, Null)]);
    of(46, "type", "type", &[("null", Null), (r#""""#, Holds(""))]);
    of(46, "coming", "coming", &[("null", Null)]);
    of(46, "counterparty", "counterparty_label", &[("null", Null), ("{}", Null)]);
    of(
        47,
        "value",
        "value",
        &[
            (r#""-42.50""#, Holds("-42.50000000")),
            (r#""1e2""#, Holds("100.00000000")),
            (r#""""#, Keeps("not_a_number")),
            (r#""abc""#, Keeps("not_a_number")),
            (r#""1,5""#, Keeps("not_a_number")),
            (r#"" 1""#, Keeps("not_a_number")),
            (r#""1 000""#, Keeps("not_a_number")),
            (r#""0x10""#, Keeps("not_a_number")),
            (r#""NaN""#, Keeps("not_a_number")),
            (r#""Infinity""#, Keeps("not_a_number")),
            (r#""1.""#, Keeps("not_a_number")),
            (r#""--1""#, Keeps("not_a_number")),
            (r#""1e""#, Keeps("not_a_number")),
            ("true", Keeps("wrong_type")),
            ("{}", Keeps("wrong_type")),
            ("[1]", Keeps("wrong_type")),
            (r#"{"amount":1}"#, Keeps("wrong_type")),
        ],
    );
    of(
        47,
        "wording",
        "wording",
        &[
            ("4970", Holds("4970")),
            ("-0.10", Holds("-0.10")),
            ("1e400", Holds("1e400")),
            ("true", Keeps("wrong_type")),
            ("[]", Keeps("wrong_type")),
            (r#"{"fr":"x"}"#, Keeps("wrong_type")),
        ],
    );
    of(
        47,
        "coming",
        "coming",
        &[
            ("0", Holds("false")),
            ("1", Holds("true")),
            ("2", Keeps("wrong_type")),
            (r#""true""#, Keeps("wrong_type")),
            (r#""yes""#, Keeps("wrong_type")),
            ("1.0", Keeps("wrong_type")),
            ("[]", Keeps("wrong_type")),
        ],
    );
    of(
        48,
        "id_category",
        "id_category",
        &[
            ("9007199254740993", Holds("9007199254740993")),
            ("9223372036854775807", Holds("9223372036854775807")),
            ("-9223372036854775808", Holds("-9223372036854775808")),
            (r#""7""#, Holds("7")),
            ("9223372036854775808", Keeps("not_an_integer")),
            ("1.0", Keeps("not_an_integer")),
            ("1e3", Keeps("not_an_integer")),
            ("-1.5", Keeps("not_an_integer")),
            (r#""7.0""#, Keeps("not_an_integer")),
            (r#""""#, Keeps("not_an_integer")),
            (r#""seven""#, Keeps("not_an_integer")),
            ("true", Keeps("wrong_type")),
        ],
    );
    of(
        48,
        "id_cluster",
        "id_cluster",
        &[
            ("1", Holds("1")),
            ("9007199254740993", Holds("9007199254740993")),
            ("0", Keeps("not_an_integer")),
            ("-5", Keeps("not_an_integer")),
            ("1.0", Keeps("not_an_integer")),
        ],
    );
    of(
        49,
        "value",
        "value",
        &[
            ("0", Holds("0.00000000")),
            ("-0.00", Holds("0.00000000")),
            ("1E+2", Holds("100.00000000")),
            ("1.005", Holds("1.00500000")),
            ("1e-7", Holds("0.00000010")),
            ("0.00000001", Holds("0.00000001")),
            ("90071992547409.93", Holds("90071992547409.93000000")),
            ("12345678901234567890.12345678", Holds("12345678901234567890.12345678")),
            ("-99999999999999999999.99999999", Holds("-99999999999999999999.99999999")),
            ("0.1200000000", Holds("0.12000000")),
            ("0.000000001", Keeps("too_precise")),
            ("1e-9", Keeps("too_precise")),
            ("1e-400", Keeps("too_precise")),
            ("0.123456789", Keeps("too_precise")),
            ("100000000000000000000", Keeps("too_large")),
            ("-123456789012345678901", Keeps("too_large")),
            ("1e20", Keeps("too_large")),
            ("1e400", Keeps("too_large")),
        ],
    );
    of(
        52,
        "wording",
        "wording",
        &[
            (r#""a\ud83db""#, Reads("a\u{fffd}b", "lone_surrogate")),
            (r#""\ude00""#, Reads("\u{fffd}", "lone_surrogate")),
            (r#""\ud83d\ud83d\ude00""#, Reads("\u{fffd}😀", "lone_surrogate")),
            (r#""\ud83d\ude00""#, Holds("😀")),
        ],
    );
    of(
        54,
        "wording",
        "wording",
        &[
            (r#""\u0000""#, Holds("\0")),
            (r#""a\u0000b""#, Holds("a\0b")),
            (r#""a\r\nb\tc""#, Holds("a\r\nb\tc")),
            (r#""\u001b[31m""#, Holds("\u{1b}[31m")),
            (r#""\u202egnirtS""#, Holds("\u{202e}gnirtS")),
            (r#""\ufeff""#, Holds("\u{feff}")),
            (r#""\"\\\/""#, Holds("\"\\/")),
            (r#"" ""#, Holds(" ")),
            (r#""\u007f\u0080""#, Holds("\u{7f}\u{80}")),
            (r#""caf\u00e9""#, Holds("café")),
        ],
    );
    of(
        55,
        "date",
        "date",
        &[
            (r#""2024-02-29""#, Holds("2024-02-29")),
            (r#""0001-01-01""#, Holds("0001-01-01")),
            (r#""9999-12-31""#, Holds("9999-12-31")),
            (r#""2026-10-31 00:00:00""#, Holds("2026-10-31")),
            ("null", Null),
            (r#""0000-00-00""#, Keeps("not_a_date")),
            (r#""2025-02-29""#, Keeps("not_a_date")),
            (r#""2025-02-30""#, Keeps("not_a_date")),
            (r#""2025-13-01""#, Keeps("not_a_date")),
            (r#""2025-00-10""#, Keeps("not_a_date")),
            (r#""10000-01-01""#, Keeps("not_a_date")),
            (r#""-001-01-01""#, Keeps("not_a_date")),
            (r#""31/10/2026""#, Keeps("not_a_date")),
            (r#""2026-1-1""#, Keeps("not_a_date")),
            (r#""2026-10-31 12:00:00""#, Keeps("not_a_date")),
            (r#""today""#, Keeps("not_a_date")),
            (r#""""#, Keeps("not_a_date")),
            ("20261031", Keeps("wrong_type")),
            ("true", Keeps("wrong_type")),
            (r#"{"y":2026}"#, Keeps("wrong_type")),
        ],
    );
    of(
        55,
        "vdate",
        "vdate",
        &[(r#""0000-00-00""#, Keeps("not_a_date")), (r#""2999-12-31""#, Holds("2999-12-31"))],
    );
    of(
        56,
        "last_update",
        "last_update",
        &[
            (r#""2026-03-29 02:30:00""#, Holds("2026-03-29T02:30:00")),
            (r#""2026-10-25 02:30:00""#, Holds("2026-10-25T02:30:00")),
            (r#""2026-06-02""#, Reads("2026-06-02T00:00:00", "date_only")),
            (r#""2016-12-31 23:59:60""#, Keeps("not_a_datetime")),
            (r#""2026-06-02 24:00:00""#, Keeps("not_a_datetime")),
            (r#""2026-06-02 10:00""#, Keeps("not_a_datetime")),
            (r#""0000-00-00 00:00:00""#, Keeps("not_a_datetime")),
            (r#""soon""#, Keeps("not_a_datetime")),
            (r#""""#, Keeps("not_a_datetime")),
            ("1790000000", Keeps("wrong_type")),
        ],
    );
    of(
        56,
        "last_update",
        "last_update_utc",
        &[
            // In the gap the offset before it is used, in the fold the first occurrence is meant.
            (r#""2026-03-29 02:30:00""#, Holds("2026-03-29T01:30:00")),
            (r#""2026-10-25 02:30:00""#, Holds("2026-10-25T00:30:00")),
            (r#""2026-10-25 02:30:00+01:00""#, Holds("2026-10-25T01:30:00")),
            (r#""2026-07-01T12:00:00Z""#, Holds("2026-07-01T12:00:00")),
            (r#""2026-01-15 12:00:00.25""#, Holds("2026-01-15T11:00:00.250")),
        ],
    );
    of(
        56,
        "datetime",
        "datetime",
        &[
            (r#""2026-03-29 02:30:00""#, Holds("2026-03-29T02:30:00")),
            (r#""2026-10-25 02:30:00+02:00""#, Holds("2026-10-25T00:30:00")),
            (r#""yesterday""#, Keeps("not_a_datetime")),
        ],
    );
    cells
}

/// One row for each cell of a row of the catalogue; all are held against what is published.
fn cells_hold(row: u32) {
    let cells: Vec<Cell> = cells().into_iter().filter(|cell| cell.row == row).collect();
    let scene = Scene::new(small());
    let user = scene.user();
    let account = scene.accounts(user)[0];
    let ids: Vec<i64> = scene.bank.sandbox.with_world(|world| {
        let mut ids = Vec::new();
        for cell in &cells {
            let day = world.day(-2);
            let id = world.insert_transaction(user, account, &day, "-12.50").unwrap();
            world.edit_transaction(user, id, |row| {
                row.patch_mut().set(cell.key, cell.json);
            });
            ids.push(id);
        }
        ids
    });
    let ended = scene.run("lake").whole();
    let mut wrong = String::new();
    for (cell, id) in cells.iter().zip(ids) {
        let row = ended.row(Table::Transactions, id);
        let found = (row.get(cell.column).map(String::as_str), ended.issues(id).remove(cell.key));
        let kept =
            row.get("extra").is_some_and(|extra| extra.contains(&format!("\"{}\":{}", cell.key, cell.json)));
        let right = match cell.expect {
            Holds(text) => found == (Some(text), None),
            Reads(text, kind) => found == (Some(text), Some(kind.to_owned())),
            Keeps(kind) => found == (None, Some(kind.to_owned())) && kept,
            Null => found == (None, None),
        };
        if !right {
            let _ = writeln!(wrong, "{} = {}: {found:?}, extra {:?}", cell.key, cell.json, row.get("extra"));
        }
        if cell.key != "value" {
            assert_eq!(row["value"], "-12.50000000", "{}: an odd cell costs another", cell.json);
        }
    }
    assert!(wrong.is_empty(), "row {row}:\n{wrong}");
}

#[test]
fn fault_45_a_row_without_a_key_is_counted_and_the_others_are_there() {
    let scene = Scene::new(small());
    let user = scene.user();
    let calm = scene.calm();
    for key in ["id", "id_account"] {
        for json in [None, Some("null")] {
            let id = scene.transactions(user)[3];
            scene.bank.sandbox.with_world(|world| {
                world.quietly(|world| {
                    world.edit_transaction(user, id, |row| {
                        let patch = row.patch_mut();
                        patch.clear();
                        match json {
                            Some(json) => patch.set(key, json),
                            None => patch.omit(key),
                        };
                    })
                })
            });
            let lake = format!("lake-{key}-{json:?}");
            let ended = scene.run(&lake).partial(user, Reason::RowWithoutKey);
            assert_eq!(ended.manifest().incomplete[0].count, Some(1));
            assert_eq!(ended.rows(Table::Transactions).len(), 3 * 40 - 1);
            scene.bank.sandbox.with_world(|world| {
                world.quietly(|world| world.edit_transaction(user, id, |row| row.patch_mut().clear()))
            });
            assert_eq!(scene.run(&lake).whole().digests(), calm, "mended");
        }
    }
}

#[test]
fn fault_46_null_where_a_value_belongs_stays_null() {
    cells_hold(46);
}

#[test]
fn fault_47_numbers_as_texts_and_texts_as_numbers() {
    cells_hold(47);
}

#[test]
fn fault_48_ids_that_are_none() {
    cells_hold(48);
    let scene = Scene::new(small());
    let user = scene.user();
    for json in
        ["1.0", "1e3", "0", "-7", "9223372036854775808", "\"x\"", "\"\"", "true", "{}", "[4]", "1.5e1"]
    {
        let id = scene.transactions(user)[3];
        scene.bank.sandbox.with_world(|world| {
            world.edit_transaction(user, id, |row| {
                row.patch_mut().set("id", json);
            })
        });
        let ended = scene.run(&format!("lake-{}", scene.bank.sandbox.request_count()));
        let ended = ended.partial(user, Reason::RowWithoutKey);
        assert_eq!(ended.rows(Table::Transactions).len(), 3 * 40 - 1, "{json}");
    }
}

#[test]
fn fault_49_amounts_are_exact_or_kept_as_text() {
    cells_hold(49);
}

#[test]
fn fault_50_a_page_that_is_no_json_is_asked_for_again() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let broken = |from: &'static str, to: &'static str| Fault::replace(from, to);
    let faults = [
        broken("\"value\": -", "\"value\": NaN, \"v\": -"),
        broken("\"value\": -", "\"value\": Infinity, \"v\": -"),
        broken("\"value\": -", "\"value\": -Infinity, \"v\": -"),
        broken("\"value\": -", "\"value\": --"),
        broken("\"value\": -", "\"value\": -0"),
        broken("\"value\": -", "\"value\": .5, \"v\": -"),
        broken("\"value\": -", "\"value\": 0x10, \"v\": -"),
        broken("\"value\": -", "\"value\": 1., \"v\": -"),
        broken("\"value\": -", "\"value\": 1e, \"v\": -"),
        broken("\"value\": -", "\"value\": None, \"v\": -"),
        broken("\"coming\": false", "\"coming\": False"),
        broken("\"id\": ", "id: "),
        broken("}, {", "}, , {"),
        broken("}, {", "} {"),
        broken("], \"_links\"", ",], \"_links\""),
        broken("\"transactions\": [", "\"rows\": ["),
        broken("\"transactions\": [", "\"transactions\": {}, \"x\": ["),
        Fault::TrailingGarbage,
        Fault::TwoDocuments,
    ];
    let (single, many) = (scene.user(), faults.len());
    for fault in faults {
        scene.bank.sandbox.clear_rules();
        scene.inject(Rule::on(Endpoint::Transactions).user(single).fault(fault.clone()));
        let ended = scene.run(&format!("lake-{}", scene.bank.sandbox.request_count())).whole();
        assert_eq!(ended.digests(), calm, "{fault:?}");
        let retries: u64 = ended.manifest().requests.retries.values().sum();
        assert_eq!(retries, 1, "{fault:?}");
    }
    assert!(many > 15);
    let rule =
        |user| Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::replace("}, {", "} {"));
    scene.fails_alone(&calm, rule, Reason::Undecodable);
}

#[test]
fn fault_51_bytes_that_are_no_utf_8() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    scene.heals(&calm, Endpoint::Transactions, Fault::InvalidUtf8, &["undecodable"]);
    let rule = |user| Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::InvalidUtf8);
    scene.fails_alone(&calm, rule, Reason::Undecodable);
}

#[test]
fn fault_52_half_of_a_surrogate_pair_costs_one_character() {
    cells_hold(52);
}

#[test]
fn fault_53_a_key_twice() {
    let scene = Scene::new(small());
    let (user, calm) = (scene.user(), scene.calm());
    // The first value stands, the second is kept, and the row says so.
    let rule = |key: &'static str| {
        let twice = Fault::edit(move |body| {
            let text = String::from_utf8(body).unwrap();
            text.replacen(&format!("\"{key}\": "), &format!("\"{key}\": \"first\", \"{key}\": "), 1)
                .into_bytes()
        });
        Rule::on(Endpoint::Transactions).user(user).fault(twice)
    };
    scene.inject(rule("wording"));
    let ended = scene.run("wording").whole();
    let odd: Vec<_> =
        ended.rows(Table::Issues).into_iter().filter(|row| row["kind"] == "duplicate_key").collect();
    assert_eq!((odd.len(), odd[0]["column"].as_str()), (1, "wording"));
    let row = ended.row(Table::Transactions, odd[0]["id"].parse().unwrap());
    assert_eq!(row["wording"], "first");
    assert!(row["extra"].contains("\"wording\":"), "{}", row["extra"]);

    // With two ids no row can be told from another: the user is named, and no other row takes the place of these.
    scene.bank.sandbox.clear_rules();
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::DuplicateKeys));
    let ended = scene.run("id").partial(user, Reason::RowWithoutKey);
    assert_eq!(ended.manifest().incomplete[0].count, Some(40));
    assert_eq!(ended.rows(Table::Transactions).len(), 2 * 40);
    scene.bank.sandbox.clear_rules();
    assert_eq!(scene.run("id").whole().digests(), calm, "mended");
}

#[test]
fn fault_54_control_characters_and_long_texts_are_kept() {
    cells_hold(54);
    let scene = Scene::new(small());
    let user = scene.user();
    let id = scene.transactions(user)[3];
    let long = "é\n".repeat(500_000);
    let text = long.clone();
    scene.bank.sandbox.with_world(|world| {
        world.edit_transaction(user, id, |row| row.wording = Some(text.into()));
        let other = world.holdings(user).unwrap().transactions().ids().nth(4).unwrap();
        world.edit_transaction(user, other, |row| row.wording = Some("a\0b\r\nc".into()));
    });
    let ended = scene.run_with("lake", |config| config.formats = Formats::Both).whole();
    assert!(ended.row(Table::Transactions, id)["wording"] == long, "a long text is cut");
    // The one character that CSV readers choke on is replaced there, and only there.
    let csv = csv(&ended, "wording");
    assert!(csv.contains(&long) && csv.contains(&"a\u{fffd}b\r\nc".to_owned()));
}

/// One column of the transactions, as CSV has it.
fn csv(ended: &Ended, column: &str) -> Vec<String> {
    let mut values = Vec::new();
    for path in ended.files("csv/transactions/") {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let at = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
        values.extend(reader.records().map(|record| record.unwrap()[at].to_owned()));
    }
    values
}

#[test]
fn fault_55_dates_of_no_calendar() {
    cells_hold(55);
}

#[test]
fn fault_56_times_that_come_twice_or_never() {
    cells_hold(56);
}

/// Values that no column expects.
const ODD: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    r#"{"a":{"b":[1,"x"]}}"#,
    "0",
    "-1",
    "1.5",
    "1e300",
    "123456789012345678901234567890123456789012345678901234567890",
    r#""""#,
    r#""?""#,
    r#""\ud800""#,
    r#""0000-00-00""#,
];

#[test]
fn one_odd_cell_never_costs_its_row_whatever_the_column() {
    let scene = Scene::new(small());
    let user = scene.user();
    let account = scene.accounts(user)[0];
    let schema = Table::Transactions.schema();
    let columns = schema.columns.iter().filter(|column| !schema.required.contains(&column.name));
    let keys: Vec<(String, ColumnType)> = columns
        .filter_map(|column| match column.sources.first() {
            Some(Source::Path(path)) if column.kind != ColumnType::Extra => {
                Some((path[0].clone(), column.kind))
            }
            _ => None,
        })
        .collect();
    let mut planted = Vec::new();
    scene.bank.sandbox.with_world(|world| {
        for (key, kind) in &keys {
            for json in ODD.iter().map(Some).chain([None]) {
                let day = world.day(-2);
                let id = world.insert_transaction(user, account, &day, "-12.50").unwrap();
                world.edit_transaction(user, id, |row| {
                    match json {
                        Some(json) => row.patch_mut().set(key, json),
                        None => row.patch_mut().omit(key),
                    };
                });
                planted.push((id, key.clone(), *kind, json.copied()));
            }
        }
    });
    assert!(planted.len() > 500 && planted.len() < 960, "{}: one answer, many columns", planted.len());
    let ended = scene.run("lake").whole();
    let rows = ended.rows(Table::Transactions);
    let of = |id: i64| rows.iter().find(|row| row["id"] == id.to_string());
    for (id, key, kind, json) in planted {
        let what = format!("{key} = {json:?}");
        let row = of(id).unwrap_or_else(|| panic!("{what} costs the row"));
        for (sentinel, value) in [("value", "-12.50000000"), ("original_wording", "CARTE ESSAI")] {
            assert!(key == sentinel || row[sentinel] == value, "{what} costs {sentinel}");
        }
        // Whatever has no place in its column has one in `extra`.
        let held = row.keys().any(|column| column == &key || column.starts_with(&format!("{key}_")));
        let kept = row.get("extra").is_some_and(|extra| extra.contains(&format!("\"{key}")));
        // Of a currency the id is kept, by the schema's own word.
        let ignored = key.ends_with("_currency") && json.is_some_and(|json| json.starts_with('{'));
        let nothing = ignored || matches!(json, None | Some("null" | "{}"));
        assert!(held || kept || nothing, "{what} is lost: {row:?}");
        assert!(!(held && kind == ColumnType::Decimal && json == Some("true")), "{what}");
    }
}
