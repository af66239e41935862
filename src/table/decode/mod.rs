//! A response's bytes → a [`Page`] of Arrow columns, driven by the schema alone.
//!
//! The decoder walks the JSON text once. No value takes a detour: amounts go from the number's own text to `i128`,
//! texts from the body to the column, and a key finds its columns by guessing that it follows the same key as in
//! the row before. What does not fit its column leaves the cell null, keeps its text in `extra` and is named in an
//! issue; a row that cannot be stored at all is counted; only text that is not one whole JSON object is an error.
//!
//! Servers repeat themselves: a key that comes as it came in the row before, with its comma, quotes and colon, is one
//! comparison, and a null behind it another. On one busy core 900,000 rows a second of 1,000 bytes each; checking alone
//! that the same bytes are JSON (`serde_json`, nothing kept) reaches 1,700,000.
//!
//! | file | noun |
//! |---|---|
//! | `cursor` | strict JSON, token by token |
//! | `text` | escapes |
//! | `plan` | which key goes to which columns |
//! | `cell` | one column under construction |
//! | `rows` | one table under construction |
//! | `memo` | what the row before held |
//! | `page` | the whole answer: envelope, rows, children |
//! | `refill`, `older` | rows of an older schema under today's; their values as JSON |

mod cell;
mod cursor;
mod memo;
mod older;
mod page;
mod plan;
mod refill;
mod rows;
mod text;

#[cfg(test)]
mod tests;

pub use cursor::DecodeError;
pub use page::{Context, Decoder, Envelope, Links, List, Page};
pub use refill::Refill;
