//! OFX 1.0.2 (SGML): what bookkeeping programs import. One account and one currency a file; a transaction's id is its
//! `FITID`, so that importing twice adds nothing.

use std::fmt::Write as _;

use crate::model::{time, write_decimal};

use super::Period;
use super::account::Account;
use super::currency::is_iso_4217;
use super::kind;
use super::line::{Line, Standing};

/// Why an account has no OFX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoFile {
    /// The format asks for a balance and its date.
    NoBalance,
    /// The format asks for a currency of ISO 4217.
    NoCurrency,
}

/// Whether an account can have a file.
pub(super) fn permitted(account: &Account) -> Result<(), NoFile> {
    if !account.currency.as_deref().is_some_and(is_iso_4217) {
        return Err(NoFile::NoCurrency);
    }
    if account.balance.is_none() || account.last_update.is_none() {
        return Err(NoFile::NoBalance);
    }
    Ok(())
}

/// The file's text, piece by piece.
#[derive(Debug)]
pub(super) struct Ofx {
    text: String,
    scale: u8,
    card: bool,
}

/// A value that may stand in a file: no line breaks, cut to its length, escaped.
struct Value<'a>(&'a str, usize);

impl std::fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(text, most) = self;
        let clean = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
        let cut: String = text.trim().chars().map(clean).take(*most).collect();
        for c in cut.trim_end().chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

impl Ofx {
    /// Begins the file of an account. `exported`: when the data were fetched (UTC, microseconds
    /// since 1970); `covered`: first and last day.
    pub(super) fn begin(
        account: &Account,
        exported: i64,
        covered: (i32, i32),
        language: &str,
        scale: u8,
    ) -> Self {
        let mut ofx = Self { text: String::new(), scale, card: account.is_card() };
        ofx.text.push_str(
            "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\
             COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n",
        );
        ofx.line(format_args!("<OFX>"));
        ofx.line(format_args!("<SIGNONMSGSRSV1><SONRS>"));
        ofx.line(format_args!("<STATUS><CODE>0<SEVERITY>INFO</STATUS>"));
        ofx.line(format_args!("<DTSERVER>{}", utc(exported)));
        ofx.line(format_args!("<LANGUAGE>{language}"));
        ofx.line(format_args!("</SONRS></SIGNONMSGSRSV1>"));
        let (message, response, statement) = ofx.aggregates();
        ofx.line(format_args!("<{message}><{response}>"));
        ofx.line(format_args!("<TRNUID>{}", account.id));
        ofx.line(format_args!("<STATUS><CODE>0<SEVERITY>INFO</STATUS>"));
        ofx.line(format_args!("<{statement}>"));
        ofx.line(format_args!("<CURDEF>{}", account.currency.as_deref().unwrap_or_default()));
        ofx.account(account);
        ofx.line(format_args!("<BANKTRANLIST>"));
        ofx.line(format_args!("<DTSTART>{}", day(covered.0)));
        ofx.line(format_args!("<DTEND>{}", day(covered.1)));
        ofx
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "{text}\r\n");
    }

    const fn aggregates(&self) -> (&'static str, &'static str, &'static str) {
        if self.card {
            ("CREDITCARDMSGSRSV1", "CCSTMTTRNRS", "CCSTMTRS")
        } else {
            ("BANKMSGSRSV1", "STMTTRNRS", "STMTRS")
        }
    }

    fn account(&mut self, account: &Account) {
        let found = identification(account);
        if self.card {
            self.line(format_args!("<CCACCTFROM>"));
            self.line(format_args!("<ACCTID>{}", Value(&found.account, 22)));
            self.line(format_args!("</CCACCTFROM>"));
            return;
        }
        self.line(format_args!("<BANKACCTFROM>"));
        self.line(format_args!("<BANKID>{}", Value(&found.bank, 9)));
        if let Some(branch) = found.branch {
            self.line(format_args!("<BRANCHID>{}", Value(&branch, 22)));
        }
        self.line(format_args!("<ACCTID>{}", Value(&found.account, 22)));
        self.line(format_args!("<ACCTTYPE>{}", account_type(account.kind.as_deref())));
        if let Some(key) = found.key {
            self.line(format_args!("<ACCTKEY>{}", Value(&key, 22)));
        }
        self.line(format_args!("</BANKACCTFROM>"));
    }

    /// Adds a transaction; one that does not count, or without an amount or a date, has no place in the format.
    pub(super) fn transaction(&mut self, line: &Line) {
        let (Some(amount), Some(date), Standing::Booked) = (line.amount, line.date, line.standing) else {
            return;
        };
        let mut text = String::new();
        write_decimal(&mut text, amount, self.scale);
        self.line(format_args!("<STMTTRN>"));
        self.line(format_args!("<TRNTYPE>{}", transaction_type(line.kind.as_deref(), amount)));
        self.line(format_args!("<DTPOSTED>{}", day(date)));
        if let Some(available) = line.value_date {
            self.line(format_args!("<DTAVAIL>{}", day(available)));
        }
        self.line(format_args!("<TRNAMT>{text}"));
        self.line(format_args!("<FITID>{}", line.id));
        let wording = line.wording.as_deref().unwrap_or_default();
        let name = line.counterparty.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(wording);
        for (tag, text, most) in [("NAME", name, 32), ("MEMO", wording, 255)] {
            let value = Value(text, most).to_string();
            if !value.is_empty() {
                self.line(format_args!("<{tag}>{value}"));
            }
        }
        self.line(format_args!("</STMTTRN>"));
    }

    /// What was written since the last call.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Ends the file.
    pub(super) fn end(mut self, account: &Account) -> String {
        let mut balance = String::new();
        write_decimal(&mut balance, account.balance.unwrap_or_default(), self.scale);
        self.line(format_args!("</BANKTRANLIST>"));
        self.line(format_args!("<LEDGERBAL>"));
        self.line(format_args!("<BALAMT>{balance}"));
        self.line(format_args!("<DTASOF>{}", as_of(account)));
        self.line(format_args!("</LEDGERBAL>"));
        let (message, response, statement) = self.aggregates();
        self.line(format_args!("</{statement}></{response}></{message}>"));
        self.line(format_args!("</OFX>"));
        self.text
    }
}

