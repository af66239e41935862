//! Users, and the tokens that open them.

use jiff::SignedDuration;

use super::{Call, guard};
use crate::sandbox::answer::Answer;
use crate::sandbox::clock::paris_text;
use crate::sandbox::config::UserList;
use crate::sandbox::log::ViolationKind;
use crate::sandbox::render::account::user as write_user;
use crate::sandbox::render::json::{Object, array};
use crate::sandbox::tokens::Holder;

/// `GET /users`
pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Answer> {
    match call.state.tokens.holder(call.request.bearer.as_deref()) {
        Holder::UsersToken => {}
        Holder::Nobody => return Err(Answer::unauthorized(call.number)),
        Holder::User(_) => {
            call.state.violate(call.request, call.number, ViolationKind::WrongToken);
            return Err(Answer::forbidden(call.number));
        }
    }
    let mode = call.config.user_list;
    let (mut limit, mut offset) = (guard::count(call, "limit")?, guard::count(call, "offset")?.unwrap_or(0));
    match mode {
        UserList::RefusesLimit if limit.is_some() => return Err(Answer::invalid("limit")),
        UserList::Unpaged | UserList::RefusesLimit => (limit, offset) = (None, 0),
        UserList::IgnoresOffset => offset = 0,
        UserList::Capped(cap) => limit = Some(limit.unwrap_or(cap).min(cap)),
        UserList::OffsetPaged | UserList::WithLinks => {}
    }
    let (world, style) = (&call.state.world, call.state.world.style);
    let all = world.residents.len();
    let page: Vec<_> = world
        .residents
        .values()
        .skip(offset)
        .take(limit.unwrap_or(usize::MAX))
        .map(|resident| &resident.user)
        .collect();
    let mut body = Vec::with_capacity(page.len() * 90 + 64);
    let mut object = Object::open(&mut body, None, style);
    object.value("users", |out, style| array(out, &page, |out, row| write_user(out, row, style)));
    super::transactions::total(&mut object, call.config.users_total, all, page.len());
    if mode == UserList::WithLinks {
        let more = offset + page.len() < all;
        let query = format!("{}&offset={}", call.request.query_without(&["offset"]), offset + page.len());
        let next = more.then_some(query.trim_start_matches('&').to_owned());
        super::transactions::links(&mut object, super::transactions::Place::of(call), next.as_deref());
    }
    object.close();
    Ok(Answer::ok(body, page.len()))
}

/// `GET /users/{id}`
pub(crate) fn one(call: &mut Call<'_>, user: i64) -> Result<Answer, Answer> {
    let row = call.state.world.user(user).ok_or_else(|| Answer::not_found(call.number))?;
    let mut body = Vec::new();
    write_user(&mut body, row, call.state.world.style);
    Ok(Answer::ok(body, 1))
}

/// `POST /auth/renew`
pub(crate) fn renew(call: &mut Call<'_>) -> Result<Answer, Answer> {
    if call.request.method != http::Method::POST {
        return Err(Answer::method_not_allowed(call.number));
    }
    let field = |name: &str| call.request.field(name);
    for name in ["grant_type", "client_id", "client_secret"] {
        if field(name).is_none() {
            return Err(Answer::missing(name));
        }
    }
    if field("grant_type").as_deref() != Some("client_credentials") {
        return Err(Answer::invalid("grant_type"));
    }
    let tokens = &call.state.tokens;
    if field("client_id").as_deref() != Some(tokens.client_id.as_str())
        || field("client_secret").as_deref() != Some(tokens.client_secret.as_str())
    {
        return Err(Answer::unauthorized(call.number));
    }
    let user = match field("id_user") {
        Some(text) => text.parse::<i64>().map_err(|_| Answer::invalid("id_user"))?,
        None => {
            call.state.violate(call.request, call.number, ViolationKind::RenewWithoutUser);
            let now = call.state.world.clock().paris_text();
            call.state.world.add_user_signed(&now)
        }
    };
    let Some(row) = call.state.world.user(user) else { return Err(Answer::not_found(call.number)) };
    let half_an_hour_ago = call.state.world.clock().now() - SignedDuration::from_mins(30);
    if call.request.field("id_user").is_some() && row.signin.as_deref() > Some(&*paris_text(half_an_hour_ago))
    {
        call.state.violate(call.request, call.number, ViolationKind::RenewOfYoungUser);
    }
    if call.request.field("revoke_previous").as_deref() == Some("true") {
        call.state.violate(call.request, call.number, ViolationKind::RevokePrevious);
        call.state.tokens.revoke_all(user);
    }
    let token = call.state.tokens.mint(user, true);
    let mut body = Vec::new();
    let mut object = Object::open(&mut body, None, call.state.world.style);
    object.text("access_token", Some(&token));
    object.text("token_type", Some("Bearer"));
    object.close();
    Ok(Answer::ok(body, 0))
}

/// `DELETE /auth/token`
pub(crate) fn revoke(call: &mut Call<'_>) -> Result<Answer, Answer> {
    let token = call.request.bearer.as_deref().unwrap_or("");
    if call.state.tokens.revoke(token) {
        Ok(Answer::no_content())
    } else {
        Err(Answer::unauthorized(call.number))
    }
}
