//! (front page to come)

pub mod store;
