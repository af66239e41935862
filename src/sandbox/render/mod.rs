//! Rows as the API's JSON bytes, in a constant key order, without a tree in between.

pub(crate) mod account;
pub(crate) mod connection;
pub(crate) mod currency;
pub(crate) mod json;
pub(crate) mod transaction;
