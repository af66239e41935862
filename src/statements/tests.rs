//! Packs of a small lake, published by the real publish from rows made by the real decoder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use rustix::io::Errno;

use super::*;
use crate::encode::CsvProfile;
use crate::lake::fixture::{Rows, build, decimal, open, rows};
use crate::lake::store::Step;
use crate::lake::store::faulty::{Faulty, Point, Refusal};
use crate::lake::store::seam::{self, When};
use crate::lake::{FILE_MODE, Snapshot, publish};
use crate::model::{AccountId, UserId, Window, time};
use crate::table::{
    AccountFacts, Context, Decoder, Issue, IssueKind, List, Table, derive_transactions, issues_batch, sort,
};

const ACCOUNTS: &str = r#"{"accounts":[
  {"id":1000,"id_user":1,"id_connection":10,"id_source":100,"name":"Compte courant","iban":"FR7630006000011234567890189",
   "type":"checking","balance":100,"currency":{"id":"EUR"},"last_update":"2026-11-21 23:00:00"},
  {"id":1001,"id_user":1,"id_connection":10,"name":"PEA","type":"market","balance":5,"currency":{"id":"EUR"},
   "last_update":"2026-11-21 23:00:00"},
  {"id":1002,"id_user":1,"id_connection":10,"name":"=cmd|' /C calc'!A0","type":"checking","balance":1,
   "currency":{"id":"JPY"},"last_update":"2026-11-21 23:00:00"}]}"#;

const OTHERS: &str = r#"{"accounts":[{"id":2000,"id_user":2,"id_connection":11,"id_source":101,"name":"Joint","type":"checking",
   "balance":-3,"currency":{"id":"EUR"},"last_update":"2026-05-30 04:11:09"}]}"#;

const TRANSACTIONS: &str = r#"{"transactions":[
  {"id":1,"id_account":1000,"date":"2026-09-15","value":7,"original_wording":"before"},
  {"id":2,"id_account":1000,"date":"2026-10-03","vdate":"2026-10-04","value":-12.50,"type":"card",
   "original_wording":"CB; CAFÉ \"NOIR\"","comment":"=1+1","categories":[{"code":"food","parent_code":null}]},
  {"id":3,"id_account":1000,"date":"2026-10-03","value":40,"type":"transfer","original_wording":"-VIR",
   "counterparty":{"label":"00123"}},
  {"id":4,"id_account":1000,"date":"2026-10-20","value":-5,"coming":true,"original_wording":"soon"},
  {"id":5,"id_account":1000,"date":"2026-10-21","value":-6,"deleted":"2026-10-22 00:00:00","original_wording":"gone"},
  {"id":6,"id_account":1000,"date":"2026-10-30","value":-20,"type":"deferred_card","original_wording":"achat"},
  {"id":7,"id_account":1000,"date":"2026-10-31","value":-20,"type":"summary_card","original_wording":"débit mensuel"},
  {"id":8,"id_account":1000,"date":"2026-11-02","value":0.01,"original_wording":"after"},
  {"id":9,"id_account":1001,"date":"2026-10-05","value":-1,"type":"market_order"},
  {"id":10,"id_account":1002,"date":"2026-10-05","value":1e-12,"original_wording":"too precise"},
  {"id":11,"id_account":1002,"date":"2026-10-06","value":300,"original_wording":"yen"}]}"#;

const OF_OTHERS: &str = r#"{"transactions":[{"id":50,"id_account":2000,"date":"2026-05-02","value":7.77}]}"#;

