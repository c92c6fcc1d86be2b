//! What a console token stands for.

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

/// Leave to open one console: who, which server, which console, until when, how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who asked for it.
    pub user: UserId,
    /// The project that the server belonged to.
    pub project: ProjectId,
    /// The server to open.
    pub server: ServerId,
    /// The console of that server.
    pub console: ConsoleKind,
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
