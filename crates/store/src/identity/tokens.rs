//! Identity tokens: opaque, kept as digests, checked anew at each use.

use std::str::FromStr;

use oriel_domain::{Digest, ProjectId, ProjectRef, Role, UserId, UserRef};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::PasswordHash;
use super::roles::{read_project_ref, read_user_ref};
use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// Tokens that one user may hold; the oldest go first. A client that logs in for each call then
/// cannot fill the disk within the life of a token.
const MAX_TOKENS_OF_USER: i64 = 10_000;

/// How the owner of a token proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthMethod {
    /// With their password.
    Password,
    /// With a token that they had.
    Token,
    /// With an application credential.
    ApplicationCredential,
}

impl AuthMethod {
    /// The name in Keystone's `methods`; also the stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::ApplicationCredential => "application_credential",
        }
    }
}

/// A way to log in that Oriel does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown method: known are password, token and application_credential")]
pub struct UnknownMethod;

impl FromStr for AuthMethod {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        [Self::Password, Self::Token, Self::ApplicationCredential]
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or(UnknownMethod)
    }
}

/// A token to keep.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose it is.
    pub user: UserId,
    /// Where it is good; none: nowhere yet, but it can be traded for one that is.
    pub project: Option<ProjectId>,
    /// The id of the application credential that it was got with; it goes with it.
    pub application_credential: Option<String>,
    /// How its owner proved who they are, this time and before.
    pub methods: Vec<AuthMethod>,
    /// What names it in logs and lists.
    pub audit_id: String,
    /// The audit id of the first token of the chain, where this one came of another.
    pub parent_audit_id: Option<String>,
    /// When it was issued. Kept to the second.
    pub issued_at: OffsetDateTime,
    /// When it stops working. Kept to the second.
    pub expires_at: OffsetDateTime,
}

