//! An inventory in a file, read anew when the file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use oriel_domain::BackEndSecurity;
use time::OffsetDateTime;

use crate::changes::Changes;
use crate::document::{self, DocumentError, Servers};

/// Why a `servers.toml` was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("cannot read the inventory {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than an inventory may be.
    #[error("the inventory {} has {size} bytes; at most {MAX_SIZE} are read", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// The file is not a list of servers.
    #[error("the inventory {}, {source}", file.display())]
    Document {
        /// The file.
        file: PathBuf,
        /// What is wrong, and in which line.
        source: DocumentError,
    },
}

/// Largest `servers.toml` that is read, in bytes: some 200,000 servers.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// The servers that a file names. The last good reading stays in force until a better one.
#[derive(Debug)]
pub struct FileInventory {
    file: PathBuf,
    /// What holds for back ends whose entries say nothing else.
    security: BackEndSecurity,
    servers: ArcSwap<Servers>,
    changes: Changes,
}

impl FileInventory {
    /// Reads the file for the first time.
    pub fn open(file: &Path) -> Result<Self, LoadError> {
        Self::open_with(file, BackEndSecurity::default())
    }

    /// The same, with how back ends are secured whose entries do not say it themselves.
    pub fn open_with(file: &Path, security: BackEndSecurity) -> Result<Self, LoadError> {
        let changes = Changes::of(vec![file.to_owned()]);
        let servers = load(file, &security)?;
        Ok(Self {
            file: file.to_owned(),
            security,
            servers: ArcSwap::from_pointee(servers),
            changes,
        })
    }

    /// The servers in force.
    pub fn servers(&self) -> Arc<Servers> {
        self.servers.load_full()
    }

    /// Reads the file again if it has changed and come to rest, and says whether it did. A file that
    /// cannot be taken changes nothing.
    pub fn reload(&self) -> Result<bool, LoadError> {
        if !self.changes.at_rest() {
            return Ok(false);
        }
        self.servers.store(Arc::new(load(&self.file, &self.security)?));
        Ok(true)
    }

    /// Looks at the file every `interval`, for ever. Polling, because it also sees what
    /// notifications miss: network file systems and Kubernetes' swapped symbolic links.
    pub async fn watch(self: Arc<Self>, interval: Duration) {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let inventory = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || inventory.reload()).await {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => {
                    let servers = self.servers().all().len();
                    tracing::info!(file = %self.file.display(), servers, "the inventory was read again");
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "a change to the inventory was refused; the last good one stays in force");
                }
                Err(error) => tracing::error!(%error, "reading the inventory broke off"),
            }
        }
    }
}

fn load(file: &Path, security: &BackEndSecurity) -> Result<Servers, LoadError> {
    let read = |source| LoadError::Read {
        file: file.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(file).map_err(read)?;
    if metadata.len() > MAX_SIZE {
        return Err(LoadError::TooLarge {
            file: file.to_owned(),
            size: metadata.len(),
        });
    }
    let text = std::fs::read_to_string(file).map_err(read)?;
    let modified = metadata
        .modified()
        .map_or(OffsetDateTime::UNIX_EPOCH, OffsetDateTime::from);
    let folder = file.parent().unwrap_or(Path::new("."));
    document::read(&text, folder, modified, security).map_err(|source| LoadError::Document {
        file: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
[[server]]
id = "47e9be4e-a7b9-471f-92d9-ffc83814e07a"
name = "web-1"
project = "p"
"#;

    #[test]
    fn a_bad_edit_is_refused_with_file_and_line_and_the_last_good_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("servers.toml");
        std::fs::write(&file, ONE).unwrap();
        let inventory = FileInventory::open(&file).unwrap();
        assert_eq!(inventory.servers().all().len(), 1);
        assert!(!inventory.reload().unwrap(), "nothing changed");

        std::fs::write(&file, format!("{ONE}status = \"NO SUCH\"")).unwrap();
        assert!(!inventory.reload().unwrap(), "it may still be being written");
        let error = inventory.reload().unwrap_err().to_string();
        assert!(error.contains("servers.toml, line 6: unknown status"), "{error}");
        assert_eq!(inventory.servers().all().len(), 1);
        assert!(!inventory.reload().unwrap(), "a refused edit is told once");

        std::fs::remove_file(&file).unwrap();
        assert!(!inventory.reload().unwrap());
        assert!(inventory.reload().is_err());
        assert_eq!(inventory.servers().all().len(), 1);

        std::fs::write(&file, "# nobody here").unwrap();
        assert!(!inventory.reload().unwrap());
        assert!(inventory.reload().unwrap());
        assert!(inventory.servers().all().is_empty());
    }
}
