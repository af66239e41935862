//! A CSV file, back as record batches of its table.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};

use super::csv_record::{Record, RecordError, read_record};
use super::guard::unguarded;
use super::profile::{DateForm, Dialect, Encoding};
use super::{CsvFault, CsvProfile, EncodeError, TableShape, windows1252};
use crate::model::{DecimalType, time};

/// Rows of a batch read.
const BATCH_ROWS: usize = 8_192;

/// Streams the rows of one CSV file in their order, parsed back to the table's types. Nothing is guessed: a field that
/// is no value of its column is an error.
#[derive(Debug)]
pub struct CsvReader {
    path: PathBuf,
    schema: SchemaRef,
    dialect: &'static Dialect,
    input: BufReader<File>,
    record: Record,
    records: u64,
    failed: bool,
}

impl CsvReader {
    /// Opens a file of that shape and reads its header.
    ///
    /// # Errors
    /// When it cannot be read, or its header is not the shape's columns.
    pub fn open(path: &Path, shape: &TableShape) -> Result<Self, EncodeError> {
        let file = File::open(path).map_err(EncodeError::io("open", path))?;
        let mut reader = Self {
            path: path.to_owned(),
            schema: shape.schema.clone(),
            dialect: shape.csv.dialect(),
            input: BufReader::with_capacity(64 * 1024, file),
            record: Record::default(),
            records: 0,
            failed: false,
        };
        if reader.dialect.bom && !reader.skip_bom()? {
            return Err(reader.fault(CsvFault::Header));
        }
        let found = reader.read_record()?;
        let names = shape.schema.fields().iter().map(|field| Some(field.name().as_bytes()));
        let header = (0..reader.record.len()).map(|index| reader.record.get(index));
        if found && header.eq(names) { Ok(reader) } else { Err(reader.fault(CsvFault::Header)) }
    }

    fn fault(&self, what: CsvFault) -> EncodeError {
        EncodeError::Csv { path: self.path.clone(), record: self.records, what }
    }

    /// Whether the file begins with U+FEFF, which is then read.
    fn skip_bom(&mut self) -> Result<bool, EncodeError> {
        let found = self.input.fill_buf().map_err(EncodeError::io("read", &self.path))?;
        let bom = found.starts_with("\u{FEFF}".as_bytes());
        self.input.consume(if bom { '\u{FEFF}'.len_utf8() } else { 0 });
        Ok(bom)
    }

    fn read_record(&mut self) -> Result<bool, EncodeError> {
        read_record(&mut self.input, &mut self.record, self.dialect).map_err(|error| match error {
            RecordError::Io(error) => EncodeError::io("read", &self.path)(error),
            RecordError::Fault(fault) => self.fault(fault),
        })
    }

