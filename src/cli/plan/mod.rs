//! `plan`: what a run with the same settings would do, and how long its requests would take. Takes no lock, writes nothing.
//!
//! | file | noun |
//! |---|---|
//! | `verb` | settings, the library's forecast, the form, the exit code |
//! | `view` | users by what is asked and why; the shape of `--json` |
//! | `page` | the same, for people |

mod page;
mod verb;
mod view;

pub(crate) use verb::perform;
