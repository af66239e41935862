//! `sandbox`: serves the simulated bank until it is told to stop.

use std::time::Duration;

use powens_export::sandbox::{Paging, RateLimit, Sandbox, SandboxConfig};
use tokio::sync::watch;

use super::args::{Common, MannersArgs, SandboxArgs, WorldArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::{logging, output, run, signals};

/// Performs the verb.
pub(crate) fn perform(args: SandboxArgs, common: &Common) -> Result<Exit, Failure> {
    logging::start_quiet(common)?;
    run::runtime()?.block_on(serve(args))
}

async fn serve(args: SandboxArgs) -> Result<Exit, Failure> {
    let SandboxArgs { port, world, manners, truth } = args;
    let (stop, mut stopped) = watch::channel(false);
    signals::listen(move || stop.send_replace(true), "stopping")?;
    let sandbox = start(config(port, &world, &manners)).await?;
    if let Some(path) = truth {
        sandbox.write_truth(&path).map_err(|source| Failure::Write { path, source })?;
    }
    let settings: Vec<String> =
        sandbox.settings().into_iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    output::print(&settings.concat())?;
    output::say(&format!(
        "a simulated bank of {} users is served on {}; Ctrl-C ends it",
        world.users,
        sandbox.base_url()
    ));
    // An error would mean that nobody listens for signals any more: nothing to wait for either.
    let _ = stopped.changed().await;
    Ok(Exit::Complete)
}

/// Starts serving.
pub(crate) async fn start(config: SandboxConfig) -> Result<Sandbox, Failure> {
    let port = config.port;
    Sandbox::start(config).await.map_err(|source| Failure::Serve { port, source })
}

/// The world and its manners, as the sandbox takes them.
pub(crate) fn config(port: u16, world: &WorldArgs, manners: &MannersArgs) -> SandboxConfig {
    let MannersArgs { offset_links, relative_links, page_cap, latency, rate_limit } = manners;
    SandboxConfig {
        users: world.users as usize,
        seed: world.seed,
        port,
        paging: if *offset_links { Paging::Offset } else { Paging::Keyset },
        page_cap: page_cap.map(|rows| rows as usize),
        relative_links: *relative_links,
        latency: Duration::from_millis(latency.unwrap_or(0)),
        rate_limit: rate_limit.and_then(|rate| per_minute(rate.0)),
        ..SandboxConfig::default()
    }
}

/// The bucket of a rate: it holds what comes in a second, at least one.
fn per_minute(rate: powens_export::api::Rate) -> Option<RateLimit> {
    use powens_export::api::Rate;
    let per_minute = match rate {
        Rate::Adaptive => return None,
        Rate::PerSecond(count) => count.get().saturating_mul(60),
        Rate::PerMinute(count) => count.get(),
    };
    Some(RateLimit { per_minute, burst: (per_minute / 60).max(1) })
}
