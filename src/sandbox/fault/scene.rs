//! The request that a fault befalls.

/// What faults need to know about the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) origin: &'a str,
    pub(crate) decoy: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) now: jiff::Timestamp,
    pub(crate) number: u64,
}
