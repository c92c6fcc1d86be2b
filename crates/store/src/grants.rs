//! Grants: minted by the control plane, redeemed by the gateway.

use oriel_domain::{
    ConsoleKind, ConsoleKinds, Digest, Evidence, Grant, ProjectId, RefusedToken, ResumeSecret, Role,
    ServerId, SessionId, UserId, Uses, ViewerRole,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use sqlx::sqlite::SqliteConnection;
use time::{Duration, OffsetDateTime};

use crate::columns::Columns;
use crate::sessions::{self, Opening, SessionRecord};
use crate::{Store, StoreError, from_seconds, parse, to_seconds};

/// Grants that are swept in one statement: some milliseconds, which others wait for.
const SWEEP_STEP: u16 = 500;

/// A grant that was redeemed.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// What may be opened.
    pub grant: Grant,
    /// The secret for this browser to come back with, where it has none yet.
    pub resume: Option<ResumeSecret>,
    /// Whether the opening that it was redeemed for is in the audit trail.
    pub recorded: bool,
}

impl Redeemed {
    /// Of a browser that comes back, or a token for many openings: nothing was written.
    fn again(grant: Grant) -> Self {
        Self {
            grant,
            resume: None,
            recorded: false,
        }
    }
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
        const INSERT: &str = concat!(insert_grant!(), "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        let values = values(token, grant);
        self.writer
            .run(move |store| Ok(store.prepare_cached(INSERT)?.execute(params_from_iter(values))?))
            .await?;
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
        let (insert, which) = match evidence {
            Evidence::Token(digest) => (
                insert_grant_while!("auth_tokens", "token_hash = ?"),
                digest.as_bytes().to_vec().into(),
            ),
            Evidence::AccessKey(id) => (
                insert_grant_while!("access_keys", "id = ? AND e.enabled = 1"),
                id.as_str().to_owned().into(),
            ),
        };
        let mut values = values(token, grant);
        values.push(which);
        values.extend(Role::ALL.map(|role| role.max(least).name().to_owned().into()));
        let inserted = self
            .writer
            .run(move |store| Ok(store.prepare_cached(insert)?.execute(params_from_iter(values))?));
        Ok(inserted.await? == 1)
    }

    /// Turns a token into its grant, once.
    ///
    /// The first to redeem a token for one opening gets a secret, good for `resume_for`; whoever
    /// brings that secret later (`resume`) is the same browser and is let in again. Everyone else
    /// is refused. Two callers at the same moment cannot both be first: the database decides.
    ///
    /// Where it is redeemed for an `opening`, and by the first, that is recorded as a session in the
    /// same step. [`unredeem`](Self::unredeem) takes it back with the token.
    pub async fn redeem(
        &self,
        token: &Digest,
        resume: Option<&Digest>,
        resume_for: Duration,
        now: OffsetDateTime,
        opening: Option<Opening>,
    ) -> Result<Result<Redeemed, RefusedToken>, StoreError> {
        // Who comes back needs no write, and so no room on the disk.
        if resume.is_some()
            && let Some(held) = self.held(token).await?
            && held.admits(resume, now)
        {
            return Ok(Ok(Redeemed::again(held.grant)));
        }
        let token = *token;
        self.writer
            .run(move |store| redeem_first(store, &token, resume_for, now, opening))
            .await
    }

    /// What a token stands for, without using it: none if it would open nothing now.
    pub async fn grant(&self, token: &Digest, now: OffsetDateTime) -> Result<Option<Grant>, StoreError> {
        let held = self.held(token).await?;
        Ok(held
            .filter(|held| !held.redeemed && held.grant.expires_at > now)
            .map(|held| held.grant))
    }

    async fn held(&self, token: &Digest) -> Result<Option<HeldGrant>, StoreError> {
        let row = sqlx::query("SELECT * FROM grants WHERE token_hash = ?")
            .bind(&token.as_bytes()[..])
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(HeldGrant::read).transpose()
    }

    /// Gives a token back that was redeemed for an opening which then failed, so that a dead
    /// hypervisor does not use up somebody's link, and takes the session off the trail that was
    /// recorded with it. Only the holder of the secret can.
    pub async fn unredeem(
        &self,
        token: &Digest,
        resume: &Digest,
        recorded: Option<SessionId>,
    ) -> Result<(), StoreError> {
        let (token, resume) = (*token, *resume);
        self.writer
            .run(move |store| {
                // Neither can break a constraint, and leave the other undone.
                if let Some(session) = recorded {
                    sessions::forget(store, session)?;
                }
                let mut give_back = store.prepare_cached(
                    "UPDATE grants SET redeemed_at = NULL, resume_hash = NULL, resume_until = NULL
                     WHERE token_hash = ? AND resume_hash = ?",
                )?;
                Ok(give_back.execute(params![&token.as_bytes()[..], &resume.as_bytes()[..]])?)
            })
            .await?;
        Ok(())
    }

