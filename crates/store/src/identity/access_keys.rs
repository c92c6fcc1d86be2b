//! Access keys: what programs sign their requests with. The secret half is kept sealed; the key to
//! it is not in the database.

use std::fmt;

use oriel_domain::{AccessKeyId, ProjectId, ProjectRef, Role, UserId, UserRef};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::roles::{read_project_ref, read_user_ref};
use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// An access key as it is kept, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeyRecord {
    /// The public half (AK).
    pub id: AccessKeyId,
    /// Who signs with it.
    pub user: UserRef,
    /// Where it is good.
    pub project: ProjectRef,
    /// The application credential that it stands for, where users are a Keystone's.
    pub application_credential: Option<String>,
    /// Whether requests may be signed with it.
    pub enabled: bool,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Who signs with a key, what they may do now, and the sealed secret to check it with.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeyHolder {
    /// Who.
    pub user: UserRef,
    /// Where.
    pub project: ProjectRef,
    /// The roles that the user has there now, least first, without those that they imply.
    pub roles: Vec<Role>,
    /// Whether the key, its user and its project are all enabled.
    pub enabled: bool,
    /// The sealed secret.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for AccessKeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKeyHolder")
            .field("user", &self.user)
            .field("project", &self.project)
            .field("roles", &self.roles)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

macro_rules! select_keys {
    ($more:literal, $tail:literal) => {
        concat!(
            "SELECT k.id, k.enabled, k.created_at,
                    u.id AS user_id, u.name AS user_name, ud.id AS user_domain_id, ud.name AS user_domain_name,
                    p.id AS project_id, p.name AS project_name,
                    pd.id AS project_domain_id, pd.name AS project_domain_name",
            $more,
            " FROM access_keys k
             JOIN users u ON u.id = k.user_id JOIN domains ud ON ud.id = u.domain_id
             JOIN projects p ON p.id = k.project_id JOIN domains pd ON pd.id = p.domain_id ",
            $tail
        )
    };
}

impl Store {
    /// Keeps a new access key of a user in a project, both of which must exist. It is enabled.
    pub async fn create_access_key(
        &self,
        id: &AccessKeyId,
        user: &UserId,
        project: &ProjectId,
        sealed: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO access_keys (id, user_id, project_id, sealed, enabled, created_at) VALUES (?, ?, ?, ?, 1, ?)",
        )
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(project.as_str())
        .bind(sealed)
        .bind(to_seconds(now))
        .execute(&mut *self.write.turn().await?)
        .await?;
        Ok(())
    }

    /// Every access key, or those of one user, in one project, or both; by user, project and age.
    pub async fn access_keys(
        &self,
        user: Option<&UserId>,
        project: Option<&ProjectId>,
    ) -> Result<Vec<AccessKeyRecord>, StoreError> {
        let rows = sqlx::query(select_keys!(
            "",
            "WHERE u.id = COALESCE(?, u.id) AND p.id = COALESCE(?, p.id)
             ORDER BY u.name, p.name, k.created_at, k.id"
        ))
        .bind(user.map(UserId::as_str))
        .bind(project.map(ProjectId::as_str))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(read_key).collect()
    }

    /// Finds an access key.
    pub async fn access_key(&self, id: &AccessKeyId) -> Result<Option<AccessKeyRecord>, StoreError> {
        sqlx::query(select_keys!("", "WHERE k.id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.read)
            .await?
            .as_ref()
            .map(read_key)
            .transpose()
    }

    /// Finds who signs with an access key, whether or not they may now.
    pub async fn access_key_holder(&self, id: &AccessKeyId) -> Result<Option<AccessKeyHolder>, StoreError> {
        let rows = sqlx::query(select_keys!(
            ", k.sealed, k.enabled AND u.enabled AND p.enabled AS works, r.role",
            "LEFT JOIN role_assignments r ON r.user_id = u.id AND r.project_id = p.id WHERE k.id = ?"
        ))
        .bind(id.as_str())
        .fetch_all(&self.read)
        .await?;
        // One row for each role, or one without a role.
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let mut roles = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(role) = row.try_get::<Option<&str>, _>("role")? {
                roles.push(parse("role_assignments.role", role)?);
            }
        }
        roles.sort_unstable();
        Ok(Some(AccessKeyHolder {
            user: read_user_ref(first)?,
            project: read_project_ref(first)?,
            roles,
            enabled: first.try_get("works")?,
            sealed: first.try_get("sealed")?,
        }))
    }

    /// Lets requests be signed with a key or not. False: there is no such key.
    pub async fn set_access_key_enabled(&self, id: &AccessKeyId, enabled: bool) -> Result<bool, StoreError> {
        let found = sqlx::query("UPDATE access_keys SET enabled = ? WHERE id = ?")
            .bind(enabled)
            .bind(id.as_str());
        self.change_one(found).await
    }

    /// Deletes an access key. False: there is no such key.
    pub async fn delete_access_key(&self, id: &AccessKeyId) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM access_keys WHERE id = ?").bind(id.as_str());
        self.change_one(gone).await
    }
}

