//! Reading a list of transactions without losing a row.
//!
//! A list moves while it is read. One response is one consistent look at it; several pages are not, so what several
//! pages brought is proven afterwards: by reading what changed since, until nothing did, or by cutting the dates
//! until each answer is one response, or by two equal walks in a row. Order, `total` and page lengths are hints that
//! choose the way; none of them is ever the proof.
//!
//! | file | noun |
//! |---|---|
//! | `query` | what is asked: whose list, which dates, changed since when |
//! | `walker` | one user's walk: what it holds, what it passes on, its limits |
//! | `follow` | next links to their end, and what they turn out to be |
//! | `windows` | dates cut until each part is one response |
//! | `split` | where to cut |
//! | `passes` | what changed since, until quiet |
//! | `equal` | two equal walks in a row |
//! | `full`, `delta` | whole walks with their proofs |
//! | `totals` | what `total` can tell |
//! | `held`, `hash` | ids, and what each row looked like |

mod delta;
mod equal;
mod follow;
mod full;
mod hash;
mod held;
mod passes;
mod query;
mod split;
mod totals;
mod walker;
mod windows;

#[cfg(all(test, feature = "sandbox"))]
pub(super) use hash::row_hashes;

pub(super) use follow::counts_rows;
pub(super) use full::{Walked, shrunk};
pub(super) use query::{PAGE_ROWS, Query, Scope, pass_bound, run_bound};
pub(super) use totals::of as total_of;
pub(super) use walker::{Sink, Tally, Walker};
