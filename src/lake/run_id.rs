//! The name of a run and of the snapshot it published.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::time;

/// A run, and the snapshot it published: its UTC start, `20261122T020000Z`, with `-2`, `-3` … if that was taken.
/// The order of snapshots is their `sequence`, never this name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// The id of a run that starts at `start`, the `attempt`th one (from 1) in that second.
    #[must_use]
    pub fn new(start: Timestamp, attempt: u32) -> Self {
        let stem = time::run_id_of(start);
        Self(if attempt <= 1 { stem } else { format!("{stem}-{attempt}") })
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The UTC day in the name, `20261122`.
    #[must_use]
    pub fn day(&self) -> &str {
        &self.0[..8]
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, NotARunId> {
        let (stem, suffix) = text.split_at_checked(16).ok_or(NotARunId)?;
        let shape = b"00000000T000000Z";
        let stem_fits = stem.bytes().zip(shape).all(|(byte, model)| match model {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        });
        let suffix_fits = suffix.is_empty()
            || suffix.strip_prefix('-').is_some_and(|number| {
                number.len() <= 9
                    && !number.starts_with('0')
                    && number.bytes().all(|byte| byte.is_ascii_digit())
                    && number.parse::<u32>().is_ok_and(|number| number >= 2)
            });
        if stem_fits && suffix_fits { Ok(Self(text.to_owned())) } else { Err(NotARunId) }
    }
}

impl TryFrom<String> for RunId {
    type Error = NotARunId;
    fn try_from(text: String) -> Result<Self, NotARunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.0
    }
}

impl schemars::JsonSchema for RunId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RunId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "UTC start of a run; -2, -3 … if that was taken",
            "type": "string",
            "pattern": "^[0-9]{8}T[0-9]{6}Z(-[1-9][0-9]{0,8})?$"
        })
    }
}

/// The text names no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a run id: write it as in 20261122T020000Z")]
pub struct NotARunId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_are_names_and_nothing_else() {
        let start: Timestamp = "2026-11-22T02:00:00Z".parse().unwrap();
        let first = RunId::new(start, 1);
        assert_eq!(first.as_str(), "20261122T020000Z");
        assert_eq!(first.day(), "20261122");
        assert_eq!(RunId::new(start, 3).as_str(), "20261122T020000Z-3");
        for good in ["20261122T020000Z", "20261122T020000Z-2", "20261122T020000Z-17"] {
            assert_eq!(good.parse::<RunId>().map(String::from).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "20261122",
            "../../../etc/pass",
            "20261122T020000Z/..",
            "20261122T020000Z-1",
            "20261122T020000Z-02",
            "20261122T020000Z-",
            "2026112éT02000Z",
        ] {
            assert_eq!(bad.parse::<RunId>(), Err(NotARunId), "{bad}");
        }
    }
}
