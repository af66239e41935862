//! Bank accounts.

use std::collections::BTreeMap;

use super::{Call, guard};
use crate::sandbox::amount;
use crate::sandbox::answer::Answer;
use crate::sandbox::render::account::account as write_account;
use crate::sandbox::render::json::{Object, Style, array};
use crate::sandbox::route::Endpoint;
use crate::sandbox::world::rows::{Account, Text};

/// `GET /users/{id}/accounts…`, also below a connection
pub(crate) fn answer(call: &mut Call<'_>, user: i64) -> Result<Answer, Answer> {
    call.state.world.build(user);
    let missing = || Answer::not_found(call.number);
    let world = &call.state.world;
    let holdings = world.built(user).ok_or_else(missing)?;
    if call.route.connection.is_some_and(|id| holdings.connection(id).is_none()) {
        return Err(missing());
    }
    let all = call.request.flag("all");
    let shown: Vec<&Account> = holdings
        .accounts()
        .filter(|row| all || (row.deleted.is_none() && row.disabled.is_none()))
        .filter(|row| call.route.connection.is_none_or(|id| row.id_connection == Some(id)))
        .collect();
    let mut body = Vec::with_capacity(1_024);
    if call.route.endpoint() == Endpoint::Account {
        let row = shown.into_iter().find(|row| Some(row.id) == call.route.account).ok_or_else(missing)?;
        write_account(&mut body, row, world.style);
        return Ok(Answer::ok(body, 1));
    }
    let (limit, offset) = (guard::count(call, "limit")?, guard::count(call, "offset")?.unwrap_or(0));
    let total = shown.len();
    let page: Vec<&Account> = shown.iter().copied().skip(offset).take(limit.unwrap_or(usize::MAX)).collect();
    let (balances, coming) = (sums(&shown, |row| &row.balance), sums(&shown, |row| &row.coming_balance));
    let mut object = Object::open(&mut body, None, world.style);
    let grand = balances.values().try_fold(0_i128, |sum, value| sum.checked_add(*value));
    object.number("balance", grand.map(|sum| amount::text(sum, 1)).as_deref());
    object.value("balances", |out, style| write_sums(out, &balances, style));
    object.value("coming_balances", |out, style| write_sums(out, &coming, style));
    object.value("accounts", |out, style| array(out, &page, |out, row| write_account(out, row, style)));
    object.integer("total", i64::try_from(total).ok());
    object.close();
    Ok(Answer::ok(body, page.len()))
}

/// Sums per currency. What is not an exact number in range is left out.
fn sums<'a>(rows: &[&'a Account], of: impl Fn(&'a Account) -> &'a Text) -> BTreeMap<&'a str, i128> {
    let mut sums = BTreeMap::new();
    for row in rows {
        if let (Some(code), Some(value)) =
            (row.currency.as_deref(), of(row).as_deref().and_then(amount::parse))
        {
            let sum: &mut i128 = sums.entry(code).or_insert(0);
            *sum = sum.saturating_add(value);
        }
    }
    sums
}

fn write_sums(out: &mut Vec<u8>, sums: &BTreeMap<&str, i128>, style: Style) {
    let mut object = Object::open(out, None, style);
    for (code, sum) in sums {
        object.raw(code, &amount::text(*sum, 1));
    }
    object.close();
}
