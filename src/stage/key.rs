//! Under which conditions staged work may be used again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{DecimalType, Window};

/// What staged units depend on. Under any other key they are not reused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageKey {
    /// The API they were fetched from.
    pub base_url: String,
    /// The snapshot that their deltas start from.
    pub parent: Option<StageParent>,
    /// The dates asked for.
    pub window: Window,
    /// The columns of all tables.
    pub schema_fingerprint: String,
    /// The type of amounts.
    #[serde(with = "decimal_text")]
    pub decimal: DecimalType,
}

/// The snapshot that a stage builds on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageParent {
    /// Its run.
    pub run_id: String,
    /// The SHA-256 of its manifest, in hexadecimal digits.
    pub manifest_sha256: String,
}

/// How the stage uses memory and disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageOptions {
    /// Bytes of rows held in memory before they are written.
    pub buffer_bytes: usize,
    /// How long a finished unit waits for others before it is made durable.
    pub group_age: Duration,
    /// Older units are not reused; nor are such from the future, which a clock that was set back leaves behind.
    pub max_age: Duration,
    /// The most rows of a block: what is read at a time of each run.
    pub block_rows: usize,
    /// The most bytes of a block in memory, unless a single row is larger.
    pub block_bytes: usize,
    /// More runs than this are merged, so that a reader has fewer files open. Runs that follow one another cost it no
    /// memory: a block is read when its rows may be next.
    pub max_runs: usize,
}

impl Default for StageOptions {
    fn default() -> Self {
        Self {
            buffer_bytes: 32 << 20,
            group_age: Duration::from_secs(5),
            max_age: Duration::from_secs(24 * 3600),
            block_rows: 1024,
            block_bytes: 1 << 20,
            // Ten million rows make some 110 runs, which are merged once, by the build. With 64, every row of them was
            // written once more on the way.
            max_runs: 256,
        }
    }
}

mod decimal_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::DecimalType;

    pub(super) fn serialize<S: Serializer>(decimal: &DecimalType, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(decimal)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DecimalType, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
