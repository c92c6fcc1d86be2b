//! Who asks.

use std::fmt;
use std::str::FromStr;

use crate::{AccessKeyId, Digest, DomainId, ProjectId, UserId};

/// What a principal may do in a project. Each role implies the ones below it, as Keystone's
/// default roles do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May look.
    Reader,
    /// May open consoles.
    Member,
    /// May do everything, in every project.
    Admin,
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 3] = [Self::Reader, Self::Member, Self::Admin];

    /// The name that clients see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }

    /// This role and the ones that it implies.
    pub fn with_implied(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |role| *role <= self)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A role that Oriel does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}: the roles are reader, member and admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// The names of a principal's roles. An identity of an operator's own may have others than
/// Oriel's; a policy may ask for them. Names are told apart without regard to case, as in Nova's
/// policies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles(Vec<Box<str>>);

impl Roles {
    /// The greatest of these and those that it implies.
    pub fn implied_by(given: &[Role]) -> Self {
        let greatest = given.iter().max();
        greatest.map_or_else(Self::default, |greatest| greatest.with_implied().collect())
    }

    /// Whether this role is among them.
    pub fn has(&self, role: Role) -> bool {
        self.has_named(role.name())
    }

    /// Whether a role of this name is among them.
    pub fn has_named(&self, name: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Those that Oriel itself knows.
    pub fn known(&self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(|role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().map(|role| role.name().to_owned()).collect()
    }
}

impl FromIterator<String> for Roles {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().map(String::into_boxed_str).collect())
    }
}

/// A domain as answers show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRef {
    /// Its id; `default` for the first one.
    pub id: DomainId,
    /// Its name; `Default` for the first one.
    pub name: String,
}

/// A user as answers show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    /// Its id.
    pub id: UserId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Where it belongs.
    pub domain: DomainRef,
}

/// A project as answers show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRef {
    /// Its id.
    pub id: ProjectId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Where it belongs.
    pub domain: DomainRef,
}

/// Who asks: a user, the project that the token is scoped to, and the roles there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: UserRef,
    /// The project, where the token has one. A token without one is good for a domain, for the
    /// system or nowhere: no rule of Oriel's is met by it, even where it is an admin's.
    pub project: Option<ProjectRef>,
    /// The roles there, implied ones included.
    pub roles: Roles,
    /// What the principal came with, where Oriel's own store knows it. None where another identity
    /// vouches for them.
    pub evidence: Option<Evidence>,
}

/// What a principal came with. It was found good when the request began, and may be good no more by
/// the time that something is kept for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A token, by its digest.
    Token(Digest),
    /// An access key that signed the request.
    AccessKey(AccessKeyId),
}

impl Principal {
    /// Whether the principal has this role, by itself or implied.
    pub fn has(&self, role: Role) -> bool {
        self.roles.has(role)
    }

    /// Whether the token is scoped to this project.
    pub fn is_in(&self, project: &ProjectId) -> bool {
        self.project.as_ref().is_some_and(|own| own.id == *project)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_implies_the_lesser_ones_only() {
        assert_eq!(Role::Admin.with_implied().collect::<Vec<_>>(), Role::ALL);
        assert_eq!(
            Role::Member.with_implied().collect::<Vec<_>>(),
            [Role::Reader, Role::Member]
        );
        assert_eq!(Role::Reader.with_implied().collect::<Vec<_>>(), [Role::Reader]);
    }
}
