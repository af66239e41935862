//! The file formats, and how amounts, dates and texts look in each CSV profile.

use std::fmt;
use std::str::FromStr;

/// A published file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values (RFC 4180), in a [`CsvProfile`].
    Csv,
}

impl Format {
    /// The name in paths and in the manifest; also the extension of its files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// The format that a name means.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How values are written in CSV. One profile so far: the exact one, for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CsvProfile {
    /// RFC 4180, comma, UTF-8 without BOM, LF; `.` in amounts, ISO 8601 dates, RFC 3339 instants, `true`/`false`;
    /// null is empty, the empty text `""`.
    #[default]
    Iso,
}

impl CsvProfile {
    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iso => "iso",
        }
    }
}

impl fmt::Display for CsvProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No CSV profile has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such csv profile: use iso")]
pub struct NoSuchProfile;

impl FromStr for CsvProfile {
    type Err = NoSuchProfile;

    fn from_str(name: &str) -> Result<Self, NoSuchProfile> {
        match name {
            "iso" => Ok(Self::Iso),
            _ => Err(NoSuchProfile),
        }
    }
}
