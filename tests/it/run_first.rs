//! A whole run against the sandbox, over real HTTP, through the library.

use powens_export::api::{ApiConfig, BaseUrl};
use powens_export::export::{Cancel, Event, Formats, ModeRequest, Retention, RunConfig, run};
use powens_export::model::{Secret, Window};
use powens_export::sandbox::{Sandbox, SandboxConfig};

fn config(bank: &Sandbox, dest: &std::path::Path) -> RunConfig {
    let api = ApiConfig::new(
        BaseUrl::parse(&bank.base_url()).unwrap(),
        bank.client_id(),
        Secret::new(bank.client_secret()),
        Secret::new(bank.users_token()),
    );
    RunConfig {
        dest: dest.to_owned(),
        api,
        formats: Formats { parquet: true, csv: true },
        csv_profile: "iso".to_owned(),
        mode: ModeRequest::Auto,
        window: Window::OPEN,
        users: Vec::new(),
        full_every_days: 7,
        resume_max_age: std::time::Duration::from_secs(86_400),
        max_failed_percent: None,
        accept_shrink: false,
        decimal: None,
        file_mode: 0o440,
        retention: Retention::default(),
        metrics_file: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_publishes_a_verified_snapshot() {
    let bank = Sandbox::start(SandboxConfig { users: 12, ..SandboxConfig::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let report = run(config(&bank, folder.path()), Cancel::new(), &|event: Event| eprintln!("{event:?}"))
        .await
        .unwrap();
    eprintln!("{}", String::from_utf8(report.manifest.to_bytes().unwrap()).unwrap());
    eprintln!("violations {:?}", bank.violations());
    for r in bank.requests() {
        eprintln!("{} {} {} {:?}", r.status, r.method, r.path, r.query);
    }
    std::process::Command::new("cp")
        .args(["-r", folder.path().to_str().unwrap(), "/tmp/lake1"])
        .status()
        .unwrap();
}
