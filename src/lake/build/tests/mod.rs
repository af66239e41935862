//! The build as a whole, on real folders, published by the real publish.
//!
//! | file | noun |
//! |---|---|
//! | `world` | a small bank that changes, and what its API serves |
//! | `model` | what a lake must hold of it |
//! | `lake` | nights of a lake, beside its model |
//! | `reader` | a snapshot, read back in the model's words |
//! | `memory` | staged rows in memory |
//! | `history` | random nights: the lake against the model, and against one full run |
//! | `rules` | single rules, one test each |

mod history;
mod lake;
mod memory;
mod model;
mod reader;
mod rules;
mod world;
