//! Small lakes for tests, published by the real publish from rows made by the real decoder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;

use crate::encode::{CsvProfile, Format, NewFiles, TableShape, TableWriter};
use crate::model::{DecimalType, UserId, Window};
use crate::table::{
    AccountFacts, Context, Decoder, Issue, IssueKind, List, Month, Table, derive_transactions, issues_batch,
    months_of, sort,
};

use super::build::units_schema;
use super::facts::RowFacts;
use super::layout::{Area, FilePath, RunId, place};
use super::manifest::{
    CONTRACT_VERSION, FileEntry, Lists, MANIFEST_VERSION, Manifest, Mode, Requests, Source, Status, Tool,
    UserCounts, UtcTime, WindowEntry, table_entries,
};
use super::readback::shape;
use super::store::Syncs;
use super::{Destination, FILE_MODE, LakeError, Snapshot, publish};

/// The tables of one night.
pub(crate) type Rows = BTreeMap<Table, RecordBatch>;

pub(crate) fn decimal() -> DecimalType {
    DecimalType::default()
}

/// The moment at which the `night`th run starts, from 1.
pub(crate) fn start(night: i64) -> Timestamp {
    let first: Timestamp = "2026-11-22T02:00:00Z".parse().unwrap();
    first.checked_add(jiff::SignedDuration::from_hours(24 * (night - 1))).unwrap()
}

pub(crate) fn open(root: &Path, night: i64) -> Result<Destination, LakeError> {
    Destination::open(root, start(night), Syncs::Counted)
}

/// Two users; connections well and not; accounts with, without and archived; `extra` more transactions in the last month.
pub(crate) fn rows(extra: i64) -> Rows {
    let decoder = Decoder::new(decimal());
    let user = |id| Context { user: UserId::new(id) };
    let nobody = Context { user: None };
    let decode = |list, text: &str, context| decoder.decode(list, text.as_bytes(), context).unwrap();

    let users =
        decode(List::Users, r#"{"users":[{"id":1,"signin":"2026-01-01 08:00:00"},{"id":2}]}"#, nobody);
    let connectors = decode(
        List::Connectors,
        r#"{"connectors":[{"id":59,"name":"Banque du Pré","sources":[{"id":77,"name":"openapi","priority":0}]}]}"#,
        nobody,
    );
    let connections = [
        decode(
            List::Connections,
            r#"{"connections":[{"id":10,"id_user":1,"id_connector":59,"state":null,"active":true,
                "last_update":"2026-11-21 23:00:00","connector":{"id":59,"name":"Banque du Pré"},
                "sources":[{"id":100,"name":"openapi","state":null,"last_update":"2026-11-21 23:00:00",
                            "access_expire":"2027-02-01 00:00:00"}]}]}"#,
            user(1),
        ),
        decode(
            List::Connections,
            r#"{"connections":[{"id":11,"id_user":2,"id_connector":59,"state":"SCARequired","active":true,
                "last_update":"2026-05-30 04:11:09","connector":{"id":59,"name":"Banque du Pré"},
                "sources":[{"id":101,"name":"openapi","state":"SCARequired","last_update":null},
                           {"id":102,"name":"directaccess","state":null,"last_update":"2026-11-21 23:00:00"}]}]}"#,
            user(2),
        ),
    ];
    let accounts = [
        decode(
            List::Accounts,
            r#"{"accounts":[
                {"id":1000,"id_user":1,"id_connection":10,"balance":12.5,"currency":{"id":"EUR"},"deleted":null},
                {"id":1001,"id_user":1,"id_connection":10,"balance":0.00000001,"currency":{"id":"BTC"},
                 "deleted":"2026-10-01 00:00:00"}]}"#,
            user(1),
        ),
        decode(
            List::Accounts,
            r#"{"accounts":[{"id":2000,"id_user":2,"id_connection":11,"balance":-3,"currency":{"id":"EUR"}}]}"#,
            user(2),
        ),
    ];
    let mut texts = vec![
        r#"{"id":1,"id_account":1000,"date":"2026-10-03","value":-12.30,"original_wording":"café, \"noir\"\n"}"#
            .to_owned(),
        r#"{"id":2,"id_account":1000,"date":"2026-10-03","value":1e-7,"original_wording":""}"#.to_owned(),
        r#"{"id":3,"id_account":1000,"date":"2026-11-02","value":100,"wording":"nul \u0000 here"}"#.to_owned(),
        r#"{"id":4,"id_account":1001,"date":null,"value":0.5,"deleted":"2026-10-01 00:00:00"}"#.to_owned(),
    ];
    texts.extend(
        (0..extra)
            .map(|n| format!(r#"{{"id":{},"id_account":1000,"date":"2026-11-03","value":-1.25}}"#, 100 + n)),
    );
    let of_first =
        decode(List::Transactions, &format!(r#"{{"transactions":[{}]}}"#, texts.join(",")), user(1));
    let of_second = decode(
        List::Transactions,
        r#"{"transactions":[{"id":50,"id_account":2000,"date":"2026-10-31","value":7.77}]}"#,
        user(2),
    );
    let facts = AccountFacts::of(accounts.iter().map(|page| &page.rows));
    let transactions = [of_first, of_second].map(|page| derive_transactions(&page.rows, &facts).unwrap());

    let joined = |table: Table, batches: Vec<&RecordBatch>| {
        let schema = table.schema().arrow(decimal());
        sort(table, &concat_batches(&schema, batches).unwrap()).unwrap()
    };
    let transactions = joined(Table::Transactions, transactions.iter().collect());
    let accounts = joined(Table::Accounts, accounts.iter().map(|page| &page.rows).collect());
    let issue = |id, kind| Issue {
        table: Table::Transactions,
        user: UserId::new(1),
        id,
        column: "value".to_owned(),
        kind,
        n: 1,
    };
    let issues = [issue(3, IssueKind::LoneSurrogate), issue(2, IssueKind::TooPrecise)];
    Rows::from([
        (Table::Users, users.rows),
        (Table::Connectors, connectors.rows),
        (Table::ConnectorSources, connectors.children.unwrap()),
        (Table::Connections, joined(Table::Connections, connections.iter().map(|page| &page.rows).collect())),
        (
            Table::ConnectionSources,
            joined(
                Table::ConnectionSources,
                connections.iter().map(|page| page.children.as_ref().unwrap()).collect(),
            ),
        ),
        (Table::Coverage, coverage(extra)),
        (Table::Balances, balances(&accounts)),
        (Table::Issues, issues_batch(&issues, decimal()).unwrap()),
        (Table::Accounts, accounts),
        (Table::Transactions, transactions),
    ])
}

fn day(text: &str) -> Option<i32> {
    crate::model::time::parse_date(text.as_bytes())
}

fn coverage(extra: i64) -> RecordBatch {
    let last = if extra > 0 { day("2026-11-03") } else { day("2026-11-02") };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1000, 1001, 2000])),
        Arc::new(Int64Array::from(vec![1, 1, 2])),
        Arc::new(Date32Array::from(vec![day("2026-10-03"), None, day("2026-10-31")])),
        Arc::new(Date32Array::from(vec![last, None, day("2026-10-31")])),
        Arc::new(Int64Array::from(vec![3 + extra, 1, 1])),
        Arc::new(StringArray::from(vec![Some("single_response"); 3])),
        Arc::new(BooleanArray::from(vec![true; 3])),
        Arc::new(StringArray::from(vec![None::<&str>; 3])),
    ];
    RecordBatch::try_new(Table::Coverage.schema().arrow(decimal()), columns).unwrap()
}

