//! What is asked of a pack.

use crate::encode::CsvProfile;
use crate::model::{AccountId, UserId, Window};

use super::kind;

/// What is asked of a pack.
#[derive(Clone, Debug)]
pub struct Request {
    /// Only these users' accounts; empty: everybody's.
    pub users: Vec<UserId>,
    /// Only these accounts; empty: all of those users.
    pub accounts: Vec<AccountId>,
    /// The dates of the statements.
    pub period: Window,
    /// How CSV is spelled, and the language of headings in every format.
    pub profile: CsvProfile,
    /// The files to write.
    pub format: PackFormat,
    /// Which of the two records of a card payment with deferred debit counts.
    pub card_rows: CardRows,
    /// Whether rows that are not yet booked are listed, marked and not counted.
    pub include_coming: bool,
    /// Whether rows that the bank took back are listed, marked and not counted.
    pub include_deleted: bool,
    /// What file names may say.
    pub names: Names,
    /// Whether a pack that is there already is replaced.
    pub force: bool,
}

/// The files of a pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PackFormat {
    /// A CSV file for each account.
    #[default]
    Csv,
    /// Excel workbooks with a sheet for each account.
    Xlsx,
    /// An OFX 1.0.2 file for each account.
    Ofx,
}

impl PackFormat {
    /// The name on the command line; also the extension of the files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ofx => "ofx",
        }
    }
}

/// A purchase with a deferred debit card is there twice: as itself (`deferred_card`) and inside the monthly debit
/// (`summary_card`). One of the two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardRows {
    /// The monthly debit counts: it is what moves the bank's balance.
    #[default]
    Summary,
    /// The purchases count.
    Deferred,
}

impl CardRows {
    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Deferred => "deferred",
        }
    }

    /// Whether a transaction of this type is set aside, on an account that is (not) that of a card.
    pub(super) fn sets_aside(self, kind: Option<&str>, on_card_account: bool) -> bool {
        match self {
            // The account of the card itself moves with the purchases: there they are the only record.
            Self::Summary => kind::is_deferred_purchase(kind) && !on_card_account,
            Self::Deferred => kind::is_monthly_debit(kind),
        }
    }
}

/// What file and sheet names may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Ids and the period: nothing about a person.
    #[default]
    Ids,
    /// Also the bank's name.
    Bank,
    /// Also the bank's and the account's name.
    Account,
}
