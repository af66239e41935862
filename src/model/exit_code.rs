//! The exit codes: a contract with everybody's scheduler, written once. README.md explains them.

/// Published, complete; or the question was answered.
pub const COMPLETE: u8 = 0;
/// A bug.
pub const BUG: u8 = 1;
/// Usage or configuration: nothing was requested or written.
pub const USAGE: u8 = 2;
/// Published, partial.
pub const PARTIAL: u8 = 3;
/// Not published: a guard refused.
pub const REFUSED: u8 = 4;
/// Damage found in a published snapshot.
pub const DAMAGE: u8 = 5;
/// The API answered something that cannot be right.
pub const DATA: u8 = 65;
/// The API is unreachable or exhausted.
pub const UNAVAILABLE: u8 = 69;
/// Disk: cannot write, sync or read back.
pub const DISK: u8 = 74;
/// Another run holds the destination.
pub const BUSY: u8 = 75;
/// Credentials refused.
pub const CREDENTIALS: u8 = 77;
/// Interrupted (SIGINT).
pub const INTERRUPTED: u8 = 130;
/// Interrupted (SIGTERM).
pub const TERMINATED: u8 = 143;
