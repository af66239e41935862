//! The room against a scripted server: a test per row of the catalogue of faults, whose number its name carries.

mod delivery;
mod hostile;
mod semantics;
mod server;
mod tls;
mod tokens;
mod transport;
