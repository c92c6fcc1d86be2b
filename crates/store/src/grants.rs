//! Grants: minted by the control plane, redeemed by the gateway.

use oriel_domain::{
    ConsoleKind, ConsoleKinds, Digest, Evidence, Grant, ProjectId, RefusedToken, ResumeSecret, Role,
    ServerId, UserId, Uses, ViewerRole,
};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Row as _, Sqlite};
use time::{Duration, OffsetDateTime};

use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// Grants that are swept in one statement: some milliseconds, which others wait for.
const SWEEP_STEP: u32 = 500;

/// A grant that was redeemed.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// What may be opened.
    pub grant: Grant,
    /// The secret for this browser to come back with, where it has none yet.
    pub resume: Option<ResumeSecret>,
}

macro_rules! insert_grant {
    () => {
        "INSERT INTO grants (token_hash, user_id, project_id, server_id, console, further, role, user_name, uses, created_at, expires_at) "
    };
}

/// `$which` is the row of `$table` that was asked with.
macro_rules! insert_grant_while {
    ($table:literal, $which:literal) => {
        concat!(
            insert_grant!(),
            "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (
                 SELECT 1 FROM ",
            $table,
            " e
                 JOIN users u ON u.id = e.user_id JOIN projects p ON p.id = e.project_id
                 JOIN role_assignments r ON r.user_id = u.id AND r.project_id = p.id
                 WHERE e.",
            $which,
            " AND u.enabled = 1 AND p.enabled = 1 AND r.role IN (?, ?, ?)
             )"
        )
    };
}

impl Store {
    /// Keeps a new grant under its token's digest, for whom another identity vouches. When this
    /// returns, it is on the disk.
    pub async fn mint(&self, token: &Digest, grant: &Grant) -> Result<(), StoreError> {
        let insert = sqlx::query(concat!(
            insert_grant!(),
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ));
        self.writer.execute(bind(insert, token, grant)).await?;
        Ok(())
    }

    /// Keeps a new grant as [`mint`](Self::mint) does, provided that what was asked with still holds:
    /// it is there, its user and project are enabled, and the user has `least` there, or more. False:
    /// it does not, and nothing was kept.
    ///
    /// Whoever takes access away forgets the grants that there are; this one statement sees to it
    /// that none comes after them.
    pub async fn mint_while(
        &self,
        token: &Digest,
        grant: &Grant,
        evidence: &Evidence,
        least: Role,
    ) -> Result<bool, StoreError> {
        let insert = match evidence {
            Evidence::Token(_) => sqlx::query(insert_grant_while!("auth_tokens", "token_hash = ?")),
            Evidence::AccessKey(_) => {
                sqlx::query(insert_grant_while!("access_keys", "id = ? AND e.enabled = 1"))
            }
        };
        let insert = bind(insert, token, grant);
        let mut insert = match evidence {
            Evidence::Token(digest) => insert.bind(&digest.as_bytes()[..]),
            Evidence::AccessKey(id) => insert.bind(id.as_str()),
        };
        for role in Role::ALL {
            insert = insert.bind(role.max(least).name());
        }
        Ok(self.writer.execute(insert).await? == 1)
    }

    /// Turns a token into its grant, once.
    ///
    /// The first to redeem a token for one opening gets a secret, good for `resume_for`; whoever
    /// brings that secret later (`resume`) is the same browser and is let in again. Everyone else
    /// is refused. Two callers at the same moment cannot both be first: the database decides.
    pub async fn redeem(
        &self,
        token: &Digest,
        resume: Option<&Digest>,
        resume_for: Duration,
        now: OffsetDateTime,
    ) -> Result<Result<Redeemed, RefusedToken>, StoreError> {
        let Some(row) = sqlx::query("SELECT * FROM grants WHERE token_hash = ?")
            .bind(&token.as_bytes()[..])
            .fetch_optional(&self.read)
            .await?
        else {
            return Ok(Err(RefusedToken::Unknown));
        };
        let held = HeldGrant::read(&row)?;
        if held.admits(resume, now) {
            return Ok(Ok(Redeemed {
                grant: held.grant,
                resume: None,
            }));
        }
        if held.is_over(now) {
            return Ok(Err(RefusedToken::Expired));
        }
        if held.redeemed {
            return Ok(Err(RefusedToken::Used));
        }
        if held.grant.uses == Uses::Many {
            return Ok(Ok(Redeemed {
                grant: held.grant,
                resume: None,
            }));
        }
        let secret = ResumeSecret::random().map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
        let take = sqlx::query(
            "UPDATE grants SET redeemed_at = ?, resume_hash = ?, resume_until = ?
             WHERE token_hash = ? AND redeemed_at IS NULL AND expires_at > ?",
        )
        .bind(to_seconds(now))
        .bind(&secret.digest().as_bytes()[..])
        .bind(to_seconds(now.saturating_add(resume_for)))
        .bind(&token.as_bytes()[..])
        .bind(to_seconds(now));
        Ok(if self.writer.execute(take).await? == 1 {
            Ok(Redeemed {
                grant: held.grant,
                resume: Some(secret),
            })
        } else {
            Err(RefusedToken::Used)
        })
    }

    /// What a token stands for, without using it: none if it would open nothing now.
    pub async fn grant(&self, token: &Digest, now: OffsetDateTime) -> Result<Option<Grant>, StoreError> {
        let row = sqlx::query("SELECT * FROM grants WHERE token_hash = ?")
            .bind(&token.as_bytes()[..])
            .fetch_optional(&self.read)
            .await?;
        let held = row.as_ref().map(HeldGrant::read).transpose()?;
        Ok(held
            .filter(|held| !held.redeemed && held.grant.expires_at > now)
            .map(|held| held.grant))
    }

