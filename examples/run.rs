//! Exports a domain into a folder, with the library alone.
//!
//! `cargo run --example run -- LAKE`, with POWENS_BASE_URL, POWENS_CLIENT_ID, POWENS_CLIENT_SECRET and
//! POWENS_USERS_TOKEN set (`cargo run --example sandbox` prints such settings).

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use powens_export::api::{ApiConfig, BaseUrl};
use powens_export::export::{self, Cancel, Event, Formats, ModeRequest, Retention, RunConfig};
use powens_export::model::{Secret, Window};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let dest = std::env::args_os().nth(1).ok_or("which lake? give a folder")?.into();
    let set = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let base_url = BaseUrl::parse(&set("POWENS_BASE_URL")?)?;
    let client_secret = Secret::new(set("POWENS_CLIENT_SECRET")?);
    let users_token = Secret::new(set("POWENS_USERS_TOKEN")?);
    let config = RunConfig {
        dest,
        api: ApiConfig::new(base_url, set("POWENS_CLIENT_ID")?, client_secret, users_token),
        formats: Formats { parquet: true, csv: false },
        csv_profile: "iso".to_owned(),
        mode: ModeRequest::Auto,
        window: Window::OPEN,
        users: Vec::new(),
        full_every_days: 7,
        resume_max_age: Duration::from_secs(86_400),
        max_failed_percent: None,
        accept_shrink: false,
        decimal: None,
        file_mode: 0o440,
        retention: Retention::default(),
        metrics_file: None,
    };
    let watch = |event: Event| {
        if let Event::Phase(phase) = event {
            eprintln!("{phase}");
        }
    };
    let report = export::run(config, Cancel::new(), &watch).await?;
    println!("{}: {}", report.manifest.status.as_str(), report.snapshot.display());
    Ok(ExitCode::from(report.exit()))
}