/// `20261122`.
fn day(days: i32) -> String {
    time::date_text(days).replace('-', "")
}

/// `20261122020000`, the format's own way to write UTC.
fn utc(micros: i64) -> String {
    time::datetime_text(micros.div_euclid(1_000_000) * 1_000_000).replace(['-', ' ', ':'], "")
}

/// The balance's moment on the clock of Paris, with its offset, so that its day is the bank's.
fn as_of(account: &Account) -> String {
    let Some(local) = account.last_update else { return String::new() };
    let hours = account.last_update_utc.map(|utc| (local - utc).div_euclid(3_600_000_000));
    match hours {
        Some(hours @ -12..=14) => format!("{}[{hours:+}]", utc(local)),
        _ => utc(local),
    }
}

struct Identification {
    bank: String,
    branch: Option<String>,
    account: String,
    key: Option<String>,
}

/// Bank, branch, account and key as the account's country has them; else what there is, and at last our own id.
fn identification(account: &Account) -> Identification {
    let iban: String =
        account.iban.as_deref().unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let iban = if iban.is_ascii() { iban.to_ascii_uppercase() } else { String::new() };
    let part = |from: usize, to: usize| iban[from..to].to_owned();
    match (iban.get(..2), iban.len()) {
        (Some("FR" | "MC"), 27) => Identification {
            bank: part(4, 9),
            branch: Some(part(9, 14)),
            account: part(14, 25),
            key: Some(part(25, 27)),
        },
        (Some("DE"), 22) => {
            Identification { bank: part(4, 12), branch: None, account: part(12, 22), key: None }
        }
        _ => {
            let number = account
                .number
                .as_deref()
                .map(str::trim)
                .filter(|number| (1..=22).contains(&number.len()) && number.is_ascii());
            let bank = account.bic.as_deref().and_then(|bic| bic.get(..8)).unwrap_or("0");
            Identification {
                bank: bank.to_owned(),
                branch: None,
                account: number.map_or_else(|| account.id.to_string(), str::to_owned),
                key: None,
            }
        }
    }
}

