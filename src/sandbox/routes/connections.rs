//! Connections and their sources.

use super::{Call, guard};
use crate::sandbox::answer::Answer;
use crate::sandbox::render::connection::{Expanded, connection as write_connection, source as write_source};
use crate::sandbox::render::json::{Object, array};
use crate::sandbox::route::Endpoint;
use crate::sandbox::world::rows::Source;

/// `GET /users/{id}/connections…`
pub(crate) fn answer(call: &mut Call<'_>, user: i64) -> Result<Answer, Answer> {
    call.state.world.build(user);
    let missing = || Answer::not_found(call.number);
    let world = &call.state.world;
    let holdings = world.built(user).ok_or_else(missing)?;
    let all = call.request.flag("all");
    let accounts = ["all_accounts", "accounts"].into_iter().find(|name| guard::expands(call, name));
    let expanded = Expanded {
        connectors: guard::expands(call, "connector").then_some(world.connectors.as_slice()),
        sources: guard::expands(call, "sources"),
        hide_disabled: call.config.hide_disabled_sources && !all,
        accounts: accounts.map(|name| (name, &holdings.accounts)),
    };
    let mut body = Vec::new();
    if call.route.endpoint() == Endpoint::Connections {
        let (limit, offset) = (guard::count(call, "limit")?, guard::count(call, "offset")?.unwrap_or(0));
        let page: Vec<_> = holdings.connections().skip(offset).take(limit.unwrap_or(usize::MAX)).collect();
        let mut object = Object::open(&mut body, None, world.style);
        object.value("connections", |out, style| {
            array(out, &page, |out, row| write_connection(out, row, expanded, style));
        });
        object.integer("total", i64::try_from(holdings.connections().count()).ok());
        object.close();
        return Ok(Answer::ok(body, page.len()));
    }
    let row = call.route.connection.and_then(|id| holdings.connection(id)).ok_or_else(missing)?;
    let shown = |source: &&Source| all || source.disabled.is_none();
    match (call.route.endpoint(), call.route.source) {
        (Endpoint::Source, Some(id)) => {
            let source =
                row.sources.iter().filter(shown).find(|source| source.id == id).ok_or_else(missing)?;
            write_source(&mut body, source, world.style);
            Ok(Answer::ok(body, 1))
        }
        (Endpoint::Sources, _) => {
            let page: Vec<_> = row.sources.iter().filter(shown).collect();
            let mut object = Object::open(&mut body, None, world.style);
            object.value("sources", |out, style| array(out, &page, |out, row| write_source(out, row, style)));
            object.integer("total", i64::try_from(page.len()).ok());
            object.close();
            Ok(Answer::ok(body, page.len()))
        }
        _ => {
            write_connection(&mut body, row, expanded, world.style);
            Ok(Answer::ok(body, 1))
        }
    }
}
