//! The Python that has DuckDB and pyarrow: `make test` prepares it and says where it is.

/// The interpreter, or `None` with a printed reason. Under CI its absence is a failure: nothing is skipped quietly there.
pub(crate) fn readers() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("POWENS_EXPORT_PYTHON").filter(|path| !path.is_empty());
    if python.is_none() {
        let reason = "POWENS_EXPORT_PYTHON is not set: `make test` prepares a Python with DuckDB and pyarrow";
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
    }
    python
}