    /// Forgets grants that open nothing any more: expired, and no browser may come back with them.
    /// They are kept `keep` longer, so that a late click reads "expired" rather than "unknown".
    pub async fn forget_expired_grants(
        &self,
        now: OffsetDateTime,
        keep: Duration,
    ) -> Result<usize, StoreError> {
        let before = to_seconds(now.saturating_sub(keep));
        let mut gone = 0;
        loop {
            let step = self.writer.run(move |store| {
                let mut delete = store.prepare_cached(
                    "DELETE FROM grants WHERE rowid IN (
                         SELECT rowid FROM grants WHERE expires_at < ?1 AND COALESCE(resume_until, 0) < ?1 LIMIT ?2
                     )",
                )?;
                Ok(delete.execute(params![before, SWEEP_STEP])?)
            });
            let step = step.await?;
            gone += step;
            if step < usize::from(SWEEP_STEP) {
                return Ok(gone);
            }
        }
    }
}

/// A grant's columns, as an insert has them.
fn values(token: &Digest, grant: &Grant) -> Vec<Value> {
    vec![
        token.as_bytes().to_vec().into(),
        grant.user.as_str().to_owned().into(),
        grant.project.as_str().to_owned().into(),
        grant.server.to_string().into(),
        grant.console.name().to_owned().into(),
        grant.further.to_string().into(),
        grant.role.name().to_owned().into(),
        grant.user_name.as_deref().map(str::to_owned).into(),
        uses_name(grant.uses).to_owned().into(),
        to_seconds(grant.created_at).into(),
        to_seconds(grant.expires_at).into(),
    ]
}

/// Redeems a token for a browser that has not had it, in a transaction: nobody comes between the
/// question and the answer.
fn redeem_first(
    store: &Connection,
    token: &Digest,
    resume_for: Duration,
    now: OffsetDateTime,
    opening: Option<Opening>,
) -> Result<Result<Redeemed, RefusedToken>, StoreError> {
    let mut find = store.prepare_cached("SELECT * FROM grants WHERE token_hash = ?")?;
    let held = find.query_row([&token.as_bytes()[..]], |row| Ok(HeldGrant::read(row)));
    let Some(held) = held.optional()?.transpose()? else {
        return Ok(Err(RefusedToken::Unknown));
    };
    if held.is_over(now) {
        return Ok(Err(RefusedToken::Expired));
    }
    if held.redeemed {
        return Ok(Err(RefusedToken::Used));
    }
    if held.grant.uses == Uses::Many {
        return Ok(Ok(Redeemed::again(held.grant)));
    }
    let choice = opening.as_ref().and_then(|opening| opening.console);
    let mut grant = held.grant;
    if !grant.choose(choice) {
        return Ok(Err(RefusedToken::OtherConsole));
    }
    let secret = ResumeSecret::random().map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    let recorded = opening.is_some();
    // The session first: nothing that comes after it can break a constraint, and leave half of this behind.
    if let Some(opening) = opening {
        let session = SessionRecord {
            id: opening.id,
            token: *token,
            grant,
            client: opening.client,
            gateway: opening.gateway,
            began_at: now,
        };
        sessions::insert(store, &session)?;
        grant = session.grant;
    }
    let mut take = store.prepare_cached(
        "UPDATE grants SET redeemed_at = ?, resume_hash = ?, resume_until = ? WHERE token_hash = ?",
    )?;
    take.execute(params![
        to_seconds(now),
        &secret.digest().as_bytes()[..],
        to_seconds(now.saturating_add(resume_for)),
        &token.as_bytes()[..],
    ])?;
    Ok(Ok(Redeemed {
        grant,
        resume: Some(secret),
        recorded,
    }))
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
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let grant = Grant {
            user: parse::<UserId>("grants.user_id", row.text("user_id")?)?,
            project: parse::<ProjectId>("grants.project_id", row.text("project_id")?)?,
            server: parse::<ServerId>("grants.server_id", row.text("server_id")?)?,
            console: parse::<ConsoleKind>("grants.console", row.text("console")?)?,
            further: parse::<ConsoleKinds>("grants.further", row.text("further")?)?,
            role: parse::<ViewerRole>("grants.role", row.text("role")?)?,
            user_name: row.optional_text("user_name")?.map(Into::into),
            uses: parse_uses(row.text("uses")?)?,
            created_at: from_seconds("grants.created_at", row.number("created_at")?)?,
            expires_at: from_seconds("grants.expires_at", row.number("expires_at")?)?,
        };
        let resume = match (
            row.optional_blob("resume_hash")?.and_then(Digest::from_bytes),
            row.optional_number("resume_until")?,
        ) {
            (Some(digest), Some(until)) => Some((digest, from_seconds("grants.resume_until", until)?)),
            _ => None,
        };
        Ok(Self {
            grant,
            redeemed: row.optional_number("redeemed_at")?.is_some(),
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
