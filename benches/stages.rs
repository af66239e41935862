//! The stages of a run, each alone on one thread: decode, sort, merge, encode, read back, hash.
//!
//! `cargo bench --bench stages`; the column `fastest` is the one to compare on a machine that others use too.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail loudly")]
#![allow(missing_docs, reason = "nobody imports it")]

#[path = "bank/template.rs"]
#[allow(dead_code, reason = "the bank itself uses all of it")]
mod template;
#[path = "bank/world.rs"]
#[allow(dead_code, reason = "the bank itself uses all of it")]
mod world;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};
use powens_export::encode::{Fingerprint, Format, TableReader, TableShape, TableWriter};
use powens_export::model::{DecimalType, UserId};
use powens_export::stage::merge::{Input, MergeError, MergeStream};
use powens_export::table::{Context, Decoder, List, Table, integer_keys, sort};

/// Counts allocations beside the time.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const TABLE: Table = Table::Transactions;

fn main() {
    divan::main();
}

/// A user's whole history as the API serves it: 1,000 rows, some 1,000 bytes each.
fn page(user: u64) -> Vec<u8> {
    let bank = world::Bank::default();
    let mut body = Vec::new();
    bank.answer("GET", &format!("/2.0/users/{}/transactions?all&limit=1000", 1000 + user), &mut body);
    body
}

fn decoded(user: u64) -> RecordBatch {
    let context = Context { user: UserId::new(i64::try_from(1000 + user).unwrap()) };
    Decoder::new(DecimalType::default()).decode(List::Transactions, &page(user), context).unwrap().rows
}

/// The rows of so many users, in the table's order.
fn sorted(users: std::ops::Range<u64>) -> RecordBatch {
    let pages: Vec<_> = users.map(decoded).collect();
    sort(TABLE, &concat_batches(&pages[0].schema(), &pages).unwrap()).unwrap()
}

/// From one page's bytes to columns.
#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let page = page(7);
    let decoder = Decoder::new(DecimalType::default());
    let context = Context { user: UserId::new(1007) };
    bencher
        .counter(BytesCount::new(page.len()))
        .counter(ItemsCount::new(1000_usize))
        .bench(|| decoder.decode(List::Transactions, black_box(&page), context).unwrap());
}

/// The floor: the page is UTF-8 and JSON, and nothing is made of it.
#[divan::bench]
fn validate(bencher: Bencher<'_, '_>) {
    let page = page(7);
    bencher
        .counter(BytesCount::new(page.len()))
        .counter(ItemsCount::new(1000_usize))
        .bench(|| serde_json::from_slice::<serde::de::IgnoredAny>(black_box(&page)).unwrap());
}

/// A page into the table's order.
#[divan::bench]
fn sort_page(bencher: Bencher<'_, '_>) {
    let rows = decoded(7);
    bencher.counter(ItemsCount::new(rows.num_rows())).bench(|| sort(TABLE, black_box(&rows)).unwrap());
}

/// Sixteen runs of four users each, whose rows do not overlap: what the build reads of most stages.
#[divan::bench]
fn merge_stretches(bencher: Bencher<'_, '_>) {
    let runs: Vec<_> = (0..16).map(|run| vec![sorted(4 * run..4 * run + 4)]).collect();
    merge(bencher, &runs);
}

/// Sixteen runs whose rows alternate: the worst case.
#[divan::bench]
fn merge_alternating(bencher: Bencher<'_, '_>) {
    let all = sorted(0..64);
    let every = |first: usize| {
        let places = (first..all.num_rows()).step_by(16).map(|row| u32::try_from(row).unwrap());
        let places = arrow::array::UInt32Array::from_iter_values(places);
        arrow::compute::take_record_batch(&all, &places).unwrap()
    };
    let runs: Vec<_> = (0..16).map(|first| vec![every(first)]).collect();
    merge(bencher, &runs);
}

fn merge(bencher: Bencher<'_, '_>, runs: &[Vec<RecordBatch>]) {
    let schema = runs[0][0].schema();
    let rows: usize = runs.iter().flatten().map(RecordBatch::num_rows).sum();
    bencher.counter(ItemsCount::new(rows)).bench(|| {
        let input = |batches: &Vec<RecordBatch>| -> Input<'static, MergeError> {
            let pieces: Vec<_> =
                batches.iter().flat_map(|batch| blocks(batch, 1024)).map(Ok).collect::<Vec<_>>();
            Box::new(pieces.into_iter())
        };
        let inputs = runs.iter().map(input).collect();
        let keys = |rows: &RecordBatch| Ok(integer_keys(TABLE, rows).unwrap());
        let merged = MergeStream::<_, MergeError>::new(schema.clone(), inputs, keys, 8192);
        merged.map(|batch| batch.unwrap().num_rows()).sum::<usize>()
    });
}

fn blocks(batch: &RecordBatch, rows: usize) -> impl Iterator<Item = RecordBatch> {
    (0..batch.num_rows()).step_by(rows).map(move |at| batch.slice(at, rows.min(batch.num_rows() - at)))
}

fn shape() -> TableShape {
    let schema = TABLE.schema();
    TableShape {
        schema: schema.arrow(DecimalType::default()),
        sorted_by: schema.order.clone(),
        csv: powens_export::encode::CsvProfile::default(),
    }
}

/// Writes a file in a folder that is removed again.
fn write(folder: &Path, format: Format, rows: &[RecordBatch]) -> PathBuf {
    let path = folder.join("file");
    let _ = std::fs::remove_file(&path);
    let file = Box::new(std::fs::File::create(&path).unwrap());
    let mut writer = TableWriter::new(file, &path, format, &shape()).unwrap();
    for batch in rows {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    path
}

/// One row group of Parquet.
#[divan::bench(sample_count = 20)]
fn encode_parquet(bencher: Bencher<'_, '_>) {
    let (folder, rows) = (tempfile::tempdir().unwrap(), row_group());
    bencher
        .counter(ItemsCount::new(rows.iter().map(RecordBatch::num_rows).sum::<usize>()))
        .bench_local(|| write(folder.path(), Format::Parquet, black_box(&rows)));
}

/// The same rows as CSV.
#[divan::bench(sample_count = 20)]
fn encode_csv(bencher: Bencher<'_, '_>) {
    let (folder, rows) = (tempfile::tempdir().unwrap(), row_group());
    bencher
        .counter(ItemsCount::new(rows.iter().map(RecordBatch::num_rows).sum::<usize>()))
        .bench_local(|| write(folder.path(), Format::Csv, black_box(&rows)));
}

fn row_group() -> Vec<RecordBatch> {
    blocks(&sorted(0..123), 8192).collect()
}

/// A Parquet file, decoded to its end.
#[divan::bench(sample_count = 20)]
fn read_back(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), Format::Parquet, &row_group());
    bencher.counter(ItemsCount::new(123_000_usize)).bench(|| {
        let reader = TableReader::open(&path, Format::Parquet, &shape()).unwrap();
        reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>()
    });
}

/// A file's SHA-256.
#[divan::bench]
fn hash(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, vec![7; 8 << 20]).unwrap();
    bencher.counter(BytesCount::new(8_usize << 20)).bench(|| Fingerprint::of_file(&path).unwrap());
}
