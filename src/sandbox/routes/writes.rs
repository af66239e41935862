//! What a guest must never do. It is answered as documented, takes effect, and is counted as a violation.

use super::{Call, guard};
use crate::sandbox::answer::Answer;
use crate::sandbox::log::ViolationKind;
use crate::sandbox::render::json::Object;
use crate::sandbox::route::Endpoint;

/// Any method but GET, renew and revoke apart.
pub(crate) fn answer(call: &mut Call<'_>) -> Result<Answer, Answer> {
    call.state.violate(call.request, call.number, ViolationKind::Write);
    let endpoint = call.route.endpoint();
    let method = call.request.method.as_str();
    if endpoint == Endpoint::Auth && call.route.name == "init" && method == "POST" {
        return Ok(init(call));
    }
    if call.route.user.is_none() {
        return Err(Answer::method_not_allowed(call.number));
    }
    let user = guard::user(call)?;
    let (connection, account) = (call.route.connection.unwrap_or(0), call.route.account.unwrap_or(0));
    let world = &mut call.state.world;
    let done = match (endpoint, method) {
        (Endpoint::Connection, "PUT" | "POST") => world.sync(user, connection),
        (Endpoint::Connection, "DELETE") => world.remove_connection(user, connection),
        (Endpoint::Account, "PUT" | "POST") => {
            if call.request.field("disabled").is_some_and(|value| value == "true" || value == "1") {
                world.disable_account(user, account)
            } else {
                world.enable_account(user, account)
            }
        }
        (Endpoint::User, "DELETE") => world.remove_user(user),
        _ => return Err(Answer::method_not_allowed(call.number)),
    };
    if done { Ok(Answer::ok(b"{}".to_vec(), 0)) } else { Err(Answer::not_found(call.number)) }
}

/// `POST /auth/init` creates a user.
fn init(call: &mut Call<'_>) -> Answer {
    let now = call.state.world.clock().paris_text();
    let user = call.state.world.add_user_signed(&now);
    let token = call.state.tokens.mint(user, true);
    let permanent = call.request.field("client_secret").is_some();
    let mut body = Vec::new();
    let mut object = Object::open(&mut body, None, call.state.world.style);
    object.text("auth_token", Some(&token));
    object.text("type", Some(if permanent { "permanent" } else { "temporary" }));
    object.integer("id_user", Some(user));
    object.integer("expires_in", (!permanent).then_some(1_800));
    object.close();
    Answer::ok(body, 0)
}
