//! Access keys where users are a Keystone's. Each stands for an application credential there, whose
//! secret is kept sealed beside the key's own.

use std::fmt;

use oriel_domain::{AccessKeyId, ProjectRef, UserRef};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::access_keys::AccessKeyRecord;
use super::roles::{read_project_ref, read_user_ref};
use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// An access key to keep. It is enabled.
pub struct NewKeystoneKey {
    /// The public half (AK).
    pub id: AccessKeyId,
    /// What it is checked with and what it stands for.
    pub holder: KeystoneKeyHolder,
    /// Whose it is, for lists.
    pub user: UserRef,
    /// Where it is good, for lists.
    pub project: ProjectRef,
}

/// What a key is checked with, and what it stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct KeystoneKeyHolder {
    /// Whether requests may be signed with it.
    pub enabled: bool,
    /// Its sealed secret.
    pub sealed: Vec<u8>,
    /// The id of the application credential.
    pub credential: String,
    /// The application credential's sealed secret.
    pub credential_sealed: Vec<u8>,
}

impl fmt::Debug for KeystoneKeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeystoneKeyHolder")
            .field("enabled", &self.enabled)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a new access key.
    pub async fn create_keystone_key(
        &self,
        key: &NewKeystoneKey,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO keystone_keys (id, sealed, credential_id, credential_sealed,
                                        user_id, user_name, user_domain_id, user_domain_name,
                                        project_id, project_name, project_domain_id, project_domain_name,
                                        enabled, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(key.id.as_str())
        .bind(&key.holder.sealed)
        .bind(&key.holder.credential)
        .bind(&key.holder.credential_sealed)
        .bind(key.user.id.as_str())
        .bind(&key.user.name)
        .bind(key.user.domain.id.as_str())
        .bind(&key.user.domain.name)
        .bind(key.project.id.as_str())
        .bind(&key.project.name)
        .bind(key.project.domain.id.as_str())
        .bind(&key.project.domain.name)
        .bind(key.holder.enabled)
        .bind(to_seconds(now))
        .execute(&mut *self.write.turn().await?)
        .await?;
        Ok(())
    }

    /// Every access key, by user, project and age.
    pub async fn keystone_keys(&self) -> Result<Vec<AccessKeyRecord>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM keystone_keys ORDER BY user_name, project_name, created_at, id")
                .fetch_all(&self.read)
                .await?;
        rows.iter().map(read_key).collect()
    }

    /// Finds an access key.
    pub async fn keystone_key(&self, id: &AccessKeyId) -> Result<Option<AccessKeyRecord>, StoreError> {
        let row = self.keystone_key_row(id).await?;
        row.as_ref().map(read_key).transpose()
    }

    /// Finds what an access key is checked with, whether or not it may be used.
    pub async fn keystone_key_holder(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<KeystoneKeyHolder>, StoreError> {
        let Some(row) = self.keystone_key_row(id).await? else {
            return Ok(None);
        };
        Ok(Some(KeystoneKeyHolder {
            enabled: row.try_get("enabled")?,
            sealed: row.try_get("sealed")?,
            credential: row.try_get("credential_id")?,
            credential_sealed: row.try_get("credential_sealed")?,
        }))
    }

    async fn keystone_key_row(&self, id: &AccessKeyId) -> Result<Option<SqliteRow>, StoreError> {
        let found = sqlx::query("SELECT * FROM keystone_keys WHERE id = ?").bind(id.as_str());
        Ok(found.fetch_optional(&self.read).await?)
    }

    /// Lets requests be signed with a key or not. False: there is no such key.
    pub async fn set_keystone_key_enabled(
        &self,
        id: &AccessKeyId,
        enabled: bool,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query("UPDATE keystone_keys SET enabled = ? WHERE id = ?")
            .bind(enabled)
            .bind(id.as_str());
        self.change_one(found).await
    }

    /// Deletes an access key. False: there is no such key.
    pub async fn delete_keystone_key(&self, id: &AccessKeyId) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM keystone_keys WHERE id = ?").bind(id.as_str());
        self.change_one(gone).await
    }
}

fn read_key(row: &SqliteRow) -> Result<AccessKeyRecord, StoreError> {
    Ok(AccessKeyRecord {
        id: parse("keystone_keys.id", row.try_get::<&str, _>("id")?)?,
        user: read_user_ref(row)?,
        project: read_project_ref(row)?,
        application_credential: Some(row.try_get("credential_id")?),
        enabled: row.try_get("enabled")?,
        created_at: from_seconds("keystone_keys.created_at", row.try_get("created_at")?)?,
    })
}

#[cfg(test)]
mod tests {
    use oriel_domain::DomainRef;

    use super::*;
    use crate::identity::testing::{NOW, store};

    fn new_key(user: &str) -> NewKeystoneKey {
        let domain = DomainRef {
            id: "default".parse().unwrap(),
            name: "Default".into(),
        };
        NewKeystoneKey {
            id: AccessKeyId::random().unwrap(),
            holder: KeystoneKeyHolder {
                enabled: true,
                sealed: b"sealed".to_vec(),
                credential: "c1".into(),
                credential_sealed: b"sealed too".to_vec(),
            },
            user: UserRef {
                id: user.parse().unwrap(),
                name: user.into(),
                domain: domain.clone(),
            },
            project: ProjectRef {
                id: "p1".parse().unwrap(),
                name: "demo".into(),
                domain,
            },
        }
    }

    #[tokio::test]
    async fn a_key_is_kept_listed_disabled_and_deleted() {
        let (_folder, store) = store().await;
        let (bob, ann) = (new_key("bob"), new_key("ann"));
        for key in [&bob, &ann] {
            store.create_keystone_key(key, NOW).await.unwrap();
        }
        let listed = store.keystone_keys().await.unwrap();
        assert_eq!(
            listed.iter().map(|key| &key.user).collect::<Vec<_>>(),
            [&ann.user, &bob.user]
        );
        let record = store.keystone_key(&ann.id).await.unwrap().unwrap();
        assert_eq!(record, listed[0]);
        assert_eq!(record.application_credential.as_deref(), Some("c1"));
        let holder = async || store.keystone_key_holder(&ann.id).await.unwrap();
        assert_eq!(holder().await.as_ref(), Some(&ann.holder));
        assert!(store.set_keystone_key_enabled(&ann.id, false).await.unwrap());
        assert!(!holder().await.unwrap().enabled);
        assert!(store.delete_keystone_key(&ann.id).await.unwrap());
        assert!(!store.delete_keystone_key(&ann.id).await.unwrap());
        assert!(!store.set_keystone_key_enabled(&ann.id, true).await.unwrap());
        assert_eq!(holder().await, None);
        assert_eq!(store.keystone_key(&ann.id).await.unwrap(), None);
    }

    #[test]
    fn debug_shows_no_sealed_secret() {
        let shown = format!("{:?}", new_key("ann").holder);
        assert!(shown.contains("c1") && !shown.contains("sealed"), "{shown}");
    }
}
