//! `demo`: the simulated bank, a run against it, and the report, in one process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::args::{Common, DemoArgs, FileArgs, MannersArgs, RunArgs};
use super::config_file::ConfigFile;
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Watch;
use super::values::FileFormat;
use super::{logging, output, report, run, sandbox, settings};

/// Performs the verb.
pub(crate) fn perform(args: DemoArgs, common: &Common) -> Result<Exit, Failure> {
    let watch = Watch::choose(common);
    logging::start(common.log_format.unwrap_or_default(), watch.log_level(), watch.bars())?;
    run::runtime()?.block_on(demonstrate(args, common, &watch))
}

async fn demonstrate(args: DemoArgs, common: &Common, watch: &Watch) -> Result<Exit, Failure> {
    let DemoArgs { dest, world } = args;
    let dest = match dest {
        Some(dest) => dest,
        None => new_folder()?,
    };
    let bank = sandbox::start(sandbox::config(0, &world, &MannersArgs::default())).await?;
    // The same road as every run's settings: what the sandbox prints, read as an environment.
    let printed = bank.settings();
    let environment =
        |name: &str| printed.iter().find(|(known, _)| known == name).map(|(_, value)| OsString::from(value));
    let files = FileArgs { format: Some(FileFormat::Both), ..FileArgs::default() };
    let flags = RunArgs { dest: Some(dest.clone()), files, ..RunArgs::default() };
    let config = settings::run_config(flags, &ConfigFile::default(), &environment)?;
    let (exit, done) = run::execute(config, watch).await?;
    if let Some(done) = done {
        let mut text = report::of_run(&done, output::width());
        text.push_str(&invitation(&dest));
        output::print_page(&text)?;
    } else if !common.quiet {
        output::say("the demonstration was interrupted");
    }
    Ok(exit)
}

fn new_folder() -> Result<PathBuf, Failure> {
    let folder = tempfile::Builder::new().prefix("powens-export-demo-").tempdir()?;
    Ok(folder.keep())
}

/// A line to copy that queries the result.
fn invitation(dest: &Path) -> String {
    let lake = std::path::absolute(dest).unwrap_or_else(|_| dest.to_owned());
    let files = format!("{}/latest/parquet/transactions/**/*.parquet", lake.display());
    format!(
        "\nAsk it something (pip install duckdb):\n\n  \
         python3 -c \"import duckdb; duckdb.sql(\\\"SELECT currency, count(*) AS transactions, min(date), max(date), \
         sum(value) FROM read_parquet('{files}', hive_partitioning = true) WHERE deleted IS NULL GROUP BY ALL \
         ORDER BY 2 DESC\\\").show()\"\n"
    )
}
