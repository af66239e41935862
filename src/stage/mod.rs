//! Durable, unpublished work of the run under way.

pub mod merge;
