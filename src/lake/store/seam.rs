//! Where tests look on. Whoever tests registers a watcher for a folder of its own; every store opened in that folder,
//! whoever opens it, then asks the watcher before and after each step. In a shipped program there is no watcher and
//! nothing to ask.

use std::fs::File;
use std::io;
use std::path::Path;

use super::error::Step;

/// A step about to be done, or done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act<'a> {
    /// What.
    pub(crate) step: Step,
    /// On what; for a rename or link, the new name. Relative to the root.
    pub(crate) path: &'a Path,
    /// The old name, for a rename or link.
    #[cfg_attr(not(test), expect(dead_code, reason = "only watchers ask"))]
    pub(crate) from: Option<&'a Path>,
}

impl<'a> Act<'a> {
    pub(super) const fn on(step: Step, path: &'a Path) -> Self {
        Self { step, path, from: None }
    }

    pub(super) const fn between(step: Step, from: &'a Path, to: &'a Path) -> Self {
        Self { step, path: to, from: Some(from) }
    }
}

/// The watcher of a store, if there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Seam {
    #[cfg(test)]
    watcher: Option<(std::path::PathBuf, std::sync::Arc<dyn Watcher>)>,
}

#[cfg(not(test))]
impl Seam {
    pub(super) fn of(_root: &Path) -> Self {
        Self {}
    }

    /// Does a step.
    pub(super) fn around<T>(&self, _act: &Act<'_>, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        run()
    }

    /// Asks the kernel to make a file or folder durable.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }
}

#[cfg(test)]
pub(crate) use watching::{Watcher, When, watch};

#[cfg(test)]
mod watching {
    use std::fmt::Debug;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    /// Before a step, or after it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) enum When {
        Before,
        After,
    }

    /// Who is asked around each step.
    pub(crate) trait Watcher: Debug + Send + Sync {
        /// An error becomes the step's: before it, the step is not done; after it, it is done and said to have failed.
        fn reach(&self, when: When, root: &Path, act: &Act<'_>) -> io::Result<()>;

        /// The kernel, asked to make a file or folder durable: within a step, and as often as the store asks.
        fn sync(&self, file: &File) -> io::Result<()> {
            file.sync_all()
        }
    }

    type Registered = (PathBuf, Arc<dyn Watcher>);

    static WATCHERS: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

    /// Stops watching when it is dropped; stores opened before go on being watched.
    #[derive(Debug)]
    pub(crate) struct Watching(PathBuf);

    impl Drop for Watching {
        fn drop(&mut self) {
            registered().retain(|(folder, _)| *folder != self.0);
        }
    }

    fn registered() -> std::sync::MutexGuard<'static, Vec<Registered>> {
        WATCHERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches every store that is opened in an existing folder, at any depth, from now on.
    pub(crate) fn watch(folder: &Path, watcher: Arc<dyn Watcher>) -> Watching {
        let folder = folder.canonicalize().unwrap();
        registered().push((folder.clone(), watcher));
        Watching(folder)
    }

    impl Seam {
        pub(in crate::lake::store) fn of(root: &Path) -> Self {
            let there = root.ancestors().find_map(|path| path.canonicalize().ok()).unwrap_or_default();
            let found = registered().iter().find(|(folder, _)| there.starts_with(folder)).cloned();
            Self { watcher: found.map(|(_, watcher)| (root.to_owned(), watcher)) }
        }

        /// Does a step between the watcher's questions.
        pub(in crate::lake::store) fn around<T>(
            &self,
            act: &Act<'_>,
            run: impl FnOnce() -> io::Result<T>,
        ) -> io::Result<T> {
            let Some((root, watcher)) = &self.watcher else { return run() };
            watcher.reach(When::Before, root, act)?;
            let value = run()?;
            watcher.reach(When::After, root, act)?;
            Ok(value)
        }

        /// Asks the kernel, or the watcher in its place, to make a file or folder durable.
        pub(in crate::lake::store) fn sync(&self, file: &File) -> io::Result<()> {
            match &self.watcher {
                Some((_, watcher)) => watcher.sync(file),
                None => file.sync_all(),
            }
        }
    }
}
