use oriel_domain::{ProjectId, Role, UserId};
use time::Duration;

use super::*;
use crate::identity::testing::{NOW, password, project_named, store, user_named};

const HOUR: Duration = Duration::HOUR;

fn digest(n: u32) -> Digest {
    Digest::of(&n.to_string())
}

fn new_token(user: &UserId, project: Option<&ProjectId>) -> NewToken {
    NewToken {
        user: user.clone(),
        project: project.cloned(),
        application_credential: None,
        methods: vec![AuthMethod::Password],
        audit_id: "audit".into(),
        parent_audit_id: None,
        issued_at: NOW,
        expires_at: NOW + HOUR,
    }
}

async fn issue(store: &Store, token: &Digest, new: &NewToken) {
    assert!(
        store
            .issue_token(token, new, Proof::Password(&password()))
            .await
            .unwrap()
    );
}

async fn works(store: &Store, token: &Digest) -> bool {
    store.token(token, NOW).await.unwrap().is_some()
}

/// A user with one role in one project, and a token there.
async fn ann_in_demo(store: &Store) -> (UserId, ProjectId, Digest) {
    let (ann, demo) = (user_named(store, "ann").await, project_named(store, "demo").await);
    store.assign_role(&ann, &demo, Role::Member).await.unwrap();
    issue(store, &digest(1), &new_token(&ann, Some(&demo))).await;
    (ann, demo, digest(1))
}

#[tokio::test]
async fn a_token_says_who_where_and_until_when() {
    let (_folder, store) = store().await;
    let (ann, demo, _) = ann_in_demo(&store).await;
    store.assign_role(&ann, &demo, Role::Admin).await.unwrap();
    let methods = vec![AuthMethod::Token, AuthMethod::Password];
    let new = NewToken {
        methods,
        parent_audit_id: Some("first".into()),
        ..new_token(&ann, Some(&demo))
    };
    issue(&store, &digest(2), &new).await;
    let found = store.token(&digest(2), NOW).await.unwrap().unwrap();
    assert_eq!(
        (found.user.name.as_str(), found.user.domain.name.as_str()),
        ("ann", "Default")
    );
    assert_eq!(found.project.unwrap().name, "demo");
    assert_eq!(found.roles, [Role::Member, Role::Admin]);
    assert_eq!((found.issued_at, found.expires_at), (NOW, NOW + HOUR));
    assert_eq!(
        (found.methods, found.parent_audit_id),
        (new.methods, new.parent_audit_id)
    );
}

#[tokio::test]
async fn a_token_without_a_project_has_no_roles() {
    let (_folder, store) = store().await;
    let (ann, ..) = ann_in_demo(&store).await;
    issue(&store, &digest(2), &new_token(&ann, None)).await;
    let found = store.token(&digest(2), NOW).await.unwrap().unwrap();
    assert_eq!((found.project, found.roles), (None, vec![]));
}

#[tokio::test]
async fn a_token_stops_at_its_time_and_is_forgotten() {
    let (_folder, store) = store().await;
    let (.., token) = ann_in_demo(&store).await;
    let last = NOW + HOUR - Duration::SECOND;
    assert!(store.token(&token, last).await.unwrap().is_some());
    assert!(store.token(&token, NOW + HOUR).await.unwrap().is_none());
    assert_eq!(store.forget_expired_tokens(last).await.unwrap(), 0);
    assert_eq!(store.forget_expired_tokens(NOW + HOUR).await.unwrap(), 1);
}

#[tokio::test]
async fn a_token_is_revoked_once() {
    let (_folder, store) = store().await;
    let (.., token) = ann_in_demo(&store).await;
    assert!(store.revoke_token(&token).await.unwrap());
    assert!(!works(&store, &token).await);
    assert!(!store.revoke_token(&token).await.unwrap());
}

