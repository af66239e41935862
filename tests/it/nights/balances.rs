//! A row per account and Paris day, for ever: the API only ever answers the present.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use powens_export::export::RunConfig;
use powens_export::sandbox::SandboxConfig;
use powens_export::table::Table;

use super::held::plain;
use crate::support::{Bank, assert_verified, latest, rows};

/// The balances held of an account, by day.
fn held(lake: &Path, account: i64) -> BTreeMap<String, String> {
    let rows = rows(&latest(lake), Table::Balances).into_values();
    let of_account = rows.filter(|row| row["id_account"] == account.to_string());
    of_account.map(|row| (row["day"].clone(), row["balance"].clone())).collect()
}

fn expected<const N: usize>(balances: [(&str, &str); N]) -> BTreeMap<String, String> {
    balances.into_iter().map(|(day, balance)| (day.to_owned(), format!("{balance}.00000000"))).collect()
}

struct Account<'a> {
    bank: &'a Bank,
    lake: &'a Path,
    user: i64,
    id: i64,
}

impl<'a> Account<'a> {
    fn first(bank: &'a Bank, lake: &'a Path) -> Self {
        let (user, id) = bank.sandbox.with_world(|world| {
            let user = world.users()[0];
            (user, world.holdings(user).unwrap().accounts().next().unwrap().id)
        });
        Self { bank, lake, user, id }
    }

    /// Runs with this balance at the bank.
    fn run(&self, balance: &str) {
        self.bank.sandbox.with_world(|world| {
            world.edit_account(self.user, self.id, |row| row.balance = Some(balance.into()));
        });
        self.bank.export(RunConfig { accept_shrink: true, ..self.bank.config(self.lake) }).unwrap();
        assert_verified(self.lake);
    }

    fn at(&self, moment: &str) {
        let now = self.bank.sandbox.with_world(|world| world.clock().now());
        let moment: Timestamp = moment.parse().unwrap();
        self.bank.sandbox.with_world(|world| world.advance(moment.duration_since(now).as_secs()));
    }
}

#[test]
fn every_day_keeps_its_last_balance_whatever_becomes_of_the_account() {
    let bank = plain(2, 10);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let account = Account::first(&bank, &lake);
    account.at("2026-11-23T02:00:00Z");
    account.run("1");
    account.at("2026-11-24T02:00:00Z");
    account.run("2");
    // The later run of a day wins.
    account.at("2026-11-24T17:00:00Z");
    account.run("3");
    // A night is missed: nobody knows the balance of that day.
    account.at("2026-11-26T02:00:00Z");
    account.run("4");
    let mut days = expected([("2026-11-23", "1"), ("2026-11-24", "3"), ("2026-11-26", "4")]);
    assert_eq!(held(&lake, account.id), days);
    // Archived: still listed, so that there is still a balance to hold.
    account.at("2026-11-27T02:00:00Z");
    bank.sandbox.with_world(|world| world.archive_account(account.user, account.id));
    account.run("5");
    days.extend(expected([("2026-11-27", "5")]));
    assert_eq!(held(&lake, account.id), days);
    // Gone from the list: its transactions leave, its balances stay.
    account.at("2026-11-28T02:00:00Z");
    bank.sandbox.with_world(|world| world.remove_account(account.user, account.id));
    account.run("6");
    let transactions = rows(&latest(&lake), Table::Transactions).into_values();
    assert_eq!(transactions.filter(|row| row["id_account"] == account.id.to_string()).count(), 0);
    assert_eq!(held(&lake, account.id), days);
    // They leave with their user.
    bank.sandbox.with_world(|world| world.remove_user(account.user));
    account.at("2026-11-29T02:00:00Z");
    account.run("7");
    assert_eq!(held(&lake, account.id), BTreeMap::new());
    assert!(!rows(&latest(&lake), Table::Balances).is_empty(), "the other user's stay");
}

#[test]
fn a_day_is_a_day_in_paris_also_where_the_clocks_change_and_years_end() {
    let bank = Bank::new(SandboxConfig {
        users: 1,
        transactions_per_user: 5,
        edge_cases: false,
        start: "2026-10-01T00:00:00Z".parse().unwrap(),
        ..SandboxConfig::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let account = Account::first(&bank, &lake);
    let runs = [
        // Summer time: midnight in Paris is 22:00 UTC.
        ("2026-10-24T21:50:00Z", "1"),
        ("2026-10-24T22:10:00Z", "2"),
        // The hour that comes twice: one day, the later run wins.
        ("2026-10-25T00:30:00Z", "3"),
        ("2026-10-25T01:30:00Z", "4"),
        // Winter time: midnight is 23:00 UTC, and this day has 25 hours.
        ("2026-10-25T22:50:00Z", "5"),
        ("2026-10-25T23:10:00Z", "6"),
        ("2026-12-31T22:50:00Z", "7"),
        ("2026-12-31T23:10:00Z", "8"),
        // The day of 23 hours.
        ("2027-03-27T22:50:00Z", "9"),
        ("2027-03-28T00:50:00Z", "10"),
        ("2027-03-28T21:50:00Z", "11"),
        ("2027-03-28T22:10:00Z", "12"),
        ("2028-02-28T23:30:00Z", "13"),
        ("2028-02-29T23:30:00Z", "14"),
    ];
    for (moment, balance) in runs {
        account.at(moment);
        account.run(balance);
    }
    let days = [
        ("2026-10-24", "1"),
        ("2026-10-25", "5"),
        ("2026-10-26", "6"),
        ("2026-12-31", "7"),
        ("2027-01-01", "8"),
        ("2027-03-27", "9"),
        ("2027-03-28", "11"),
        ("2027-03-29", "12"),
        ("2028-02-29", "13"),
        ("2028-03-01", "14"),
    ];
    assert_eq!(held(&lake, account.id), expected(days));
}
