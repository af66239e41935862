//! What a run is told to do: validated, typed, without a trace of the command line.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::api::ApiConfig;
use crate::encode::CsvProfile;
use crate::extract::RunMode;
use crate::lake::FILE_MODE;
use crate::lake::build::Formats;
use crate::lake::retention::Keep;
use crate::lake::store::Syncs;
use crate::model::{DecimalType, UserId, Window};

/// What a run is told to do.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// The lake's folder.
    pub dest: PathBuf,
    /// How to reach the API.
    pub api: ApiConfig,
    /// The formats to write.
    pub formats: Formats,
    /// How CSV is spelled.
    pub csv_profile: CsvProfile,
    /// Everything, or what changed.
    pub mode: RunMode,
    /// The dates asked for.
    pub window: Window,
    /// The users asked for; empty: all.
    pub users: Vec<UserId>,
    /// Each user is walked in full every so many days.
    pub full_every_days: u32,
    /// Staged work older than this is fetched again.
    pub resume_max_age: Duration,
    /// Publish although up to this share of the users failed (percent); the guard's own limit when `None`.
    pub max_failed_percent: Option<u8>,
    /// Publish although the lake shrank.
    pub accept_shrink: bool,
    /// The decimal type of a new lake; an existing one keeps its own.
    pub decimal: Option<DecimalType>,
    /// Permission bits of published files.
    pub file_mode: u32,
    /// Snapshots to keep.
    pub retention: Keep,
    /// Whether syncs reach the disk. Anything but [`Syncs::Executed`] is for simulations of many nights, and no flag
    /// sets it: after a power cut such a lake may be damaged.
    pub syncs: Syncs,
    /// When the run begins on our own clock; `None`: now. Simulations of many nights set it, so that names of
    /// snapshots, ages and retention follow their calendar; no flag does.
    pub started_at: Option<Timestamp>,
}

impl RunConfig {
    /// A run of everybody into Parquet, as the program does it when no flag says otherwise.
    #[must_use]
    pub fn new(dest: PathBuf, api: ApiConfig) -> Self {
        Self {
            dest,
            api,
            formats: Formats::Parquet,
            csv_profile: CsvProfile::default(),
            mode: RunMode::Auto,
            window: Window::OPEN,
            users: Vec::new(),
            full_every_days: 7,
            resume_max_age: Duration::from_secs(24 * 3600),
            max_failed_percent: None,
            accept_shrink: false,
            decimal: None,
            file_mode: FILE_MODE,
            retention: Keep::default(),
            syncs: Syncs::Executed,
            started_at: None,
        }
    }
}
