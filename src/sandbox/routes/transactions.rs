//! Transactions, and what every list shares: `total` and `_links`.

use super::{Call, guard};
use crate::sandbox::answer::Answer;
use crate::sandbox::config::{Paging, Total};
use crate::sandbox::cursor;
use crate::sandbox::log::ViolationKind;
use crate::sandbox::page::{Scope, Slice, View, next_query};
use crate::sandbox::query::Filters;
use crate::sandbox::render::json::{Object, array};
use crate::sandbox::render::transaction::transaction as write_transaction;
use crate::sandbox::route::Endpoint;
use crate::sandbox::state::State;

/// The largest page the API gives.
const MAX_LIMIT: usize = 1_000;

/// `GET /users/{id}/transactions…`, also below an account or a connection
pub(crate) fn answer(call: &mut Call<'_>, user: i64) -> Result<Answer, Answer> {
    if call.route.endpoint() == Endpoint::Transaction {
        return one(call, user);
    }
    let limit = limit(call)?;
    let filters = Filters::of(call.request)?;
    let cursor = call.request.parameter("cursor");
    let after = cursor.as_deref().and_then(cursor::read);
    let counted = cursor.as_deref().and_then(cursor::read_count);
    if cursor.is_some() && after.is_none() && counted.is_none() {
        return Err(Answer::invalid("cursor"));
    }
    let offset = guard::count(call, "offset")?.or(counted).unwrap_or(0);
    let slice = Slice { after, offset, limit };
    call.state.world.build(user);
    let scope = scope(call, user, filters.all)?;
    let place = Place::of(call);
    let State { world, extents, .. } = &mut *call.state;
    let missing = || Answer::not_found(call.number);
    let holdings = world.built(user).ok_or_else(missing)?;
    if holdings.has_no_account() {
        let text = "At least one bank account is required.";
        return Err(Answer::error(call.config.no_account_status, "noAccount", text, call.number));
    }
    let view = View::new(holdings, &filters, scope, call.config);
    let key = format!("{}?{}", call.request.path, call.request.query_without(&["cursor", "offset", "limit"]));
    let extent = extents.get(user, holdings, key, || view.extent());
    let (rows, more) = view.rows(slice);
    let style = world.style;
    let mut body = Vec::with_capacity(rows.len() * 1_500 + 512);
    let mut object = Object::open(&mut body, None, style);
    object.text("first_date", extent.first.as_deref());
    object.text("last_date", extent.last.as_deref());
    if filters.windowed {
        object.text("result_min_date", rows.iter().filter_map(|row| row.date.as_deref()).min());
        object.text("result_max_date", rows.iter().filter_map(|row| row.date.as_deref()).max());
    }
    object.value("transactions", |out, style| {
        array(out, &rows, |out, row| {
            write_transaction(out, row, holdings.currency_of(row.id_account), style);
        });
    });
    if call.config.paging != Paging::NoLinks {
        let next = more.then(|| next_query(call.request, call.config.paging, &rows, slice)).flatten();
        links(&mut object, place, next.as_deref());
    }
    total(&mut object, call.config.transactions_total, extent.total, rows.len());
    object.close();
    let count = rows.len();
    Ok(Answer::ok(body, count))
}

/// The page length: `limit` is mandatory and at most 1000.
fn limit(call: &mut Call<'_>) -> Result<usize, Answer> {
    let asked = guard::count(call, "limit")?;
    let Some(asked) = asked else {
        call.state.violate(call.request, call.number, ViolationKind::MissingLimit);
        return Err(Answer::missing("limit"));
    };
    if asked > MAX_LIMIT {
        call.state.violate(call.request, call.number, ViolationKind::LimitTooLarge);
        return Err(Answer::invalid("limit"));
    }
    if asked == 0 {
        return Err(Answer::invalid("limit"));
    }
    let capped = call.config.page_cap.map_or(asked, |cap| asked.min(cap.max(1)));
    Ok(call.config.page_size.map_or(capped, |size| size.max(1)))
}

/// Which rows the path is about; what it names must be visible.
fn scope(call: &Call<'_>, user: i64, all: bool) -> Result<Scope, Answer> {
    let missing = || Answer::not_found(call.number);
    let holdings = call.state.world.built(user).ok_or_else(missing)?;
    match (call.route.endpoint(), call.route.account, call.route.connection) {
        (Endpoint::AccountTransactions, Some(id), _) => {
            let row = holdings.account(id).ok_or_else(missing)?;
            let visible = all || (row.deleted.is_none() && row.disabled.is_none());
            if visible { Ok(Scope::Account(id)) } else { Err(missing()) }
        }
        (Endpoint::ConnectionTransactions, _, Some(id)) => {
            holdings.connection(id).map(|_| Scope::Connection(id)).ok_or_else(missing)
        }
        _ => Ok(Scope::User),
    }
}

fn one(call: &mut Call<'_>, user: i64) -> Result<Answer, Answer> {
    call.state.world.build(user);
    let missing = || Answer::not_found(call.number);
    let world = &call.state.world;
    let holdings = world.built(user).ok_or_else(missing)?;
    let row = call.route.transaction.and_then(|id| holdings.transactions().get(id)).ok_or_else(missing)?;
    if row.deleted.is_some() && !call.request.flag("all") {
        return Err(missing());
    }
    let mut body = Vec::new();
    write_transaction(&mut body, row, holdings.currency_of(row.id_account), world.style);
    Ok(Answer::ok(body, 1))
}

/// Writes `total`, or whatever the configuration makes of it.
pub(super) fn total(object: &mut Object<'_>, mode: Total, whole: usize, page: usize) {
    let whole = i64::try_from(whole).unwrap_or(i64::MAX);
    match mode {
        Total::Filtered => object.integer("total", Some(whole)),
        Total::Page => object.integer("total", i64::try_from(page).ok()),
        Total::Absent => {}
        Total::Off(by) => object.integer("total", Some(whole.saturating_add(by))),
        Total::Text => object.text("total", Some(&whole.to_string())),
    }
}

/// Where a list was asked for: what links are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    base: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn of(call: &Call<'a>) -> Self {
        let base = if call.config.relative_links { "" } else { call.origin };
        Self { base, path: &call.request.path, query: &call.request.query }
    }
}

/// Writes `_links`; `next` is the query of the next page.
pub(super) fn links(object: &mut Object<'_>, place: Place<'_>, next: Option<&str>) {
    let Place { base, path, query } = place;
    object.value("_links", |out, style| {
        let mut links = Object::open(out, None, style);
        links.null("prev");
        let mut link = |key: &str, query: &str| {
            links.value(key, |out, style| {
                let mut link = Object::open(out, None, style);
                link.text("href", Some(&format!("{base}{path}?{query}")));
                link.close();
            });
        };
        link("self", query);
        match next {
            Some(query) => link("next", query),
            None => links.null("next"),
        }
        links.close();
    });
}
