//! The fault catalogue: what an API, a network and a set of settings can do wrong, one numbered row each, and what a whole
//! run does then: exit code, what is published, what the manifest and the log say.
//!
//! Every test's name carries the number of its row: `fault_07_…`.
//!
//! | file | what it holds |
//! |---|---|
//! | `catalogue` | the rows, and the test that none is without a test |
//! | `scene` | a bank, a lake, the library between them; what a run is held against |
//! | `transport` | 1–14: connections, framing, encodings, silence |
//! | `semantics` | 15–27: statuses, rate, authorisation |
//! | `walks` | 28–31, 34–39, 41: lists that move or lie |
//! | `meaning` | 32, 33, 40, 42–44, 57–60: rows that cannot be right |
//! | `values` | 45–56: cells |
//! | `settings` | 95–97: secrets, addresses, flags, files |
//! | `hostile` | 98–104: a server that means harm |

mod catalogue;
mod hostile;
mod meaning;
mod scene;
mod semantics;
mod settings;
mod transport;
mod values;
mod walks;
