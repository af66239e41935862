//! Starts the simulated bank API, prints the settings that point a program at it, and serves until Ctrl-C.
//!
//! `cargo run --example sandbox -- [USERS] [SEED] [PORT] [ROWS]`

#![expect(clippy::print_stdout, reason = "the settings are its output")]

use powens_export::sandbox::{Sandbox, SandboxConfig};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let config = SandboxConfig {
        users: usize::try_from(number(0, 10)).unwrap_or(10),
        seed: number(1, 1),
        port: u16::try_from(number(2, 0)).unwrap_or(0),
        transactions_per_user: usize::try_from(number(3, 60)).unwrap_or(60),
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config).await?;
    for (name, value) in sandbox.settings() {
        println!("{name}={value}");
    }
    tokio::signal::ctrl_c().await
}
