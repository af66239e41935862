//! The rows of the simulated bank API. Fields are named, typed and ordered as the API serves them; money is the
//! text of a JSON number (quotes included where the number is served as a string).
#![expect(missing_docs, reason = "fields carry the API's own names; the reference of the API explains them")]

use crate::sandbox::render::json::Patch;

/// A nullable text.
pub type Text = Option<Box<str>>;

/// An end user.
#[derive(Debug, Clone, Default)]
pub struct User {
    pub id: i64,
    pub signin: Text,
    pub platform: Text,
    pub patch: Patch,
}

/// A bank as the domain knows it.
#[derive(Debug, Clone, Default)]
pub struct Connector {
    pub id: i64,
    pub uuid: Box<str>,
    pub name: Box<str>,
    pub hidden: Option<bool>,
    pub charged: bool,
    pub code: Text,
    pub beta: bool,
    pub color: Box<str>,
    pub slug: Box<str>,
    pub months_to_fetch: Option<i64>,
    pub auth_mechanism: Text,
    pub restricted: bool,
    pub capabilities: Vec<Box<str>>,
    pub products: Vec<Box<str>>,
    pub stability: Box<str>,
    pub sources: Vec<ConnectorSource>,
    pub patch: Patch,
}

/// One way of reaching a bank.
#[derive(Debug, Clone, Default)]
pub struct ConnectorSource {
    pub id: i64,
    pub id_connector: i64,
    pub name: Box<str>,
    pub auth_mechanism: Text,
    pub disabled: Text,
    pub priority: i64,
    pub patch: Patch,
}

/// A user's link to a bank.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    pub id: i64,
    pub id_user: Option<i64>,
    pub id_connector: i64,
    pub connector_uuid: Box<str>,
    pub state: Text,
    pub error_message: Text,
    pub last_update: Text,
    pub created: Text,
    pub active: bool,
    pub last_push: Text,
    pub expire: Text,
    pub next_try: Text,
    pub sources: Vec<Source>,
    pub patch: Patch,
}

/// A source of a connection. `last_update: None` is a source never synced: its key is not served at all.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub id: i64,
    pub id_connection: i64,
    pub id_connector_source: i64,
    pub name: Box<str>,
    pub state: Text,
    pub last_update: Text,
    pub created: Text,
    pub disabled: Text,
    pub access_expire: Text,
    pub expire: Text,
    pub next_try: Text,
    pub priority: i64,
    pub auth_mechanism: Box<str>,
    pub patch: Patch,
}

/// A bank account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub id: i64,
    pub id_connection: Option<i64>,
    pub id_user: Option<i64>,
    pub id_source: Option<i64>,
    pub id_parent: Option<i64>,
    pub number: Text,
    pub webid: Text,
    pub original_name: Box<str>,
    pub balance: Text,
    pub coming: Text,
    pub display: bool,
    pub last_update: Text,
    pub deleted: Text,
    pub disabled: Text,
    pub iban: Text,
    pub bic: Text,
    pub currency: Text,
    pub id_type: i64,
    pub kind: Box<str>,
    pub bookmarked: i64,
    pub name: Box<str>,
    pub error: Text,
    pub usage: Text,
    pub ownership: Text,
    pub company_name: Text,
    pub opening_date: Text,
    pub coming_balance: Text,
    pub loan: Option<Box<Loan>>,
    /// Gain and loss of an investment account; its extra keys are served only when this is there.
    pub wealth: Option<Box<Wealth>>,
    pub patch: Patch,
}

/// The extra keys of an investment account.
#[derive(Debug, Clone, Default)]
pub struct Wealth {
    pub valuation: Text,
    pub diff: Text,
    pub diff_percent: Text,
    pub prev_diff: Text,
    pub prev_diff_percent: Text,
}

/// The loan behind a loan account.
#[derive(Debug, Clone, Default)]
pub struct Loan {
    pub id: i64,
    pub total_amount: Text,
    pub available_amount: Text,
    pub used_amount: Text,
    pub subscription_date: Text,
    pub maturity_date: Text,
    pub start_repayment_date: Text,
    pub deferred: Option<bool>,
    pub next_payment_amount: Text,
    pub next_payment_date: Text,
    pub rate: Text,
    pub nb_payments_left: Option<i64>,
    pub nb_payments_done: Option<i64>,
    pub nb_payments_total: Option<i64>,
    pub insurance_label: Text,
    pub insurance_amount: Text,
    pub insurance_rate: Text,
    pub duration: Option<i64>,
    pub kind: Box<str>,
}

/// A transaction. What most rows leave null lives in [`Rare`].
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    pub id: i64,
    pub id_account: i64,
    pub webid: Text,
    pub application_date: Text,
    pub date: Text,
    pub vdate: Text,
    pub rdate: Text,
    pub value: Text,
    pub kind: Box<str>,
    pub original_wording: Box<str>,
    pub simplified_wording: Box<str>,
    pub wording: Text,
    pub date_scraped: Text,
    pub coming: bool,
    pub active: bool,
    pub last_update: Text,
    pub deleted: Text,
    pub card: Text,
    pub rare: Option<Box<Rare>>,
}

/// What most transactions leave null.
#[derive(Debug, Clone, Default)]
pub struct Rare {
    pub datetime: Text,
    pub vdatetime: Text,
    pub rdatetime: Text,
    pub bdate: Text,
    pub bdatetime: Text,
    pub gross_value: Text,
    pub original_value: Text,
    pub original_gross_value: Text,
    pub original_currency: Text,
    pub commission: Text,
    pub commission_currency: Text,
    pub id_cluster: Option<i64>,
    pub comment: Text,
    pub country: Text,
    pub counterparty: Option<Counterparty>,
    /// Pairs of (code, parent code).
    pub categories: Vec<(Box<str>, Text)>,
    pub details: Text,
    pub patch: Patch,
}

/// Who stands on the other side of a transfer.
#[derive(Debug, Clone, Default)]
pub struct Counterparty {
    pub label: Text,
    pub account_scheme_name: Text,
    pub account_identification: Text,
    pub kind: Text,
}

impl Transaction {
    /// The rarely used fields, to change them.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The patch of this row, to make it stranger than its type allows.
    pub fn patch_mut(&mut self) -> &mut Patch {
        &mut self.rare_mut().patch
    }
}
