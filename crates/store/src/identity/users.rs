//! Users: who may log in.

use std::fmt;

use oriel_domain::{DomainId, DomainRef, UserId, UserRef};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::{DomainKey, Key, MAX_USER_NAME, UserKey, check_name, read_domain, taken};
use crate::grants;
use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// The hash of a password, as a PHC string. It has no `Display`, and its `Debug` shows nothing of
/// it: a hash in a log is a password that someone will guess.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string (`$argon2id$v=19$...`). It is not looked into here.
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string. Only for checking a password against it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// A user to make. It is enabled.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Where it belongs; the domain must exist.
    pub domain: DomainId,
    /// Its name, 1 to 255 characters, unique in its domain.
    pub name: String,
    /// The hash of its password.
    pub password: PasswordHash,
}

/// A user as it is kept, without the hash of its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Its id.
    pub id: UserId,
    /// Where it belongs.
    pub domain: DomainRef,
    /// Its name, unique in its domain.
    pub name: String,
    /// Whether it may log in. The tokens of a disabled user do not work.
    pub enabled: bool,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl UserRecord {
    /// The user as answers show it.
    pub fn to_ref(&self) -> UserRef {
        UserRef {
            id: self.id.clone(),
            name: self.name.clone(),
            domain: self.domain.clone(),
        }
    }
}

macro_rules! select_users {
    ($tail:literal) => {
        concat!(
            "SELECT u.id, u.name, u.password_hash, u.enabled, u.created_at, d.id AS domain_id, d.name AS domain_name
             FROM users u JOIN domains d ON d.id = u.domain_id ",
            $tail
        )
    };
}

impl Store {
    /// Makes a user. Its id is random.
    ///
    /// [`StoreError::Exists`] where the name is taken in that domain; [`StoreError::BadName`].
    pub async fn create_user(&self, new: &NewUser, now: OffsetDateTime) -> Result<UserId, StoreError> {
        check_name("user", &new.name, MAX_USER_NAME)?;
        let id = UserId::random();
        sqlx::query(
            "INSERT INTO users (id, domain_id, name, password_hash, enabled, created_at) VALUES (?, ?, ?, ?, 1, ?)",
        )
        .bind(id.as_str())
        .bind(new.domain.as_str())
        .bind(&new.name)
        .bind(new.password.expose())
        .bind(to_seconds(now))
        .execute(&mut *self.write.turn().await?)
        .await
        .map_err(taken("user", &new.name))?;
        Ok(id)
    }

    /// Whether there is any user.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT EXISTS (SELECT 1 FROM users)")
            .fetch_one(&self.read)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Every user, by domain and name.
    pub async fn users(&self) -> Result<Vec<UserRecord>, StoreError> {
        let rows = sqlx::query(select_users!("ORDER BY d.name, u.name"))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(read_user).collect()
    }

    /// Finds a user.
    pub async fn user(&self, key: &UserKey) -> Result<Option<UserRecord>, StoreError> {
        Ok(self.credentials(key).await?.map(|(user, _)| user))
    }

    /// Finds a user and the hash that its password is checked against.
    pub async fn credentials(&self, key: &UserKey) -> Result<Option<(UserRecord, PasswordHash)>, StoreError> {
        let query = match key {
            Key::Id(id) => sqlx::query(select_users!("WHERE u.id = ?")).bind(id.as_str()),
            Key::Name {
                name,
                domain: DomainKey::Id(domain),
            } => sqlx::query(select_users!("WHERE u.name = ? AND d.id = ?"))
                .bind(name)
                .bind(domain.as_str()),
            Key::Name {
                name,
                domain: DomainKey::Name(domain),
            } => sqlx::query(select_users!("WHERE u.name = ? AND lower(d.name) = lower(?)"))
                .bind(name)
                .bind(domain),
        };
        let Some(row) = query.fetch_optional(&self.read).await? else {
            return Ok(None);
        };
        Ok(Some((
            read_user(&row)?,
            PasswordHash::new(row.try_get("password_hash")?),
        )))
    }

    /// Gives a user a new password and revokes its tokens. False: there is no such user.
    pub async fn set_password(&self, user: &UserId, password: &PasswordHash) -> Result<bool, StoreError> {
        let mut step = self.write.begin().await?;
        let found = sqlx::query("UPDATE users SET password_hash = ? WHERE id = ?")
            .bind(password.expose())
            .bind(user.as_str())
            .execute(&mut *step)
            .await?;
        sqlx::query("DELETE FROM auth_tokens WHERE user_id = ?")
            .bind(user.as_str())
            .execute(&mut *step)
            .await?;
        step.commit().await?;
        Ok(found.rows_affected() == 1)
    }

