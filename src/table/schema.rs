//! What a table looks like: its columns, its key, the order of its rows.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model::DecimalType;

use super::Table;

/// What a column holds, and the Arrow type that it has in every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// A positive whole number that names something: `Int64`.
    Id,
    /// A whole number: `Int64`.
    Integer,
    /// An exact amount: `Decimal128` of the lake's [`DecimalType`].
    Decimal,
    /// `Boolean`.
    Boolean,
    /// A calendar date: `Date32`.
    Date,
    /// A naive datetime, the wall clock's digits as served: `Timestamp(µs)` without a zone.
    Datetime,
    /// An instant: `Timestamp(µs, "UTC")`.
    Instant,
    /// `Utf8`.
    Text,
    /// A value's own JSON text: `Utf8`.
    Json,
    /// The JSON object of what has no column or did not fit one: `Utf8`.
    Extra,
}

impl ColumnType {
    /// The type in memory and in Parquet.
    #[must_use]
    pub fn arrow(self, decimal: DecimalType) -> DataType {
        match self {
            Self::Id | Self::Integer => DataType::Int64,
            // A scale is at most 38: it fits.
            #[expect(clippy::cast_possible_wrap, reason = "a scale is at most 38")]
            Self::Decimal => DataType::Decimal128(decimal.precision(), decimal.scale() as i8),
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Text | Self::Json | Self::Extra => DataType::Utf8,
        }
    }

    /// The type's name in schema files and in `powens-export schema`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Instant => "instant",
            Self::Text => "text",
            Self::Json => "json",
            Self::Extra => "extra",
        }
    }
}

/// How near to a person a column's values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Says nothing about a person.
    #[default]
    Plain,
    /// Names a person, or something of theirs, by number only.
    Pseudonym,
    /// Personal data: never in a log, an error, a file name.
    Personal,
}

/// Which clock a naive datetime is read on when it becomes an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Documented as UTC.
    #[default]
    Utc,
    /// Europe/Paris wall clock: published clients read it so; the documentation does not say.
    Paris,
}

/// Where a column's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere in the response: computed from other tables.
    Derived,
    /// The user whose list was asked for (`@user`).
    User,
    /// A column of the enclosing row (`^id`).
    Parent(String),
    /// A path of keys in the row's object (`currency.id`).
    Path(Vec<String>),
}

/// A column of a table: one line of a schema file.
#[derive(Clone, Debug)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnType,
    /// The clock that an instant's naive text is read on.
    pub clock: Clock,
    /// Where its value comes from, the first that has one.
    pub sources: Vec<Source>,
    /// How near to a person it is.
    pub privacy: Privacy,
    /// What it means.
    pub meaning: String,
}

/// A table is cut into folders by the month of one of its dates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The partition column; it stands in the path only.
    pub column: String,
    /// The date column whose month it is.
    pub of: String,
}

/// A list inside a row that is a table of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Children {
    /// The key of the list.
    pub field: String,
    /// The table of its rows.
    pub table: Table,
}

/// A table, as its file under `schemas/` says.
#[derive(Clone, Debug)]
pub struct TableSchema {
    /// Which table.
    pub table: Table,
    /// What a row is.
    pub meaning: String,
    /// Columns that name a row.
    pub key: Vec<String>,
    /// Columns without which a row cannot be stored; the key unless the file says otherwise.
    pub required: Vec<String>,
    /// Columns that rows are sorted by, ascending, nulls first.
    pub order: Vec<String>,
    /// How the table is cut into folders.
    pub partition: Option<Partition>,
    /// A list inside each row that is a table of its own.
    pub children: Option<Children>,
    /// Paths left out on purpose; `a.*` is every other key of the object `a`.
    pub ignored: Vec<Vec<String>>,
    /// The columns, in the order of the files.
    pub columns: Vec<Column>,
}

impl TableSchema {
    /// The Arrow schema of every batch and file of the table. Every column is nullable, so that a file says the
    /// same of a column whatever its rows are.
    #[must_use]
    pub fn arrow(&self, decimal: DecimalType) -> SchemaRef {
        let field = |column: &Column| Field::new(&column.name, column.kind.arrow(decimal), true);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// The SHA-256 (64 hexadecimal digits) of the columns' names and types, the key, the order and the partition:
    /// two snapshots with equal fingerprints can be merged file by file.
    #[must_use]
    pub fn fingerprint(&self, decimal: DecimalType) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.table.name(), self.key.join(","), self.order.join(","));
        if let Some(partition) = &self.partition {
            let _ = writeln!(text, "{}={}", partition.column, partition.of);
        }
        for column in &self.columns {
            let _ = writeln!(text, "{} {} {:?}", column.name, column.kind.arrow(decimal), column.clock);
        }
        Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The position of a column.
    #[must_use]
    pub fn index_of(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|candidate| candidate.name == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_the_decimal_type() {
        let schema = Table::Transactions.schema();
        let other = DecimalType::new(38, 18).unwrap();
        assert_eq!(schema.fingerprint(DecimalType::default()).len(), 64);
        assert_ne!(schema.fingerprint(DecimalType::default()), schema.fingerprint(other));
    }
}
