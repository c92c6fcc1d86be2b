//! Sessions: the audit trail of who was connected to what, from when to when, and why it ended.

use oriel_domain::{ConsoleKind, Digest, EndReason, Grant, SessionId};
use rusqlite::{Connection, params};
use time::OffsetDateTime;

use crate::{Store, StoreError, to_seconds};

/// A session as it begins.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// The digest of the token that opened it.
    pub token: Digest,
    /// What that token stands for.
    pub grant: Grant,
    /// The browser's address.
    pub client: String,
    /// The name of the gateway that carries it.
    pub gateway: String,
    /// When it began.
    pub began_at: OffsetDateTime,
}

/// A session that is about to begin, of a grant that is yet to be redeemed.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its id.
    pub id: SessionId,
    /// Which of the grant's consoles it is of; none, where that is the link's own.
    pub console: Option<ConsoleKind>,
    /// The browser's address.
    pub client: String,
    /// The name of the gateway that will carry it.
    pub gateway: String,
}

impl Store {
    /// Records that a session began.
    pub async fn begin_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let session = session.clone();
        self.writer.run(move |store| insert(store, &session)).await
    }

    /// Records that a session ended, why, and how many bytes it carried each way. Nobody waits for
    /// this but a stop, so it comes with the next commit that there is, a moment later.
    pub async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        bytes_down: u64,
        bytes_up: u64,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.writer
            .run_later(move |store| {
                let mut end = store.prepare_cached(
                    "UPDATE sessions SET ended_at = ?, end_reason = ?, bytes_down = ?, bytes_up = ?
                     WHERE id = ? AND ended_at IS NULL",
                )?;
                Ok(end.execute(params![
                    to_seconds(now),
                    reason.name(),
                    i64::try_from(bytes_down).unwrap_or(i64::MAX),
                    i64::try_from(bytes_up).unwrap_or(i64::MAX),
                    id.to_string(),
                ])?)
            })
            .await?;
        Ok(())
    }

    /// Ends the sessions that nobody carries any more, so that the trail has none that lives for
    /// ever: called as the gateway starts, for what it left behind when it last died, and as it
    /// stops, for what it cuts. A SQLite file belongs to one gateway, whatever its name was.
    pub async fn end_abandoned_sessions(
        &self,
        reason: EndReason,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let ended = sqlx::query("UPDATE sessions SET ended_at = ?, end_reason = ? WHERE ended_at IS NULL")
            .bind(to_seconds(now))
            .bind(reason.name())
            .execute(&mut *self.write.turn().await?)
            .await?;
        Ok(ended.rows_affected())
    }

    /// How many sessions the trail says that this gateway carries now.
    pub async fn live_sessions(&self, gateway: &str) -> Result<u64, StoreError> {
        let live: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE gateway = ? AND ended_at IS NULL")
                .bind(gateway)
                .fetch_one(&self.read)
                .await?;
        Ok(u64::try_from(live).unwrap_or_default())
    }

    /// Asks a gateway to carry nothing new and to send its sessions elsewhere, or takes that back. It looks for this
    /// every second.
    pub async fn ask_to_drain(
        &self,
        gateway: &str,
        drain: bool,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let ask = if drain {
            sqlx::query("INSERT OR IGNORE INTO draining_gateways (name, asked_at) VALUES (?, ?)")
                .bind(gateway)
                .bind(to_seconds(now))
        } else {
            sqlx::query("DELETE FROM draining_gateways WHERE name = ?").bind(gateway)
        };
        ask.execute(&mut *self.write.turn().await?).await?;
        Ok(())
    }

    /// Whether somebody has asked this gateway to drain.
    pub async fn is_to_drain(&self, gateway: &str) -> Result<bool, StoreError> {
        let asked = sqlx::query("SELECT 1 FROM draining_gateways WHERE name = ?")
            .bind(gateway)
            .fetch_optional(&self.read)
            .await?;
        Ok(asked.is_some())
    }
}

/// Adds a session to the trail, in a transaction.
pub(crate) fn insert(store: &Connection, session: &SessionRecord) -> Result<(), StoreError> {
    let mut insert = store.prepare_cached(
        "INSERT INTO sessions (id, grant_hash, user_id, project_id, server_id, console, role, client, gateway, began_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        session.id.to_string(),
        &session.token.as_bytes()[..],
        session.grant.user.as_str(),
        session.grant.project.as_str(),
        session.grant.server.to_string(),
        session.grant.console.name(),
        session.grant.role.name(),
        session.client,
        session.gateway,
        to_seconds(session.began_at),
    ])?;
    Ok(())
}

/// Takes a session off the trail that never began, in a transaction.
pub(crate) fn forget(store: &Connection, session: SessionId) -> Result<(), StoreError> {
    let mut forget = store.prepare_cached("DELETE FROM sessions WHERE id = ?")?;
    forget.execute([session.to_string()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use oriel_domain::{
        ConsoleKind, ConsoleKinds, ConsoleToken, ProjectId, ServerId, UserId, Uses, ViewerRole,
    };
    use time::Duration;

    use super::*;
    use crate::identity::testing::{NOW, store};

    async fn ends(store: &Store) -> Vec<(String, Option<String>, i64)> {
        sqlx::query_as("SELECT gateway, end_reason, bytes_down FROM sessions ORDER BY began_at")
            .fetch_all(&store.read)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_session_has_one_end_and_a_restart_ends_what_was_left() {
        let (_folder, store) = store().await;
        let session = |gateway: &str, began_at| SessionRecord {
            id: SessionId::random(),
            token: ConsoleToken::random().digest(),
            grant: Grant {
                user: UserId::random(),
                project: ProjectId::random(),
                server: ServerId::random(),
                console: ConsoleKind::Novnc,
                further: ConsoleKinds::NONE,
                role: ViewerRole::Owner,
                user_name: Some("alice".into()),
                uses: Uses::One,
                created_at: NOW,
                expires_at: NOW,
            },
            client: "192.0.2.7".into(),
            gateway: gateway.into(),
            began_at,
        };
        let (ended, left, other) = (
            session("gw-1", NOW),
            session("gw-1", NOW + Duration::seconds(1)),
            session("gw-2", NOW + Duration::seconds(2)),
        );
        for session in [&ended, &left, &other] {
            store.begin_session(session).await.unwrap();
        }
        store
            .end_session(ended.id, EndReason::BackEndClosed, 7, 1, NOW)
            .await
            .unwrap();
        store
            .end_session(ended.id, EndReason::Internal, 9, 1, NOW)
            .await
            .unwrap();
        let cut = store.end_abandoned_sessions(EndReason::Stopping, NOW).await;
        assert_eq!(cut.unwrap(), 2);
        let text = |reason: EndReason| Some(reason.name().to_owned());
        assert_eq!(
            ends(&store).await,
            [
                ("gw-1".into(), text(EndReason::BackEndClosed), 7),
                ("gw-1".into(), text(EndReason::Stopping), 0),
                ("gw-2".into(), text(EndReason::Stopping), 0),
            ]
        );
    }
}
