//! The values of settings, as they are written on the command line, in the environment and in the file.
//!
//! Parsing a value never does anything; what values mean together is judged in `settings`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use powens_export::api::Rate;
use powens_export::export::{Formats, RunMode};
use powens_export::model::DecimalType;
use serde::Deserialize;

/// A value that has one textual form, used by clap and by the configuration file alike.
macro_rules! textual {
    ($name:ident, $pattern:literal, $what:literal) => {
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "description": $what })
            }
        }
    };
}

/// Which files a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileFormat {
    Parquet,
    // The Parquet that the next night merges with is written all the same, out of the way under state/.
    Csv,
    Both,
}

impl From<FileFormat> for Formats {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Parquet => Self::Parquet,
            FileFormat::Csv => Self::Csv,
            FileFormat::Both => Self::Both,
        }
    }
}

/// What to ask the API for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    // What changed, where that is enough; everything else in full.
    Auto,
    // Everything, of every user.
    Full,
    // What changed; refused where there is no snapshot to start from.
    Incremental,
}

impl From<Mode> for RunMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Auto,
            Mode::Full => Self::Full,
            Mode::Incremental => Self::Incremental,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    // One object a line.
    Json,
}

/// A fixed request rate: `5/s`, `30/min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct FixedRate(pub(crate) Rate);

textual!(FixedRate, r"^[1-9][0-9]*/(s|min)$", "requests per second or minute: 5/s, 30/min");

impl FromStr for FixedRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: powens_export::api::NotARate| error.to_string())
    }
}

/// A length of time: `90s`, `15m`, `36h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

textual!(Span, r"^[1-9][0-9]*(s|m|h|d)$", "a length of time: 90s, 15m, 36h, 7d");

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a length of time is a whole number and a unit: 90s, 15m, 36h or 7d".to_owned();
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = text.split_at(split);
        let count: u64 = count.parse().map_err(|_| wrong())?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        match count.checked_mul(seconds) {
            Some(total) if total > 0 && total <= 100 * 366 * 86_400 => Ok(Self(Duration::from_secs(total))),
            _ => Err(wrong()),
        }
    }
}

/// A number of whole days: `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Days(pub(crate) u32);

textual!(Days, r"^[1-9][0-9]*d$", "whole days: 7d");

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let days = text.strip_suffix('d').and_then(|count| count.parse().ok());
        match days {
            Some(days @ 1..=3_660) => Ok(Self(days)),
            _ => Err("a number of days is written like 7d, from 1d to 3660d".to_owned()),
        }
    }
}

/// A percentage from 0 to 100. In the file it is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Percent(pub(crate) u8);

const NOT_A_PERCENTAGE: &str = "a percentage is a whole number from 0 to 100";

impl TryFrom<u32> for Percent {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        u8::try_from(number).ok().filter(|percent| *percent <= 100).map(Self).ok_or(NOT_A_PERCENTAGE)
    }
}

impl schemars::JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0, "maximum": 100, "description": "a percentage" })
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').unwrap_or(text);
        number
            .parse::<u32>()
            .ok()
            .and_then(|n| Self::try_from(n).ok())
            .ok_or_else(|| NOT_A_PERCENTAGE.to_owned())
    }
}

/// The decimal type of a lake, `PRECISION,SCALE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Decimal(pub(crate) DecimalType);

textual!(Decimal, r"^[1-9][0-9]?,[0-9]{1,2}$", "precision and scale of every amount: 28,8");

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(',').and_then(|(precision, scale)| {
            DecimalType::new(precision.trim().parse().ok()?, scale.trim().parse().ok()?)
        });
        parsed.map(Self).ok_or_else(|| {
            "a decimal type is PRECISION,SCALE with precision up to 38 and 2 <= scale <= precision: 28,8"
                .to_owned()
        })
    }
}

/// The permission bits of published files, in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct FileMode(pub(crate) u32);

textual!(FileMode, r"^0?[0-7]{3}$", "permission bits in octal: 0440");

impl FromStr for FileMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('0').filter(|rest| rest.len() == 3).unwrap_or(text);
        let mode = (digits.len() == 3).then(|| u32::from_str_radix(digits, 8).ok()).flatten();
        match mode {
            Some(mode) if mode & 0o400 == 0 => Err("the owner must be able to read: 0440 or 0400".to_owned()),
            Some(mode) if mode & 0o333 != 0 => {
                Err("published files are never written or executed: use 0440, 0400 or 0444".to_owned())
            }
            Some(mode) => Ok(Self(mode)),
            None => Err("permission bits are three octal digits: 0440".to_owned()),
        }
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

/// A calendar date, `YYYY-MM-DD`.
pub(crate) fn date(text: &str) -> Result<jiff::civil::Date, String> {
    let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let parsed = if shaped { text.parse().ok() } else { None };
    parsed.ok_or_else(|| "a date is a day of the calendar, written YYYY-MM-DD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_spans_need_their_unit() {
        assert_eq!("5/s".parse::<FixedRate>().map(|rate| rate.0.to_string()), Ok("5/s".to_owned()));
        for wrong in ["30", "0/s", "-1/s", "5/h", "1.5/s", "99999999999/s", "/s"] {
            assert!(wrong.parse::<FixedRate>().is_err(), "{wrong}");
        }
        assert_eq!("36h".parse(), Ok(Span(Duration::from_secs(129_600))));
        for wrong in ["36", "h", "0h", "1w", "1.5h", "99999999999999999999d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        assert_eq!("7d".parse(), Ok(Days(7)));
        assert!("0d".parse::<Days>().is_err() && "7".parse::<Days>().is_err());
    }

    #[test]
    fn a_published_file_is_never_writable() {
        assert_eq!("0440".parse(), Ok(FileMode(0o440)));
        assert_eq!("400".parse(), Ok(FileMode(0o400)));
        for wrong in ["0640", "0777", "044", "8440", "00440", "0040", "", "x"] {
            assert!(wrong.parse::<FileMode>().is_err(), "{wrong}");
        }
        assert_eq!(FileMode(0o440).to_string(), "0440");
    }

    #[test]
    fn dates_are_real_days() {
        assert!(date("2024-02-29").is_ok());
        for wrong in ["2023-02-29", "2024-2-9", "20240229", "yesterday", "2024-02-29T00:00"] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn decimals_and_percentages_are_bounded() {
        assert!("38,18".parse::<Decimal>().is_ok() && "39,2".parse::<Decimal>().is_err());
        assert!("28,1".parse::<Decimal>().is_err() && "28".parse::<Decimal>().is_err());
        assert_eq!("10%".parse(), Ok(Percent(10)));
        assert!("101".parse::<Percent>().is_err() && "-1".parse::<Percent>().is_err());
    }
}