    /// Lets a user log in or not. Disabling revokes its tokens and application credentials, so that
    /// enabling it again brings none of them back. False: there is no such user.
    pub async fn set_user_enabled(&self, user: &UserId, enabled: bool) -> Result<bool, StoreError> {
        let mut step = self.write.begin().await?;
        let found = sqlx::query("UPDATE users SET enabled = ? WHERE id = ?")
            .bind(enabled)
            .bind(user.as_str())
            .execute(&mut *step)
            .await?;
        if !enabled {
            for forget in [
                "DELETE FROM auth_tokens WHERE user_id = ?",
                "DELETE FROM application_credentials WHERE user_id = ?",
            ] {
                sqlx::query(forget)
                    .bind(user.as_str())
                    .execute(&mut *step)
                    .await?;
            }
            grants::forget_of_user(&mut step, user).await?;
        }
        step.commit().await?;
        Ok(found.rows_affected() == 1)
    }

    /// Deletes a user with its roles, tokens and grants. False: there is no such user.
    pub async fn delete_user(&self, user: &UserId) -> Result<bool, StoreError> {
        let mut step = self.write.begin().await?;
        let gone = sqlx::query("DELETE FROM users WHERE id = ?")
            .bind(user.as_str())
            .execute(&mut *step)
            .await?;
        grants::forget_of_user(&mut step, user).await?;
        step.commit().await?;
        Ok(gone.rows_affected() == 1)
    }
}

fn read_user(row: &SqliteRow) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        id: parse("users.id", row.try_get::<&str, _>("id")?)?,
        domain: read_domain(row)?,
        name: row.try_get("name")?,
        enabled: row.try_get("enabled")?,
        created_at: from_seconds("users.created_at", row.try_get("created_at")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::DEFAULT_DOMAIN;
    use crate::identity::testing::NOW;

    fn new_user(name: &str) -> NewUser {
        NewUser {
            domain: DEFAULT_DOMAIN.parse().unwrap(),
            name: name.into(),
            password: PasswordHash::new("$argon2id$secret-hash".into()),
        }
    }

    #[tokio::test]
    async fn a_user_is_found_by_id_and_by_its_exact_name_in_its_domain() {
        let (_folder, store) = crate::identity::testing::store().await;
        let id = store.create_user(&new_user("Ann"), NOW).await.unwrap();
        let found = store.user(&Key::Id(id.clone())).await.unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), found.enabled, found.created_at),
            ("Ann", true, NOW)
        );
        let named = |name: &str, domain| Key::Name {
            name: name.into(),
            domain,
        };
        let by_domain_id = named("Ann", DomainKey::Id(DEFAULT_DOMAIN.parse().unwrap()));
        assert_eq!(store.user(&by_domain_id).await.unwrap(), Some(found.clone()));
        let by_domain_name = named("Ann", DomainKey::Name("default".into()));
        assert_eq!(store.user(&by_domain_name).await.unwrap(), Some(found));
        assert_eq!(
            store
                .user(&named("ann", DomainKey::Name("Default".into())))
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            store
                .user(&named("Ann", DomainKey::Name("lab".into())))
                .await
                .unwrap(),
            None
        );
    }

    #[tokio::test]
    async fn a_name_is_unique_in_its_domain_only() {
        let (_folder, store) = crate::identity::testing::store().await;
        store.create_user(&new_user("ann"), NOW).await.unwrap();
        let again = store.create_user(&new_user("ann"), NOW).await;
        assert!(matches!(again, Err(StoreError::Exists { what: "user", name }) if name == "ann"));
        let lab = store.create_domain("lab").await.unwrap();
        store
            .create_user(
                &NewUser {
                    domain: lab.id,
                    ..new_user("ann")
                },
                NOW,
            )
            .await
            .unwrap();
        assert_eq!(store.users().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn names_that_cannot_be_typed_or_listed_are_refused() {
        let (_folder, store) = crate::identity::testing::store().await;
        for bad in ["", " ", " ann", "a\nb", "a\u{1b}[2J", &"x".repeat(256)] {
            let made = store.create_user(&new_user(bad), NOW).await;
            assert!(
                matches!(made, Err(StoreError::BadName { what: "user", .. })),
                "{bad:?}"
            );
        }
        store.create_user(&new_user(&"é".repeat(255)), NOW).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_not_there_cannot_be_changed() {
        let (_folder, store) = crate::identity::testing::store().await;
        let nobody = UserId::random();
        assert!(
            !store
                .set_password(&nobody, &PasswordHash::new("x".into()))
                .await
                .unwrap()
        );
        assert!(!store.set_user_enabled(&nobody, false).await.unwrap());
        assert!(!store.delete_user(&nobody).await.unwrap());
    }

    #[test]
    fn debug_shows_no_hash() {
        assert!(!format!("{:?}", new_user("ann")).contains("secret-hash"));
    }
}
