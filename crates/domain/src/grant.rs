//! What a console token stands for.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{ConsoleKind, ProjectId, ServerId, UserId};

/// How often a token opens its console. `one` and `many` in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uses {
    /// Once. The browser that redeemed it may come back with its resume secret.
    One,
    /// Any number of times until it expires, as Nova's tokens do.
    Many,
}

/// What a viewer is to a console. It is decided when the grant is minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewerRole {
    /// Has the console: all that the operator allows.
    Owner,
    /// Was let in by an owner: types and points, but neither switches the machine off nor changes the size of its
    /// screen.
    Peer,
    /// Looks on. Nothing that it sends reaches the machine.
    Observer,
}

impl ViewerRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Peer, Self::Observer];

    /// The name that page, log and database share.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Peer => "peer",
            Self::Observer => "observer",
        }
    }
}

/// A role that no viewer has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role of a viewer {0:?}: the roles are owner, peer and observer")]
pub struct UnknownViewerRole(String);

impl FromStr for ViewerRole {
    type Err = UnknownViewerRole;

    fn from_str(text: &str) -> Result<Self, UnknownViewerRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownViewerRole(text.to_owned()))
    }
}

/// Leave to open one console: who, which server, which console, until when, how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who asked for it.
    pub user: UserId,
    /// What others who look at this server may call them: none where they belong to another project than it.
    pub user_name: Option<Box<str>>,
    /// The project that the server belonged to.
    pub project: ProjectId,
    /// The server to open.
    pub server: ServerId,
    /// The console of that server.
    pub console: ConsoleKind,
    /// What its viewer may do there.
    pub role: ViewerRole,
    /// How often its token opens it.
    pub uses: Uses,
    /// When it was minted.
    pub created_at: OffsetDateTime,
    /// When its token stops working. A live session goes on.
    pub expires_at: OffsetDateTime,
}

/// Why a console token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedToken {
    /// No grant has it.
    #[error("no console was granted by this token")]
    Unknown,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was good for one opening, and another browser had that.
    #[error("the token was already used in another browser")]
    Used,
}
