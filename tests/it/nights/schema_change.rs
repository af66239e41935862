//! A lake that an older program wrote: everything is written anew, and what it kept in `extra` comes into its column.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use powens_export::encode::{Sha256, WRITER_EPOCH};
use powens_export::export::{Formats, RunConfig};
use powens_export::lake::build::read_units;
use powens_export::lake::{FilePath, Latest, Manifest, Snapshot};
use powens_export::sandbox::{Endpoint, Fault, Nights, Rule};
use powens_export::table::Table;
use serde_json::Value;
use sha2::Digest;

use super::held::{EQUAL, of_one_full_run, outcomes, plain};
use crate::support::{Bank, assert_verified, digests, latest, rows};

fn digest_of(bytes: &[u8]) -> Sha256 {
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::from_value(Value::String(hex)).unwrap()
}

/// Puts bytes in the place of a published file.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Changes the manifest of the last snapshot, and `LATEST` with it.
fn edit_manifest(lake: &Path, edit: impl FnOnce(&mut Manifest)) {
    let mut snapshot = latest(lake);
    edit(&mut snapshot.manifest);
    let bytes = snapshot.manifest.to_bytes().unwrap();
    replace(&snapshot.folder.join("manifest.json"), &bytes);
    let commit =
        Latest { run_id: snapshot.run_id, sequence: snapshot.manifest.sequence, sha256: digest_of(&bytes) };
    replace(&lake.join("LATEST"), &commit.to_bytes().unwrap());
}

/// The rows as a program wrote them that did not know a column of text: its values stand in `extra`.
fn without(batch: &RecordBatch, column: &str) -> RecordBatch {
    let texts = batch.column_by_name(column).unwrap().as_string::<i32>();
    let extra = batch.column_by_name("extra").unwrap().as_string::<i32>();
    let extra: StringArray = extra
        .iter()
        .zip(texts)
        .map(|(extra, text)| {
            let mut kept: serde_json::Map<String, Value> =
                extra.map(|extra| serde_json::from_str(extra).unwrap()).unwrap_or_default();
            kept.extend(text.map(|text| (column.to_owned(), Value::String(text.to_owned()))));
            (!kept.is_empty()).then(|| Value::Object(kept).to_string())
        })
        .collect();
    let fields = batch.schema();
    let columns = fields.fields().iter().zip(batch.columns());
    let columns = columns.filter(|(field, _)| field.name() != column).map(|(field, values)| {
        let values =
            if field.name() == "extra" { Arc::new(extra.clone()) as ArrayRef } else { values.clone() };
        (field.name().clone(), values, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The rows as a program wrote them that had one column more, of texts made from the rows' ids.
fn with_shade(batch: &RecordBatch) -> RecordBatch {
    let ids = batch.column_by_name("id").unwrap().as_primitive::<Int64Type>();
    let shades: StringArray = ids.iter().map(|id| id.map(|id| format!("shade {id}"))).collect();
    let fields = batch.schema();
    let columns = fields.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, values)| (field.name().clone(), values.clone(), true));
    let shade = ("shade".to_owned(), Arc::new(shades) as ArrayRef, true);
    RecordBatch::try_from_iter_with_nullable(columns.chain([shade])).unwrap()
}

/// Makes the last snapshot one of a program that wrote other columns of the transactions.
fn as_written_before(lake: &Path, older: impl Fn(&RecordBatch) -> RecordBatch) {
    let snapshot = latest(lake);
    let mut written = Vec::new();
    for file in snapshot.parquet_files(Table::Transactions) {
        let path = file.path.under(&snapshot.folder);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let batches: Vec<_> = reader.build().unwrap().map(|batch| older(&batch.unwrap())).collect();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batches[0].schema(), None).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.close().unwrap();
        replace(&path, &bytes);
        written.push((file.path.to_string(), bytes));
    }
    edit_manifest(lake, |manifest| {
        for table in manifest.tables.iter_mut().filter(|table| table.name == Table::Transactions) {
            table.schema = digest_of(b"an older schema");
            table.bytes = written.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        }
        for (path, bytes) in &written {
            let file = manifest.files.iter_mut().find(|file| file.path.as_str() == path).unwrap();
            (file.bytes, file.sha256) = (bytes.len() as u64, digest_of(bytes));
        }
    });
}

/// The users walked in full since the requests were last forgotten.
fn walked_in_full(bank: &Bank) -> usize {
    let requests = bank.sandbox.requests();
    requests.iter().filter(|request| request.query.contains("min_date=1900-01-01")).count()
}

fn config(bank: &Bank, lake: &Path) -> RunConfig {
    RunConfig { full_every_days: 400, max_failed_percent: Some(100), ..bank.config(lake) }
}

fn written_by<'s>(snapshot: &'s Snapshot, run: &'s Snapshot) -> impl Iterator<Item = bool> + 's {
    let files = snapshot.manifest.files.iter().filter(|file| file.table == Some(Table::Transactions));
    files.map(|file| file.since == run.run_id)
}

#[test]
fn a_new_column_is_filled_from_what_an_older_program_kept() {
    let bank = plain(3, 40);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.export(config(&bank, &lake)).unwrap();
    let before = rows(&latest(&lake), Table::Transactions);
    assert!(before.values().filter(|row| row.contains_key("wording")).count() > 100);
    as_written_before(&lake, |rows| without(rows, "wording"));

    bank.sandbox.night_of(Nights::QUIET);
    bank.sandbox.forget_requests();
    let user = bank.sandbox.with_world(|world| world.users()[1]);
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Status(403)));
    bank.export(config(&bank, &lake)).unwrap();
    let snapshot = latest(&lake);
    assert_verified(&lake);
    assert_eq!(walked_in_full(&bank), 2, "everybody is due a full walk");
    // Of the user who could not be fetched nothing but the older rows is known.
    assert_eq!(rows(&snapshot, Table::Transactions), before);
    assert!(written_by(&snapshot, &snapshot).all(|here| here), "no file of the older program is taken over");
    assert_eq!(outcomes(&snapshot).values().filter(|outcome| outcome.as_str() == "carried").count(), 1);

    bank.sandbox.clear_rules();
    bank.sandbox.night_of(Nights::QUIET);
    let report = bank.export(config(&bank, &lake)).unwrap();
    let last = latest(&lake);
    assert!(written_by(&last, &snapshot).all(|linked| linked), "the rows are those of a full run already");
    assert_eq!(
        digests(&report.manifest, EQUAL),
        of_one_full_run(&bank, &folder.path().join("full"), Formats::Parquet)
    );
}

