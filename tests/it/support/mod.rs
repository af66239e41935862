//! What the integration tests share: the program, a bank to ask, readers that nobody here wrote.

mod bank;
mod program;
mod python;
mod texts;

pub(crate) use bank::Bank;
pub(crate) use program::{Done, Program};
pub(crate) use python::{office, readers};
pub(crate) use texts::hostile_texts;
