//! What a finished run has to say.

use std::path::PathBuf;

use crate::lake::Manifest;
use crate::lake::layout::RunId;
use crate::lake::manifest::Status;
use crate::model::exit_code;

/// What a finished run has to say. Everything about the data is in the manifest.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The published manifest.
    pub manifest: Manifest,
    /// The published folder.
    pub snapshot: PathBuf,
    /// Users that an earlier, interrupted attempt had fetched already.
    pub reused_units: u64,
    /// Snapshots that retention removed.
    pub pruned: Vec<RunId>,
}

impl RunReport {
    /// The exit code: 0 when everything is here, 3 when something is missing or old.
    #[must_use]
    pub fn exit(&self) -> u8 {
        match self.manifest.status {
            Status::Complete => exit_code::COMPLETE,
            Status::Partial => exit_code::PARTIAL,
        }
    }
}
