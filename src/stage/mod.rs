//! Durable, unpublished work of the run under way.

mod disk;
pub mod merge;

pub use disk::Disk;
