//! The flags of `statements`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use powens_export::model::{AccountId, UserId};
use powens_export::statements;

use crate::cli::defaults;
use crate::cli::values::date;

const AFTER_HELP: &str = "\
Profiles: how CSV is spelled, and the language of headings in every format.
  iso        for programs: comma, 1.50, 2026-11-22, UTF-8
  fr         Excel and LibreOffice in French: semicolon, 1,50, 22/11/2026
  de         in German: semicolon, 1,50, 22.11.2026
  uk, us     in British and American English: comma, 1.50, 22/11/2026 and 11/22/2026
  fr-legacy  as fr, in Windows-1252 for old software
All but iso put an apostrophe before texts that a spreadsheet would calculate or retype.

Exit 3: the pack is written, and says in its first lines what is missing.";

/// Flags of `statements`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct StatementsArgs {
    /// The lake
    #[arg(value_name = "DEST")]
    pub(crate) dest: PathBuf,

    /// The pack: a new folder, in one that exists
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// The snapshot to take [default: the last one published]
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,

    #[arg(long, value_name = "NAME",
          help = format!("Spelling and language [default: {}]", defaults::STATEMENTS_PROFILE))]
    pub(crate) profile: Option<String>,

    /// What to write [default: csv]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<PackFormat>,

    /// Only these users' accounts
    #[arg(long = "user", value_name = "ID", help_heading = "What to take")]
    pub(crate) users: Vec<UserId>,

    /// Only these accounts
    #[arg(long = "account", value_name = "ID", help_heading = "What to take")]
    pub(crate) accounts: Vec<AccountId>,

    /// First `date` of the statements [default: all]
    #[arg(long, value_name = "DATE", value_parser = date, help_heading = "What to take")]
    pub(crate) from: Option<Date>,

    /// Last `date` of the statements, inclusive [default: all]
    #[arg(long, value_name = "DATE", value_parser = date, help_heading = "What to take")]
    pub(crate) to: Option<Date>,

    /// One month: 2026-10
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"], help_heading = "What to take")]
    pub(crate) month: Option<YearMonth>,

    /// List rows that are not yet booked, marked and not counted
    #[arg(long, help_heading = "What to take")]
    pub(crate) include_coming: bool,

    /// List rows that the bank took back, marked and not counted
    #[arg(long, help_heading = "What to take")]
    pub(crate) include_deleted: bool,

    /// Deferred debit cards: count the monthly debit, or the single purchases [default: summary]
    #[arg(long, value_enum, value_name = "WHICH", help_heading = "What to take")]
    pub(crate) card_rows: Option<CardRows>,

    /// What names of files and sheets may say [default: ids]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) names: Option<PackNames>,

    /// Replace the pack that is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PackFormat {
    /// A CSV file for each account
    Csv,
    /// Excel workbooks with a sheet for each account
    Xlsx,
    /// An OFX 1.0.2 file for each account, for bookkeeping programs
    Ofx,
}

impl From<PackFormat> for statements::PackFormat {
    fn from(format: PackFormat) -> Self {
        match format {
            PackFormat::Csv => Self::Csv,
            PackFormat::Xlsx => Self::Xlsx,
            PackFormat::Ofx => Self::Ofx,
        }
    }
}

/// Which record of a deferred card payment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CardRows {
    /// The monthly debit
    Summary,
    /// The single purchases
    Deferred,
}

impl From<CardRows> for statements::CardRows {
    fn from(rows: CardRows) -> Self {
        match rows {
            CardRows::Summary => Self::Summary,
            CardRows::Deferred => Self::Deferred,
        }
    }
}

/// What names may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PackNames {
    /// Ids and the period: nothing about a person
    Ids,
    /// Also the bank's name
    Bank,
    /// Also the bank's and the account's name
    Account,
}

impl From<PackNames> for statements::Names {
    fn from(names: PackNames) -> Self {
        match names {
            PackNames::Ids => Self::Ids,
            PackNames::Bank => Self::Bank,
            PackNames::Account => Self::Account,
        }
    }
}

/// A month of a year, `2026-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct YearMonth(Date);

impl YearMonth {
    pub(crate) fn first(self) -> Date {
        self.0
    }

    pub(crate) fn last(self) -> Date {
        self.0.last_of_month()
    }
}

impl FromStr for YearMonth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        date(&format!("{text}-01")).map(Self).map_err(|_| "a month is written YYYY-MM: 2026-10".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_last_day() {
        let month: YearMonth = "2024-02".parse().unwrap();
        assert_eq!(
            (month.first().to_string(), month.last().to_string()),
            ("2024-02-01".to_owned(), "2024-02-29".to_owned())
        );
        for wrong in ["2024-13", "2024-2", "2024", "2024-02-01", "x"] {
            assert!(wrong.parse::<YearMonth>().is_err(), "{wrong}");
        }
    }
}
