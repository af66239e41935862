//! What a verification found.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::lake::RunId;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// `LATEST` is missing, torn, or does not name what is there.
    Latest,
    /// The manifest is missing or not one of its version.
    Manifest,
    /// The manifest contradicts itself.
    Contradiction,
    /// A file that the manifest names is not there.
    MissingFile,
    /// A link, folder or device where a file belongs.
    NotAFile,
    /// Something that the manifest does not name.
    ExtraFile,
    /// Others may change it, or see more of it than of the manifest.
    Mode,
    /// Another length than the manifest says.
    Size,
    /// Another digest than the manifest says.
    Sha256,
    /// It cannot be read or decoded.
    Unreadable,
    /// Other columns than its table has.
    Columns,
    /// Another number of rows than the manifest says.
    Rows,
    /// Another range of dates than the manifest says.
    Dates,
    /// Other control totals than the manifest says.
    ControlTotals,
    /// Rows out of order.
    Order,
    /// A row in the folder of another month.
    Partition,
    /// Two rows of one key.
    DuplicateKey,
    /// Coverage does not agree with the rows, or with the manifest.
    Coverage,
    /// The run facts do not agree with the manifest or the rows.
    Units,
    /// A derived column does not agree with what it is derived from.
    Derived,
    /// A CSV file without its Parquet file, or the other way round.
    Unpaired,
    /// CSV and Parquet hold different rows.
    CsvDiffers,
    /// The parent's manifest is not the one that was built upon.
    Chain,
}

impl Code {
    /// The code as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Manifest => "manifest",
            Self::Contradiction => "contradiction",
            Self::MissingFile => "missing_file",
            Self::NotAFile => "not_a_file",
            Self::ExtraFile => "extra_file",
            Self::Mode => "mode",
            Self::Size => "size",
            Self::Sha256 => "sha256",
            Self::Unreadable => "unreadable",
            Self::Columns => "columns",
            Self::Rows => "rows",
            Self::Dates => "dates",
            Self::ControlTotals => "control_totals",
            Self::Order => "order",
            Self::Partition => "partition",
            Self::DuplicateKey => "duplicate_key",
            Self::Coverage => "coverage",
            Self::Units => "units",
            Self::Derived => "derived",
            Self::Unpaired => "unpaired",
            Self::CsvDiffers => "csv_differs",
            Self::Chain => "chain",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that is not as it was published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where, relative to the lake or, for a snapshot on its own, to its folder.
    pub path: String,
    /// What is wrong.
    pub code: Code,
    /// The same as a sentence.
    pub sentence: String,
}

impl Finding {
    pub(super) fn new(code: Code, path: impl AsRef<Path>, sentence: impl Into<String>) -> Self {
        Self { code, path: path.as_ref().to_string_lossy().into_owned(), sentence: sentence.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.path, self.code, self.sentence)
    }
}

/// What a verification found, and how much it looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The snapshot; `None` when it could not be told which.
    pub run_id: Option<RunId>,
    /// Its place in the order of snapshots.
    pub sequence: Option<u64>,
    /// Files that were read.
    pub files: u64,
    /// Rows that were decoded, of all formats.
    pub rows: u64,
    /// Bytes that were hashed.
    pub bytes: u64,
    /// Everything that is wrong, by path and code.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}
