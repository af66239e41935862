//! What a run is told to do: validated, typed, without a trace of the command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::api::ApiConfig;
use crate::lake::retention::Keep;
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
    /// The name of the CSV profile.
    pub csv_profile: String,
    /// Everything, or what changed.
    pub mode: ModeRequest,
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
    /// Where to write metrics for Prometheus' text file collector.
    pub metrics_file: Option<PathBuf>,
}

/// The formats to write; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    /// Parquet, under `parquet/`.
    pub parquet: bool,
    /// CSV, under `csv/`.
    pub csv: bool,
}

/// How much to ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModeRequest {
    /// What changed, where a snapshot allows it.
    #[default]
    Auto,
    /// Everything.
    Full,
    /// What changed; an error where no snapshot allows it.
    Incremental,
}
