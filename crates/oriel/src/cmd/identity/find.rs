//! Finds what a command names: by id first, then by name, as openstackclient does.

use oriel_domain::DomainId;
use oriel_store::{DEFAULT_DOMAIN, DomainKey, Key, ProjectRecord, Store, StoreError, UserRecord};

use super::CliError;

pub(super) async fn find_user(store: &Store, named: &str) -> Result<UserRecord, CliError> {
    find_user_if_any(store, named)
        .await?
        .ok_or_else(|| CliError::NoSuch {
            what: "user",
            name: named.to_owned(),
        })
}

pub(super) async fn find_user_if_any(store: &Store, named: &str) -> Result<Option<UserRecord>, StoreError> {
    if let Ok(id) = named.parse()
        && let Some(user) = store.user(&Key::Id(id)).await?
    {
        return Ok(Some(user));
    }
    store.user(&in_default_domain(named)).await
}

pub(super) async fn find_project(store: &Store, named: &str) -> Result<ProjectRecord, CliError> {
    find_project_if_any(store, named)
        .await?
        .ok_or_else(|| CliError::NoSuch {
            what: "project",
            name: named.to_owned(),
        })
}

pub(super) async fn find_project_if_any(
    store: &Store,
    named: &str,
) -> Result<Option<ProjectRecord>, StoreError> {
    if let Ok(id) = named.parse()
        && let Some(project) = store.project(&Key::Id(id)).await?
    {
        return Ok(Some(project));
    }
    store.project(&in_default_domain(named)).await
}

pub(super) async fn default_domain(store: &Store) -> Result<DomainId, CliError> {
    let found = store.domain(&DomainKey::Name(DEFAULT_DOMAIN.to_owned())).await?;
    let missing = || CliError::NoSuch {
        what: "domain",
        name: DEFAULT_DOMAIN.to_owned(),
    };
    Ok(found.ok_or_else(missing)?.id)
}

fn in_default_domain<Id>(name: &str) -> Key<Id> {
    Key::Name {
        name: name.to_owned(),
        domain: DomainKey::Name(DEFAULT_DOMAIN.to_owned()),
    }
}
