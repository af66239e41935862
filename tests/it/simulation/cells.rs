//! One spelling for every value, whether it comes from the bank's JSON, from Parquet or from CSV. Nothing of the
//! exporter's decoder or writers is used: this is the second opinion.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use powens_export::sandbox::exact;
use serde_json::Value;

/// A value's text; `None` is null.
pub(super) type Cell = Option<String>;

/// Columns of exact decimals, in whichever table.
const AMOUNTS: &[&str] = &[
    "value",
    "gross_value",
    "original_value",
    "original_gross_value",
    "commission",
    "balance",
    "coming",
    "coming_balance",
    "valuation",
    "diff",
    "prev_diff",
];

/// Columns that hold JSON as served.
const JSON: &[&str] = &[
    "categories",
    "informations",
    "information",
    "attachments",
    "loan",
    "calculated",
    "diff_percent",
    "prev_diff_percent",
    "fields",
    "extra",
];

/// Digits before and after the point of a lake's amounts.
const INTEGER_DIGITS: i64 = 20;
const FRACTION_DIGITS: i64 = 8;

/// The one spelling of a text that stands in a column.
pub(super) fn spelled(column: &str, text: &str) -> String {
    if AMOUNTS.contains(&column) {
        return amount(text).map_or_else(|| text.to_owned(), |amount| amount.text());
    }
    if JSON.contains(&column) {
        return exact(text).to_string();
    }
    if column == "bookmarked" {
        return text.replace('0', "false").replace('1', "true");
    }
    text.to_owned()
}

/// A decimal number as digits and a power of ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    power: i64,
}

impl Amount {
    pub(super) fn text(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        format!("{}{}e{}", if self.negative { "-" } else { "" }, self.digits, self.power)
    }

    /// Whether a lake's column can hold it exactly.
    pub(super) fn fits(&self) -> bool {
        let digits = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        self.digits.is_empty() || (self.power >= -FRACTION_DIGITS && digits + self.power <= INTEGER_DIGITS)
    }

    /// As so many hundred-millionths, for sums.
    pub(super) fn units(&self) -> i128 {
        let zeros = usize::try_from(self.power + FRACTION_DIGITS).unwrap_or(0);
        let text = format!("{}{}", self.digits, "0".repeat(zeros));
        let whole: i128 = if self.digits.is_empty() { 0 } else { text.parse().unwrap() };
        if self.negative { -whole } else { whole }
    }
}

/// Reads a decimal number, exponents included.
pub(super) fn amount(text: &str) -> Option<Amount> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = exponent - i64::try_from(fraction.len()).ok()?;
    let shorter = digits.trim_end_matches('0');
    let power = power + i64::try_from(digits.len() - shorter.len()).ok()?;
    let digits = shorter.trim_start_matches('0').to_owned();
    Some(Amount { negative: negative && !digits.is_empty(), digits, power })
}

/// What a cell of the lake must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// Exactly this.
    Is(Cell),
    /// Something that this row alone does not decide.
    Other,
}

/// What the columns of a row must hold when the API served it as this JSON text.
pub(super) fn wanted(table: &str, columns: &[String], served: &str) -> Vec<Want> {
    let row = exact(served);
    columns.iter().map(|column| want(table, column, &row)).collect()
}

fn want(table: &str, column: &str, row: &Value) -> Want {
    let value = match (table, column) {
        ("transactions", "id_user" | "id_connection" | "currency" | "month") => return Want::Other,
        ("connections", "connector_name" | "health") | ("connection_sources", "health" | "id_user") => {
            return Want::Other;
        }
        (_, "last_update_utc") => {
            return Want::Is(text_of("last_update", &row["last_update"]).map(|at| utc(&at)));
        }
        (_, "extra") => return Want::Is(misfits(row)),
        ("accounts", "currency") => &row["currency"]["id"],
        ("transactions", "original_currency" | "commission_currency") => &row[column]["id"],
        ("transactions", name) if name.starts_with("counterparty_") => {
            &row["counterparty"][name.trim_start_matches("counterparty_")]
        }
        ("connection_sources", "priority" | "auth_mechanism") => &row["source"][column],
        (_, column) => &row[column],
    };
    let text = text_of(column, value);
    let fits = !AMOUNTS.contains(&column)
        || text.is_none()
        || value.as_str().or(text.as_deref()).and_then(amount).is_none_or(|amount| amount.fits());
    Want::Is(text.filter(|_| fits))
}

/// The amounts of a row that no column can hold exactly, as `extra` has them.
fn misfits(row: &Value) -> Cell {
    let object = row.as_object()?;
    let kept: serde_json::Map<String, Value> = object
        .iter()
        .filter(|(name, _)| AMOUNTS.contains(&name.as_str()))
        .filter(|(_, value)| value.as_str().and_then(amount).is_some_and(|amount| !amount.fits()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (!kept.is_empty()).then(|| Value::Object(kept).to_string())
}

fn text_of(column: &str, value: &Value) -> Cell {
    match value {
        Value::Null => None,
        _ if JSON.contains(&column) => Some(value.to_string()),
        Value::String(text) => Some(spelled(column, text)),
        other => Some(spelled(column, &other.to_string())),
    }
}

/// A Paris wall clock as UTC: the first of two equal hours, the offset before a gap.
fn utc(paris: &str) -> String {
    let wall: DateTime = paris.parse().unwrap();
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let instant = zone.to_ambiguous_timestamp(wall).compatible().unwrap();
    instant_text(instant)
}

fn instant_text(instant: Timestamp) -> String {
    let text = instant.to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

/// A cell of a Parquet file.
pub(super) fn parquet_cell(column: &str, array: &dyn Array, row: usize) -> Cell {
    if array.is_null(row) {
        return None;
    }
    let text = match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let epoch = jiff::civil::date(1970, 1, 1);
            epoch.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap().to_string()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            instant_text(Timestamp::from_microsecond(micros).unwrap())
        }
        DataType::Decimal128(_, scale) => {
            format!("{}e-{scale}", array.as_primitive::<Decimal128Type>().value(row))
        }
        other => panic!("no column of the contract is {other}"),
    };
    Some(spelled(column, &text))
}

/// A cell of a CSV file of the profile `iso`, where null and the empty text look the same to a plain reader.
pub(super) fn csv_cell(column: &str, text: &str) -> Cell {
    if text.is_empty() {
        return None;
    }
    // Instants are RFC 3339 there.
    let instant = text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    let text = if instant { text.trim_end_matches('Z').replace('T', " ") } else { text.to_owned() };
    Some(spelled(column, &text))
}

#[test]
fn one_number_has_one_spelling() {
    let text = |number: &str| amount(number).unwrap().text();
    for same in ["1200", "1200.00", "1.2e3", "12E2", "0001200"] {
        assert_eq!(text(same), "12e2", "{same}");
    }
    assert_eq!((text("-0.00"), text("0e9"), text("-3.50")), ("0".into(), "0".into(), "-35e-1".into()));
    assert_ne!(text("0.1"), text("0.10000001"));
    assert!(amount("1.2.3").is_none() && amount("").is_none() && amount("NaN").is_none());
    assert!(amount("12345678901234567890.12345678").unwrap().fits());
    assert!(!amount("123456789012345678901").unwrap().fits() && !amount("1e-9").unwrap().fits());
    assert_eq!(amount("-3.5").unwrap().units(), -350_000_000);
}
