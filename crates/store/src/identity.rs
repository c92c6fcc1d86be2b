//! Identities: who may log in, and with which role where.
//!
//! Names are exact: `Bob` and `bob` are two users. A domain's name alone is found in any case,
//! since clients write both `Default` and `default`.

mod access_keys;
mod application_credentials;
mod domains;
mod keystone_keys;
mod projects;
mod roles;
mod tokens;
mod users;

#[cfg(test)]
pub(crate) mod testing;

use oriel_domain::{DomainId, DomainRef, ProjectId, UserId};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite};

pub use access_keys::{AccessKeyHolder, AccessKeyRecord};
pub use application_credentials::{
    ApplicationCredentialKey, ApplicationCredentialRecord, MAX_APPLICATION_CREDENTIALS,
    NewApplicationCredential, SecretCheck,
};
pub use keystone_keys::{KeystoneKeyHolder, NewKeystoneKey};
pub use projects::{NewProject, ProjectRecord};
pub use roles::RoleAssignment;
pub use tokens::{AuthMethod, NewToken, Proof, TokenCredential, TokenRecord, UnknownMethod};
pub use users::{NewUser, PasswordHash, UserRecord};

use crate::{Store, StoreError, parse};

impl Store {
    /// Runs a statement about one row, and tells whether it changed one.
    async fn change_one(&self, change: Query<'_, Sqlite, SqliteArguments>) -> Result<bool, StoreError> {
        Ok(change
            .execute(&mut *self.write.turn().await?)
            .await?
            .rows_affected()
            == 1)
    }
}

/// The id of the domain that every database has.
pub const DEFAULT_DOMAIN: &str = "default";

/// How a request names a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainKey {
    /// By its id.
    Id(DomainId),
    /// By its name, in any case.
    Name(String),
}

/// How a request names a user or a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key<Id> {
    /// By its id.
    Id(Id),
    /// By its name, which is unique in its domain only.
    Name {
        /// The exact name.
        name: String,
        /// The domain.
        domain: DomainKey,
    },
}

/// How a request names a user.
pub type UserKey = Key<UserId>;
/// How a request names a project.
pub type ProjectKey = Key<ProjectId>;

/// Longest name of a user, project or domain, in characters: Keystone's columns hold 255 for users
/// and 64 for the others.
const MAX_USER_NAME: usize = 255;
const MAX_NAME: usize = 64;

/// Refuses a name that could not be typed, listed on one line or told apart from nothing.
fn check_name(what: &'static str, name: &str, longest: usize) -> Result<(), StoreError> {
    let fits = name.chars().count() <= longest;
    let blank = name.trim().is_empty();
    if fits && !blank && name.trim() == name && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(StoreError::BadName {
            what,
            name: name.chars().take(longest).collect(),
            longest,
        })
    }
}

/// A unique index that was hit means that the name is taken.
fn taken(what: &'static str, name: &str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StoreError::Exists {
            what,
            name: name.to_owned(),
        },
        _ => StoreError::Database(error),
    }
}

fn read_domain(row: &SqliteRow) -> Result<DomainRef, StoreError> {
    Ok(DomainRef {
        id: parse("domains.id", row.try_get::<&str, _>("domain_id")?)?,
        name: row.try_get("domain_name")?,
    })
}
