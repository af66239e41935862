//! A disk that refuses chosen steps, and knows which there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Component, Path};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::lake::RunId;

use super::Step;
use super::seam::{Act, Watcher, When};

/// A moment at which a step can fail. The same in every run of the same work, whatever the order of its threads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    /// Before or after the step.
    pub(crate) when: When,
    /// What.
    pub(crate) step: Step,
    /// On what, with `RUN` for the run's id.
    pub(crate) path: String,
    /// How often that was done before.
    pub(crate) nth: usize,
}

/// What is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    at: Option<Point>,
    errno: Errno,
    lasting: bool,
    begun: bool,
}

impl Refusal {
    /// This step only.
    pub(crate) const fn once(at: Point, errno: Errno) -> Self {
        Self { at: Some(at), errno, lasting: false, begun: false }
    }

    /// This step and all that come after it: to the disk, as if the process had been killed there.
    pub(crate) const fn from_then_on(at: Point, errno: Errno) -> Self {
        Self { at: Some(at), errno, lasting: true, begun: false }
    }

    /// Every step from now on.
    pub(crate) const fn everything(errno: Errno) -> Self {
        Self { at: None, errno, lasting: true, begun: true }
    }
}

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<(When, Step, String), usize>,
    refusal: Option<Refusal>,
}

/// The watcher.
#[derive(Debug, Default)]
pub(crate) struct Faulty(Mutex<State>);

impl Faulty {
    /// Counts from nought, and refuses from now on; `None`: nothing.
    pub(crate) fn refuse(&self, refusal: Option<Refusal>) {
        *self.state() = State { refusal, ..State::default() };
    }

    /// Whether the step to refuse was reached.
    pub(crate) fn has_refused(&self) -> bool {
        self.state().refusal.as_ref().is_some_and(|refusal| refusal.begun)
    }

    /// Every point reached since the counting began.
    pub(crate) fn points(&self) -> BTreeSet<Point> {
        let each = |((when, step, path), count): (&(When, Step, String), &usize)| {
            let (when, step, path) = (*when, *step, path.clone());
            (0..*count).map(move |nth| Point { when, step, path: path.clone(), nth }).collect::<Vec<_>>()
        };
        self.state().counts.iter().flat_map(each).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Faulty {
    fn reach(&self, when: When, _: &Path, act: &Act<'_>) -> io::Result<()> {
        let mut state = self.state();
        let path = without_run(act.path);
        let count = state.counts.entry((when, act.step, path.clone())).or_default();
        let here = Point { when, step: act.step, path, nth: *count };
        *count += 1;
        let Some(refusal) = &mut state.refusal else { return Ok(()) };
        let struck = refusal.at.as_ref() == Some(&here);
        if struck || (refusal.lasting && refusal.begun) {
            refusal.begun = true;
            return Err(refusal.errno.into());
        }
        Ok(())
    }
}

/// A kernel as Linux is: that it lost what was written is said once, to the sync that comes first, and then forgotten.
#[derive(Debug)]
pub(crate) struct Forgetful {
    asked: AtomicUsize,
    lost: AtomicUsize,
}

impl Default for Forgetful {
    fn default() -> Self {
        Self { asked: AtomicUsize::new(0), lost: AtomicUsize::new(usize::MAX) }
    }
}

impl Forgetful {
    /// Counts from nought; the sync after the first `nth` fails.
    pub(crate) fn lose_at(&self, nth: usize) {
        self.asked.store(0, Ordering::SeqCst);
        self.lost.store(nth, Ordering::SeqCst);
    }

    /// How many syncs it was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Watcher for Forgetful {
    fn reach(&self, _: When, _: &Path, _: &Act<'_>) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        let here = self.asked.fetch_add(1, Ordering::SeqCst);
        if here == self.lost.load(Ordering::SeqCst) { Err(Errno::IO.into()) } else { Ok(()) }
    }
}

/// A path with `RUN` in the place of a run's id.
fn without_run(path: &Path) -> String {
    let part = |part: Component<'_>| {
        let text = part.as_os_str().to_string_lossy().into_owned();
        match text.strip_prefix("trash-").unwrap_or(&text).parse::<RunId>() {
            Ok(run) => text.replace(run.as_str(), "RUN"),
            Err(_) => text,
        }
    };
    path.components().map(part).collect::<Vec<_>>().join("/")
}
