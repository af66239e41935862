//! One run at a time: an advisory lock (flock) on `.lock`, held for the length of a run and freed by the kernel
//! however the run ends. The file is never removed, and says who holds it.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

use jiff::Timestamp;

use crate::model::time;

use super::error::LakeError;
use super::layout::{Layout, place};

/// The mode of the lock file.
const MODE: u32 = 0o600;

/// How much of the holder's note is read.
const NOTE_BYTES: u64 = 200;

/// The lock on a lake, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Held open: closing it frees the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock of an existing folder.
    ///
    /// # Errors
    /// [`LakeError::Busy`] when another run holds it; otherwise when the disk refuses, or `.lock` is a link.
    pub fn acquire(layout: &Layout, now: Timestamp) -> Result<Self, LakeError> {
        let path = layout.at(place::lock());
        // A cleaner may remove the file between our opening and locking it; then the lock is on nothing. Once more.
        for _ in 0..16 {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(MODE)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&path)
                .map_err(LakeError::io("open the lock", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LakeError::Busy {
                        root: layout.root().to_owned(),
                        holder: holder(&mut file),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", &path)(error)),
            }
            let held = file.metadata().map_err(LakeError::io("look at", &path))?;
            if path
                .symlink_metadata()
                .is_ok_and(|there| (there.dev(), there.ino()) == (held.dev(), held.ino()))
            {
                note(&mut file, now);
                return Ok(Self { _file: file });
            }
        }
        Err(LakeError::Unsafe {
            path,
            problem: "vanishes as soon as it is made: see what removes it".to_owned(),
        })
    }
}

/// Who holds the lock, for the one who finds it held. Only a courtesy: a failure costs nothing.
fn note(file: &mut File, now: Timestamp) {
    let text = format!("process {} since {}\n", std::process::id(), time::rfc3339(now));
    // Whatever the umask took away: the next run must be able to open it.
    let mode = file.set_permissions(Permissions::from_mode(MODE));
    let written = mode
        .and_then(|()| file.set_len(0))
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        tracing::debug!(%error, "cannot say who holds the lock");
    }
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(NOTE_BYTES).read_to_string(&mut text).ok()?;
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::error::LakeErrorKind;

    fn now() -> Timestamp {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let lock = Lock::acquire(&layout, now()).unwrap();
        let error = Lock::acquire(&layout, now()).unwrap_err();
        assert_eq!(error.kind(), LakeErrorKind::Busy);
        let text = error.to_string();
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        assert!(text.contains("since 2026-11-22T02:00:00Z"), "{text}");
        drop(lock);
        Lock::acquire(&layout, now()).unwrap();
        let mode = layout.at(place::lock()).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let target = folder.path().join("target");
        std::os::unix::fs::symlink(&target, layout.at(place::lock())).unwrap();
        assert_eq!(Lock::acquire(&layout, now()).unwrap_err().kind(), LakeErrorKind::Disk);
        assert!(!target.exists());
    }
}