fn account_type(kind: Option<&str>) -> &'static str {
    if kind::is_savings(kind) { "SAVINGS" } else { "CHECKING" }
}

fn transaction_type(kind: Option<&str>, amount: i128) -> &'static str {
    match kind {
        Some("transfer") => "XFER",
        Some("order") => "DIRECTDEBIT",
        Some("check") => "CHECK",
        Some("deposit") => "DEP",
        Some("withdrawal") => "ATM",
        Some("card") => "POS",
        kind if kind::is_deferred_purchase(kind) || kind::is_monthly_debit(kind) => "POS",
        Some("payment" | "loan_repayment") => "PAYMENT",
        Some("bank" | "fee" | "market_fee") => "FEE",
        _ if amount < 0 => "DEBIT",
        _ => "CREDIT",
    }
}

/// The first and last day that a file speaks of.
pub(super) fn covered(
    period: Period,
    account: &Account,
    first: Option<i32>,
    last: Option<i32>,
) -> (i32, i32) {
    let as_of = account.as_of_day().unwrap_or_default();
    let from = period.from.or(first).unwrap_or(as_of);
    let to = period.to.unwrap_or_else(|| last.map_or(as_of, |last| last.max(as_of)));
    (from, to.max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            id: 7,
            iban: Some("FR76 3000 6000 0112 3456 7890 189".to_owned()),
            currency: Some("EUR".to_owned()),
            kind: Some("checking".to_owned()),
            balance: Some(1_234_500_000),
            last_update: time::parse_datetime(b"2026-11-22 00:30:00").map(|written| written.micros),
            last_update_utc: time::parse_datetime(b"2026-11-21 23:30:00").map(|written| written.micros),
            ..Account::default()
        }
    }

    #[test]
    fn a_file_is_spelled_as_the_format_asks() {
        let mut ofx = Ofx::begin(&account(), 0, (0, 30), "FRA", 8);
        ofx.transaction(&Line {
            id: 99,
            date: Some(1),
            amount: Some(-1_250_000_000),
            kind: Some("card".to_owned()),
            wording: Some(format!("<A&B>\n{}", "x".repeat(300))),
            ..Line::default()
        });
        ofx.transaction(&Line { id: 100, date: Some(1), ..Line::default() });
        let text = ofx.end(&account());
        let has = |line: &str| assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} is not in {text}");
        has("<BANKID>30006");
        has("<BRANCHID>00001");
        has("<ACCTID>12345678901");
        has("<ACCTKEY>89");
        has("<TRNTYPE>POS");
        has("<DTPOSTED>19700102");
        has("<TRNAMT>-12.50");
        has("<FITID>99");
        has(&format!("<NAME>&lt;A&amp;B&gt; {}", "x".repeat(26)));
        has(&format!("<MEMO>&lt;A&amp;B&gt; {}", "x".repeat(249)));
        has("<BALAMT>12.345");
        has("<DTASOF>20261122003000[+1]");
        assert_eq!(text.matches("<STMTTRN>").count(), 1);
    }

    #[test]
    fn an_account_without_balance_or_code_has_no_file() {
        assert_eq!(permitted(&account()), Ok(()));
        assert_eq!(permitted(&Account { balance: None, ..account() }), Err(NoFile::NoBalance));
        for crypto in ["WBTC", "BTC", "ETH", "eur", ""] {
            let account = Account { currency: Some(crypto.to_owned()), ..account() };
            assert_eq!(permitted(&account), Err(NoFile::NoCurrency), "{crypto}");
        }
    }
}
