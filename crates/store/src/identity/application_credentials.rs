//! Application credentials: what a user gives to a program in place of a password.
//!
//! One is good in one project, with a role that its user has there. It goes with the user, with
//! the project, and when the user loses any role in the project, as Keystone's do; and its tokens
//! go with it.

use oriel_domain::{Digest, ProjectId, Role, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::{MAX_USER_NAME, PasswordHash, check_name, taken};
use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// Credentials that one user may have.
pub const MAX_APPLICATION_CREDENTIALS: i64 = 100;

/// What a credential's secret is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretCheck {
    /// The digest of a secret of 256 random bits. Nobody guesses those, however fast the digest.
    Random(Digest),
    /// The slow hash of a secret that a person chose.
    Chosen(PasswordHash),
}

/// A credential to make.
#[derive(Debug, Clone)]
pub struct NewApplicationCredential {
    /// Whose it is.
    pub user: UserId,
    /// Where it is good.
    pub project: ProjectId,
    /// Its name, 1 to 255 characters, unique among its user's.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What its secret is checked against.
    pub secret: SecretCheck,
    /// The greatest role that it gives.
    pub role: Role,
    /// Whether it may make and delete others.
    pub unrestricted: bool,
    /// When it was made. Kept to the second.
    pub created_at: OffsetDateTime,
    /// When it stops working, if ever. Kept to the second.
    pub expires_at: Option<OffsetDateTime>,
}

/// A credential as it is kept, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationCredentialRecord {
    /// Its id: 32 hex digits.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// Where it is good.
    pub project: ProjectId,
    /// Its name, unique among its user's.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The greatest role that it gives.
    pub role: Role,
    /// Whether it may make and delete others.
    pub unrestricted: bool,
    /// When it stops working, if ever.
    pub expires_at: Option<OffsetDateTime>,
}

/// How a login names a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationCredentialKey {
    /// By its id.
    Id(String),
    /// By its name and its user.
    Name(String, UserId),
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, user_id, project_id, name, description, role, unrestricted, expires_at,
                    secret_digest, secret_hash
             FROM application_credentials ",
            $tail
        )
    };
}

impl Store {
    /// Makes a credential. Its id is random. None: its user has as many as one may have.
    ///
    /// [`StoreError::Exists`] where the user has one of this name; [`StoreError::BadName`].
    pub async fn create_application_credential(
        &self,
        new: &NewApplicationCredential,
    ) -> Result<Option<ApplicationCredentialRecord>, StoreError> {
        check_name("application credential", &new.name, MAX_USER_NAME)?;
        let id = UserId::random().as_str().to_owned();
        let (digest, hash) = match &new.secret {
            SecretCheck::Random(digest) => (Some(&digest.as_bytes()[..]), None),
            SecretCheck::Chosen(hash) => (None, Some(hash.expose())),
        };
        let made = sqlx::query(
            "INSERT INTO application_credentials (id, user_id, project_id, name, description, secret_digest,
                                                  secret_hash, role, unrestricted, created_at, expires_at)
             SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
             WHERE (SELECT COUNT(*) FROM application_credentials WHERE user_id = ?) < ?",
        )
        .bind(&id)
        .bind(new.user.as_str())
        .bind(new.project.as_str())
        .bind(&new.name)
        .bind(&new.description)
        .bind(digest)
        .bind(hash)
        .bind(new.role.name())
        .bind(new.unrestricted)
        .bind(to_seconds(new.created_at))
        .bind(new.expires_at.map(to_seconds))
        .bind(new.user.as_str())
        .bind(MAX_APPLICATION_CREDENTIALS)
        .execute(&mut *self.write.turn().await?)
        .await
        .map_err(taken("application credential", &new.name))?;
        if made.rows_affected() == 0 {
            return Ok(None);
        }
        Ok(self
            .application_credential(&ApplicationCredentialKey::Id(id))
            .await?
            .map(|(record, _)| record))
    }

    /// A user's credentials, by name, those whose time is over too.
    pub async fn application_credentials_of(
        &self,
        user: &UserId,
    ) -> Result<Vec<ApplicationCredentialRecord>, StoreError> {
        let rows = sqlx::query(select!("WHERE user_id = ? ORDER BY name"))
            .bind(user.as_str())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Finds a credential, one whose time is over too, and what its secret is checked against.
    pub async fn application_credential(
        &self,
        key: &ApplicationCredentialKey,
    ) -> Result<Option<(ApplicationCredentialRecord, SecretCheck)>, StoreError> {
        let query = match key {
            ApplicationCredentialKey::Id(id) => sqlx::query(select!("WHERE id = ?")).bind(id),
            ApplicationCredentialKey::Name(name, user) => {
                sqlx::query(select!("WHERE name = ? AND user_id = ?"))
                    .bind(name)
                    .bind(user.as_str())
            }
        };
        let Some(row) = query.fetch_optional(&self.read).await? else {
            return Ok(None);
        };
        let secret = match row.try_get::<Option<String>, _>("secret_hash")? {
            Some(hash) => SecretCheck::Chosen(PasswordHash::new(hash)),
            None => {
                let digest = Digest::from_bytes(row.try_get::<&[u8], _>("secret_digest")?);
                SecretCheck::Random(digest.ok_or_else(|| StoreError::Unreadable {
                    what: "application_credentials.secret_digest",
                    value: "a digest of another length".into(),
                })?)
            }
        };
        Ok(Some((read(&row)?, secret)))
    }

    /// Deletes a user's credential with its tokens. False: the user has none of this id.
    pub async fn delete_application_credential(&self, user: &UserId, id: &str) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM application_credentials WHERE user_id = ? AND id = ?")
            .bind(user.as_str())
            .bind(id);
        self.change_one(gone).await
    }
}

