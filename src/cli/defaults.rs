//! The defaults of settings: written once, printed by the help, used by `settings`.

use super::values::FileFormat;

pub(crate) const FORMAT: FileFormat = FileFormat::Parquet;
pub(crate) const FORMAT_NAME: &str = "parquet";
/// RFC 4180, UTF-8, comma, point: what programs read.
pub(crate) const CSV_PROFILE: &str = "iso";
pub(crate) const DECIMAL: &str = "28,8";
pub(crate) const FILE_MODE: &str = "0440";
/// Hard deletions and silent edits are found within a week.
pub(crate) const FULL_EVERY: &str = "7d";
/// One night: older work is of another day's bank.
pub(crate) const RESUME_MAX_AGE: &str = "24h";
/// In percent of users; one failed user alone never refuses.
pub(crate) const MAX_FAILED: u8 = 10;
/// Banks' aggregators are strict; the pacer binds before this does.
pub(crate) const CONCURRENCY: u16 = 8;
pub(crate) const CONCURRENCY_MAX: u16 = 64;
pub(crate) const KEEP_LAST: u32 = 7;
pub(crate) const KEEP_DAILY: u32 = 30;
pub(crate) const KEEP_MONTHLY: u32 = 12;
/// A night and a half: one late run is no alarm, one missed run is.
pub(crate) const MAX_AGE: &str = "36h";
/// Powens is French, and so are most of the accountants who open its packs.
pub(crate) const STATEMENTS_PROFILE: &str = "fr";
