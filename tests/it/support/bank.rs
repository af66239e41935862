//! The simulated bank, served from this process while the program runs beside it.

use std::path::Path;

use powens_export::sandbox::{Sandbox, SandboxConfig};
use tokio::runtime::Runtime;

use super::Program;

/// A bank without awkward cases, of so many users with 20 transactions each: every user is complete.
pub(crate) fn plain(users: usize) -> SandboxConfig {
    SandboxConfig { users, edge_cases: false, transactions_per_user: 20, ..SandboxConfig::default() }
}

/// A sandbox and the runtime that serves it.
pub(crate) struct Bank {
    pub(crate) sandbox: Sandbox,
    pub(super) runtime: Runtime,
}

impl Bank {
    pub(crate) fn new(config: SandboxConfig) -> Self {
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(config)).unwrap();
        Self { sandbox, runtime }
    }

    /// A plain one.
    pub(crate) fn plain(users: usize) -> Self {
        Self::new(plain(users))
    }

    /// What serves it, for work beside it.
    pub(crate) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The program, told where this bank is.
    pub(crate) fn program(&self) -> Program {
        let mut program = Program::new();
        for (name, value) in self.sandbox.settings() {
            program = program.env(&name, &value);
        }
        program
    }

    /// `run` into a lake, with these further flags.
    pub(crate) fn run(&self, lake: &Path, flags: &[&str]) -> super::Done {
        self.program().args(["run", "--dest", lake.to_str().unwrap()]).args(flags.iter().copied()).done()
    }
}
