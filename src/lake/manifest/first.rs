//! The beginning of a manifest: which run, its place in the order, when it began. A manifest of many thousand accounts
//! is tens of megabytes long; to put fifty of them in order, their first lines are enough.

use std::fmt;
use std::io::Read;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::lake::layout::RunId;

use super::head::{MANIFEST_VERSION, NotAManifest};
use super::text::UtcTime;

/// What a manifest says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// The run.
    pub run_id: RunId,
    /// The snapshot's place in the order of snapshots.
    pub sequence: u64,
    /// When the run began.
    pub started_at: UtcTime,
}

impl First {
    /// Reads as far as it must. That what follows is whole is not looked at.
    ///
    /// # Errors
    /// When it is of another version, or does not begin like a manifest.
    pub fn read(manifest: impl Read) -> Result<Self, NotAManifest> {
        let mut seen = Seen::default();
        let read = serde_json::Deserializer::from_reader(manifest).deserialize_map(&mut seen);
        match (seen.version, seen.whole()) {
            (Some(version), _) if version != u64::from(MANIFEST_VERSION) => {
                Err(NotAManifest::Version(version))
            }
            (Some(_), Some(first)) => Ok(first),
            _ => Err(NotAManifest::Shape(match read {
                Err(error) => error,
                Ok(()) => Error::custom("its run, sequence or start is missing"),
            })),
        }
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Seen {
    version: Option<u64>,
    run_id: Option<RunId>,
    sequence: Option<u64>,
    started_at: Option<UtcTime>,
}

impl Seen {
    fn whole(&self) -> Option<First> {
        let Self {
            version: Some(_),
            run_id: Some(run_id),
            sequence: Some(sequence),
            started_at: Some(started_at),
        } = self
        else {
            return None;
        };
        Some(First { run_id: run_id.clone(), sequence: *sequence, started_at: *started_at })
    }
}

impl<'de> Visitor<'de> for &mut Seen {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a manifest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "manifest_version" => self.version = Some(map.next_value()?),
                "run_id" => self.run_id = Some(map.next_value()?),
                "sequence" => self.sequence = Some(map.next_value()?),
                "started_at" => self.started_at = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.whole().is_some() {
                // The rest is not read; the parser calls that an error, and the reader of this value does not.
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: &str = r#"{
  "manifest_version": 1,
  "tool": {"name": "x", "run_id": 7},
  "run_id": "20261122T020000Z",
  "sequence": 12,
  "started_at": "2026-11-22T02:00:00Z","#;

    #[test]
    fn the_first_lines_are_enough() {
        for rest in ["", " \"files\": [", " \"files\": []}"] {
            let first = First::read(format!("{BEGINNING}{rest}").as_bytes()).unwrap();
            assert_eq!((first.run_id.to_string().as_str(), first.sequence), ("20261122T020000Z", 12));
            assert_eq!(first.started_at.to_string(), "2026-11-22T02:00:00Z");
        }
    }

    #[test]
    fn what_does_not_begin_like_a_manifest_is_none() {
        let newer = BEGINNING.replace("version\": 1", "version\": 2");
        assert!(matches!(First::read(newer.as_bytes()), Err(NotAManifest::Version(2))));
        let torn = &BEGINNING[..BEGINNING.len() - 30];
        for wrong in ["", "[]", "{}", torn, &BEGINNING.replace("12", "\"12\"")] {
            assert!(matches!(First::read(wrong.as_bytes()), Err(NotAManifest::Shape(_))), "{wrong}");
        }
    }
}
