//! From the arguments to the exit code.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use super::arenas;
use super::args::{Program, Verb};
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// The program.
pub(crate) fn main() -> ExitCode {
    arenas::settle();
    std::panic::set_hook(Box::new(report_bug));
    let exit = catch_unwind(AssertUnwindSafe(parse_and_do)).unwrap_or(Exit::Bug);
    ExitCode::from(exit.code())
}

fn parse_and_do() -> Exit {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => {
            // Help and version are answers and go to stdout, errors to stderr; a reader that went away is no error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Complete };
        }
    };
    match perform(program) {
        Ok(exit) => exit,
        Err(failure) => {
            output::say(&format!("error: {}", chain(&failure)));
            Exit::of(&failure)
        }
    }
}

fn perform(program: Program) -> Result<Exit, Failure> {
    let Program { verb, common } = program;
    match verb {
        Verb::Run(args) => super::run::perform(*args, &common),
        Verb::Plan(args) => super::plan::perform(*args, &common),
        Verb::Status(args) => super::status::perform(args, &common),
        Verb::Verify(args) => super::verify::perform(args, &common),
        Verb::Prune(args) => super::prune::perform(args, &common),
        Verb::Statements(args) => super::statements::perform(*args, &common),
        #[cfg(feature = "sandbox")]
        Verb::Demo(args) => super::demo::perform(args, &common),
        #[cfg(feature = "sandbox")]
        Verb::Sandbox(args) => super::sandbox::perform(*args, &common),
        Verb::Schema(args) => super::schema::perform(&args),
        Verb::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Program::command(), "powens-export", &mut script);
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Complete)
        }
        Verb::Man(args) => super::man::perform(&args),
    }
}

/// The error and what caused it, in one line; causes that the line already names are not repeated.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

/// True at every moment: a published snapshot never changes, and another takes its place in one step or not at all.
const PROMISE: &str = "what is published is whole: powens-export status tells what that is";

/// A panic is a bug. Its place is printed, and its message when it is a literal of the source; a formatted message may
/// hold data and is withheld.
fn report_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("details withheld");
    output::say(&format!(
        "bug: powens-export failed{place}: {message}\n     {PROMISE}; please report this line"
    ));
}
