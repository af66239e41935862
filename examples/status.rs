//! Says what the published snapshot of a lake holds, and who must act.
//!
//! `cargo run --example status -- LAKE`

use std::error::Error;

use powens_export::lake::{Layout, Snapshot};

fn main() -> Result<(), Box<dyn Error>> {
    let lake = std::env::args_os().nth(1).ok_or("which lake? give its folder")?;
    let snapshot = Snapshot::require_latest(&Layout::new(lake))?;
    let manifest = &snapshot.manifest;
    println!("{} is {}, read at {}", manifest.run_id, manifest.status.as_str(), manifest.started_at);
    for table in &manifest.tables {
        println!("{:>10}  {}", table.rows, table.name.name());
    }
    for entry in &manifest.incomplete {
        println!("user {} is incomplete: {}", entry.id_user, entry.reason);
    }
    for entry in manifest.attention.iter().filter(|entry| entry.who == "user") {
        let connection = entry.id_connection.map_or(0, |id| id.get());
        println!(
            "connection {connection} needs its user: {}",
            entry.state.as_deref().unwrap_or(&entry.health)
        );
    }
    Ok(())
}
