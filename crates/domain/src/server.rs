//! Servers: the virtual machines whose consoles Oriel opens.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::{BackEnd, ConsoleKind, ProjectId, ServerId};

/// A state that the inventory may not name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {given:?}: known are {known}")]
pub struct UnknownStatus {
    what: &'static str,
    given: String,
    known: String,
}

macro_rules! named_states {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that clients see.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownStatus;

            fn from_str(text: &str) -> Result<Self, UnknownStatus> {
                Self::ALL.iter().copied().find(|state| state.name() == text).ok_or_else(|| UnknownStatus {
                    what: $what,
                    given: text.to_owned(),
                    known: Self::ALL.iter().map(|state| state.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

named_states! {
    /// What a server is doing, in the compute API's words.
    ServerStatus, "status" {
        /// Running.
        Active = "ACTIVE",
        /// Being made.
        Build = "BUILD",
        /// Stopped.
        Shutoff = "SHUTOFF",
        /// Frozen in memory.
        Paused = "PAUSED",
        /// Frozen on disk.
        Suspended = "SUSPENDED",
        /// Booted from a rescue image.
        Rescue = "RESCUE",
        /// Resized, waiting for a yes.
        VerifyResize = "VERIFY_RESIZE",
        /// Put away on its host.
        Shelved = "SHELVED",
        /// Put away, its host given up.
        ShelvedOffloaded = "SHELVED_OFFLOADED",
        /// Broken.
        Error = "ERROR",
        /// Deleted, and to be forgotten later.
        SoftDeleted = "SOFT_DELETED",
        /// Not known.
        Unknown = "UNKNOWN",
    }
}

named_states! {
    /// What is being done to a server, in Nova's words.
    TaskState, "task_state" {
        /// Being deleted.
        Deleting = "deleting",
        /// Moving to another host.
        Migrating = "migrating",
        /// Being started.
        PoweringOn = "powering-on",
        /// Being stopped.
        PoweringOff = "powering-off",
        /// Being restarted.
        Rebooting = "rebooting",
        /// Being made.
        Spawning = "spawning",
    }
}

/// A virtual machine and the ways into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its id, unique in the inventory.
    pub id: ServerId,
    /// Its name, which need not be unique.
    pub name: String,
    /// The project that it belongs to.
    pub project: ProjectId,
    /// What it is doing.
    pub status: ServerStatus,
    /// What is being done to it.
    pub task_state: Option<TaskState>,
    /// The hypervisor that it lies on. A server without one has no console.
    pub host: Option<String>,
    /// Its consoles with their back ends.
    pub consoles: BTreeMap<ConsoleKind, BackEnd>,
    /// When it was made, as far as the inventory knows.
    pub created: OffsetDateTime,
    /// When the inventory last changed it.
    pub updated: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back_and_strangers_are_named_with_the_choice() {
        for state in ServerStatus::ALL {
            assert_eq!(state.name().parse::<ServerStatus>().unwrap(), *state);
        }
        let error = "RUNNING".parse::<ServerStatus>().unwrap_err().to_string();
        assert!(
            error.contains("\"RUNNING\"") && error.contains("ACTIVE"),
            "{error}"
        );
    }
}
