//! Tables and their columns, read from `schemas/*.toml`.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model::DecimalType;

macro_rules! tables {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A table of the lake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Table { $($(#[$doc])* $variant,)* }

        impl Table {
            /// Every table, in the order in which they are listed everywhere.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The table's name, which is also its folder's.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../../schemas/", $name, ".toml")),)* }
            }
        }
    };
}

tables! {
    /// The proven list of users.
    Users = "users",
    /// Institutions.
    Connectors = "connectors",
    /// The ways in to an institution.
    ConnectorSources = "connector_sources",
    /// Users' links to institutions.
    Connections = "connections",
    /// The ways in which a connection reaches its institution.
    ConnectionSources = "connection_sources",
    /// Bank accounts.
    Accounts = "accounts",
    /// Transactions.
    Transactions = "transactions",
    /// One balance per account and day.
    Balances = "balances",
    /// What the snapshot holds of each account.
    Coverage = "coverage",
    /// What did not fit its column.
    Issues = "issues",
}

impl Table {
    /// The table of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The table's schema.
    #[must_use]
    pub fn schema(self) -> &'static TableSchema {
        static ALL: LazyLock<Vec<TableSchema>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the files are compiled in and a test reads each of them")]
            let read = |table: Table| TableSchema::parse(table).expect("a schema file is valid");
            Table::ALL.into_iter().map(read).collect()
        });
        &ALL[self as usize]
    }
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaFile {
    name: Table,
    meaning: String,
    key: Vec<String>,
    required: Option<Vec<String>>,
    order: Vec<String>,
    partition: Option<Partition>,
    children: Option<Children>,
    #[serde(default)]
    ignored: Vec<String>,
    columns: Vec<ColumnLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnLine {
    name: String,
    #[serde(rename = "type")]
    kind: ColumnType,
    source: Option<Vec<String>>,
    #[serde(default)]
    derived: bool,
    #[serde(default)]
    clock: Clock,
    #[serde(default)]
    privacy: Privacy,
    meaning: String,
}

fn path_of(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

impl ColumnLine {
    fn into_column(self) -> Column {
        let sources = match self.source {
            _ if self.derived || self.kind == ColumnType::Extra => vec![Source::Derived],
            None => vec![Source::Path(path_of(&self.name))],
            Some(texts) => texts
                .iter()
                .map(|text| match text.strip_prefix('^') {
                    Some(column) => Source::Parent(column.to_owned()),
                    None if text == "@user" => Source::User,
                    None => Source::Path(path_of(text)),
                })
                .collect(),
        };
        Column {
            name: self.name,
            kind: self.kind,
            clock: self.clock,
            sources,
            privacy: self.privacy,
            meaning: self.meaning,
        }
    }
}

impl TableSchema {
    fn parse(table: Table) -> Result<Self, toml::de::Error> {
        let file: SchemaFile = toml::from_str(table.text())?;
        Ok(Self {
            table: file.name,
            meaning: file.meaning,
            required: file.required.unwrap_or_else(|| file.key.clone()),
            key: file.key,
            order: file.order,
            partition: file.partition,
            children: file.children,
            ignored: file.ignored.iter().map(|path| path_of(path)).collect(),
            columns: file.columns.into_iter().map(ColumnLine::into_column).collect(),
        })
    }

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
    fn every_schema_file_is_valid_and_consistent() {
        for table in Table::ALL {
            let schema =
                TableSchema::parse(table).unwrap_or_else(|error| panic!("{}: {error}", table.name()));
            assert_eq!(schema.table, table);
            let named = schema
                .key
                .iter()
                .chain(&schema.required)
                .chain(&schema.order)
                .chain(schema.partition.as_ref().map(|p| &p.of));
            for column in named {
                assert!(schema.index_of(column).is_some(), "{}: no column {column}", table.name());
            }
            let mut names: Vec<_> = schema.columns.iter().map(|column| &column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), schema.columns.len(), "{}: a column twice", table.name());
            assert_eq!(Table::from_name(table.name()), Some(table));
        }
    }

    #[test]
    fn a_fingerprint_depends_on_the_decimal_type() {
        let schema = Table::Transactions.schema();
        let other = DecimalType::new(38, 18).unwrap();
        assert_eq!(schema.fingerprint(DecimalType::default()).len(), 64);
        assert_ne!(schema.fingerprint(DecimalType::default()), schema.fingerprint(other));
    }
}
