//! A reader who looks at the lake while a run goes on: at each event of the run, or all the time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::lake::{Findings, glance, pointer};

/// Whatever `LATEST` says must be there, at any instant; and once it says something it says something for ever.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    lake: PathBuf,
    seen: Arc<Mutex<(Option<Vec<u8>>, Findings)>>,
}

/// A reader at work on a thread of its own.
#[derive(Debug)]
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Reader {
    pub(super) fn new(lake: &Path) -> Self {
        Self { lake: lake.to_owned(), seen: Arc::new(Mutex::new((pointer(lake), Findings::new()))) }
    }

    /// Looks once; follows the pointer only when it is another than before.
    pub(super) fn look(&self) {
        let (before, findings) = &mut *self.seen.lock().unwrap();
        let now = pointer(&self.lake);
        if now == *before {
            return;
        }
        if now.is_none() {
            findings.push("LATEST is gone".to_owned());
        }
        findings.extend(glance(&self.lake));
        *before = now;
    }

    /// Looks several thousand times a second.
    pub(super) fn watch(self) -> Watch {
        let over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !end.load(Relaxed) {
                self.look();
                std::thread::sleep(Duration::from_micros(150));
            }
        });
        Watch { over, thread }
    }

    pub(super) fn findings(&self) -> Findings {
        std::mem::take(&mut self.seen.lock().unwrap().1)
    }
}

impl Watch {
    pub(super) fn stop(self) {
        self.over.store(true, Relaxed);
        self.thread.join().unwrap();
    }
}
