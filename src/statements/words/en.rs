//! English.

use super::{Day, Words};
use crate::statements::balance::NoBalance;
use crate::statements::finding::{Ask, Gap, Remark};
use crate::statements::ofx::NoFile;
use crate::table::health::Health;

pub(super) const WORDS: Words = Words {
    ofx: "ENG",
    file_summary: "summary",
    file_balances: "balances",
    file_statement: "statement",
    folder_statements: "statements",
    sheet_summary: "Summary",
    sheet_balances: "Balances",
    statement: "Statement of account",
    pack: "Statements of account",
    totals: "Totals by currency",
    complete: "Complete",
    missing: "Missing",
    remark: "Remark",
    snapshot: "Snapshot",
    exported: "Exported (UTC)",
    from: "From",
    to: "To",
    profile: "Profile",
    guarded: "Text cells with an apostrophe in front",
    replaced: "Characters replaced by ?",
    as_text: "Amounts of more than 15 digits, written as text",
    card_rule: "Deferred debit cards",
    monthly_counts: "the monthly debit counts, single purchases are listed without counting (the other way: --card-rows deferred)",
    purchases_count: "single purchases count, the monthly debit is listed without counting (the other way: --card-rows summary)",
    account: "Account",
    account_id: "Account id",
    iban: "IBAN or number",
    bank: "Bank",
    user: "Holder (user id)",
    currency: "Currency",
    data_as_of: "Data as of",
    connection: "Connection",
    ask: "Ask the client",
    bank_balance: "Balance at the bank",
    opening: "Opening balance",
    closing: "Closing balance",
    no_balances: "Balances not computed",
    no_totals: "No totals: an amount of the period is not known",
    debits: "Debits",
    credits: "Credits",
    rows: "Rows",
    total: "Total",
    continued: "Continued on the next sheet",
    computed_both: "opening and closing, back from the balance at the bank",
    computed_none: "none",
    card_accounts_apart: "without the purchases on accounts of cards: their monthly debit counts",
    unknown_currency: "unknown",
    coming: "not yet booked",
    deleted: "taken back by the bank",
    set_aside: "counted elsewhere (card)",
    yes: "yes",
    no: "no",
    statement_columns: [
        "Date",
        "Value date",
        "Wording",
        "Counterparty",
        "Debit",
        "Credit",
        "Amount",
        "Balance",
        "Category",
        "Comment",
        "Type",
        "Status",
        "Not counted",
        "Id",
    ],
    summary_columns: [
        "User id",
        "Account id",
        "Account",
        "IBAN or number",
        "Bank",
        "Type",
        "Currency",
        "File",
        "Rows",
        "First date",
        "Last date",
        "Debits",
        "Credits",
        "Opening balance",
        "Closing balance",
        "Balance at the bank",
        "Data as of",
        "Complete",
        "Missing",
        "Connection",
        "Ask the client",
        "Remarks",
    ],
    balance_columns: [
        "User id",
        "Account id",
        "Account",
        "Currency",
        "From",
        "To",
        "Opening balance",
        "Debits",
        "Credits",
        "Rows",
        "Closing balance",
        "Computed",
        "Balance at the bank",
        "Of",
        "Earlier balance at the bank",
        "Of",
        "Difference",
    ],
    total_columns: ["Currency", "Accounts", "Rows", "Debits", "Credits", "Remarks"],
    day_of: |what, day| format!("{what} ({day})"),
    pack_gaps: |gaps, accounts, absent| match (gaps, absent) {
        (0, 0) => format!("Complete: nothing is missing for the {accounts} account(s)"),
        (0, _) => format!(
            "INCOMPLETE: nothing is missing for the {accounts} account(s), but {absent} user(s) have none here, see below"
        ),
        _ => format!(
            "INCOMPLETE: something is missing for {gaps} of {accounts} account(s), see the column Missing"
        ),
    },
    gap,
    remark_of,
    no_balance,
    state,
    ask_for,
    without: |accounts| format!("without {accounts} account(s) whose totals are not known"),
    user_missing: |user, reason| match reason {
        None => format!("user {user}: no account in this export"),
        Some(reason) => format!("user {user}: nothing in this export ({reason})"),
    },
    file_missing: |why| match why {
        NoFile::NoBalance => "no OFX file: the bank gave no balance, which the format asks for".to_owned(),
        NoFile::NoCurrency => "no OFX file: the account has no currency of ISO 4217".to_owned(),
    },
};

