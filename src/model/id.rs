//! The API's ids, one type each, so that a user's id cannot stand where an account's is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            /// The id, if the number can be one: 1 to 2^63 − 1.
            #[must_use]
            pub const fn new(value: i64) -> Option<Self> {
                if value >= 1 { Some(Self(value)) } else { None }
            }

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = NotAnId;
            fn try_from(value: i64) -> Result<Self, NotAnId> {
                Self::new(value).ok_or(NotAnId)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "integer", "minimum": 1 })
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse::<i64>().ok().and_then(Self::new).ok_or(NotAnId)
            }
        }
    )*};
}

id! {
    /// A user of the domain: the unit of fetching.
    UserId
    /// A user's link to one bank.
    ConnectionId
    /// One way in which a connection reaches its bank.
    SourceId
    /// A bank account.
    AccountId
    /// A transaction.
    TransactionId
    /// A bank, as the domain knows it.
    ConnectorId
}

/// The number is zero, negative, or no 63-bit integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: ids are whole numbers from 1 to 9223372036854775807")]
pub struct NotAnId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_are_ids() {
        assert_eq!(UserId::new(0), None);
        assert_eq!(UserId::new(-1), None);
        assert_eq!(UserId::new(i64::MAX).map(UserId::get), Some(i64::MAX));
        assert_eq!("42".parse::<AccountId>(), Ok(AccountId(42)));
        assert_eq!("9223372036854775808".parse::<AccountId>(), Err(NotAnId));
    }
}
