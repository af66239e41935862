//! A CSV file, back as record batches of its table.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};

use super::csv_record::{Record, RecordError, read_record};
use super::{CsvFault, CsvProfile, EncodeError, TableShape};
use crate::model::{DecimalType, time};

/// Rows of a batch read.
const BATCH_ROWS: usize = 8_192;

/// Streams the rows of one CSV file in their order, parsed back to the table's types. Nothing is guessed: a field that
/// is no value of its column is an error.
#[derive(Debug)]
pub struct CsvReader {
    path: PathBuf,
    schema: SchemaRef,
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
        let CsvProfile::Iso = shape.csv;
        let file = File::open(path).map_err(EncodeError::io("open", path))?;
        let mut reader = Self {
            path: path.to_owned(),
            schema: shape.schema.clone(),
            input: BufReader::with_capacity(64 * 1024, file),
            record: Record::default(),
            records: 0,
            failed: false,
        };
        let found = reader.read_record()?;
        let names = shape.schema.fields().iter().map(|field| Some(field.name().as_bytes()));
        let header = (0..reader.record.len()).map(|index| reader.record.get(index));
        if found && header.eq(names) { Ok(reader) } else { Err(reader.fault(CsvFault::Header)) }
    }

    fn fault(&self, what: CsvFault) -> EncodeError {
        EncodeError::Csv { path: self.path.clone(), record: self.records, what }
    }

    fn read_record(&mut self) -> Result<bool, EncodeError> {
        read_record(&mut self.input, &mut self.record).map_err(|error| match error {
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
                if column.push(self.record.get(index)).is_none() {
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
    fn push(&mut self, field: Option<&[u8]>) -> Option<()> {
        match self {
            Self::Integer(values) => values.append_option(match field {
                None => None,
                Some(text) => Some(parse_integer(text)?),
            }),
            Self::Decimal(values, kind) => values.append_option(match field {
                None => None,
                Some(text) => Some(kind.parse(text).ok()?),
            }),
            Self::Boolean(values) => values.append_option(match field {
                None => None,
                Some(b"true") => Some(true),
                Some(b"false") => Some(false),
                Some(_) => return None,
            }),
            Self::Date(values) => values.append_option(match field {
                None => None,
                Some(text) if text.len() == 10 => Some(time::parse_date(text)?),
                Some(_) => return None,
            }),
            Self::Datetime(values) => values.append_option(match field {
                None => None,
                Some(text) => {
                    Some(time::parse_datetime(text).filter(|written| written.offset.is_none())?.micros)
                }
            }),
            Self::Instant(values) => values.append_option(match field {
                None => None,
                Some(text) => {
                    Some(time::parse_datetime(text).filter(|written| written.offset == Some(0))?.micros)
                }
            }),
            Self::Text(values) => values.append_option(match field {
                None => None,
                Some(text) => Some(std::str::from_utf8(text).ok()?),
            }),
        }
        Some(())
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

/// An integer in the one form that we write: no plus sign, no leading zeros.
fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.first() == Some(&b'+') || (digits.len() > 1 && digits[0] == b'0') || text == b"-0" {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
