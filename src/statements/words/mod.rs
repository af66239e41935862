//! The words of a pack, in each language. A language is one file: its labels, and a function for each kind of sentence.

mod de;
mod en;
mod fr;

use crate::encode::{CsvProfile, Language};
use crate::table::health::Health;

use super::balance::NoBalance;
use super::finding::{Ask, Gap, Remark};
use super::ofx::NoFile;

/// What programs call the columns of a statement, of the summary, of the balances, of the totals by currency.
const STATEMENT_COLUMNS: [&str; 14] = [
    "date",
    "value_date",
    "wording",
    "counterparty",
    "debit",
    "credit",
    "amount",
    "balance",
    "category",
    "comment",
    "type",
    "status",
    "not_counted",
    "id",
];
const SUMMARY_COLUMNS: [&str; 22] = [
    "id_user",
    "id_account",
    "name",
    "iban",
    "bank",
    "type",
    "currency",
    "file",
    "rows",
    "first_date",
    "last_date",
    "debits",
    "credits",
    "opening_balance",
    "closing_balance",
    "bank_balance",
    "data_as_of",
    "complete",
    "missing",
    "connection",
    "ask_the_client",
    "remarks",
];
const BALANCE_COLUMNS: [&str; 17] = [
    "id_user",
    "id_account",
    "name",
    "currency",
    "from",
    "to",
    "opening_balance",
    "debits",
    "credits",
    "rows",
    "closing_balance",
    "computed",
    "bank_balance",
    "bank_balance_at",
    "checked_balance",
    "checked_at",
    "difference",
];
const TOTAL_COLUMNS: [&str; 6] = ["currency", "accounts", "rows", "debits", "credits", "remarks"];

/// How a sentence writes a day.
pub(super) type Day<'a> = &'a dyn Fn(i32) -> String;