fn read_key(row: &SqliteRow) -> Result<AccessKeyRecord, StoreError> {
    Ok(AccessKeyRecord {
        id: parse("access_keys.id", row.try_get::<&str, _>("id")?)?,
        user: read_user_ref(row)?,
        project: read_project_ref(row)?,
        application_credential: None,
        enabled: row.try_get("enabled")?,
        created_at: from_seconds("access_keys.created_at", row.try_get("created_at")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing::{NOW, project_named, store, user_named};

    struct Keys {
        _folder: tempfile::TempDir,
        store: Store,
        ann: UserId,
        demo: ProjectId,
        id: AccessKeyId,
    }

    async fn keys() -> Keys {
        let (folder, store) = store().await;
        let (ann, demo) = (
            user_named(&store, "ann").await,
            project_named(&store, "demo").await,
        );
        let id = AccessKeyId::random().unwrap();
        store
            .create_access_key(&id, &ann, &demo, b"sealed", NOW)
            .await
            .unwrap();
        Keys {
            _folder: folder,
            store,
            ann,
            demo,
            id,
        }
    }

    impl Keys {
        async fn holder(&self) -> Option<AccessKeyHolder> {
            self.store.access_key_holder(&self.id).await.unwrap()
        }

        async fn works(&self) -> bool {
            self.holder().await.unwrap().enabled
        }
    }

    #[tokio::test]
    async fn a_key_says_who_signs_and_what_they_may_do_now() {
        let keys = keys().await;
        let record = keys.store.access_key(&keys.id).await.unwrap().unwrap();
        assert_eq!(
            (record.user.name.as_str(), record.project.name.as_str()),
            ("ann", "demo")
        );
        assert_eq!((record.enabled, record.created_at), (true, NOW));
        assert_eq!(keys.holder().await.unwrap().roles, []);
        for role in [Role::Member, Role::Reader] {
            keys.store.assign_role(&keys.ann, &keys.demo, role).await.unwrap();
        }
        let holder = keys.holder().await.unwrap();
        assert_eq!(holder.roles, [Role::Reader, Role::Member]);
        assert_eq!((holder.enabled, holder.sealed.as_slice()), (true, &b"sealed"[..]));
        assert!(!format!("{holder:?}").contains("sealed"));
    }

    #[tokio::test]
    async fn a_key_works_while_itself_its_user_and_its_project_are_enabled() {
        let keys = keys().await;
        let store = &keys.store;
        for enabled in [false, true] {
            store.set_access_key_enabled(&keys.id, enabled).await.unwrap();
            assert_eq!(keys.works().await, enabled);
        }
        for enabled in [false, true] {
            store.set_user_enabled(&keys.ann, enabled).await.unwrap();
            assert_eq!(keys.works().await, enabled);
        }
        for enabled in [false, true] {
            store.set_project_enabled(&keys.demo, enabled).await.unwrap();
            assert_eq!(keys.works().await, enabled);
        }
    }

    #[tokio::test]
    async fn a_key_goes_by_itself_with_its_user_and_with_its_project() {
        let alone = keys().await;
        assert!(alone.store.delete_access_key(&alone.id).await.unwrap());
        assert!(!alone.store.delete_access_key(&alone.id).await.unwrap());
        let with_user = keys().await;
        with_user.store.delete_user(&with_user.ann).await.unwrap();
        let with_project = keys().await;
        with_project
            .store
            .delete_project(&with_project.demo)
            .await
            .unwrap();
        for gone in [&alone, &with_user, &with_project] {
            assert_eq!(gone.holder().await, None);
            assert_eq!(gone.store.access_keys(None, None).await.unwrap(), []);
        }
    }

    #[tokio::test]
    async fn keys_are_listed_by_user_and_by_project() {
        let keys = keys().await;
        let (bob, lab) = (
            user_named(&keys.store, "bob").await,
            project_named(&keys.store, "lab").await,
        );
        let second = AccessKeyId::random().unwrap();
        keys.store
            .create_access_key(&second, &bob, &lab, b"", NOW)
            .await
            .unwrap();
        let list = async |user: Option<&UserId>, project: Option<&ProjectId>| {
            let found = keys.store.access_keys(user, project).await.unwrap();
            found.into_iter().map(|key| key.id).collect::<Vec<_>>()
        };
        assert_eq!(list(None, None).await, [keys.id.clone(), second.clone()]);
        assert_eq!(list(Some(&bob), None).await, [second]);
        assert_eq!(list(None, Some(&keys.demo)).await, std::slice::from_ref(&keys.id));
        assert_eq!(list(Some(&bob), Some(&keys.demo)).await, []);
    }
}
