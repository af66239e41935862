//! How times, dates and digests are written in a manifest.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::encode::Sha256;
use crate::model::time;

/// An instant, written as RFC 3339 in UTC with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(Timestamp);

impl UtcTime {
    /// A moment of ours, cut to whole seconds.
    #[must_use]
    pub fn seconds(moment: Timestamp) -> Self {
        Self(Timestamp::from_second(moment.as_second()).unwrap_or(moment))
    }

    /// A value of an instant column: microseconds since the Unix epoch. `None` beyond the years of a timestamp.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        Timestamp::from_microsecond(micros).ok().map(Self)
    }

    /// The instant.
    #[must_use]
    pub const fn get(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&time::instant_text(self.0.as_microsecond()))
    }
}

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let instant = Timestamp::from_str(&text).map_err(de::Error::custom)?;
        let read = Self(instant);
        if read.to_string() == text {
            Ok(read)
        } else {
            Err(de::Error::custom("a time is written in UTC with Z"))
        }
    }
}

impl JsonSchema for UtcTime {
    fn schema_name() -> Cow<'static, str> {
        "UtcTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "RFC 3339, UTC",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z$"
        })
    }
}

/// A calendar date, `2026-11-22`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(Date);

impl Day {
    /// The day.
    #[must_use]
    pub const fn new(date: Date) -> Self {
        Self(date)
    }

    /// A value of a date column: days since 1970-01-01.
    #[must_use]
    pub fn from_days(days: i32) -> Option<Self> {
        time::date_of(days).map(Self)
    }

    /// The date.
    #[must_use]
    pub const fn get(self) -> Date {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a calendar date, never an instant",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
        })
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Sha256 {
    fn schema_name() -> Cow<'static, str> {
        "Sha256".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "as sha256sum prints it", "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_have_one_spelling() {
        let time: UtcTime = serde_json::from_str("\"2026-11-22T02:00:00Z\"").unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-22T02:00:00Z\"");
        assert_eq!(UtcTime::from_micros(1_500_000).unwrap().to_string(), "1970-01-01T00:00:01.5Z");
        for bad in
            ["2026-11-22T03:00:00+01:00", "2026-11-22T02:00:00.000Z", "2026-11-22 02:00:00Z", "2026-11-22"]
        {
            assert!(serde_json::from_str::<UtcTime>(&format!("{bad:?}")).is_err(), "{bad}");
        }
        let moment: Timestamp = "2026-11-22T02:00:00.999Z".parse().unwrap();
        assert_eq!(UtcTime::seconds(moment), time);
    }
}
