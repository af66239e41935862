//! Ctrl-C and SIGTERM: the first asks the run to stop, the second leaves at once. Both are safe; that is the point.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::output;

/// Which signal arrived first, if any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received(Arc<AtomicU8>);

impl Received {
    /// The exit code that the first signal asks for.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Exit::Interrupted),
            _ => Some(Exit::Terminated),
        }
    }
}

/// Listens from now on: calls `stop` with a word about it at the first signal, ends the process at the second.
pub(crate) fn listen<T>(
    stop: impl Fn() -> T + Send + 'static,
    advice: &'static str,
) -> std::io::Result<Received> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let received = Received::default();
    let first = received.clone();
    tokio::spawn(async move {
        let mut count = 0_u8;
        loop {
            let exit = tokio::select! {
                _ = interrupts.recv() => Exit::Interrupted,
                _ = terminations.recv() => Exit::Terminated,
            };
            count += 1;
            if count > 1 {
                std::process::exit(i32::from(exit.code()));
            }
            first.0.store(if exit == Exit::Interrupted { 1 } else { 2 }, Ordering::SeqCst);
            output::say(advice);
            let _ = stop();
        }
    });
    Ok(received)
}
