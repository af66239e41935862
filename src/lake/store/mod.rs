//! The one folder that renames and syncs.
//!
//! Every durable step below a destination goes through a [`Store`], so that none can be forgotten: a rename syncs
//! both parents, a replacement is written beside, synced and renamed over, a new folder's parent is synced. Build
//! and publish assume no renames or links beyond it.
//!
//! - Paths are relative to the root, may not leave it, and no part of one may be a symbolic link.
//! - Files are created, never opened for writing again; modes are exact whatever the umask.
//! - A failed sync is final ([`StoreError::Sync`]): the kernel may have dropped the bytes, so a second sync of the
//!   same file could succeed without them. Nothing here tries again.
//! - Before and after each step a test may look on, make the step fail, and write down what happened (`seam`);
//!   nothing of that is in a shipped program.
//!
//! | file | noun |
//! |---|---|
//! | `root` | the store: what lies below its root, and the one way to a step |
//! | `folders` | steps on folders: made, synced, removed |
//! | `files` | steps on files: created, written, synced, copied, removed |
//! | `names` | steps on names: a rename, an exchange, a replacement, a second name |
//! | `file` | a file that is written with `Write` |
//! | `doors` | the store as the rooms below and beside the lake know it |
//! | `seam` | where tests look on |
//! | `error` | the steps, and why one failed |
//! | `faulty` | for tests: a disk that refuses |

mod doors;
mod error;
#[cfg(test)]
pub(crate) mod faulty;
mod file;
mod files;
mod folders;
mod names;
mod root;
pub(crate) mod seam;
#[cfg(test)]
mod tests;

pub use error::{Step, StoreError};
pub use file::StoreFile;
pub use names::Carried;
pub use root::{Store, Syncs};
