//! Readers that nobody here wrote: `make test` prepares them and says where they are.

use std::ffi::OsString;

/// The Python that has DuckDB, pyarrow and the others, or `None` with a printed reason.
pub(crate) fn readers() -> Option<OsString> {
    tool("POWENS_EXPORT_PYTHON", "a Python with DuckDB and pyarrow")
}

/// LibreOffice, or `None` with a printed reason.
pub(crate) fn office() -> Option<OsString> {
    tool("POWENS_EXPORT_OFFICE", "LibreOffice")
}

/// The program that a variable names. Under CI its absence is a failure: nothing is skipped quietly there.
fn tool(variable: &str, what: &str) -> Option<OsString> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    if path.is_none() {
        let reason = format!("{variable} is not set: `make test` prepares {what}");
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
    }
    path
}
