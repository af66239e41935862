//! What a person sees while a run is under way: a consumer of the library's events, nothing more.
//!
//! | file | noun |
//! |---|---|
//! | `watch` | the choice: bars on a terminal, lines elsewhere, silence when asked for |
//! | `tally` | what the events have said so far, and the time that is left |
//! | `bars` | bars, on a terminal |
//! | `lines` | a log line every few seconds |

mod bars;
mod lines;
mod tally;
mod watch;

pub(crate) use bars::Bars;
pub(crate) use watch::Watch;
