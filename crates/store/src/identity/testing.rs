//! What the tests of identities stand on.

use oriel_domain::{ProjectId, UserId};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use super::{DEFAULT_DOMAIN, NewProject, NewUser, PasswordHash};
use crate::Store;

pub const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// A new database. It goes with the folder.
pub async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("oriel.db")).await.unwrap();
    (folder, store)
}

pub fn password() -> PasswordHash {
    PasswordHash::new("$argon2id$first".into())
}

pub async fn user_named(store: &Store, name: &str) -> UserId {
    let new = NewUser {
        domain: DEFAULT_DOMAIN.parse().unwrap(),
        name: name.into(),
        password: password(),
    };
    store.create_user(&new, NOW).await.unwrap()
}

pub async fn project_named(store: &Store, name: &str) -> ProjectId {
    let new = NewProject {
        domain: DEFAULT_DOMAIN.parse().unwrap(),
        name: name.into(),
        description: String::new(),
    };
    store.create_project(&new).await.unwrap()
}
