//! Grants: minted by the control plane, redeemed by the gateway.

use oriel_domain::{
    ConsoleKind, Digest, Grant, ProjectId, RefusedToken, ResumeSecret, ServerId, UserId, Uses,
};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
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

impl Store {
    /// Keeps a new grant under its token's digest. When this returns, it is on the disk.
    pub async fn mint(&self, token: &Digest, grant: &Grant) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO grants (token_hash, user_id, project_id, server_id, console, uses, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&token.as_bytes()[..])
        .bind(grant.user.as_str())
        .bind(grant.project.as_str())
        .bind(grant.server.to_string())
        .bind(grant.console.name())
        .bind(uses_name(grant.uses))
        .bind(to_seconds(grant.created_at))
        .bind(to_seconds(grant.expires_at));
        self.writer.execute(insert).await?;
        Ok(())
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
mod tests {
    use std::sync::Arc;

    use oriel_domain::{ConsoleToken, Role};

    use super::*;
    use crate::identity::testing::{NOW, project_named, store, user_named};

    const RESUME: Duration = Duration::hours(8);

    fn grant(uses: Uses) -> Grant {
        Grant {
            user: UserId::random(),
            project: ProjectId::random(),
            server: ServerId::random(),
            console: ConsoleKind::Novnc,
            uses,
            created_at: NOW,
            expires_at: NOW + Duration::minutes(10),
        }
    }

    async fn redeem(
        store: &Store,
        token: &Digest,
        resume: Option<&ResumeSecret>,
        now: OffsetDateTime,
    ) -> Result<Redeemed, RefusedToken> {
        store
            .redeem(token, resume.map(ResumeSecret::digest).as_ref(), RESUME, now)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_token_opens_once_and_the_browser_that_had_it_comes_back() {
        let (_folder, store) = store().await;
        let (token, grant) = (ConsoleToken::random().digest(), grant(Uses::One));
        store.mint(&token, &grant).await.unwrap();

        assert_eq!(store.grant(&token, NOW).await.unwrap().as_ref(), Some(&grant));
        assert_eq!(store.grant(&token, grant.expires_at).await.unwrap(), None);
        let first = redeem(&store, &token, None, NOW).await.unwrap();
        assert_eq!(first.grant, grant);
        assert_eq!(store.grant(&token, NOW).await.unwrap(), None);
        let secret = first.resume.unwrap();
        assert_eq!(
            redeem(&store, &token, None, NOW).await.unwrap_err(),
            RefusedToken::Used
        );
        let stranger = ResumeSecret::random().unwrap();
        assert_eq!(
            redeem(&store, &token, Some(&stranger), NOW).await.unwrap_err(),
            RefusedToken::Used
        );

        // Long after the link has expired, its browser still comes back; but not for ever.
        let later = NOW + Duration::hours(7);
        let again = redeem(&store, &token, Some(&secret), later).await.unwrap();
        assert!(again.resume.is_none());
        let too_late = redeem(&store, &token, Some(&secret), NOW + RESUME).await;
        assert_eq!(too_late.unwrap_err(), RefusedToken::Expired);
    }

    #[tokio::test]
    async fn whoever_loses_access_loses_the_links_and_the_way_back() {
        let (_folder, store) = store().await;
        let (user, project) = (
            user_named(&store, "ann").await,
            project_named(&store, "demo").await,
        );
        store.assign_role(&user, &project, Role::Member).await.unwrap();
        for way in ["role", "project", "user", "deleted"] {
            let [unused, used] = [(); 2].map(|()| ConsoleToken::random().digest());
            let grant = Grant {
                user: user.clone(),
                project: project.clone(),
                ..grant(Uses::One)
            };
            store.mint(&unused, &grant).await.unwrap();
            store.mint(&used, &grant).await.unwrap();
            let secret = redeem(&store, &used, None, NOW).await.unwrap().resume.unwrap();
            let taken = match way {
                "role" => store.remove_role(&user, &project, Role::Member).await,
                "project" => store.set_project_enabled(&project, false).await,
                "user" => store.set_user_enabled(&user, false).await,
                _ => store.delete_user(&user).await,
            };
            assert!(taken.unwrap(), "{way}");
            for (token, secret) in [(&unused, None), (&used, Some(&secret))] {
                let refused = redeem(&store, token, secret, NOW).await.unwrap_err();
                assert_eq!(refused, RefusedToken::Unknown, "{way}");
            }
        }
    }

    #[tokio::test]
    async fn of_many_at_the_same_moment_one_is_first() {
        let (_folder, store) = store().await;
        let store = Arc::new(store);
        let token = ConsoleToken::random().digest();
        store.mint(&token, &grant(Uses::One)).await.unwrap();
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let store = Arc::clone(&store);
            tries.spawn(async move { redeem(&store, &token, None, NOW).await.is_ok() });
        }
        let first = tries.join_all().await.into_iter().filter(|first| *first).count();
        assert_eq!(first, 1);
    }