#[tokio::test]
async fn a_new_password_a_disabled_user_and_a_deleted_one_revoke_every_token() {
    let (_folder, store) = store().await;
    let (ann, demo, token) = ann_in_demo(&store).await;
    store.set_password(&ann, &password()).await.unwrap();
    assert!(!works(&store, &token).await);

    issue(&store, &token, &new_token(&ann, Some(&demo))).await;
    store.set_user_enabled(&ann, false).await.unwrap();
    store.set_user_enabled(&ann, true).await.unwrap();
    assert!(!works(&store, &token).await);

    issue(&store, &token, &new_token(&ann, None)).await;
    store.delete_user(&ann).await.unwrap();
    assert!(!works(&store, &token).await);
}

#[tokio::test]
async fn a_token_follows_its_project_and_its_users_roles() {
    let (_folder, store) = store().await;
    let (ann, demo, token) = ann_in_demo(&store).await;
    store.remove_role(&ann, &demo, Role::Member).await.unwrap();
    assert!(!works(&store, &token).await);
    store.assign_role(&ann, &demo, Role::Reader).await.unwrap();
    assert_eq!(
        store.token(&token, NOW).await.unwrap().unwrap().roles,
        [Role::Reader]
    );

    store.set_project_enabled(&demo, false).await.unwrap();
    store.set_project_enabled(&demo, true).await.unwrap();
    assert!(!works(&store, &token).await);

    issue(&store, &token, &new_token(&ann, Some(&demo))).await;
    store.delete_project(&demo).await.unwrap();
    assert!(!works(&store, &token).await);
}

#[tokio::test]
async fn no_token_is_kept_on_a_proof_that_no_longer_holds() {
    let (_folder, store) = store().await;
    let (ann, _, token) = ann_in_demo(&store).await;
    let new = new_token(&ann, None);
    let stale = PasswordHash::new("$argon2id$before".into());
    assert!(
        !store
            .issue_token(&digest(2), &new, Proof::Password(&stale))
            .await
            .unwrap()
    );
    assert!(
        store
            .issue_token(&digest(3), &new, Proof::Token(&token))
            .await
            .unwrap()
    );
    store.revoke_token(&token).await.unwrap();
    assert!(
        !store
            .issue_token(&digest(4), &new, Proof::Token(&token))
            .await
            .unwrap()
    );
    store.set_user_enabled(&ann, false).await.unwrap();
    assert!(
        !store
            .issue_token(&digest(5), &new, Proof::Password(&password()))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn the_oldest_tokens_go_when_a_user_has_too_many() {
    let (_folder, store) = store().await;
    let (ann, _, oldest) = ann_in_demo(&store).await;
    let bob = user_named(&store, "bob").await;
    issue(&store, &digest(2), &new_token(&bob, None)).await;
    let later = to_seconds(NOW) + 1;
    let mut step = store.write.begin().await.unwrap();
    for n in 0..MAX_TOKENS_OF_USER {
        sqlx::query(
            "INSERT INTO auth_tokens (token_hash, user_id, methods, audit_id, issued_at, expires_at)
             VALUES (?, ?, 'password', '', ?, ?)",
        )
        .bind(n.to_be_bytes().to_vec())
        .bind(ann.as_str())
        .bind(later)
        .bind(later + 60)
        .execute(&mut *step)
        .await
        .unwrap();
    }
    step.commit().await.unwrap();
    assert!(works(&store, &oldest).await);
    let new = NewToken {
        issued_at: NOW + Duration::SECOND,
        ..new_token(&ann, None)
    };
    issue(&store, &digest(3), &new).await;
    assert!(!works(&store, &oldest).await);
    assert!(works(&store, &digest(2)).await);
    assert!(works(&store, &digest(3)).await);
}

#[tokio::test]
async fn the_file_holds_digests_only() {
    let (folder, store) = store().await;
    let (ann, ..) = ann_in_demo(&store).await;
    let token = oriel_domain::AuthToken::random().unwrap();
    issue(&store, &token.digest(), &new_token(&ann, None)).await;
    store.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        // The journals go at the last moment.
        let Ok(bytes) = std::fs::read(file.unwrap().path()) else {
            continue;
        };
        assert!(
            !bytes
                .windows(token.expose().len())
                .any(|part| part == token.expose().as_bytes())
        );
    }
}
