//! Random values, from the JSON text that a bank serves to the text that readers of Parquet and CSV see.

use std::collections::BTreeMap;

use powens_export::export::Formats;
use powens_export::sandbox::SandboxConfig;
use powens_export::table::Table;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Bank, Row, latest, rows};

/// Rows of one answer.
const ROWS: usize = 900;

/// Serves a row for each value and exports them; the rows by their place, from Parquet and from CSV.
fn exported(patches: &[BTreeMap<&'static str, String>]) -> (Vec<Row>, Vec<Row>) {
    let config =
        SandboxConfig { users: 1, edge_cases: false, transactions_per_user: 0, ..SandboxConfig::default() };
    let bank = Bank::new(config);
    let ids: Vec<i64> = bank.sandbox.with_world(|world| {
        let user = world.users()[0];
        let account = world.holdings(user).unwrap().accounts().next().unwrap().id;
        let plant = |patch: &BTreeMap<&str, String>| {
            let id = world.insert_transaction(user, account, "2026-05-05", "1.00").unwrap();
            world.edit_transaction(user, id, |row| {
                for (key, json) in patch {
                    row.patch_mut().set(key, json);
                }
            });
            id
        };
        patches.iter().map(plant).collect()
    });
    let folder = tempfile::tempdir().unwrap();
    let mut run = bank.config(folder.path());
    run.formats = Formats::Both;
    assert_eq!(bank.export(run).unwrap().exit(), 0);
    let snapshot = latest(folder.path());
    let parquet: BTreeMap<String, Row> =
        rows(&snapshot, Table::Transactions).into_values().map(|row| (row["id"].clone(), row)).collect();
    let mut csv: BTreeMap<String, Row> = BTreeMap::new();
    let files =
        snapshot.manifest.files.iter().filter(|file| file.path.as_str().starts_with("csv/transactions/"));
    for file in files {
        let mut reader = csv::Reader::from_path(file.path.under(&snapshot.folder)).unwrap();
        for row in reader.deserialize() {
            let row: Row = row.unwrap();
            csv.insert(row["id"].clone(), row);
        }
    }
    let in_order = |mut rows: BTreeMap<String, Row>| -> Vec<Row> {
        ids.iter().map(|id| rows.remove(&id.to_string()).unwrap()).collect()
    };
    (in_order(parquet), in_order(csv))
}

/// Values of a strategy, always the same ones.
fn samples<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// A JSON number: sign, digits, fraction, exponent.
#[derive(Clone, Debug)]
struct Number {
    negative: bool,
    whole: String,
    fraction: String,
    exponent: Option<i32>,
}

fn number() -> impl Strategy<Value = Number> {
    let exponent = prop_oneof![3 => Just(None), 1 => (-12_i32..13).prop_map(Some)];
    (any::<bool>(), "(0|[1-9][0-9]{0,21})", "[0-9]{0,10}", exponent)
        .prop_map(|(negative, whole, fraction, exponent)| Number { negative, whole, fraction, exponent })
}

impl Number {
    fn json(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        let exponent = self.exponent.map_or_else(String::new, |power| format!("e{power}"));
        format!("{sign}{}{point}{}{exponent}", self.whole, self.fraction)
    }

    /// The same number with eight decimals, by moving the point through the text; `None` when that needs more of
    /// them, or more than twenty digits before the point.
    fn exact(&self) -> Option<String> {
        let digits = format!("{}{}", self.whole, self.fraction);
        let point = i64::try_from(self.whole.len()).unwrap() + i64::from(self.exponent.unwrap_or(0));
        let before = usize::try_from(-point).unwrap_or(0);
        let padded = format!("{}{digits}", "0".repeat(before));
        let point = usize::try_from(point).unwrap_or(0);
        let padded = format!("{padded:0<point$}");
        let (whole, fraction) = padded.split_at(point);
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.len() > 20 || fraction.len() > 8 {
            return None;
        }
        let zero = whole.is_empty() && fraction.is_empty();
        let sign = if self.negative && !zero { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        Some(format!("{sign}{whole}.{fraction:0<8}"))
    }
}

/// A CSV amount with eight decimals.
fn padded(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{fraction:0<8}")
}

#[test]
fn amounts_are_the_same_number_in_parquet_and_in_csv() {
    let keys = ["value", "gross_value", "original_value", "commission"];
    let numbers = samples(number(), ROWS * keys.len());
    let patches: Vec<BTreeMap<&str, String>> = numbers
        .chunks(keys.len())
        .map(|some| {
            // Every other row has its numbers inside texts.
            let json = |number: &Number| {
                if number.negative { number.json() } else { format!("\"{}\"", number.json()) }
            };
            keys.into_iter().zip(some.iter().map(json)).collect()
        })
        .collect();
    let (parquet, csv) = exported(&patches);
    let (mut exact, mut kept) = (0, 0);
    for ((some, parquet), csv) in numbers.chunks(keys.len()).zip(&parquet).zip(&csv) {
        for (key, number) in keys.iter().zip(some) {
            match number.exact() {
                Some(text) => {
                    exact += 1;
                    assert_eq!(parquet.get(*key), Some(&text), "{}", number.json());
                    assert_eq!(padded(&csv[*key]), text, "{}", number.json());
                }
                None => {
                    kept += 1;
                    assert_eq!((parquet.get(*key), csv[*key].as_str()), (None, ""), "{}", number.json());
                    assert!(parquet["extra"].contains(&number.json()), "{}", parquet["extra"]);
                }
            }
        }
    }
    println!("{exact} amounts exact, {kept} beyond the column and kept as text");
    assert!(exact > 1000 && kept > 200);
}

/// The last Sunday of a month of 31 days: when the clocks of the European Union change, at 01:00 UTC, since 1996.
fn last_sunday(year: i64, month: i64) -> i64 {
    let days = days_of(year, month, 31);
    // 1970-01-01 was a Thursday.
    days - (days + 4).rem_euclid(7)
}

/// Days since 1970, by counting: nothing of the program's own calendar is used here.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i64 = (1970..year).map(|year| 365 + i64::from(leap(year))).sum();
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths.iter().take(usize::try_from(month - 1).unwrap()).sum();
    years + months + day - 1
}

/// The UTC second that a wall clock in Paris shows as `wall` (seconds as if they were UTC): the first one where there
/// are two, and with the offset before it where there is none.
fn paris_to_utc(year: i64, wall: i64) -> i64 {
    let change = |month| last_sunday(year, month) * 86_400 + 3_600;
    let (spring, autumn) = (change(3), change(10));
    let (winter, summer) = (wall - 3_600, wall - 7_200);
    // Clocks go from 02:00 to 03:00 in spring, from 03:00 back to 02:00 in autumn.
    if wall >= spring + 7_200 && summer < autumn { summer } else { winter }
}

#[test]
fn times_of_paris_are_those_of_the_rule_that_the_union_wrote_down() {
    let moment =
        (1996_i64..2100, prop_oneof![Just(0_i64), Just(3), Just(10)], -10_000_i64..10_000, 0_i64..31_536_000);
    let moments = samples(moment, ROWS);
    let walls: Vec<(i64, i64)> = moments
        .iter()
        .map(|(year, month, near, any)| match month {
            0 => (*year, days_of(*year, 1, 1) * 86_400 + any),
            // Around the hours at which clocks change.
            month => (*year, last_sunday(*year, *month) * 86_400 + 7_200 + near),
        })
        .collect();
    let text = |seconds: i64, between: char, end: &str| {
        let moment = jiff::Timestamp::from_second(seconds).unwrap();
        format!("{}{between}{}{end}", moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M:%S"))
    };
    let patch =
        |(_, wall): &(i64, i64)| BTreeMap::from([("last_update", format!("\"{}\"", text(*wall, ' ', "")))]);
    let patches: Vec<_> = walls.iter().map(patch).collect();
    let (parquet, csv) = exported(&patches);
    let mut seasons = BTreeMap::new();
    for (((year, wall), parquet), csv) in walls.iter().zip(&parquet).zip(&csv) {
        let utc = paris_to_utc(*year, *wall);
        *seasons.entry((wall - utc) / 3_600).or_insert(0) += 1;
        assert_eq!(parquet["last_update"], text(*wall, 'T', ""));
        assert_eq!(parquet["last_update_utc"], text(utc, 'T', ""), "{}", text(*wall, ' ', ""));
        assert_eq!(csv["last_update_utc"], text(utc, 'T', "Z"));
    }
    println!("{ROWS} times of Paris, by offset: {seasons:?}");
    assert!(seasons.values().all(|count| *count > 200), "{seasons:?}");
}
