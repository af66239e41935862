//! Exports a domain into a folder, with the library alone.
//!
//! `cargo run --example run -- LAKE`, with POWENS_BASE_URL, POWENS_CLIENT_ID, POWENS_CLIENT_SECRET and
//! POWENS_USERS_TOKEN set (`cargo run --example sandbox` prints such settings).

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;
use std::process::ExitCode;

use powens_export::api::{ApiConfig, BaseUrl};
use powens_export::export::{self, Cancel, Event, RunConfig};
use powens_export::model::Secret;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let dest = std::env::args_os().nth(1).ok_or("which lake? give a folder")?.into();
    let set = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let base_url = BaseUrl::parse(&set("POWENS_BASE_URL")?)?;
    let client_secret = Secret::new(set("POWENS_CLIENT_SECRET")?);
    let users_token = Secret::new(set("POWENS_USERS_TOKEN")?);
    let api = ApiConfig::new(base_url, set("POWENS_CLIENT_ID")?, client_secret, users_token);
    let config = RunConfig::new(dest, api);
    let watch = |event: Event| {
        if let Event::Phase(phase) = event {
            eprintln!("{phase}");
        }
    };
    let report = export::run(config, Cancel::new(), &watch).await?;
    println!("{}: {}", report.manifest.status.as_str(), report.snapshot.display());
    Ok(ExitCode::from(report.exit()))
}
