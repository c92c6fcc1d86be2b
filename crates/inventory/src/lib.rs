//! Where servers and their back ends are looked up.
//!
//! Both planes ask it: the control plane whether a server is there and has the console that is
//! asked for, the gateway where that console's back end is *now*. It is the only source of
//! addresses that the gateway connects to.

mod changes;
mod document;
mod file;

use std::sync::Arc;

use oriel_domain::{ProjectId, Server, ServerId};

pub use changes::Changes;
pub use document::DocumentError;
pub use file::{FileInventory, LoadError};

/// The inventories that Oriel knows.
#[derive(Debug, Clone)]
pub enum Inventory {
    /// A `servers.toml` that an operator keeps.
    File(Arc<FileInventory>),
}

impl Inventory {
    /// The server with this id.
    pub fn server(&self, id: ServerId) -> Option<Arc<Server>> {
        match self {
            Self::File(file) => file.servers().by_id(id),
        }
    }

    /// The servers of one project, or of all, in the inventory's order.
    pub fn servers(&self, project: Option<&ProjectId>) -> Vec<Arc<Server>> {
        let servers = match self {
            Self::File(file) => file.servers(),
        };
        let wanted = |server: &&Arc<Server>| project.is_none_or(|project| server.project == *project);
        servers.all().iter().filter(wanted).map(Arc::clone).collect()
    }
}
