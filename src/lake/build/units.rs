//! `state/units.parquet`: how every user ended, the only source for planning the next delta.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use jiff::Timestamp;

use crate::encode::{
    CsvProfile, EncodeError, Format, NewFiles, TableReader, TableShape, TableWriter, WrittenFile,
};
use crate::model::{Proof, Reason, UnitOutcome, UserId, Window, time};

/// One user's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRow {
    /// The user.
    pub user: UserId,
    /// What the snapshot holds of it.
    pub outcome: UnitOutcome,
    /// Why it is not complete, or what a complete one cannot hold. A kept unit keeps it.
    pub reason: Option<Reason>,
    /// Start of the run since which that is so.
    pub since: Option<Timestamp>,
    /// How the rows held are proven.
    pub proof: Option<Proof>,
    /// The dates that are held; `None` when no walk ever succeeded.
    pub window: Option<Window>,
    /// When the last walk began, on the server's clock.
    pub walk_start: Option<Timestamp>,
    /// When the last full walk began, on the server's clock.
    pub full_walk_start: Option<Timestamp>,
    /// When the attempt that brought the rows began, on the server's clock.
    pub as_of: Option<Timestamp>,
    /// Transactions held.
    pub rows: u64,
}

impl UnitRow {
    /// A user of whom nothing is held.
    #[must_use]
    pub const fn without_rows(user: UserId) -> Self {
        Self {
            user,
            outcome: UnitOutcome::Skipped,
            reason: None,
            since: None,
            proof: None,
            window: None,
            walk_start: None,
            full_walk_start: None,
            as_of: None,
            rows: 0,
        }
    }

    /// Whether a walk has ever succeeded: then the snapshot has what it brought.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.walk_start.is_some()
    }
}

static SHAPE: LazyLock<TableShape> = LazyLock::new(|| {
    let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Schema::new(vec![
        Field::new("id_user", DataType::Int64, true),
        Field::new("outcome", DataType::Utf8, true),
        Field::new("reason", DataType::Utf8, true),
        Field::new("since", instant(), true),
        Field::new("proof", DataType::Utf8, true),
        Field::new("window_from", DataType::Date32, true),
        Field::new("window_to", DataType::Date32, true),
        Field::new("walk_start", instant(), true),
        Field::new("full_walk_start", instant(), true),
        Field::new("as_of", instant(), true),
        Field::new("rows", DataType::Int64, true),
    ]);
    TableShape { schema: Arc::new(schema), sorted_by: vec!["id_user".to_owned()], csv: CsvProfile::Iso }
});

/// The columns of the file.
#[must_use]
pub fn units_schema() -> SchemaRef {
    SHAPE.schema.clone()
}

/// Writes the file; `path` is the store's.
pub(super) fn write_units(
    files: &dyn NewFiles,
    path: &Path,
    rows: &BTreeMap<UserId, UnitRow>,
) -> Result<WrittenFile, EncodeError> {
    let file = files.new_file(path).map_err(EncodeError::io("create", path))?;
    let mut writer = TableWriter::new(file, path, Format::Parquet, &SHAPE)?;
    let rows: Vec<&UnitRow> = rows.values().collect();
    for some in rows.chunks(8_192) {
        writer.write(&batch(some).map_err(EncodeError::arrow(path))?)?;
    }
    writer.close()
}

fn batch(rows: &[&UnitRow]) -> Result<RecordBatch, ArrowError> {
    let text = |of: fn(&UnitRow) -> Option<&'static str>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<StringArray>())
    };
    let instant = |of: fn(&UnitRow) -> Option<Timestamp>| -> ArrayRef {
        let micros = rows.iter().map(|row| of(row).map(Timestamp::as_microsecond));
        Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let day = |of: fn(&Window) -> Option<jiff::civil::Date>| -> ArrayRef {
        let days = rows.iter().map(|row| row.window.as_ref().and_then(of).map(time::days_of));
        Arc::new(days.collect::<Date32Array>())
    };
    let number = |of: fn(&UnitRow) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<Int64Array>())
    };
    let columns = vec![
        number(|row| Some(row.user.get())),
        text(|row| Some(row.outcome.as_str())),
        text(|row| row.reason.map(Reason::as_str)),
        instant(|row| row.since),
        text(|row| row.proof.map(Proof::as_str)),
        day(Window::from),
        day(Window::to),
        instant(|row| row.walk_start),
        instant(|row| row.full_walk_start),
        instant(|row| row.as_of),
        number(|row| i64::try_from(row.rows).ok()),
    ];
    RecordBatch::try_new(SHAPE.schema.clone(), columns)
}

