//! `status`: the last snapshot at a glance. Good news or bad, the answer is an answer: exit 0, unless `--check` asks.
//!
//! | file | noun |
//! |---|---|
//! | `verb` | reading the lake, choosing the form, the exit code |
//! | `view` | what there is to say; `--json` prints exactly this |
//! | `page` | the same, for people |

mod page;
mod verb;
mod view;

pub(crate) use verb::perform;