/// The lake: `published` under `root`.
fn lake(root: &Path) -> Snapshot {
    let decoder = Decoder::new(decimal());
    let user = |id| Context { user: UserId::new(id) };
    let accounts = [(ACCOUNTS, 1), (OTHERS, 2)]
        .map(|(text, id)| decoder.decode(List::Accounts, text.as_bytes(), user(id)).unwrap().rows);
    let facts = AccountFacts::of(&accounts);
    let pages = [(TRANSACTIONS, 1), (OF_OTHERS, 2)]
        .map(|(text, id)| decoder.decode(List::Transactions, text.as_bytes(), user(id)).unwrap());
    let transactions = pages.each_ref().map(|page| derive_transactions(&page.rows, &facts).unwrap());
    let issue = Issue {
        table: Table::Transactions,
        user: UserId::new(1),
        id: 10,
        column: "value".to_owned(),
        kind: IssueKind::TooPrecise,
        n: 1,
    };
    let joined = |table: Table, batches: &[RecordBatch]| {
        sort(table, &concat_batches(&table.schema().arrow(decimal()), batches).unwrap()).unwrap()
    };
    let mut tables: Rows = rows(0);
    tables.insert(Table::Accounts, joined(Table::Accounts, &accounts));
    tables.insert(Table::Transactions, joined(Table::Transactions, &transactions));
    tables.insert(Table::Coverage, coverage());
    tables.insert(Table::Balances, balances());
    tables.insert(Table::Issues, issues_batch(&[issue], decimal()).unwrap());
    let destination = open(root, 1).unwrap();
    let manifest = build(&destination, &tables, 1, false);
    publish(&destination, &manifest, FILE_MODE).unwrap()
}

fn day(text: &str) -> Option<i32> {
    time::parse_date(text.as_bytes())
}

fn coverage() -> RecordBatch {
    let days = |texts: [&str; 4]| Arc::new(Date32Array::from(texts.map(day).to_vec())) as ArrayRef;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1000, 1001, 1002, 2000])),
        Arc::new(Int64Array::from(vec![1, 1, 1, 2])),
        days(["2026-09-15", "2026-10-05", "2026-10-05", "2026-05-02"]),
        days(["2026-11-02", "2026-10-05", "2026-10-06", "2026-05-02"]),
        Arc::new(Int64Array::from(vec![8, 1, 2, 1])),
        Arc::new(StringArray::from(vec![Some("single_response"); 4])),
        Arc::new(BooleanArray::from(vec![true; 4])),
        Arc::new(StringArray::from(vec![None::<&str>; 4])),
    ];
    RecordBatch::try_new(Table::Coverage.schema().arrow(decimal()), columns).unwrap()
}

/// Account 1000: 90.00 on 10 October (a row is missing somewhere: the rows say 119.99), and today's.
fn balances() -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1000, 1000])),
        Arc::new(Date32Array::from(vec![day("2026-10-11"), day("2026-11-22")])),
        Arc::new(Int64Array::from(vec![1, 1])),
        Arc::new(StringArray::from(vec!["EUR", "EUR"])),
        Arc::new(
            Decimal128Array::from(vec![9_000_000_000, 10_000_000_000])
                .with_precision_and_scale(28, 8)
                .unwrap(),
        ),
        Arc::new(Decimal128Array::from(vec![None, None]).with_precision_and_scale(28, 8).unwrap()),
        Arc::new(TimestampMicrosecondArray::from(
            ["2026-10-10 23:00:00", "2026-11-21 23:00:00"]
                .map(|text| time::parse_datetime(text.as_bytes()).map(|written| written.micros))
                .to_vec(),
        )),
    ];
    RecordBatch::try_new(Table::Balances.schema().arrow(decimal()), columns).unwrap()
}

fn october(format: PackFormat, profile: CsvProfile) -> Request {
    let date = |text: &str| Some(text.parse().unwrap());
    Request {
        users: Vec::new(),
        accounts: Vec::new(),
        period: Window::new(date("2026-10-01"), date("2026-10-31")).unwrap(),
        profile,
        format,
        card_rows: CardRows::Summary,
        include_coming: false,
        include_deleted: false,
        names: Names::Ids,
        force: false,
    }
}