/// What a new token rests on. It must still hold at the moment the token is kept, or a password
/// change beside a login would leave the intruder a fresh token.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The hash that the password was checked against.
    Password(&'a PasswordHash),
    /// The digest of the token that was brought.
    Token(&'a Digest),
    /// The id of the application credential whose secret was brought.
    ApplicationCredential(&'a str),
}

/// A token that works, with what its owner is and may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Whose it is.
    pub user: UserRef,
    /// Where it is good.
    pub project: Option<ProjectRef>,
    /// The application credential that it was got with.
    pub application_credential: Option<TokenCredential>,
    /// The roles that the user has in that project now, least first, without those that they imply;
    /// where an application credential was used, none above its own.
    pub roles: Vec<Role>,
    /// How its owner proved who they are.
    pub methods: Vec<AuthMethod>,
    /// What names it in logs and lists.
    pub audit_id: String,
    /// The audit id of the first token of the chain, where this one came of another.
    pub parent_audit_id: Option<String>,
    /// When it was issued.
    pub issued_at: OffsetDateTime,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

/// The application credential that a token was got with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCredential {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it may make and delete others.
    pub unrestricted: bool,
}

/// The columns of a new token and their values; what it rests on follows.
macro_rules! insert_token {
    ($proof:literal) => {
        concat!(
            "INSERT INTO auth_tokens (token_hash, user_id, project_id, application_credential_id, methods, audit_id,
                                      parent_audit_id, issued_at, expires_at)
             SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (",
            $proof,
            ")"
        )
    };
}

impl Store {
    /// Keeps a new token under its digest, provided that what it rests on still holds. False: it
    /// does not, and nothing was kept.
    pub async fn issue_token(
        &self,
        token: &Digest,
        new: &NewToken,
        proof: Proof<'_>,
    ) -> Result<bool, StoreError> {
        let insert = match proof {
            Proof::Password(_) => {
                insert_token!("SELECT 1 FROM users WHERE id = ? AND enabled = 1 AND password_hash = ?")
            }
            Proof::Token(_) => {
                insert_token!("SELECT 1 FROM auth_tokens WHERE user_id = ? AND token_hash = ?")
            }
            Proof::ApplicationCredential(_) => {
                insert_token!("SELECT 1 FROM application_credentials WHERE user_id = ? AND id = ?")
            }
        };
        let methods = new
            .methods
            .iter()
            .map(|method| method.name())
            .collect::<Vec<_>>()
            .join(",");
        let query = sqlx::query(insert)
            .bind(&token.as_bytes()[..])
            .bind(new.user.as_str())
            .bind(new.project.as_ref().map(ProjectId::as_str))
            .bind(&new.application_credential)
            .bind(methods)
            .bind(&new.audit_id)
            .bind(&new.parent_audit_id)
            .bind(to_seconds(new.issued_at))
            .bind(to_seconds(new.expires_at))
            .bind(new.user.as_str());
        let query = match proof {
            Proof::Password(hash) => query.bind(hash.expose()),
            Proof::Token(parent) => query.bind(&parent.as_bytes()[..]),
            Proof::ApplicationCredential(id) => query.bind(id),
        };
        let mut step = self.write.begin().await?;
        let kept = query.execute(&mut *step).await?.rows_affected() == 1;
        if kept {
            sqlx::query(
                "DELETE FROM auth_tokens WHERE user_id = ? AND issued_at <
                 (SELECT issued_at FROM auth_tokens WHERE user_id = ? ORDER BY issued_at DESC LIMIT 1 OFFSET ?)",
            )
            .bind(new.user.as_str())
            .bind(new.user.as_str())
            .bind(MAX_TOKENS_OF_USER)
            .execute(&mut *step)
            .await?;
        }
        step.commit().await?;
        Ok(kept)
    }

    /// Finds a token that works: in time, its user and project enabled, and, where it has a
    /// project, its user with a role there.
    pub async fn token(
        &self,
        token: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.methods, t.audit_id, t.parent_audit_id, t.issued_at, t.expires_at, r.role,
                    a.id AS credential_id, a.name AS credential_name, a.role AS credential_role, a.unrestricted,
                    u.id AS user_id, u.name AS user_name, ud.id AS user_domain_id, ud.name AS user_domain_name,
                    p.id AS project_id, p.name AS project_name,
                    pd.id AS project_domain_id, pd.name AS project_domain_name
             FROM auth_tokens t
             JOIN users u ON u.id = t.user_id JOIN domains ud ON ud.id = u.domain_id
             LEFT JOIN projects p ON p.id = t.project_id LEFT JOIN domains pd ON pd.id = p.domain_id
             LEFT JOIN application_credentials a ON a.id = t.application_credential_id
             LEFT JOIN role_assignments r ON r.user_id = u.id AND r.project_id = p.id
             WHERE t.token_hash = ? AND t.expires_at > ? AND u.enabled = 1 AND (p.id IS NULL OR p.enabled = 1)",
        )
        .bind(&token.as_bytes()[..])
        .bind(to_seconds(now))
        .fetch_all(&self.read)
        .await?;
        // One row for each role, or one without a role.
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let record = read_token(first, &rows)?;
        let powerless = record.project.is_some() && record.roles.is_empty();
        Ok((!powerless).then_some(record))
    }

    /// Forgets a token. False: there was none.
    pub async fn revoke_token(&self, token: &Digest) -> Result<bool, StoreError> {
        let token = *token;
        let deleted = self.writer.run(move |store| {
            let mut delete = store.prepare_cached("DELETE FROM auth_tokens WHERE token_hash = ?")?;
            Ok(delete.execute([&token.as_bytes()[..]])?)
        });
        Ok(deleted.await? == 1)
    }

    /// Forgets the tokens whose time is over, and says how many there were.
    pub async fn forget_expired_tokens(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM auth_tokens WHERE expires_at <= ?")
            .bind(to_seconds(now))
            .execute(&mut *self.write.turn().await?)
            .await?;
        Ok(gone.rows_affected())
    }
}

fn read_token(first: &SqliteRow, rows: &[SqliteRow]) -> Result<TokenRecord, StoreError> {
    let mut roles = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(role) = row.try_get::<Option<&str>, _>("role")? {
            roles.push(parse("role_assignments.role", role)?);
        }
    }
    roles.sort_unstable();
    let credential = first.try_get::<Option<String>, _>("credential_id")?;
    if credential.is_some() {
        // Each role implies the lesser ones, so that the least of both is what both give.
        let most = parse(
            "application_credentials.role",
            first.try_get::<&str, _>("credential_role")?,
        )?;
        roles = roles.into_iter().map(|role: Role| role.min(most)).collect();
        roles.dedup();
    }
    let scoped = first.try_get::<Option<&str>, _>("project_id")?.is_some();
    let methods = first.try_get::<&str, _>("methods")?;
    Ok(TokenRecord {
        user: read_user_ref(first)?,
        project: scoped.then(|| read_project_ref(first)).transpose()?,
        application_credential: credential
            .map(|id| {
                Ok::<_, StoreError>(TokenCredential {
                    id,
                    name: first.try_get("credential_name")?,
                    unrestricted: first.try_get("unrestricted")?,
                })
            })
            .transpose()?,
        roles,
        methods: methods
            .split(',')
            .map(|method| parse("auth_tokens.methods", method))
            .collect::<Result<_, _>>()?,
        audit_id: first.try_get("audit_id")?,
        parent_audit_id: first.try_get("parent_audit_id")?,
        issued_at: from_seconds("auth_tokens.issued_at", first.try_get("issued_at")?)?,
        expires_at: from_seconds("auth_tokens.expires_at", first.try_get("expires_at")?)?,
    })
}

#[cfg(test)]
mod tests;
