//! The lake on disk: what lies where, how a snapshot is built, made visible, and let go.
//!
//! Promises: readers see the snapshot before or the snapshot after, never a half; what was published is never opened
//! for writing; whatever is left by a run that died is recognised and put aside by the next one, under the lock.
//!
//! | file | noun |
//! |---|---|
//! | `layout`, `run_id` | paths, and the names of runs |
//! | `manifest/` | what a snapshot says of itself |
//! | `snapshot` | `LATEST`, and published snapshots |
//! | `preflight` | a destination that is safe, free, and held by this run |
//! | `lock` | one run at a time |
//! | `sweep` | what a crash leaves behind |
//! | `build/` | rows → files |
//! | `facts` | what a file is known by: rows, dates, control totals |
//! | `totals` | control totals: exact sums, per currency |
//! | `readback` | written files, read again |
//! | `guard` | whether to publish at all |
//! | `publish` | the pointer move |
//! | `retention` | which snapshots stay |
//! | `store/` | the one folder that renames and syncs |
//! | `fixture`, `faults`, `power/` | for tests: small lakes, errors at every step, lost power at every step |

pub mod build;
mod error;
pub mod facts;
#[cfg(test)]
mod faults;
#[cfg(test)]
pub(crate) mod fixture;
pub mod guard;
pub mod layout;
mod lock;
pub mod manifest;
#[cfg(all(test, feature = "sandbox"))]
mod power;
mod preflight;
mod publish;
pub mod readback;
pub mod retention;
mod run_id;
mod snapshot;
pub mod store;
mod sweep;
#[cfg(test)]
mod tests;
pub mod totals;

pub use error::{LakeError, LakeErrorKind};
pub use layout::{Area, FilePath, Layout, RunId};
pub use lock::Lock;
pub use manifest::Manifest;
pub use preflight::{Destination, FOLDER_MODE, WORK_MODE, free_bytes, needed_bytes};
pub(crate) use publish::listing;
pub use publish::{FILE_MODE, publish};
pub use snapshot::{Latest, Listed, Snapshot, firsts, list};
pub use store::Store;
pub use sweep::{Swept, sweep, sweep_after_publish};
