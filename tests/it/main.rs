//! The integration tests, one binary.
//!
//! | file | what it protects |
//! |---|---|
//! | `layering` | imports between rooms point down |

mod layering;