fn balances(accounts: &RecordBatch) -> RecordBatch {
    let column = |name: &str| accounts.column_by_name(name).unwrap().clone();
    let columns: Vec<ArrayRef> = vec![
        column("id"),
        Arc::new(Date32Array::from(vec![day("2026-11-22"); accounts.num_rows()])),
        column("id_user"),
        column("currency"),
        column("balance"),
        column("coming"),
        Arc::new(TimestampMicrosecondArray::from(vec![None; accounts.num_rows()])),
    ];
    RecordBatch::try_new(Table::Balances.schema().arrow(decimal()), columns).unwrap()
}

/// Writes rows into the build area of a run and makes the manifest of it. Files whose bytes the parent has are linked.
pub(crate) fn build(destination: &Destination, rows: &Rows, night: i64, csv: bool) -> Manifest {
    let run = destination.layout.free_run_id(start(night));
    destination.store.create_dirs(&place::building(&run), 0o700).unwrap();
    let mut files = Vec::new();
    for (table, batch) in rows {
        let months = months_of(*table, batch);
        let mut stretches: BTreeMap<Option<Month>, Vec<u32>> = BTreeMap::new();
        for row in 0..u32::try_from(batch.num_rows()).unwrap() {
            let month = months.as_ref().map(|months| months[row as usize]);
            stretches.entry(month).or_default().push(row);
        }
        for (month, indices) in stretches {
            let part =
                arrow::compute::take_record_batch(batch, &arrow::array::UInt32Array::from(indices)).unwrap();
            for area in [Area::Parquet, Area::Csv].into_iter().take(if csv { 2 } else { 1 }) {
                let path = FilePath::data(area, *table, month, 0);
                files.push(write(destination, &run, path, &part));
            }
        }
    }
    files.push(write_units(destination, &run, &rows[&Table::Transactions]));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let folder = destination.layout.at(place::building(&run));
    manifest(destination, &folder, run, night, files)
}

