//! When files have changed, by looking again and again: that also sees what notifications miss, on
//! network file systems and behind Kubernetes' swapped symbolic links.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What tells one state of the file from the next, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    /// Rights may change what can be read and nothing else.
    changed: (i64, i64),
    size: u64,
    inode: u64,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            size: metadata.len(),
            inode: metadata.ino(),
        }
    }
}

/// Tells when some files have changed since they were last read.
#[derive(Debug)]
pub struct Changes {
    files: Vec<PathBuf>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    stamps: Vec<Option<Stamp>>,
    read: bool,
}

impl Changes {
    /// Starts with the files as they are. Read them after this, so that no change is missed.
    pub fn of(files: Vec<PathBuf>) -> Self {
        let stamps = stamps(&files);
        Self {
            files,
            seen: Mutex::new(Seen { stamps, read: true }),
        }
    }

    /// Looks at the files, and says once after each change that they are to be read: not when they
    /// are first seen to differ, but when they are then the same for a second look. A file that is
    /// being written is seen half-way otherwise.
    pub fn at_rest(&self) -> bool {
        let now = stamps(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.stamps != now {
            *seen = Seen {
                stamps: now,
                read: false,
            };
            return false;
        }
        !std::mem::replace(&mut seen.read, true)
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    let stamp = |file: &PathBuf| std::fs::metadata(file as &Path).ok().as_ref().map(Stamp::from);
    files.iter().map(stamp).collect()
}