/// Reads the file.
///
/// # Errors
/// When it cannot be read, has other columns, or a value that is no code of the contract.
pub fn read_units(path: &Path) -> Result<BTreeMap<UserId, UnitRow>, EncodeError> {
    let mut units = BTreeMap::new();
    for rows in TableReader::open(path, Format::Parquet, &SHAPE)? {
        let rows = rows?;
        for row in 0..rows.num_rows() {
            let unit = read_row(&rows, row).map_err(|column| EncodeError::Columns {
                path: path.to_owned(),
                column: column.to_owned(),
            })?;
            units.insert(unit.user, unit);
        }
    }
    Ok(units)
}

/// One line, or the name of the column that holds what it cannot.
fn read_row(rows: &RecordBatch, row: usize) -> Result<UnitRow, &'static str> {
    let column = |name: &'static str| rows.column_by_name(name).filter(|values| values.is_valid(row));
    let text = |name| column(name).map(|values| values.as_string::<i32>().value(row));
    let number = |name| column(name).map(|values| values.as_primitive::<Int64Type>().value(row));
    let instant = |name: &'static str| {
        let micros = column(name).map(|values| values.as_primitive::<TimestampMicrosecondType>().value(row));
        micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| name)).transpose()
    };
    let day = |name: &'static str| {
        let days = column(name).map(|values| values.as_primitive::<Date32Type>().value(row));
        days.map(|days| time::date_of(days).ok_or(name)).transpose()
    };
    let code = |name: &'static str| text(name).ok_or(name);
    let walk_start = instant("walk_start")?;
    let window = Window::new(day("window_from")?, day("window_to")?).map_err(|_| "window_to")?;
    Ok(UnitRow {
        user: number("id_user").and_then(UserId::new).ok_or("id_user")?,
        outcome: code("outcome").and_then(|code| UnitOutcome::from_code(code).ok_or("outcome"))?,
        reason: text("reason").map(|code| Reason::from_code(code).ok_or("reason")).transpose()?,
        since: instant("since")?,
        proof: text("proof").map(|code| Proof::from_code(code).ok_or("proof")).transpose()?,
        window: walk_start.map(|_| window),
        walk_start,
        full_walk_start: instant("full_walk_start")?,
        as_of: instant("as_of")?,
        rows: number("rows").and_then(|rows| u64::try_from(rows).ok()).ok_or("rows")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::lake::Store::open(folder.path(), crate::lake::store::Syncs::Counted).unwrap();
        let user = |id| UserId::new(id).unwrap();
        let instant = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let bare = UnitRow {
            outcome: UnitOutcome::Failed,
            reason: Some(Reason::Forbidden),
            since: instant("2026-11-21T02:00:00Z"),
            ..UnitRow::without_rows(user(1))
        };
        let full = UnitRow {
            user: user(2),
            outcome: UnitOutcome::Complete,
            reason: None,
            since: None,
            proof: Some(Proof::Quiescent),
            window: Some(Window::new(Some(jiff::civil::date(2026, 1, 1)), None).unwrap()),
            walk_start: instant("2026-11-22T02:00:01.25Z"),
            full_walk_start: instant("2026-11-20T02:00:00Z"),
            as_of: instant("2026-11-22T02:00:00Z"),
            rows: 12,
        };
        let open = UnitRow { user: user(3), window: Some(Window::OPEN), ..full.clone() };
        let rows: BTreeMap<_, _> = [bare, full, open].map(|row| (row.user, row)).into();
        let path = Path::new("units.parquet");
        let written = write_units(&store, path, &rows).unwrap();
        assert_eq!(written.rows, 3);
        assert_eq!(read_units(&store.locate(path)).unwrap(), rows);
    }
}
