//! What may break off, refuse or be in the way while the program runs. Names carry the rows of the fault model.
//!
//! | file | what it protects |
//! |---|---|
//! | `signals` | Ctrl-C and SIGTERM: users in hand are finished, the rest is for the next run |
//! | `resume` | what a run that was cut off leaves, and who may use it |
//! | `places` | links, permissions and file systems in the way |
//! | `process` | panics, clocks, closed streams, the lock |
//! | `rivals` | a reader, while two runs compete and are killed |
//! | `sweep` | every file system call, killed and failed |

mod places;
mod process;
mod resume;
mod rivals;
mod signals;
// The library that fails the calls is for this system's C library.
#[cfg(target_os = "linux")]
mod sweep;

use std::path::{Path, PathBuf};
use std::time::Duration;

use powens_export::sandbox::{Endpoint, SandboxConfig};

use crate::support::{Bank, plain};

/// A plain bank, slow enough to be caught in the middle.
fn slow(users: usize) -> SandboxConfig {
    SandboxConfig { latency: Duration::from_millis(25), ..plain(users) }
}

/// How often users' tokens were minted: once for each user that is fetched.
fn fetched_users(bank: &Bank) -> usize {
    bank.sandbox.requests().iter().filter(|request| request.endpoint == Endpoint::Renew).count()
}

/// Everything below a folder, relative to it; links are not followed.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = waiting.pop() {
        for entry in std::fs::read_dir(folder.join(&inner)).unwrap() {
            let entry = entry.unwrap();
            let path = inner.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                waiting.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}
