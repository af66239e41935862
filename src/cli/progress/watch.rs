//! The choice of what to show, and the door through which events come.

use std::io::IsTerminal;

use powens_export::export::Event;
use tracing::level_filters::LevelFilter;

use super::bars::Bars;
use super::lines::Lines;
use crate::cli::args::Common;
use crate::cli::values::LogFormat;

/// Who watches the run.
#[derive(Debug)]
pub(crate) enum Watch {
    Bars(Bars),
    Lines(Lines),
    Nobody,
}

impl Watch {
    /// Bars for a person at a terminal, lines for a log, nothing for `--quiet`.
    pub(crate) fn choose(common: &Common) -> Self {
        let json = common.log_format == Some(LogFormat::Json);
        match (common.quiet, std::io::stderr().is_terminal() && !json) {
            (true, _) => Self::Nobody,
            (false, true) => Self::Bars(Bars::new()),
            (false, false) => Self::Lines(Lines::new()),
        }
    }

    /// The bars, which log lines must keep out of the way of.
    pub(crate) fn bars(&self) -> Option<Bars> {
        match self {
            Self::Bars(bars) => Some(bars.clone()),
            Self::Lines(_) | Self::Nobody => None,
        }
    }

    /// The level of log lines where `RUST_LOG` does not say: the lines of progress are log lines themselves.
    pub(crate) fn log_level(&self) -> LevelFilter {
        match self {
            Self::Lines(_) => LevelFilter::INFO,
            Self::Bars(_) | Self::Nobody => LevelFilter::WARN,
        }
    }

    /// Shows an event.
    pub(crate) fn see(&self, event: &Event) {
        match self {
            Self::Bars(bars) => bars.see(event),
            Self::Lines(lines) => lines.see(event),
            Self::Nobody => {}
        }
    }

    /// Clears the bars away.
    pub(crate) fn done(&self) {
        if let Self::Bars(bars) = self {
            bars.clear();
        }
    }
}