/// The files of a folder and below, by name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            let below = contents(&entry.path()).into_iter();
            found.extend(below.map(|(rest, bytes)| (format!("{name}/{rest}"), bytes)));
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn a_french_statement_adds_up() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    let out = root.path().join("pack");
    let mut request = october(PackFormat::Csv, CsvProfile::Fr);
    (request.include_coming, request.include_deleted) = (true, true);
    let report = write_pack(&snapshot, &request, &out).unwrap();
    assert_eq!((report.accounts, report.files), (4, 7));
    let files = contents(&out);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "pack.json",
            "releves/releve_1000_EUR_2026-10.csv",
            "releves/releve_1001_EUR_2026-10.csv",
            "releves/releve_1002_JPY_2026-10.csv",
            "releves/releve_2000_EUR_2026-10.csv",
            "soldes.csv",
            "sommaire.csv",
        ]
    );
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let statement = text("releves/releve_1000_EUR_2026-10.csv");
    for line in [
        "\u{feff}Relevé de compte",
        "Complet;oui",
        "Solde initial (au 01/10/2026);92,49",
        "Solde final (au 31/10/2026);99,99",
        "Débits;32,50",
        "Crédits;40,00",
        "03/10/2026;04/10/2026;\"CB; CAFÉ \"\"NOIR\"\"\";;12,50;;-12,50;79,99;food;'=1+1;card;;;2",
        "03/10/2026;;'-VIR;'00123;;40,00;40,00;119,99;;;transfer;;;3",
        "20/10/2026;;soon;;;;;;;;;à venir;-5,00;4",
        "21/10/2026;;gone;;;;;;;;;annulée par la banque;-6,00;5",
        "30/10/2026;;achat;;;;;;;;deferred_card;comptée ailleurs (carte);-20,00;6",
        "31/10/2026;;débit mensuel;;20,00;;-20,00;99,99;;;summary_card;;;7",
        "Total;;;;32,50;40,00;7,50;99,99",
    ] {
        assert!(statement.split("\r\n").any(|found| found == line), "{line}\nis not in\n{statement}");
    }
    let balances = text("soldes.csv");
    assert!(balances.contains(";90,00;10/10/2026;-29,99\r\n"), "{balances}");
}

#[test]
fn what_is_missing_stands_in_the_first_lines() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    let out = root.path().join("pack");
    let report = write_pack(&snapshot, &october(PackFormat::Csv, CsvProfile::Uk), &out).unwrap();
    let missing: Vec<i64> = report.missing.iter().map(|(account, _)| account.get()).collect();
    assert_eq!(missing, [1002, 2000]);
    let files = contents(&out);
    let first = |name: &str, lines: usize| -> Vec<String> {
        String::from_utf8(files[name].clone()).unwrap().split("\r\n").take(lines).map(str::to_owned).collect()
    };
    let summary = first("summary.csv", 2);
    assert!(summary[1].contains("INCOMPLETE") && summary[1].contains("2 of 4"), "{summary:?}");
    let stale = first("statements/statement_2000_EUR_2026-10.csv", 3);
    assert_eq!(stale[1..], ["Complete,no", "Missing,\"the data end on 30/05/2026, before the period does\""]);
    let doubtful = String::from_utf8(files["statements/statement_1002_JPY_2026-10.csv"].clone()).unwrap();
    assert!(doubtful.contains("No totals: an amount of the period is not known"));
    assert!(!doubtful.contains("\r\nTotal,") && doubtful.contains("\r\nDebits,\r\n"));
    assert!(doubtful.contains("'=cmd|' /C calc'!A0"));
    let valued = String::from_utf8(files["statements/statement_1001_EUR_2026-10.csv"].clone()).unwrap();
    assert!(valued.contains("Balances not computed,the balance of this kind"));
    let pack: serde_json::Value = serde_json::from_slice(&files["pack.json"]).unwrap();
    assert_eq!((&pack["profile"], &pack["complete"]), (&"uk".into(), &false.into()));
    assert_eq!(pack["guarded_cells"], report.marks.guarded);
    assert_eq!(pack["files"].as_array().map(Vec::len), Some(files.len() - 1));
}

