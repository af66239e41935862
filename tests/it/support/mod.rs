//! What the integration tests share: the program, a bank to ask, readers that nobody here wrote.

mod bank;
mod disk;
mod in_process;
mod process;
mod program;
mod python;
mod rows;
mod texts;

pub(crate) use bank::{Bank, plain};
pub(crate) use disk::disk;
pub(crate) use in_process::{assert_verified, digests, latest};
pub(crate) use process::{kill, wait_for_requests, wait_until};
pub(crate) use program::{Done, Program};
pub(crate) use python::{office, readers};
pub(crate) use rows::{Row, Rows, rows};
pub(crate) use texts::hostile_texts;
