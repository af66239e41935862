//! Misbehaviour by script: which request ([`Rule`]) gets what ([`Fault`], a change of the data, a delay).
//!
//! `kind` lists the faults; `rule` decides when; `apply` turns an answer into what goes over the wire; `script` is a
//! list of raw bytes, pauses and resets; `scene` is the request; `gzip` makes good and bad compressed bodies; `link`
//! bends `_links`.

mod apply;
mod gzip;
mod kind;
mod link;
mod rule;
mod scene;
mod script;

pub(crate) use apply::{Outcome, apply, instead};
pub(crate) use gzip::good as gzip_good;
pub use kind::{Edit, Fault, NextLink, RetryAfter};
pub(crate) use rule::Armed;
pub use rule::{On, Rule};
pub(crate) use scene::Scene;
pub(crate) use script::{Step, play};