fn read(row: &SqliteRow) -> Result<ApplicationCredentialRecord, StoreError> {
    let expires_at = row.try_get::<Option<i64>, _>("expires_at")?;
    Ok(ApplicationCredentialRecord {
        id: row.try_get("id")?,
        user: parse(
            "application_credentials.user_id",
            row.try_get::<&str, _>("user_id")?,
        )?,
        project: parse(
            "application_credentials.project_id",
            row.try_get::<&str, _>("project_id")?,
        )?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        role: parse("application_credentials.role", row.try_get::<&str, _>("role")?)?,
        unrestricted: row.try_get("unrestricted")?,
        expires_at: expires_at
            .map(|seconds| from_seconds("application_credentials.expires_at", seconds))
            .transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing::{NOW, password, project_named, store, user_named};
    use crate::{AuthMethod, NewToken, Proof};
    use time::Duration;

    fn new(user: &UserId, project: &ProjectId, name: &str) -> NewApplicationCredential {
        NewApplicationCredential {
            user: user.clone(),
            project: project.clone(),
            name: name.into(),
            description: None,
            secret: SecretCheck::Random(Digest::of("secret")),
            role: Role::Reader,
            unrestricted: false,
            created_at: NOW,
            expires_at: Some(NOW + Duration::HOUR),
        }
    }

    async fn ann_in_demo(store: &Store) -> (UserId, ProjectId, ApplicationCredentialRecord) {
        let (ann, demo) = (user_named(store, "ann").await, project_named(store, "demo").await);
        store.assign_role(&ann, &demo, Role::Member).await.unwrap();
        store.assign_role(&ann, &demo, Role::Reader).await.unwrap();
        let made = store.create_application_credential(&new(&ann, &demo, "ci")).await;
        (ann, demo, made.unwrap().unwrap())
    }

    async fn is_there(store: &Store, made: &ApplicationCredentialRecord) -> bool {
        let key = ApplicationCredentialKey::Id(made.id.clone());
        store.application_credential(&key).await.unwrap().is_some()
    }

    /// Keeps a token that was got with a credential.
    async fn token(store: &Store, made: &ApplicationCredentialRecord) -> Digest {
        let digest = Digest::of("token");
        let new = NewToken {
            user: made.user.clone(),
            project: Some(made.project.clone()),
            application_credential: Some(made.id.clone()),
            methods: vec![AuthMethod::ApplicationCredential],
            audit_id: "audit".into(),
            parent_audit_id: None,
            issued_at: NOW,
            expires_at: NOW + Duration::HOUR,
        };
        let proof = Proof::ApplicationCredential(&made.id);
        assert!(store.issue_token(&digest, &new, proof).await.unwrap());
        digest
    }

    #[tokio::test]
    async fn one_is_found_by_its_id_and_by_its_users_name_for_it() {
        let (_folder, store) = store().await;
        let (ann, _, made) = ann_in_demo(&store).await;
        for key in [
            ApplicationCredentialKey::Id(made.id.clone()),
            ApplicationCredentialKey::Name("ci".into(), ann.clone()),
        ] {
            let (found, secret) = store.application_credential(&key).await.unwrap().unwrap();
            assert_eq!(
                (&found, secret),
                (&made, SecretCheck::Random(Digest::of("secret")))
            );
        }
        let bob = user_named(&store, "bob").await;
        let key = ApplicationCredentialKey::Name("ci".into(), bob.clone());
        assert!(store.application_credential(&key).await.unwrap().is_none());
        assert_eq!(
            store.application_credentials_of(&ann).await.unwrap(),
            std::slice::from_ref(&made)
        );
        assert!(!store.delete_application_credential(&bob, &made.id).await.unwrap());
        assert!(store.delete_application_credential(&ann, &made.id).await.unwrap());
        assert!(!is_there(&store, &made).await);
    }

    #[tokio::test]
    async fn a_name_is_taken_once_and_a_user_has_so_many_and_no_more() {
        let (_folder, store) = store().await;
        let (ann, demo, _) = ann_in_demo(&store).await;
        let again = store.create_application_credential(&new(&ann, &demo, "ci")).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })));
        for n in 1..MAX_APPLICATION_CREDENTIALS {
            let made = store
                .create_application_credential(&new(&ann, &demo, &format!("n{n}")))
                .await;
            assert!(made.unwrap().is_some());
        }
        let one_more = store
            .create_application_credential(&new(&ann, &demo, "more"))
            .await;
        assert!(one_more.unwrap().is_none());
    }

    #[tokio::test]
    async fn its_token_gives_its_role_and_goes_with_it() {
        let (_folder, store) = store().await;
        let (ann, _, made) = ann_in_demo(&store).await;
        let digest = token(&store, &made).await;
        let record = store.token(&digest, NOW).await.unwrap().unwrap();
        let credential = record.application_credential.unwrap();
        assert_eq!(
            (credential.id.as_str(), credential.name.as_str()),
            (made.id.as_str(), "ci")
        );
        assert!(!credential.unrestricted);
        assert_eq!(record.roles, [Role::Reader], "of reader and member");
        store.delete_application_credential(&ann, &made.id).await.unwrap();
        assert!(store.token(&digest, NOW).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn it_goes_with_a_role_a_disabled_user_and_the_project() {
        let (_folder, store) = store().await;
        let (ann, demo, made) = ann_in_demo(&store).await;
        let digest = token(&store, &made).await;
        store.remove_role(&ann, &demo, Role::Member).await.unwrap();
        assert!(!is_there(&store, &made).await);
        assert!(store.token(&digest, NOW).await.unwrap().is_none());

        let again = || async {
            store
                .create_application_credential(&new(&ann, &demo, "ci"))
                .await
                .unwrap()
                .unwrap()
        };
        let made = again().await;
        store.set_password(&ann, &password()).await.unwrap();
        assert!(is_there(&store, &made).await, "it is there to outlive passwords");
        store.set_user_enabled(&ann, false).await.unwrap();
        assert!(!is_there(&store, &made).await);

        store.set_user_enabled(&ann, true).await.unwrap();
        let made = again().await;
        store.delete_project(&demo).await.unwrap();
        assert!(!is_there(&store, &made).await);
    }
}