#[test]
fn a_column_that_is_gone_loses_no_value_of_a_user_who_is_carried() {
    let bank = plain(3, 40);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.export(config(&bank, &lake)).unwrap();
    let before = rows(&latest(&lake), Table::Transactions);
    as_written_before(&lake, with_shade);

    bank.sandbox.night_of(Nights::QUIET);
    let user = bank.sandbox.with_world(|world| world.users()[1]);
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Status(403)));
    bank.export(config(&bank, &lake)).unwrap();
    assert_verified(&lake);
    let mut after = rows(&latest(&lake), Table::Transactions);
    let mut kept = 0;
    for (key, row) in after.iter_mut().filter(|(_, row)| row["id_user"] == user.to_string()) {
        let mut extra: serde_json::Map<String, Value> = serde_json::from_str(&row["extra"]).unwrap();
        assert_eq!(extra.remove("shade"), Some(format!("shade {}", key[0]).into()));
        row.remove("extra");
        if !extra.is_empty() {
            row.insert("extra".to_owned(), Value::Object(extra).to_string());
        }
        kept += 1;
    }
    assert_eq!(
        after, before,
        "the users who were fetched have what the bank serves, and nothing is lost of the other"
    );
    assert_eq!(kept, 40);
}

#[test]
fn another_writer_means_that_every_file_is_written_anew() {
    let bank = plain(2, 40);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.export(config(&bank, &lake)).unwrap();
    edit_manifest(&lake, |manifest| manifest.writer_epoch = WRITER_EPOCH + 1);
    bank.sandbox.night_of(Nights::QUIET);
    bank.sandbox.forget_requests();
    let report = bank.export(config(&bank, &lake)).unwrap();
    assert_verified(&lake);
    assert_eq!(walked_in_full(&bank), 2);
    assert!(report.manifest.files.iter().all(|file| file.since == report.manifest.run_id));
    let units = read_units(&FilePath::units().under(&latest(&lake).folder)).unwrap();
    assert!(units.values().all(|unit| unit.walk_start == unit.full_walk_start));
}
