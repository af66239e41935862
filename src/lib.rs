//! Copies all bank data of a Powens domain into a data lake, every night, completely and exactly.

pub mod api;
pub mod encode;
pub mod export;
pub mod extract;
pub mod lake;
pub mod model;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod stage;
pub mod statements;
pub mod table;
pub mod verify;