    fn read_batch(&mut self) -> Result<Option<RecordBatch>, EncodeError> {
        let fields = self.schema.fields().clone();
        let mut columns = fields
            .iter()
            .map(|field| {
                CellBuilder::new(field).ok_or_else(|| EncodeError::NoText {
                    path: self.path.clone(),
                    column: field.name().clone(),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut rows = 0;
        while rows < BATCH_ROWS {
            self.records += 1;
            if !self.read_record()? {
                break;
            }
            if self.record.len() != columns.len() {
                let (found, expected) = (self.record.len(), columns.len());
                return Err(self.fault(CsvFault::Fields { found, expected }));
            }
            for (index, column) in columns.iter_mut().enumerate() {
                if column.push(self.record.get(index), self.dialect).is_none() {
                    return Err(self.fault(CsvFault::Value(fields[index].name().clone())));
                }
            }
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = columns.into_iter().zip(fields.iter()).map(|(c, field)| c.finish(field)).collect();
        RecordBatch::try_new(self.schema.clone(), columns).map(Some).map_err(EncodeError::arrow(&self.path))
    }
}

impl Iterator for CsvReader {
    type Item = Result<RecordBatch, EncodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.read_batch().transpose();
        self.failed = matches!(batch, Some(Err(_)));
        batch
    }
}

/// What a text reads back as: the text itself, but for NUL, which CSV cannot hold (U+FFFD), and for characters that the
/// profile's encoding lacks (`?`).
#[must_use]
pub fn reads_back_as(text: &str, profile: CsvProfile) -> Cow<'_, str> {
    let without_nul = |c: char| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c };
    match profile.dialect().encoding {
        Encoding::Utf8 if !text.contains('\0') => Cow::Borrowed(text),
        Encoding::Utf8 => text.chars().map(without_nul).collect(),
        Encoding::Windows1252 => {
            let known = |c: char| windows1252::byte_of(c).map_or(windows1252::SUBSTITUTE, |_| c);
            text.chars().map(without_nul).map(known).collect()
        }
    }
}

/// A column under construction.
enum CellBuilder {
    Integer(Int64Builder),
    Decimal(Decimal128Builder, DecimalType),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
    Instant(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl CellBuilder {
    fn new(field: &Field) -> Option<Self> {
        Some(match field.data_type() {
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Decimal128(precision, scale) => Self::Decimal(
                Decimal128Builder::new(),
                DecimalType::new(*precision, u8::try_from(*scale).ok()?)?,
            ),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                Self::Datetime(TimestampMicrosecondBuilder::new())
            }
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                Self::Instant(TimestampMicrosecondBuilder::new())
            }
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            _ => return None,
        })
    }

    /// Adds a cell; `None` when the text is no value of the type.
    fn push(&mut self, field: Option<&[u8]>, dialect: &Dialect) -> Option<()> {
        let Some(text) = field else {
            self.push_null();
            return Some(());
        };
        match self {
            Self::Integer(values) => values.append_value(parse_integer(text, dialect)?),
            Self::Decimal(values, kind) => values.append_value(parse_amount(text, *kind, dialect)?),
            Self::Boolean(values) => values.append_value(match text {
                b"true" => true,
                b"false" => false,
                _ => return None,
            }),
            Self::Date(values) => values.append_value(parse_date(text, dialect)?),
            Self::Datetime(values) => values.append_value(parse_clock(text, None, dialect)?),
            Self::Instant(values) => values.append_value(parse_clock(text, Some(0), dialect)?),
            Self::Text(values) => match dialect.encoding {
                Encoding::Utf8 => values.append_value(plain(std::str::from_utf8(text).ok()?, dialect)),
                Encoding::Windows1252 => {
                    let mut decoded = String::with_capacity(text.len());
                    windows1252::decode(text, &mut decoded);
                    values.append_value(plain(&decoded, dialect));
                }
            },
        }
        Some(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Integer(values) => values.append_null(),
            Self::Decimal(values, _) => values.append_null(),
            Self::Boolean(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Datetime(values) | Self::Instant(values) => values.append_null(),
            Self::Text(values) => values.append_null(),
        }
    }

    fn finish(self, field: &Field) -> ArrayRef {
        match self {
            Self::Integer(mut values) => Arc::new(values.finish()),
            Self::Decimal(mut values, _) => {
                Arc::new(values.finish().with_data_type(field.data_type().clone()))
            }
            Self::Boolean(mut values) => Arc::new(values.finish()),
            Self::Date(mut values) => Arc::new(values.finish()),
            Self::Datetime(mut values) => Arc::new(values.finish()),
            Self::Instant(mut values) => Arc::new(values.finish().with_data_type(field.data_type().clone())),
            Self::Text(mut values) => Arc::new(values.finish()),
        }
    }
}

/// A text without its guard.
fn plain<'a>(text: &'a str, dialect: &Dialect) -> &'a str {
    if dialect.guard { unguarded(text) } else { text }
}

/// An integer in the one form that we write: no plus sign, no leading zeros.
fn parse_integer(text: &[u8], dialect: &Dialect) -> Option<i64> {
    let text = text.strip_prefix(b"'").filter(|_| dialect.guard).unwrap_or(text);
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.first() == Some(&b'+') || (digits.len() > 1 && digits[0] == b'0') || text == b"-0" {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn parse_amount(text: &[u8], kind: DecimalType, dialect: &Dialect) -> Option<i128> {
    kind.parse(&with_point(text, dialect)?).ok()
}

/// A number's text with `.` as its decimal mark; `None` when another stands there.
fn with_point<'a>(text: &'a [u8], dialect: &Dialect) -> Option<Cow<'a, [u8]>> {
    if dialect.decimal_mark == b'.' {
        return Some(Cow::Borrowed(text));
    }
    if text.contains(&b'.') {
        return None;
    }
    let point = |byte: &u8| if *byte == dialect.decimal_mark { b'.' } else { *byte };
    Some(Cow::Owned(text.iter().map(point).collect()))
}

fn parse_date(text: &[u8], dialect: &Dialect) -> Option<i32> {
    if text.len() != 10 {
        return None;
    }
    time::parse_date(&iso_day(text, dialect)?)
}

/// A day's ten characters as `2026-11-22`.
fn iso_day<'a>(text: &'a [u8], dialect: &Dialect) -> Option<Cow<'a, [u8]>> {
    let (separator, day_first) = match dialect.dates {
        DateForm::Iso => return Some(Cow::Borrowed(text)),
        DateForm::DayFirst(separator) => (separator, true),
        DateForm::MonthFirst => (b'/', false),
    };
    let [a1, a2, s1, b1, b2, s2, y1, y2, y3, y4] = *text else { return None };
    if s1 != separator || s2 != separator {
        return None;
    }
    let ([d1, d2], [m1, m2]) = if day_first { ([a1, a2], [b1, b2]) } else { ([b1, b2], [a1, a2]) };
    Some(Cow::Owned(vec![y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]))
}

/// A datetime that names this offset in ISO form; in the forms of spreadsheets none is ever named.
fn parse_clock(text: &[u8], offset: Option<i32>, dialect: &Dialect) -> Option<i64> {
    if dialect.dates == DateForm::Iso {
        return Some(time::parse_datetime(text).filter(|written| written.offset == offset)?.micros);
    }
    let (day, clock) = text.split_at_checked(10)?;
    let mut iso = iso_day(day, dialect)?.into_owned();
    iso.extend_from_slice(&with_point(clock, dialect)?);
    Some(time::parse_datetime(&iso).filter(|written| written.offset.is_none())?.micros)
}
