//! Who may do what: Nova's default rules for the calls that Oriel answers.

use oriel_domain::{Principal, ProjectId, Role};

/// A rule, by its name in Nova's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `os_compute_api:servers:index`, `:detail` and `:show`: a reader of the project, or an admin.
    Servers,
    /// `os_compute_api:os-remote-consoles`: a member of the project, or an admin.
    RemoteConsoles,
}

impl Rule {
    /// The name that a refusal gives.
    pub fn name(self) -> &'static str {
        match self {
            Self::Servers => "os_compute_api:servers",
            Self::RemoteConsoles => "os_compute_api:os-remote-consoles",
        }
    }

    /// Whether the principal may, in this project.
    pub fn allows(self, principal: &Principal, project: Option<&ProjectId>) -> bool {
        let needed = match self {
            Self::Servers => Role::Reader,
            Self::RemoteConsoles => Role::Member,
        };
        principal.has(Role::Admin)
            || principal.has(needed) && project.is_some_and(|project| principal.is_in(project))
    }
}

/// A principal that a rule turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Policy doesn't allow {} to be performed.", .0.name())]
pub struct Forbidden(pub Rule);

/// Applies a rule.
pub fn check(rule: Rule, principal: &Principal, project: Option<&ProjectId>) -> Result<(), Forbidden> {
    if rule.allows(principal, project) {
        Ok(())
    } else {
        Err(Forbidden(rule))
    }
}
