//! Log lines, on stderr: `RUST_LOG` chooses which, `--log-format` how they look.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::args::Common;
use super::failure::UsageError;
use super::progress::Bars;
use super::values::LogFormat;

/// The lines of this program and of its library; other libraries are heard from `info` up: what they would say below it
/// (addresses, headers, bodies) is not ours to vouch for.
const OURS: &str = "powens_export";

/// Starts logging. `default_level` holds where `RUST_LOG` is not set; lines are written above the bars, if any.
pub(crate) fn start(
    format: LogFormat,
    default_level: LevelFilter,
    bars: Option<Bars>,
) -> Result<(), UsageError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.trim().is_empty() => EnvFilter::try_new(&directives)
            .map_err(|error| UsageError::LogFilter { message: error.to_string() })?,
        _ => EnvFilter::new(format!("warn,{OURS}={}", default_level.to_string().to_lowercase())),
    };
    let known = filter_fn(|metadata| {
        metadata.target().starts_with(OURS) || *metadata.level() <= tracing::Level::INFO
    });
    let writer = Stderr { bars };
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer = match format {
        LogFormat::Json => layer.json().flatten_event(true).with_ansi(false).boxed(),
        LogFormat::Text => {
            layer.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).with_target(false).boxed()
        }
    };
    let started =
        tracing_subscriber::registry().with(layer.with_filter(filter).with_filter(known)).try_init();
    started.map_err(|error| UsageError::LogFilter { message: error.to_string() })
}

/// Logging for verbs without progress.
pub(crate) fn start_quiet(common: &Common) -> Result<(), UsageError> {
    start(common.log_format.unwrap_or_default(), LevelFilter::WARN, None)
}

/// Writes to stderr, with the bars out of the way while a line is written.
#[derive(Clone, Debug)]
struct Stderr {
    bars: Option<Bars>,
}

impl io::Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.bars {
            Some(bars) => bars.suspend(|| io::stderr().write(line)),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