    #[tokio::test]
    async fn a_token_given_back_opens_again_but_only_its_holder_gives_it_back() {
        let (_folder, store) = store().await;
        let token = ConsoleToken::random().digest();
        store.mint(&token, &grant(Uses::One)).await.unwrap();
        let secret = redeem(&store, &token, None, NOW).await.unwrap().resume.unwrap();

        store
            .unredeem(&token, &ResumeSecret::random().unwrap().digest())
            .await
            .unwrap();
        assert_eq!(
            redeem(&store, &token, None, NOW).await.unwrap_err(),
            RefusedToken::Used
        );
        store.unredeem(&token, &secret.digest()).await.unwrap();
        assert!(redeem(&store, &token, None, NOW).await.is_ok());
    }

    #[tokio::test]
    async fn a_token_for_many_opens_until_it_expires() {
        let (_folder, store) = store().await;
        let (token, grant) = (ConsoleToken::random().digest(), grant(Uses::Many));
        store.mint(&token, &grant).await.unwrap();
        for _ in 0..3 {
            assert!(redeem(&store, &token, None, NOW).await.unwrap().resume.is_none());
        }
        assert_eq!(
            redeem(&store, &token, None, grant.expires_at).await.unwrap_err(),
            RefusedToken::Expired
        );
    }

    #[tokio::test]
    async fn what_opens_nothing_any_more_is_swept_and_nothing_else() {
        let (_folder, store) = store().await;
        let [unused, resumable] = [(); 2].map(|()| ConsoleToken::random().digest());
        let (first, second) = (grant(Uses::One), grant(Uses::One));
        store.mint(&unused, &first).await.unwrap();
        store.mint(&resumable, &second).await.unwrap();
        let secret = redeem(&store, &resumable, None, NOW)
            .await
            .unwrap()
            .resume
            .unwrap();

        let keep = Duration::hours(1);
        let later = NOW + Duration::hours(2);
        assert_eq!(
            redeem(&store, &unused, None, later).await.unwrap_err(),
            RefusedToken::Expired
        );
        assert_eq!(store.forget_expired_grants(later, keep).await.unwrap(), 1);
        assert_eq!(
            redeem(&store, &unused, None, later).await.unwrap_err(),
            RefusedToken::Unknown
        );
        assert!(redeem(&store, &resumable, Some(&secret), later).await.is_ok());
    }

    #[tokio::test]
    async fn more_than_one_step_of_grants_is_swept() {
        let (_folder, store) = store().await;
        let all = u64::from(SWEEP_STEP) * 2 + 1;
        let mut mints = tokio::task::JoinSet::new();
        for _ in 0..all {
            let store = store.clone();
            mints.spawn(async move {
                store
                    .mint(&ConsoleToken::random().digest(), &grant(Uses::One))
                    .await
            });
        }
        assert!(mints.join_all().await.into_iter().all(|minted| minted.is_ok()));
        let later = NOW + Duration::hours(2);
        let gone = store.forget_expired_grants(later, Duration::hours(1)).await;
        assert_eq!(gone.unwrap(), all);
    }
}
