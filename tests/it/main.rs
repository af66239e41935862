//! The integration tests, one binary.
mod run_first;
