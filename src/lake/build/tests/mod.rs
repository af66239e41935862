//! The build as a whole, on real folders, published by the real publish.
//!
//! | file | noun |
//! |---|---|
//! | `world` | a small bank that changes, and what a lake must hold of it |
//! | `memory` | staged rows in memory |
//! | `history` | random nights: the lake against the model, and against one full run |
//! | `rules` | single rules, one test each |

mod history;
mod memory;
mod rules;
mod world;
