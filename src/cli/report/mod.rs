//! What a snapshot is, for people: read from its manifest alone.
//!
//! | file | noun |
//! |---|---|
//! | `run` | the closing report of a run |
//! | `tables` | rows, files, sizes, changes |
//! | `gaps` | who is incomplete, and why |
//! | `people` | which connections need whom |

mod gaps;
mod people;
mod run;
mod tables;

pub(crate) use gaps::incomplete;
pub(crate) use people::attention;
pub(crate) use run::{head, of_run};
pub(crate) use tables::tables;

/// Entries of a list that are printed; the rest is counted. A person reads ten, a machine reads the manifest.
const LIST_LENGTH: usize = 10;

/// `… and 23 more`, when there are.
fn more(total: usize, place: &str) -> Option<String> {
    let rest = total.checked_sub(LIST_LENGTH).filter(|rest| *rest > 0)?;
    Some(format!("… and {} more: {place}\n", crate::cli::human::count(rest as u64)))
}