fn gap(gap: &Gap, day: Day<'_>) -> String {
    match gap {
        Gap::NoConsent => "the client has not consented to this account: nothing is known of it".to_owned(),
        Gap::NeverFetched => "the account has never been fetched".to_owned(),
        Gap::Incomplete(None) => "not everything could be fetched".to_owned(),
        Gap::Incomplete(Some(code)) => format!("not everything could be fetched ({code})"),
        Gap::NothingBefore(from) => format!("the export holds nothing before {}", day(*from)),
        Gap::NothingAfter(to) => format!("the export holds nothing after {}", day(*to)),
        Gap::StopsEarly(last) => format!("the data end on {}, before the period does", day(*last)),
        Gap::Doubtful(rows) => format!("{rows} row(s) whose amount or standing could not be read"),
        Gap::Undated(rows) => format!("{rows} row(s) without a date"),
        Gap::PurchasesElsewhere(rows) => format!(
            "{rows} monthly card debit(s) set aside, and nothing in this pack of the purchases in them"
        ),
    }
}

fn remark_of(remark: Remark, day: Day<'_>) -> String {
    match remark {
        Remark::BeginsOn(first) => format!("the bank delivers nothing before {}", day(first)),
        Remark::SetAside(rows) => format!("{rows} card row(s) listed without counting"),
        Remark::Coming(rows) => format!("{rows} row(s) not yet booked, not counted"),
        Remark::Deleted(rows) => format!("{rows} row(s) taken back by the bank, not counted"),
        Remark::Archived => "the account is no longer found at the bank".to_owned(),
        Remark::InMonthlyDebit(account) => {
            format!("its rows are in the monthly debit of account {account}, and not in the totals")
        }
        Remark::NoDebitInPack => {
            "its purchases count: no account with their monthly debit is in this pack".to_owned()
        }
        Remark::NoDebitYet(rows) => {
            format!("{rows} card purchase(s) without a monthly debit so far: counted when it comes")
        }
        Remark::NoCurrency => "its currency is not known".to_owned(),
    }
}

fn no_balance(why: &NoBalance, day: Day<'_>) -> String {
    match why {
        NoBalance::NotGiven => "the bank gave no balance".to_owned(),
        NoBalance::NoConsent => "no consent to this account".to_owned(),
        NoBalance::Valued => {
            "the balance of this kind of account does not move with its rows alone".to_owned()
        }
        NoBalance::CardAccount => {
            "a card's balance falls back to nothing when its monthly debit is paid, and no row says so"
                .to_owned()
        }
        NoBalance::SubAccount(parent) => {
            format!("the account belongs to account {parent}: which balance its rows move is not known")
        }
        NoBalance::Incomplete(_) => "the rows are not complete".to_owned(),
        NoBalance::NoHistory => "no row is held".to_owned(),
        NoBalance::BeginsLater(first) => format!("the rows begin after the period, on {}", day(*first)),
        NoBalance::NotYet(as_of) => {
            format!("the period begins after the balance at the bank, of {}", day(*as_of))
        }
        NoBalance::WindowEnds(last) => format!("the export holds nothing after {}", day(*last)),
        NoBalance::Undated(rows) => format!("{rows} row(s) without a date"),
        NoBalance::Future(rows) => format!("{rows} booked row(s) dated after the balance at the bank"),
        NoBalance::Doubtful(rows) => format!("{rows} row(s) whose amount or standing could not be read"),
        NoBalance::Cards => "it cannot be told which card rows moved the balance".to_owned(),
        NoBalance::TooLarge => "the sum is too large".to_owned(),
    }
}

fn state(health: Health, state: Option<&str>) -> String {
    let state = state.unwrap_or("none");
    match health {
        Health::Healthy => "up to date".to_owned(),
        Health::ActionNeeded => "stopped until the client acts".to_owned(),
        Health::Waiting => "the bank does not answer for now; it will resolve by itself".to_owned(),
        Health::Stale => "stopped by a technical fault of the data provider".to_owned(),
        Health::Unsupported => "the bank does not deliver this account".to_owned(),
        Health::Inactive => "no longer synchronised".to_owned(),
        Health::NeverSynced => "never synchronised".to_owned(),
        Health::Disabled => "switched off".to_owned(),
        Health::Unknown => format!("unknown state ({state})"),
    }
}

fn ask_for(ask: Ask, day: Day<'_>) -> String {
    match ask {
        Ask::RenewConsent => "to renew the consent: log in again through the application".to_owned(),
        Ask::RenewBefore(ends) => format!("to renew the consent before {}", day(ends)),
        Ask::EnterCode => "to enter the code that the bank sends".to_owned(),
        Ask::Confirm => "to confirm in the bank's own app".to_owned(),
        Ask::ActAtBank => "to log in at the bank's site and do what it asks".to_owned(),
        Ask::ChangePassword => "to choose a new password at the bank, then to enter it".to_owned(),
        Ask::EnterCredentials => "to enter the bank's credentials again: they are refused".to_owned(),
        Ask::AllowAccount => "to consent to this account".to_owned(),
        Ask::Reconnect => "to connect the bank again".to_owned(),
    }
}
