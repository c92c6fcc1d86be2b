//! Servers: the virtual machines whose consoles Oriel opens.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use time::OffsetDateTime;

use crate::{BackEnd, ConsoleKind, ProjectId, ServerId, UserId};

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
        /// Being given a host.
        Scheduling = "scheduling",
        /// Being made.
        Spawning = "spawning",
    }
}

impl ServerStatus {
    /// Whether a server in this state surely does not run, so that none of its consoles has
    /// anything to show. A broken one may well run.
    pub fn is_down(self) -> bool {
        match self {
            Self::Build
            | Self::Shutoff
            | Self::Suspended
            | Self::Shelved
            | Self::ShelvedOffloaded
            | Self::SoftDeleted => true,
            Self::Active | Self::Paused | Self::Rescue | Self::VerifyResize | Self::Error | Self::Unknown => {
                false
            }
        }
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
    /// Whether the hypervisor still has it, as far as the inventory knows.
    pub present: bool,
    /// Its consoles with their back ends.
    pub consoles: BTreeMap<ConsoleKind, BackEnd>,
    /// Where the hypervisor writes what the server says on its serial line, where it does.
    pub console_log: Option<PathBuf>,
    /// What is told of it beside its consoles.
    pub details: ServerDetails,
    /// When it was made, as far as the inventory knows.
    pub created: OffsetDateTime,
    /// When the inventory last changed it.
    pub updated: OffsetDateTime,
}

/// What is told of a server beside its consoles. Nothing depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerDetails {
    /// Who made it.
    pub user: Option<UserId>,
    /// The image that it was made from.
    pub image: Option<String>,
    /// Its size.
    pub flavor: Option<Flavor>,
    /// Its addresses in each network.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
    /// Words that its owner put on it.
    pub metadata: BTreeMap<String, String>,
    /// What broke it, where its status is [`ServerStatus::Error`].
    pub fault: Option<String>,
    /// Whether its owner locked it against changes. Consoles open all the same.
    pub locked: bool,
}

/// The size of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flavor {
    /// Its name, which is its id too.
    pub name: String,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, in MiB.
    pub ram: u32,
    /// Root disk, in GiB.
    pub disk: u32,
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
