//! Who may ask for what.

use super::Call;
use crate::sandbox::answer::Answer;
use crate::sandbox::log::ViolationKind;
use crate::sandbox::tokens::Holder;

/// The user whose path this is, when the token is theirs.
pub(crate) fn user(call: &mut Call<'_>) -> Result<i64, Answer> {
    let named = call.route.user.as_deref().unwrap_or("me");
    match call.state.tokens.holder(call.request.bearer.as_deref()) {
        Holder::Nobody => Err(Answer::unauthorized(call.number)),
        Holder::UsersToken => {
            call.state.violate(call.request, call.number, ViolationKind::WrongToken);
            Err(Answer::forbidden(call.number))
        }
        Holder::User(user) if named == "me" || named.parse() == Ok(user) => {
            if call.state.world.user(user).is_some() {
                Ok(user)
            } else {
                // A user's tokens die with the user.
                call.state.tokens.revoke_all(user);
                Err(Answer::unauthorized(call.number))
            }
        }
        Holder::User(_) => {
            call.state.violate(call.request, call.number, ViolationKind::ForeignUser);
            Err(Answer::not_found(call.number))
        }
    }
}

/// The number a paging parameter gives; what is no number is refused.
pub(crate) fn count(call: &Call<'_>, name: &str) -> Result<Option<usize>, Answer> {
    match call.request.parameter(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Answer::invalid(name)),
    }
}

/// True when an `expand` list names this.
pub(crate) fn expands(call: &Call<'_>, name: &str) -> bool {
    call.request
        .parameter("expand")
        .is_some_and(|list| list.split(',').any(|part| part.split('[').next().unwrap_or("").trim() == name))
}
