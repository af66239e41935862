//! Settings, the library's forecast, the form, the exit code.

use powens_export::export::{self, Cancel, Event};

use super::page::page;
use super::view::View;
use crate::cli::args::{Common, PlanArgs};
use crate::cli::config_file::ConfigFile;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{logging, output, run, settings, signals};

/// Performs the verb.
pub(crate) fn perform(args: PlanArgs, common: &Common) -> Result<Exit, Failure> {
    logging::start_quiet(common)?;
    let PlanArgs { run, probe, json } = args;
    let file = ConfigFile::read(common.config.as_deref())?;
    let config = settings::run_config(run, &file, &|name| std::env::var_os(name))?;
    let dest = config.dest.clone();
    let outcome = run::runtime()?.block_on(async {
        let cancel = Cancel::new();
        let switch = cancel.clone();
        let received = signals::listen(
            move || switch.cancel(),
            "stopping: tokens in hand are revoked first (again to leave at once)",
        )?;
        let forecast = export::forecast(config, probe, cancel, &notice).await;
        Ok::<_, Failure>((forecast, received.exit()))
    })?;
    let forecast = match outcome {
        (Ok(forecast), _) => forecast,
        (Err(error), Some(exit)) => {
            output::say(&error.to_string());
            return Ok(exit);
        }
        (Err(error), None) => return Err(error.into()),
    };
    let view = View::new(&forecast, &dest);
    if json {
        output::print_json(&view)?;
    } else {
        output::print_page(&page(&view, output::width()))?;
    }
    Ok(Exit::Library(forecast.exit()))
}

fn notice(event: Event) {
    if let Event::Notice(notice) = event {
        tracing::warn!("{notice}");
    }
}
