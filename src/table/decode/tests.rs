//! The decoder against hand-written answers, and against random ones.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;

use crate::model::{DecimalType, UserId, time};
use crate::table::IssueKind;

use super::{Context, DecodeError, Decoder, Links, List, Page};

fn decode(list: List, body: &str) -> Result<Page, DecodeError> {
    let context = Context { user: UserId::new(7) };
    Decoder::new(DecimalType::default()).decode(list, body.as_bytes(), context)
}

fn transactions(rows: &str) -> Page {
    decode(List::Transactions, &format!(r#"{{"transactions":[{rows}]}}"#)).unwrap()
}

fn text(rows: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let column = rows.column_by_name(column).unwrap().as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn number(rows: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let column = rows.column_by_name(column).unwrap().as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn kinds(page: &Page) -> Vec<(i64, &str, IssueKind)> {
    page.issues.iter().map(|issue| (issue.id, issue.column.as_str(), issue.kind)).collect()
}

#[test]
fn a_row_becomes_exact_typed_values() {
    let page = transactions(
        r#"{"id":5,"id_account":3,"date":"2026-10-31","value":-12.50,"type":"card","coming":false,
            "last_update":"2026-10-25 02:30:00","datetime":"2026-10-31 23:30:00","wording":"caf\u00e9 \ud83d\ude00",
            "original_currency":{"id":"USD","symbol":"$"},"counterparty":{"label":"SHOP","type":"creditor"},
            "categories":[ {"code":"x"} ],"comment":null,"deleted":null}"#,
    );
    let rows = &page.rows;
    assert_eq!((number(rows, "id", 0), number(rows, "id_user", 0)), (Some(5), Some(7)));
    assert_eq!(
        rows.column_by_name("value").unwrap().as_primitive::<Decimal128Type>().value(0),
        -1_250_000_000
    );
    assert_eq!(rows.column_by_name("date").unwrap().as_primitive::<Date32Type>().value(0), 20_757);
    assert_eq!(text(rows, "wording", 0).as_deref(), Some("café 😀"));
    assert_eq!(text(rows, "original_currency", 0).as_deref(), Some("USD"));
    assert_eq!(text(rows, "counterparty_label", 0).as_deref(), Some("SHOP"));
    assert_eq!(text(rows, "categories", 0).as_deref(), Some(r#"[ {"code":"x"} ]"#));
    assert_eq!(text(rows, "extra", 0), None);
    let instant =
        |name| rows.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(time::instant_text(instant("last_update_utc")), "2026-10-25T00:30:00Z");
    assert_eq!(time::datetime_text(instant("last_update")), "2026-10-25 02:30:00");
    assert_eq!(time::instant_text(instant("datetime")), "2026-10-31T23:30:00Z");
    assert!(page.issues.is_empty() && page.unknown_fields.is_empty());
}

#[test]
fn what_does_not_fit_is_null_kept_and_named() {
    let page = transactions(
        r#"{"id":1,"id_account":3,"value":1e-9,"date":"0000-00-00","last_update":"soon","coming":"yes","card":{"n":1}},
           {"id":2,"id_account":3,"value":"-42.50","coming":1,"id_category":9007199254740993,"card":4970,"counterparty":"X"},
           {"id":3,"id_account":3,"wording":"a\ud83d","deleted":"2026-06-02","value":99999999999999999999999}"#,
    );
    let rows = &page.rows;
    assert_eq!(rows.num_rows(), 3);
    assert!(
        ["value", "date", "last_update", "last_update_utc", "coming", "card"]
            .iter()
            .all(|name| rows.column_by_name(name).unwrap().is_null(0))
    );
    let extra = r#"{"card":{"n":1},"coming":"yes","date":"0000-00-00","last_update":"soon","value":1e-9}"#;
    assert_eq!(text(rows, "extra", 0).as_deref(), Some(extra));
    assert_eq!(
        rows.column_by_name("value").unwrap().as_primitive::<Decimal128Type>().value(1),
        -4_250_000_000
    );
    assert_eq!(number(rows, "id_category", 1), Some(9_007_199_254_740_993));
    assert_eq!(text(rows, "card", 1).as_deref(), Some("4970"));
    assert_eq!(text(rows, "counterparty_label", 1).as_deref(), Some("X"));
    assert_eq!(text(rows, "wording", 2).as_deref(), Some("a\u{fffd}"));
    let deleted = rows.column_by_name("deleted").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(time::datetime_text(deleted.value(2)), "2026-06-02 00:00:00");
    assert_eq!(
        kinds(&page),
        [
            (1, "card", IssueKind::WrongType),
            (1, "coming", IssueKind::WrongType),
            (1, "date", IssueKind::NotADate),
            (1, "last_update", IssueKind::NotADatetime),
            (1, "value", IssueKind::TooPrecise),
            (3, "deleted", IssueKind::DateOnly),
            (3, "value", IssueKind::TooLarge),
            (3, "wording", IssueKind::LoneSurrogate),
        ]
    );
}

#[test]
fn unknown_fields_are_kept_and_counted() {
    let page = transactions(
        r#"{"id":1,"id_account":3,"zeta":[1, 2],"alpha":"\"","counterparty":{"label":"L","lei":null}}"#,
    );
    let extra = r#"{"alpha":"\"","counterparty.lei":null,"zeta":[1, 2]}"#;
    assert_eq!(text(&page.rows, "extra", 0).as_deref(), Some(extra));
    assert_eq!(page.unknown_fields.len(), 3);
}

#[test]
fn rows_without_a_key_are_counted_and_cost_no_other_row() {
    let page = transactions(
        r#"{"id":1.0,"id_account":3},{"id":2,"id_account":3,"id":9},{"id_account":3},{"id":4,"id_account":0},7,{"id":-1,"id_account":1},
           {"id":18446744073709551616,"id_account":1},{"id":"8","id_account":"3"}"#,
    );
    // The second has two ids: no telling which row it is.
    assert_eq!((page.rows_without_key, page.envelope.received), (7, 8));
    assert_eq!(number(&page.rows, "id", 0), Some(8));
    assert_eq!(kinds(&page), []);
}

#[test]
fn children_know_their_parent_and_health_is_computed() {
    let page = decode(
        List::Connections,
        r#"{"connections":[{"sources":[{"id":11,"name":"openapi","state":"SCARequired","last_update":"2026-01-01 00:00:00"},
            {"id":12,"source":{"name":"directaccess","priority":2}}],"id":4,"connector":{"id":9,"name":"Banque"},"state":"SCARequired"}],"total":1}"#,
    )
    .unwrap();
    let sources = page.children.unwrap();
    assert_eq!(
        (number(&sources, "id_connection", 0), number(&sources, "id_connection", 1)),
        (Some(4), Some(4))
    );
    assert_eq!(number(&sources, "id_user", 1), Some(7));
    assert_eq!(text(&sources, "name", 1).as_deref(), Some("directaccess"));
    assert_eq!(text(&sources, "health", 0).as_deref(), Some("action_needed"));
    assert_eq!(text(&sources, "health", 1).as_deref(), Some("never_synced"));
    assert_eq!(text(&page.rows, "connector_name", 0).as_deref(), Some("Banque"));
    assert!(page.unknown_fields.is_empty(), "{:?}", page.unknown_fields);
}

#[test]
fn another_user_s_row_is_noticed() {
    let page = decode(List::Accounts, r#"{"accounts":[{"id":1,"id_user":7},{"id":2,"id_user":8}]}"#).unwrap();
    assert_eq!(page.foreign_user, Some(8));
}

#[test]
fn envelopes() {
    let links = |text: &str| {
        decode(List::Transactions, &format!(r#"{{"transactions":null,"_links":{text}}}"#))
            .map(|p| p.envelope.links)
    };
    assert_eq!(
        links(r#"{"next":{"href":"\/2.0\/x?a"},"prev":null}"#),
        Ok(Links::Next("/2.0/x?a".to_owned()))
    );
    assert_eq!(links(r#"{"next":null}"#), Ok(Links::End));
    assert_eq!(links(r#"{"self":{"href":"x"}}"#), Ok(Links::End));
    assert_eq!(links("null"), Ok(Links::Absent));
    assert_eq!(links(r#"{"next":{}}"#), Err(DecodeError::BadLink));
    assert_eq!(links(r#"{"next":3}"#), Err(DecodeError::BadLink));
    let page = decode(List::Users, r#"{"total":"2","users":[],"first_date":"2024-01-01"}"#).unwrap();
    assert_eq!((page.envelope.total, page.envelope.first_date.as_deref()), (Some(2), Some("2024-01-01")));
}

#[test]
fn a_body_that_is_no_whole_page_is_refused() {
    for bad in [
        r#"{"transactions":[{"id":1,"id_account":2}]"#,
        r#"{"transactions":[]}{"#,
        r#"{"transactions":{}}"#,
        r#"{"code":"bug"}"#,
        r#"{"transactions":[],"transactions":[]}"#,
        "[]",
        "",
        "<html>",
    ] {
        assert!(decode(List::Transactions, bad).is_err(), "{bad}");
    }
    let decoder = Decoder::new(DecimalType::default());
    let invalid =
        decoder.decode(List::Users, b"{\"users\":[{\"id\":1,\"platform\":\"\xff\"}]}", Context::default());
    assert!(matches!(invalid, Err(DecodeError::NotUtf8(_))));
}

/// Any JSON value, as text.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "[ -~é\u{1}]{0,12}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::from("2026-03-29 02:30:00")),
        Just(serde_json::Value::from("12.5")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            proptest::collection::btree_map("[a-z]{1,5}", inner, 0..3)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A row of a few keys, some of them twice, whose values are few, so that rows often repeat what the row before held.
fn repetitive_row() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "value",
        "date",
        "last_update",
        "wording",
        "coming",
        "counterparty",
        "categories",
        "country",
        "unknown",
        "original_currency",
        "deleted",
        "id_category",
        "gross_value",
    ];
    const VALUES: &[&str] = &[
        "null",
        "null",
        "1",
        "12",
        "\"12\"",
        "true",
        "\"2026-10-25 02:30:00\"",
        "\"2026-10-25\"",
        "\"a\\u0062\"",
        "\"a\"",
        "\"ab\"",
        "{\"id\":\"EUR\"}",
        "{\"label\":\"a\",\"type\":null}",
        "{\"label\":null}",
        "[]",
        "[ 1]",
        "\"\\ud83d\"",
    ];
    let cell = (prop::sample::select(KEYS), prop::sample::select(VALUES));
    // The first cells come in the order of the keys, as servers send them.
    let ordered = prop::collection::vec(prop::sample::select(VALUES), KEYS.len());
    (prop::collection::vec(cell, 0..2), ordered, 0..KEYS.len(), 1_i64..3).prop_map(
        move |(odd, ordered, count, account)| {
            let ordered = KEYS.iter().copied().zip(ordered).take(count);
            let cells = ordered.chain(odd).map(|(key, value)| format!(",\"{key}\":{value}"));
            format!("{{\"id\":ID,\"id_account\":{account}{}}}", cells.collect::<String>())
        },
    )
}

proptest! {
    /// What the decoder remembers of the row before changes no row.
    #[test]
    fn a_page_is_its_rows_one_by_one(
        pool in prop::collection::vec(repetitive_row(), 1..4),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        wide: bool,
    ) {
        let row = |(id, pick): (usize, &prop::sample::Index)| {
            let row = pick.get(&pool).replace("ID", &(id + 1).to_string());
            if wide { row.replace("\":", "\": ").replace(",\"", ", \"") } else { row }
        };
        let rows: Vec<String> = picks.iter().enumerate().map(row).collect();
        let together = transactions(&rows.join(", "));
        let alone: Vec<Page> = rows.iter().map(|row| transactions(row)).collect();
        let batches: Vec<RecordBatch> = alone.iter().map(|page| page.rows.clone()).collect();
        let expected = arrow::compute::concat_batches(&together.rows.schema(), &batches).unwrap();
        prop_assert_eq!(&together.rows, &expected);
        prop_assert_eq!(kinds(&together), alone.iter().flat_map(kinds).collect::<Vec<_>>());
    }

    /// One odd cell never costs its row, whatever stands in whichever column.
    #[test]
    fn any_value_in_any_column_costs_neither_row_nor_page(
        cells in proptest::collection::vec((0_usize..60, any_json()), 0..12),
    ) {
        let schema = crate::table::Table::Transactions.schema();
        let mut row = serde_json::Map::new();
        for (column, value) in cells {
            let name = schema.columns.get(column).map_or("unknown", |column| column.name.as_str());
            row.insert(name.to_owned(), value);
        }
        row.insert("id".to_owned(), 41.into());
        row.insert("id_account".to_owned(), 3.into());
        let row = serde_json::Value::Object(row);
        let page = transactions(&format!(r#"{{"id":40,"id_account":3,"value":1.25}},{row},{{"id":42,"id_account":3,"value":1.25}}"#));
        prop_assert_eq!(page.rows.num_rows(), 3);
        prop_assert_eq!(number(&page.rows, "id", 1), Some(41));
        let values = page.rows.column_by_name("value").unwrap().as_primitive::<Decimal128Type>();
        prop_assert_eq!((values.value(0), values.value(2)), (125_000_000, 125_000_000));
        prop_assert!(page.issues.iter().all(|issue| issue.id == 41));
        if let Some(extra) = text(&page.rows, "extra", 1) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&extra).is_ok(), "{}", extra);
        }
    }

    /// Where a body is cut changes the verdict never to "whole".
    #[test]
    fn a_cut_body_is_never_a_page(cut in 0_usize..150) {
        let body = r#"{"total":2,"transactions":[{"id":1,"id_account":2,"value":1.5,"wording":"x"},{"id":2,"id_account":2}],"_links":{"next":null}}"#;
        if cut < body.len() {
            prop_assert!(decode(List::Transactions, &body[..cut]).is_err());
        }
    }
}
