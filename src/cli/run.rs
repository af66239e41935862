//! `run`: settings, the library's run, the report.

use jiff::Timestamp;
use powens_export::export::{self, Cancel, Event, ExportError, RunConfig, RunReport};
use tokio::runtime::Runtime;

use super::args::{Common, RunArgs};
use super::config_file::ConfigFile;
use super::exit::Exit;
use super::failure::Failure;
use super::metrics::Ended;
use super::progress::Watch;
use super::{logging, metrics, output, report, settings, signals};

/// Performs the verb.
pub(crate) fn perform(args: RunArgs, common: &Common) -> Result<Exit, Failure> {
    let watch = Watch::choose(common);
    logging::start(common.log_format.unwrap_or_default(), watch.log_level(), watch.bars())?;
    let file = ConfigFile::read(common.config.as_deref())?;
    let metrics_file = settings::metrics_file(&args, &file);
    let config = settings::run_config(args, &file, &|name| std::env::var_os(name))?;
    let (dest, started) = (config.dest.clone(), Timestamp::now());
    let outcome = runtime()?.block_on(execute(config, &watch));
    if let Some(path) = metrics_file {
        let exit = outcome.as_ref().map_or_else(Exit::of, |(exit, _)| *exit);
        metrics::write(&path, &dest, Ended { started, finished: Timestamp::now(), exit });
    }
    let (exit, report) = outcome?;
    if let Some(report) = report
        && !(common.quiet && exit.code() == Exit::Complete.code())
    {
        // What is published stays so, whoever reads the report.
        if let Err(error) = output::print_page(&report::of_run(&report, output::width())) {
            output::say(&format!("the report could not be written to stdout: {error}"));
        }
    }
    Ok(exit)
}

/// The runtime of everything that talks to the network.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Runs, shows what happens meanwhile, and stops on a signal. A signal decides the exit code unless the snapshot had
/// become visible by then.
pub(crate) async fn execute(config: RunConfig, watch: &Watch) -> Result<(Exit, Option<RunReport>), Failure> {
    let cancel = Cancel::new();
    let switch = cancel.clone();
    let received = signals::listen(
        move || switch.cancel(),
        "stopping: what is in hand is finished first (again to leave at once)",
    )?;
    let see = |event: Event| watch.see(&event);
    let outcome: Result<RunReport, ExportError> = export::run(config, cancel, &see).await;
    watch.done();
    match (outcome, received.exit()) {
        (Ok(report), _) => Ok((Exit::Library(report.exit()), Some(report))),
        (Err(error), Some(exit)) if !error.is_published() => {
            output::say(&format!("{error}; run the same command again to go on from here"));
            Ok((exit, None))
        }
        (Err(error), _) => Err(error.into()),
    }
}
