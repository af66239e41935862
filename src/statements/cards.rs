//! Deferred debit cards across the accounts of a pack: the same money stands in the purchases and in the monthly debit,
//! often in two accounts, and counts once.
//!
//! Which of the two counts is asked for ([`CardRows`]). Within an account rows are set aside one by one; between accounts
//! it is decided here:
//!
//! - The monthly debit counts: the account of a card stands apart from the totals when the account with its debit is in
//!   the pack (its parent; for want of one, an account of the same user and currency with such a debit). Where it is not,
//!   the purchases are all there is, and count.
//! - The purchases count: the account of a card counts. A monthly debit that is set aside although the pack has nothing
//!   of what it consists of would be money that nobody counts: a gap.

use std::collections::{HashMap, HashSet};

use super::CardRows;
use super::finding::{Gap, Remark};
use super::statement::Statement;

/// Decides what counts between the accounts, and adds what is missing or worth knowing because of it.
pub(super) fn settle(statements: &mut [Statement], cards: CardRows) {
    let pack = Pack::of(statements);
    for statement in statements {
        match cards {
            CardRows::Summary => pack.debits_count(statement),
            CardRows::Deferred => pack.purchases_count(statement),
        }
    }
}

/// A user and a currency.
type Purse = (Option<i64>, Option<String>);

/// What the accounts of the pack have to do with cards.
struct Pack {
    accounts: HashSet<i64>,
    /// Accounts that a card account of the pack names as its parent, and purses of card accounts that name none.
    parents_of_cards: HashSet<i64>,
    purses_of_cards: HashSet<Purse>,
    /// An account with a monthly debit, per purse.
    debits: HashMap<Purse, i64>,
}

fn purse(statement: &Statement) -> Purse {
    (statement.account.user, statement.account.currency.clone())
}

impl Pack {
    fn of(statements: &[Statement]) -> Self {
        let (card_accounts, others): (Vec<&Statement>, Vec<&Statement>) =
            statements.iter().partition(|statement| statement.account.is_card());
        let parent = |statement: &&Statement| statement.account.parent;
        Self {
            accounts: statements.iter().map(|statement| statement.account.id).collect(),
            parents_of_cards: card_accounts.iter().filter_map(parent).collect(),
            purses_of_cards: card_accounts
                .iter()
                .filter(|statement| parent(statement).is_none())
                .map(|statement| purse(statement))
                .collect(),
            debits: others
                .iter()
                .filter(|statement| statement.tally.monthly)
                .map(|statement| (purse(statement), statement.account.id))
                .collect(),
        }
    }

    fn debits_count(&self, statement: &mut Statement) {
        let tally = &statement.tally;
        if !statement.account.is_card() {
            if tally.set_aside > 0 && !tally.monthly {
                statement.remarks.push(Remark::NoDebitYet(tally.set_aside));
            }
            return;
        }
        let debited = match statement.account.parent {
            Some(parent) => self.accounts.get(&parent),
            // Without a parent it may be a card of its own, paid by a transfer: only deferred purchases are elsewhere too.
            None if tally.purchases => self.debits.get(&purse(statement)),
            None => None,
        };
        if let Some(account) = debited {
            statement.apart = true;
            statement.remarks.push(Remark::InMonthlyDebit(*account));
        } else if tally.purchases {
            statement.remarks.push(Remark::NoDebitInPack);
        }
    }

    fn purchases_count(&self, statement: &mut Statement) {
        let Statement { account, tally, .. } = &*statement;
        let found = tally.purchases
            || self.parents_of_cards.contains(&account.id)
            || self.purses_of_cards.contains(&purse(statement));
        if tally.set_aside > 0 && !account.is_card() && !found {
            let gap = Gap::PurchasesElsewhere(tally.set_aside);
            statement.gaps.push(gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::Account;
    use super::super::balance::NoBalance;
    use super::super::tally::Tally;
    use super::*;

    fn statement(id: i64, kind: &str, parent: Option<i64>, tally: Tally) -> Statement {
        let account = Account {
            id,
            user: Some(1),
            kind: Some(kind.to_owned()),
            parent,
            currency: Some("EUR".to_owned()),
            ..Account::default()
        };
        Statement {
            stretches: Vec::new(),
            account,
            tally,
            balances: Err(NoBalance::NotGiven),
            check: None,
            gaps: Vec::new(),
            remarks: Vec::new(),
            ask: None,
            apart: false,
            file: Ok(String::new()),
        }
    }

    fn purchases() -> Tally {
        Tally { rows: 3, purchases: true, ..Tally::default() }
    }

    fn debit() -> Tally {
        Tally { rows: 1, monthly: true, ..Tally::default() }
    }

    fn settled(mut statements: Vec<Statement>, cards: CardRows) -> Vec<Statement> {
        settle(&mut statements, cards);
        statements
    }

    #[test]
    fn a_card_stands_apart_when_its_debit_is_in_the_pack() {
        let of_parent = [statement(1, "checking", None, debit()), statement(2, "card", Some(1), purchases())];
        let of_purse = [statement(1, "checking", None, debit()), statement(2, "card", None, purchases())];
        for pack in [of_parent, of_purse] {
            let found = settled(pack.into(), CardRows::Summary);
            assert_eq!((found[0].apart, found[1].apart), (false, true));
            assert_eq!(found[1].remarks, [Remark::InMonthlyDebit(1)]);
        }
    }

    #[test]
    fn a_card_counts_when_its_debit_is_elsewhere() {
        let alone = settled(vec![statement(2, "card", Some(1), purchases())], CardRows::Summary);
        assert_eq!((alone[0].apart, &alone[0].remarks[..]), (false, &[Remark::NoDebitInPack][..]));
        // Another currency is another purse; a card without deferred purchases is paid by a transfer.
        let mut dollars = statement(2, "card", None, purchases());
        dollars.account.currency = Some("USD".to_owned());
        let own = statement(3, "card", None, Tally { rows: 1, ..Tally::default() });
        let found = settled(vec![statement(1, "checking", None, debit()), dollars, own], CardRows::Summary);
        assert!(found.iter().all(|statement| !statement.apart));
    }

    #[test]
    fn purchases_that_no_debit_holds_yet_are_worth_a_word() {
        let waiting = Tally { set_aside: 2, purchases: true, ..Tally::default() };
        let found = settled(vec![statement(1, "checking", None, waiting.clone())], CardRows::Summary);
        assert_eq!(found[0].remarks, [Remark::NoDebitYet(2)]);
        let debited = Tally { monthly: true, ..waiting };
        assert!(
            settled(vec![statement(1, "checking", None, debited)], CardRows::Summary)[0].remarks.is_empty()
        );
    }

    #[test]
    fn a_debit_set_aside_without_its_purchases_is_a_gap() {
        let aside = Tally { set_aside: 1, monthly: true, ..Tally::default() };
        let alone = settled(vec![statement(1, "checking", None, aside.clone())], CardRows::Deferred);
        assert_eq!(alone[0].gaps, [Gap::PurchasesElsewhere(1)]);
        for card in [statement(2, "card", Some(1), purchases()), statement(2, "card", None, purchases())] {
            let found =
                settled(vec![statement(1, "checking", None, aside.clone()), card], CardRows::Deferred);
            assert!(found.iter().all(|statement| statement.gaps.is_empty() && !statement.apart));
        }
        let with_purchases = Tally { purchases: true, ..aside };
        let own = settled(vec![statement(1, "checking", None, with_purchases)], CardRows::Deferred);
        assert!(own[0].gaps.is_empty());
    }
}
