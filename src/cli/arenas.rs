//! How glibc's allocator is used. It gives each thread an arena of its own and keeps in it what other threads free:
//! pages are decoded by some threads and freed by another, so a run of 10 million rows peaked at 362 MiB, with two
//! arenas at 249 MiB and with 6 % less CPU. (mimalloc: 2 % less CPU and 272 MiB where glibc had 260 and two arenas
//! 182; jemalloc no better.) The number can be set only before the process starts, so the program starts itself once
//! more, which takes a millisecond.

/// The variable that glibc reads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const VARIABLE: &str = "MALLOC_ARENA_MAX";

/// Starts the program anew with two arenas, unless somebody has settled their number. Returns when that is not needed,
/// or not possible: then it goes on as it is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn settle() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    let Some(name) = arguments.next() else { return };
    // The process keeps its number, its files and its parent; only an error comes back.
    let _ = Command::new("/proc/self/exe").arg0(name).args(arguments).env(VARIABLE, "2").exec();
}

/// Other allocators need no such thing.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn settle() {}