/// A language's words.
#[derive(Clone)]
pub(super) struct Words {
    /// The code that OFX has for it.
    pub(super) ofx: &'static str,
    /// Parts of file names: ASCII, lower case.
    pub(super) file_summary: &'static str,
    pub(super) file_balances: &'static str,
    pub(super) file_statement: &'static str,
    pub(super) folder_statements: &'static str,
    pub(super) sheet_summary: &'static str,
    pub(super) sheet_balances: &'static str,
    pub(super) statement: &'static str,
    pub(super) pack: &'static str,
    pub(super) totals: &'static str,
    pub(super) complete: &'static str,
    pub(super) missing: &'static str,
    pub(super) remark: &'static str,
    pub(super) snapshot: &'static str,
    pub(super) exported: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) profile: &'static str,
    pub(super) guarded: &'static str,
    pub(super) replaced: &'static str,
    pub(super) as_text: &'static str,
    pub(super) card_rule: &'static str,
    pub(super) monthly_counts: &'static str,
    pub(super) purchases_count: &'static str,
    pub(super) account: &'static str,
    pub(super) account_id: &'static str,
    pub(super) iban: &'static str,
    pub(super) bank: &'static str,
    pub(super) user: &'static str,
    pub(super) currency: &'static str,
    pub(super) data_as_of: &'static str,
    pub(super) connection: &'static str,
    pub(super) ask: &'static str,
    pub(super) bank_balance: &'static str,
    pub(super) opening: &'static str,
    pub(super) closing: &'static str,
    pub(super) no_balances: &'static str,
    pub(super) no_totals: &'static str,
    pub(super) debits: &'static str,
    pub(super) credits: &'static str,
    pub(super) rows: &'static str,
    pub(super) total: &'static str,
    pub(super) continued: &'static str,
    pub(super) computed_both: &'static str,
    pub(super) computed_none: &'static str,
    pub(super) card_accounts_apart: &'static str,
    pub(super) unknown_currency: &'static str,
    pub(super) coming: &'static str,
    pub(super) deleted: &'static str,
    pub(super) set_aside: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    pub(super) statement_columns: [&'static str; 14],
    pub(super) summary_columns: [&'static str; 22],
    pub(super) balance_columns: [&'static str; 17],
    pub(super) total_columns: [&'static str; 6],
    pub(super) day_of: fn(&str, String) -> String,
    /// Accounts with something missing, accounts, and users of whom the snapshot has nothing.
    pub(super) pack_gaps: fn(usize, usize, usize) -> String,
    pub(super) gap: fn(&Gap, Day<'_>) -> String,
    pub(super) remark_of: fn(Remark, Day<'_>) -> String,
    pub(super) no_balance: fn(&NoBalance, Day<'_>) -> String,
    pub(super) state: fn(Health, Option<&str>) -> String,
    pub(super) ask_for: fn(Ask, Day<'_>) -> String,
    pub(super) without: fn(u64) -> String,
    pub(super) user_missing: fn(i64, Option<&str>) -> String,
    pub(super) file_missing: fn(NoFile) -> String,
}

/// The words of a profile: those of its language; for programs, columns have the names of constants.
pub(super) fn words(profile: CsvProfile) -> Words {
    let words = match profile.dialect().language {
        Language::En => en::WORDS,
        Language::Fr => fr::WORDS,
        Language::De => de::WORDS,
    };
    match profile {
        CsvProfile::Iso => Words {
            statement_columns: STATEMENT_COLUMNS,
            summary_columns: SUMMARY_COLUMNS,
            balance_columns: BALANCE_COLUMNS,
            total_columns: TOTAL_COLUMNS,
            ..words
        },
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No sentence of ours may need the guard: it would stand there with a sign in front.
    #[test]
    fn our_own_words_need_no_guard() {
        let day = |day: i32| format!("{day:02}/11/2026");
        for profile in CsvProfile::ALL {
            let words = words(profile);
            let mut texts: Vec<String> = words
                .statement_columns
                .iter()
                .chain(&words.summary_columns)
                .chain(&words.balance_columns)
                .chain(&words.total_columns)
                .chain(&[
                    words.statement,
                    words.pack,
                    words.totals,
                    words.complete,
                    words.monthly_counts,
                    words.purchases_count,
                    words.account,
                    words.opening,
                    words.guarded,
                    words.yes,
                    words.no,
                ])
                .map(|text| (*text).to_owned())
                .collect();
            for gap in [
                Gap::NoConsent,
                Gap::NeverFetched,
                Gap::Incomplete(None),
                Gap::NothingBefore(1),
                Gap::NothingAfter(1),
                Gap::StopsEarly(1),
                Gap::Doubtful(1),
                Gap::Undated(2),
                Gap::PurchasesElsewhere(1),
            ] {
                texts.push((words.gap)(&gap, &day));
            }
            for health in Health::ALL {
                texts.push((words.state)(health, Some("newState")));
            }
            for count in [1, 2] {
                texts.push((words.pack_gaps)(count, 3, 0));
                texts.push((words.pack_gaps)(0, 3, count));
                texts.push((words.without)(count as u64));
                texts.push((words.user_missing)(count as i64, None));
                texts.push((words.remark_of)(Remark::SetAside(count as u64), &day));
                texts.push((words.remark_of)(Remark::InMonthlyDebit(count as i64), &day));
                texts.push((words.remark_of)(Remark::NoDebitYet(count as u64), &day));
                texts.push((words.no_balance)(&NoBalance::Undated(count as u64), &day));
                texts.push((words.no_balance)(&NoBalance::SubAccount(count as i64), &day));
            }
            assert_ne!(
                (words.pack_gaps)(0, 3, 0),
                (words.pack_gaps)(0, 3, 1),
                "a missing user is not complete"
            );
            for text in texts {
                assert!(!text.is_empty() && !crate::encode::needs_guard(&text), "{profile}: {text}");
            }
        }
    }
}
