//! The CSV profiles: how amounts, dates and texts are spelled, for programs and for the spreadsheets of each country.
//!
//! A profile is data: one line of the table below. To add one is a variant and its line.

use std::fmt;
use std::str::FromStr;

/// How values are written in CSV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CsvProfile {
    /// RFC 4180, comma, UTF-8 without BOM, LF; `.` in amounts, ISO 8601 dates, RFC 3339 instants; nothing is guarded.
    /// The exact one, for programs.
    #[default]
    Iso,
    /// Excel and LibreOffice in French: `;`, `-12,50`, `22/11/2026`.
    Fr,
    /// Excel and LibreOffice in German: `;`, `-12,50`, `22.11.2026`.
    De,
    /// Excel and LibreOffice in British English: `,`, `-12.50`, `22/11/2026`.
    Uk,
    /// Excel and LibreOffice in American English: `,`, `-12.50`, `11/22/2026`.
    Us,
    /// As `fr` in Windows-1252, for old software: characters that it lacks become `?`.
    FrLegacy,
}

/// What a profile fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between two fields.
    pub delimiter: u8,
    /// Between units and cents.
    pub decimal_mark: u8,
    /// How days are written.
    pub dates: DateForm,
    /// Whether the file begins with U+FEFF: Excel knows UTF-8 by it alone.
    pub bom: bool,
    /// At the end of each record.
    pub line_end: LineEnd,
    /// Of the whole file.
    pub encoding: Encoding,
    /// Of headings and sentences; columns of tables keep their names.
    pub language: Language,
    /// Whether texts that a spreadsheet would calculate or retype get a `'` in front.
    pub guard: bool,
}

/// How days are written. Nulls are empty in every form, and years have four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// `2026-11-22`, datetimes `2026-11-22 02:00:00`, instants `2026-11-22T02:00:00Z`.
    Iso,
    /// `22/11/2026` with this separator; datetimes and instants `22/11/2026 02:00:00`.
    DayFirst(u8),
    /// `11/22/2026`; datetimes and instants `11/22/2026 02:00:00`.
    MonthFirst,
}

/// The end of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// LF.
    Lf,
    /// CR and LF.
    CrLf,
}

impl LineEnd {
    /// Its characters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// The encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// Windows-1252; characters that it lacks become `?`.
    Windows1252,
}

/// The language of headings and sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
}

const ISO: Dialect = Dialect {
    delimiter: b',',
    decimal_mark: b'.',
    dates: DateForm::Iso,
    bom: false,
    line_end: LineEnd::Lf,
    encoding: Encoding::Utf8,
    language: Language::En,
    guard: false,
};

/// What all spreadsheet profiles share.
const SHEET: Dialect = Dialect { bom: true, line_end: LineEnd::CrLf, guard: true, ..ISO };

const FR: Dialect = Dialect {
    delimiter: b';',
    decimal_mark: b',',
    dates: DateForm::DayFirst(b'/'),
    language: Language::Fr,
    ..SHEET
};
const DE: Dialect = Dialect {
    delimiter: b';',
    decimal_mark: b',',
    dates: DateForm::DayFirst(b'.'),
    language: Language::De,
    ..SHEET
};
const UK: Dialect = Dialect { dates: DateForm::DayFirst(b'/'), ..SHEET };
const US: Dialect = Dialect { dates: DateForm::MonthFirst, ..SHEET };
const FR_LEGACY: Dialect = Dialect { bom: false, encoding: Encoding::Windows1252, ..FR };

impl CsvProfile {
    /// Every profile.
    pub const ALL: [Self; 6] = [Self::Iso, Self::Fr, Self::De, Self::Uk, Self::Us, Self::FrLegacy];

    /// The name on the command line and in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Uk => "uk",
            Self::Us => "us",
            Self::FrLegacy => "fr-legacy",
        }
    }

    /// What it fixes.
    #[must_use]
    pub const fn dialect(self) -> &'static Dialect {
        match self {
            Self::Iso => &ISO,
            Self::Fr => &FR,
            Self::De => &DE,
            Self::Uk => &UK,
            Self::Us => &US,
            Self::FrLegacy => &FR_LEGACY,
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
#[error("no such csv profile: use iso, fr, de, uk, us or fr-legacy")]
pub struct NoSuchProfile;

impl FromStr for CsvProfile {
    type Err = NoSuchProfile;

    fn from_str(name: &str) -> Result<Self, NoSuchProfile> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == name).ok_or(NoSuchProfile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_are_all_in_the_message() {
        for profile in CsvProfile::ALL {
            assert_eq!(profile.as_str().parse(), Ok(profile));
            assert!(NoSuchProfile.to_string().contains(profile.as_str()));
        }
        assert_eq!("FR".parse::<CsvProfile>(), Err(NoSuchProfile));
    }

    #[test]
    fn an_amount_never_holds_the_delimiter() {
        for profile in CsvProfile::ALL {
            let dialect = profile.dialect();
            assert_ne!(dialect.delimiter, dialect.decimal_mark, "{profile}");
        }
    }
}