#[test]
fn the_same_snapshot_gives_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    for format in [PackFormat::Csv, PackFormat::Xlsx, PackFormat::Ofx] {
        let pack = |name: &str| {
            let out = root.path().join(format!("{name}-{}", format.as_str()));
            write_pack(&snapshot, &october(format, CsvProfile::De), &out).unwrap();
            contents(&out)
        };
        assert_eq!(pack("one"), pack("two"), "{format:?}");
    }
    let left: Vec<String> = fs::read_dir(root.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn only_a_pack_is_ever_replaced() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    let out = root.path().join("pack");
    let request = october(PackFormat::Csv, CsvProfile::Iso);
    let forced = Request { force: true, ..request.clone() };
    write_pack(&snapshot, &request, &out).unwrap();
    let first = contents(&out);
    assert!(matches!(write_pack(&snapshot, &request, &out), Err(StatementsError::Exists { .. })));
    fs::write(out.join("summary.csv"), "changed").unwrap();
    write_pack(&snapshot, &forced, &out).unwrap();
    assert_eq!(contents(&out), first);
    let other = root.path().join("documents");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis"), "years of work").unwrap();
    assert!(matches!(write_pack(&snapshot, &forced, &other), Err(StatementsError::NotAPack { .. })));
    assert!(matches!(
        write_pack(&snapshot, &forced, &root.path().join("no/such/place")),
        Err(StatementsError::NoPlace { .. })
    ));
    let nobody = Request { users: vec![UserId::new(9).unwrap()], ..request.clone() };
    let elsewhere = root.path().join("elsewhere");
    assert!(matches!(write_pack(&snapshot, &nobody, &elsewhere), Err(StatementsError::NothingSelected)));
    let unknown = Request { accounts: vec![AccountId::new(9).unwrap()], ..request };
    assert!(matches!(write_pack(&snapshot, &unknown, &elsewhere), Err(StatementsError::NoSuchAccount(_))));
    assert!(!elsewhere.exists());
}

#[test]
fn a_pack_is_replaced_in_one_step_where_the_disk_can_and_in_two_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    let packs = root.path().join("packs");
    let out = packs.join("pack");
    fs::create_dir(&packs).unwrap();
    let request = Request { force: true, ..october(PackFormat::Csv, CsvProfile::Iso) };
    write_pack(&snapshot, &request, &out).unwrap();
    let whole = contents(&out);
    let faulty = Arc::new(Faulty::default());
    let _watching = seam::watch(&packs, faulty.clone());
    let exchange = || Point { when: When::Before, step: Step::Exchange, path: "pack".into(), nth: 0 };
    for (refused, replaced) in [(None, true), (Some(Errno::OPNOTSUPP), true), (Some(Errno::IO), false)] {
        fs::write(out.join("summary.csv"), "changed").unwrap();
        let old = contents(&out);
        faulty.refuse(refused.map(|errno| Refusal::once(exchange(), errno)));
        assert_eq!(write_pack(&snapshot, &request, &out).is_ok(), replaced, "{refused:?}");
        assert_eq!(contents(&out), if replaced { whole.clone() } else { old }, "{refused:?}");
        assert!(faulty.points().contains(&exchange()), "{refused:?}");
        assert_eq!(fs::read_dir(&packs).unwrap().count(), 1, "nothing is left beside the pack");
    }
}

#[test]
fn an_ofx_file_holds_what_counts() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    let out = root.path().join("pack");
    write_pack(&snapshot, &october(PackFormat::Ofx, CsvProfile::Fr), &out).unwrap();
    let file = fs::read(out.join("releves/releve_1000_EUR_2026-10.ofx")).unwrap();
    let text: String = file.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(text.matches("<STMTTRN>").count(), 3);
    assert!(text.contains("<NAME>CB; CAFÉ \"NOIR\"\r\n") && text.contains("<BALAMT>100.00\r\n"));
    assert!(out.join("sommaire.csv").exists() && out.join("soldes.csv").exists());
}

#[test]
fn one_account_or_user_can_be_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = lake(&root.path().join("lake"));
    let request = Request {
        accounts: vec![AccountId::new(1001).unwrap()],
        ..october(PackFormat::Csv, CsvProfile::Iso)
    };
    let report = write_pack(&snapshot, &request, &root.path().join("one")).unwrap();
    assert_eq!((report.accounts, report.rows, report.is_complete()), (1, 1, true));
    let request = Request { users: vec![UserId::new(2).unwrap()], accounts: Vec::new(), ..request };
    let report = write_pack(&snapshot, &request, &root.path().join("two")).unwrap();
    assert_eq!((report.accounts, report.rows), (1, 0));
}
