//! What a console token stands for.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{ConsoleKind, ConsoleKinds, ProjectId, ServerId, UserId};

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

/// Leave to open a console, and perhaps further ones beside it: who, which server, which consoles, until when, how often.
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
    /// Its further consoles, which the page that holds the token may open beside that one.
    pub further: ConsoleKinds,
    /// What its viewer may do there.
    pub role: ViewerRole,
    /// How often its token opens it.
    pub uses: Uses,
    /// When it was minted.
    pub created_at: OffsetDateTime,
    /// When its token stops working. A live session goes on.
    pub expires_at: OffsetDateTime,
}

impl Grant {
    /// Whether it opens this console of its server.
    pub fn admits(&self, kind: ConsoleKind) -> bool {
        kind == self.console || self.further.contains(kind)
    }

    /// Makes it one of the console that was chosen, with the others beside it; without a choice it stays one of its own.
    /// False, and nothing is changed, if it does not open that console.
    #[must_use]
    pub fn choose(&mut self, choice: Option<ConsoleKind>) -> bool {
        let kind = choice.unwrap_or(self.console);
        let admitted = self.admits(kind);
        if admitted && kind != self.console {
            let all = self.further.iter().chain([self.console]);
            self.further = all.filter(|&other| other != kind).collect();
            self.console = kind;
        }
        admitted
    }
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
    /// It opens other consoles of the server than the one that was chosen.
    #[error("the token does not open this console")]
    OtherConsole,
    /// It was good for one opening, and another browser had that.
    #[error("the token was already used in another browser")]
    Used,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_opens_its_own_console_and_the_further_ones() {
        let grant = Grant {
            user: UserId::random(),
            user_name: None,
            project: ProjectId::random(),
            server: ServerId::random(),
            console: ConsoleKind::Novnc,
            further: [ConsoleKind::Serial].into_iter().collect(),
            role: ViewerRole::Observer,
            uses: Uses::One,
            created_at: OffsetDateTime::UNIX_EPOCH,
            expires_at: OffsetDateTime::UNIX_EPOCH,
        };
        let mut chosen = grant.clone();
        assert!(!chosen.choose(Some(ConsoleKind::SpiceHtml5)));
        assert_eq!(chosen, grant);
        for own in [None, Some(ConsoleKind::Novnc)] {
            assert!(chosen.choose(own));
            assert_eq!(chosen, grant);
        }
        assert!(chosen.choose(Some(ConsoleKind::Serial)));
        assert_eq!(chosen.console, ConsoleKind::Serial);
        assert_eq!(chosen.role, ViewerRole::Observer);
        assert!(chosen.choose(Some(ConsoleKind::Novnc)));
        assert_eq!(chosen, grant);
    }
}