fn writer(
    destination: &Destination,
    run: &RunId,
    path: &FilePath,
    format: Format,
    shape: &TableShape,
) -> TableWriter {
    let place = path.under(&place::building(run));
    destination.store.make_dirs(place.parent().unwrap(), 0o700).unwrap();
    TableWriter::new(destination.store.new_file(&place).unwrap(), &place, format, shape).unwrap()
}

fn write(destination: &Destination, run: &RunId, path: FilePath, rows: &RecordBatch) -> FileEntry {
    let parts = path.parts();
    let format = if parts.area == Area::Csv { Format::Csv } else { Format::Parquet };
    let shape = shape(parts.table.unwrap(), decimal(), CsvProfile::Iso);
    let mut writer = writer(destination, run, &path, format, &shape);
    writer.write(rows).unwrap();
    let written = writer.close().unwrap();
    let mut facts = RowFacts::new(parts.table, decimal());
    facts.add(rows);
    let entry = FileEntry::new(path.clone(), facts.finish(written.fingerprint), Some("iso"), run.clone());
    let parent = destination.latest.as_ref();
    let same = parent.and_then(|parent| {
        parent.manifest.files.iter().find(|file| file.path == path && file.same_content(&entry))
    });
    let (Some(parent), Some(same)) = (parent, same) else { return entry };
    let (from, to) = (place::snapshot(&parent.run_id), place::building(run));
    destination.store.remove_file(&path.under(&to)).unwrap();
    destination.store.link_or_copy(&path.under(&from), &path.under(&to), FILE_MODE).unwrap();
    same.clone()
}

fn write_units(destination: &Destination, run: &RunId, rows: &RecordBatch) -> FileEntry {
    let users = rows.column_by_name("id_user").unwrap().as_primitive::<Int64Type>();
    let held = |user: i64| i64::try_from(users.iter().filter(|id| *id == Some(user)).count()).unwrap();
    let schema = units_schema();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "id_user" => Arc::new(Int64Array::from(vec![1, 2])),
            "outcome" => Arc::new(StringArray::from(vec!["complete"; 2])),
            "rows" => Arc::new(Int64Array::from(vec![held(1), held(2)])),
            _ => new_null_array(field.data_type(), 2),
        }
    });
    let units = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
    let shape = TableShape { schema, sorted_by: vec!["id_user".to_owned()], csv: CsvProfile::Iso };
    let path = FilePath::units();
    let mut writer = writer(destination, run, &path, Format::Parquet, &shape);
    writer.write(&units).unwrap();
    let written = writer.close().unwrap();
    let mut facts = RowFacts::new(None, decimal());
    facts.add(&units);
    FileEntry::new(path, facts.finish(written.fingerprint), None, run.clone())
}

pub(crate) fn manifest(
    destination: &Destination,
    folder: &Path,
    run: RunId,
    night: i64,
    files: Vec<FileEntry>,
) -> Manifest {
    let parent = destination.latest.as_ref();
    let started_at = UtcTime::seconds(start(night));
    let lists =
        Lists::read(folder, &files, &BTreeMap::new(), parent.map(|parent| &parent.manifest), started_at)
            .unwrap();
    let tables = table_entries(&files, decimal(), BTreeMap::new(), BTreeMap::new());
    let mut manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        contract_version: CONTRACT_VERSION.to_owned(),
        writer_epoch: crate::encode::WRITER_EPOCH,
        decimal: decimal().into(),
        tool: Tool::default(),
        run_id: run,
        sequence: destination.next_sequence(),
        parent: parent.map(Snapshot::as_parent),
        mode: Mode::Full,
        status: Status::Complete,
        started_at,
        finished_at: started_at,
        as_of: Some(started_at),
        source: Source { host: "bank.example".to_owned(), time_zone: "Europe/Paris".to_owned() },
        window: WindowEntry::new(Window::OPEN, None),
        users: UserCounts { listed: 2, complete: 2, ..UserCounts::default() },
        connections: lists.connections,
        accounts: lists.accounts,
        truncated: lists.truncated,
        api_ranges: Some(Vec::new()),
        tables,
        files,
        incomplete: Vec::new(),
        attention: lists.attention,
        changes: BTreeMap::new(),
        requests: Requests::default(),
        flags: Vec::new(),
    };
    manifest.window.exported = manifest.exported();
    manifest
}

/// Runs the `night`th night: opens, builds, publishes.
pub(crate) fn run(root: &Path, night: i64, extra: i64, csv: bool) -> Snapshot {
    let destination = open(root, night).unwrap();
    let manifest = build(&destination, &rows(extra), night, csv);
    publish(&destination, &manifest, FILE_MODE).unwrap()
}

/// Copies a lake. Files that share their bytes do not do so in the copy.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&here, &there);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&here).unwrap(), there).unwrap();
        } else {
            std::fs::copy(&here, there).unwrap();
        }
    }
}
