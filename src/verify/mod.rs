//! Re-reads a snapshot and lists every finding, not just the first.
//!
//! Nothing of what was written is believed: every byte is hashed, every row decoded, every number in the manifest
//! counted again from the files. Memory is bounded whatever the snapshot's size. A finding names files, columns, rows by
//! number and ids; never a value.
//!
//! | file | noun |
//! |---|---|
//! | `report` | [`Report`], [`Finding`], [`Code`] |
//! | `run` | the order of the checks; `checked`: what they share |
//! | `folder` | files as the file system has them |
//! | `group` | files by folder, as the manifest lists them |
//! | `rows` | what is inside them: columns, order, partitions, totals, CSV against Parquet |
//! | `side` | a file being read; `align`: two of them, side by side; `order`: the order of rows |
//! | `ids` | ids are unique in the whole snapshot |
//! | `held` | what the rows say, account by account |
//! | `agreement` | coverage against the rows, derived columns against the accounts |
//! | `units` | run facts against the manifest and the rows |
//! | `chain` | the chain of manifests |

mod agreement;
mod align;
mod chain;
mod checked;
mod folder;
mod group;
mod held;
mod ids;
mod order;
mod report;
mod rows;
mod run;
mod side;
#[cfg(test)]
mod tests;
mod units;

pub use report::{Code, Finding, Report};
pub use run::verify;
