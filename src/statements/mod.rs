//! Packs for accountants, from a published snapshot alone: no API, no credentials, no clock.
//!
//! Promises: a pack is written whole or not at all, and the same snapshot and request give the same bytes; amounts are
//! numbers, dates are dates, and no text can run anything; what is missing stands in the first lines of every page; a
//! balance that cannot be computed for certain is absent, with the reason in its place; nothing is converted and nothing
//! counted twice.
//!
//! | file | noun |
//! |---|---|
//! | `request` | what is asked for; `edition`: what all pages share because of it |
//! | `pack` | the pack: from a snapshot to a folder |
//! | `folder` | where it is written, and how it gets its place |
//! | `report`, `label` | what is said of it: to the caller, and by the pack itself |
//! | `account` | what is known of an account; `selection`: the accounts asked for, from the snapshot's tables |
//! | `kind` | what the API's types of accounts and transactions mean |
//! | `ledger` | the transactions, read once; `tally`: what they add up to; `line`: one of them |
//! | `reading`, `doubt` | how a row of them is read, and what of it is in doubt |
//! | `scratch` | the lines, put aside until their statement is written |
//! | `balance` | balances computed back, or why there are none |
//! | `cards` | deferred debit cards across accounts: what counts once |
//! | `finding` | what is missing, what is worth knowing, what to ask the client |
//! | `statement`, `summary` | the pages |
//! | `sheet` | what a page is written on: `csv_page`, `workbook` |
//! | `ofx` | what bookkeeping programs import |
//! | `words/` | the words, in each language |
//! | `names`, `currency`, `columns` | names of files and sheets; currencies; cells of the snapshot's tables |

mod account;
mod balance;
mod cards;
mod columns;
mod csv_page;
mod currency;
mod doubt;
mod edition;
mod error;
mod finding;
mod folder;
mod kind;
mod label;
mod ledger;
mod line;
mod names;
mod ofx;
mod pack;
mod reading;
mod report;
mod request;
mod scratch;
mod selection;
mod sheet;
mod statement;
mod summary;
mod tally;
#[cfg(test)]
mod tests;
mod words;
mod workbook;

// The period of a statement.
use crate::model::Days as Period;

pub use error::StatementsError;
pub use pack::write_pack;
pub use report::PackReport;
pub use request::{CardRows, Names, PackFormat, Request};