    /// Gives a token back that was redeemed for an opening which then failed, so that a dead
    /// hypervisor does not use up somebody's link. Only the holder of the secret can.
    pub async fn unredeem(&self, token: &Digest, resume: &Digest) -> Result<(), StoreError> {
        let give_back = sqlx::query(
            "UPDATE grants SET redeemed_at = NULL, resume_hash = NULL, resume_until = NULL
             WHERE token_hash = ? AND resume_hash = ?",
        )
        .bind(&token.as_bytes()[..])
        .bind(&resume.as_bytes()[..]);
        self.writer.execute(give_back).await?;
        Ok(())
    }

    /// Forgets grants that open nothing any more: expired, and no browser may come back with them.
    /// They are kept `keep` longer, so that a late click reads "expired" rather than "unknown".
    pub async fn forget_expired_grants(
        &self,
        now: OffsetDateTime,
        keep: Duration,
    ) -> Result<u64, StoreError> {
        let before = to_seconds(now.saturating_sub(keep));
        let mut gone = 0;
        loop {
            let delete = sqlx::query(
                "DELETE FROM grants WHERE rowid IN (
                     SELECT rowid FROM grants WHERE expires_at < ? AND COALESCE(resume_until, 0) < ? LIMIT ?
                 )",
            )
            .bind(before)
            .bind(before)
            .bind(SWEEP_STEP);
            let step = self.writer.execute(delete).await?;
            gone += step;
            if step < u64::from(SWEEP_STEP) {
                return Ok(gone);
            }
        }
    }
}

type Insert<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds a grant's columns.
fn bind<'q>(insert: Insert<'q>, token: &'q Digest, grant: &'q Grant) -> Insert<'q> {
    insert
        .bind(&token.as_bytes()[..])
        .bind(grant.user.as_str())
        .bind(grant.project.as_str())
        .bind(grant.server.to_string())
        .bind(grant.console.name())
        .bind(grant.further.to_string())
        .bind(grant.role.name())
        .bind(grant.user_name.as_deref())
        .bind(uses_name(grant.uses))
        .bind(to_seconds(grant.created_at))
        .bind(to_seconds(grant.expires_at))
}

/// Takes back what a user was granted: unused links, and the way back of browsers that used one.
pub(crate) async fn forget_of_user(step: &mut SqliteConnection, user: &UserId) -> Result<(), StoreError> {
    let forget = sqlx::query("DELETE FROM grants WHERE user_id = ?").bind(user.as_str());
    forget.execute(step).await?;
    Ok(())
}

/// Takes back what was granted of a project's servers.
pub(crate) async fn forget_of_project(
    step: &mut SqliteConnection,
    project: &ProjectId,
) -> Result<(), StoreError> {
    let forget = sqlx::query("DELETE FROM grants WHERE project_id = ?").bind(project.as_str());
    forget.execute(step).await?;
    Ok(())
}

/// A grant's row.
struct HeldGrant {
    grant: Grant,
    redeemed: bool,
    resume: Option<(Digest, OffsetDateTime)>,
}

impl HeldGrant {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let text = |column: &str| row.try_get::<&str, _>(column);
        let grant = Grant {
            user: parse::<UserId>("grants.user_id", text("user_id")?)?,
            project: parse::<ProjectId>("grants.project_id", text("project_id")?)?,
            server: parse::<ServerId>("grants.server_id", text("server_id")?)?,
            console: parse::<ConsoleKind>("grants.console", text("console")?)?,
            further: parse::<ConsoleKinds>("grants.further", text("further")?)?,
            role: parse::<ViewerRole>("grants.role", text("role")?)?,
            user_name: row.try_get::<Option<&str>, _>("user_name")?.map(Into::into),
            uses: parse_uses(text("uses")?)?,
            created_at: from_seconds("grants.created_at", row.try_get("created_at")?)?,
            expires_at: from_seconds("grants.expires_at", row.try_get("expires_at")?)?,
        };
        let resume = match (
            row.try_get::<Option<&[u8]>, _>("resume_hash")?
                .and_then(Digest::from_bytes),
            row.try_get::<Option<i64>, _>("resume_until")?,
        ) {
            (Some(digest), Some(until)) => Some((digest, from_seconds("grants.resume_until", until)?)),
            _ => None,
        };
        Ok(Self {
            grant,
            redeemed: row.try_get::<Option<i64>, _>("redeemed_at")?.is_some(),
            resume,
        })
    }

    /// Whether nobody can open anything with it any more.
    fn is_over(&self, now: OffsetDateTime) -> bool {
        self.grant.expires_at <= now && self.resume.as_ref().is_none_or(|(_, until)| *until <= now)
    }

    /// Whether this is the browser that redeemed the grant, still in time.
    fn admits(&self, resume: Option<&Digest>, now: OffsetDateTime) -> bool {
        match (&self.resume, resume) {
            (Some((own, until)), Some(given)) => own == given && now < *until,
            _ => false,
        }
    }
}

fn uses_name(uses: Uses) -> &'static str {
    match uses {
        Uses::One => "one",
        Uses::Many => "many",
    }
}

fn parse_uses(text: &str) -> Result<Uses, StoreError> {
    match text {
        "one" => Ok(Uses::One),
        "many" => Ok(Uses::Many),
        other => Err(StoreError::Unreadable {
            what: "grants.uses",
            value: other.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
