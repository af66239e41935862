//! Connectors and the other catalogues, which need no token; and the products this domain does not have.

use super::{Call, guard};
use crate::sandbox::answer::Answer;
use crate::sandbox::render::connection::{connector as write_connector, connector_source as write_source};
use crate::sandbox::render::currency;
use crate::sandbox::render::json::{Object, array};
use crate::sandbox::route::Endpoint;
use crate::sandbox::world::rows::Connector;

/// `GET /connectors…`
pub(crate) fn answer(call: &mut Call<'_>) -> Result<Answer, Answer> {
    let world = &call.state.world;
    let (sources, all) = (guard::expands(call, "sources"), call.request.flag("all"));
    let mut body = Vec::new();
    if call.route.endpoint() == Endpoint::Connectors {
        let (limit, offset) = (guard::count(call, "limit")?, guard::count(call, "offset")?.unwrap_or(0));
        let shown: Vec<_> = world.connectors.iter().filter(|row| all || row.hidden != Some(true)).collect();
        let page: Vec<_> = shown.iter().skip(offset).take(limit.unwrap_or(usize::MAX)).collect();
        let mut object = Object::open(&mut body, None, world.style);
        object.value(&call.route.name, |out, style| {
            array(out, &page, |out, row| write_connector(out, row, sources, style));
        });
        object.integer("total", i64::try_from(shown.len()).ok());
        object.close();
        return Ok(Answer::ok(body, page.len()));
    }
    let name = &call.route.name;
    let named = |row: &&Connector| *row.uuid == **name || name.parse() == Ok(row.id);
    let row = world.connectors.iter().find(named).ok_or_else(|| Answer::not_found(call.number))?;
    if !call.route.connector_sources {
        write_connector(&mut body, row, sources, world.style);
        return Ok(Answer::ok(body, 1));
    }
    let mut object = Object::open(&mut body, None, world.style);
    object.value("sources", |out, style| array(out, &row.sources, |out, row| write_source(out, row, style)));
    object.integer("total", i64::try_from(row.sources.len()).ok());
    object.close();
    Ok(Answer::ok(body, row.sources.len()))
}

/// `GET /currencies`, `GET /account_types`
pub(crate) fn catalogue(call: &Call<'_>) -> Answer {
    let style = call.state.world.style;
    let mut body = Vec::new();
    let mut object = Object::open(&mut body, None, style);
    let mut count = 0;
    if call.route.name == "currencies" {
        count = currency::codes().count();
        object.value("currencies", |out, style| {
            array(out, currency::codes(), |out, code| currency::currency(out, code, style));
        });
    } else {
        object.value("accounttypes", |out, style| count = currency::account_types(out, style));
        object.integer("total", i64::try_from(count).ok());
    }
    object.close();
    Answer::ok(body, count)
}

/// Products: enabled ones that nobody holds anything in are empty lists, the others are 401.
pub(crate) fn product(call: &Call<'_>) -> Result<Answer, Answer> {
    let name = call.route.name.as_str();
    let body = match name {
        "investments" => {
            r#"{"diff": 0.0, "diff_percent": null, "prev_diff": 0.0, "prev_diff_percent": null, "valuation": 0.0, "calculated": [], "investments": [], "total": 0}"#.to_owned()
        }
        "marketorders" | "pockets" | "subscriptions" => format!("{{\"{name}\": [], \"total\": 0}}"),
        "documents" => r#"{"documents": [], "first_date": null, "last_date": null, "total": 0}"#.to_owned(),
        "logs" => r#"{"connectionlogs": [], "first_date": null, "last_date": null, "total": 0}"#.to_owned(),
        "balances" => {
            r#"{"balances": [], "first_date": null, "last_date": null, "result_min_date": null, "result_max_date": null}"#
                .to_owned()
        }
        "amortizations" | "account_ownerships" | "owner_identity" | "informations" => {
            return Err(Answer::unauthorized(call.number));
        }
        _ => return Err(Answer::not_found(call.number)),
    };
    Ok(Answer::ok(body.into_bytes(), 0))
}
