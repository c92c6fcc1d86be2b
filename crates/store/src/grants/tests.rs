use std::sync::Arc;

use oriel_domain::{AccessKeyId, AuthToken, ConsoleToken};

use super::*;
use crate::identity::testing::{NOW, password, project_named, store, user_named};
use crate::{AuthMethod, NewToken, Proof};

const RESUME: Duration = Duration::hours(8);

fn grant(uses: Uses) -> Grant {
    Grant {
        user: UserId::random(),
        project: ProjectId::random(),
        server: ServerId::random(),
        console: ConsoleKind::Novnc,
        further: [ConsoleKind::Serial].into_iter().collect(),
        role: ViewerRole::Owner,
        user_name: Some("alice".into()),
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
        .redeem(
            token,
            resume.map(ResumeSecret::digest).as_ref(),
            RESUME,
            now,
            None,
        )
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
async fn nothing_is_kept_for_whoever_lost_access_since_they_asked() {
    for way in [
        "revoked", "role", "less", "project", "user", "deleted", "key", "no key",
    ] {
        let (_folder, store) = store().await;
        let (user, project) = (
            user_named(&store, "ann").await,
            project_named(&store, "demo").await,
        );
        for role in [Role::Reader, Role::Member] {
            store.assign_role(&user, &project, role).await.unwrap();
        }
        let auth = token_of(&store, &user, &project).await;
        let key = AccessKeyId::random().unwrap();
        store
            .create_access_key(&key, &user, &project, b"sealed", NOW)
            .await
            .unwrap();
        let kept = async |evidence: &Evidence| {
            let token = ConsoleToken::random().digest();
            let grant = grant(Uses::One);
            let kept = store.mint_while(&token, &grant, evidence, Role::Member).await;
            assert_eq!(
                store.grant(&token, NOW).await.unwrap().is_some(),
                *kept.as_ref().unwrap()
            );
            kept.unwrap()
        };
        let by_token = Evidence::Token(auth);
        let by_key = Evidence::AccessKey(key.clone());
        assert!(kept(&by_token).await && kept(&by_key).await);
        let taken = match way {
            "revoked" => store.revoke_token(&auth).await,
            "role" | "less" => {
                if way == "role" {
                    store.remove_role(&user, &project, Role::Reader).await.unwrap();
                }
                store.remove_role(&user, &project, Role::Member).await
            }
            "project" => store.set_project_enabled(&project, false).await,
            "user" => store.set_user_enabled(&user, false).await,
            "deleted" => store.delete_user(&user).await,
            "key" => store.set_access_key_enabled(&key, false).await,
            _ => store.delete_access_key(&key).await,
        };
        assert!(taken.unwrap(), "{way}");
        let expected = match way {
            "revoked" => (false, true),
            "key" | "no key" => (true, false),
            _ => (false, false),
        };
        assert_eq!((kept(&by_token).await, kept(&by_key).await), expected, "{way}");
    }
}

#[tokio::test]
async fn a_greater_role_will_do() {
    let (_folder, store) = store().await;
    let (user, project) = (
        user_named(&store, "ann").await,
        project_named(&store, "demo").await,
    );
    store.assign_role(&user, &project, Role::Admin).await.unwrap();
    let evidence = Evidence::Token(token_of(&store, &user, &project).await);
    for least in Role::ALL {
        let token = ConsoleToken::random().digest();
        let kept = store
            .mint_while(&token, &grant(Uses::One), &evidence, least)
            .await;
        assert!(kept.unwrap(), "{least}");
    }
}

async fn token_of(store: &Store, user: &UserId, project: &ProjectId) -> Digest {
    let digest = AuthToken::random().unwrap().digest();
    let new = NewToken {
        user: user.clone(),
        project: Some(project.clone()),
        application_credential: None,
        methods: vec![AuthMethod::Password],
        audit_id: "a".into(),
        parent_audit_id: None,
        issued_at: NOW,
        expires_at: NOW + Duration::hours(1),
    };
    let kept = store
        .issue_token(&digest, &new, Proof::Password(&password()))
        .await;
    assert!(kept.unwrap());
    digest
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
        .unredeem(&token, &ResumeSecret::random().unwrap().digest(), None)
        .await
        .unwrap();
    assert_eq!(
        redeem(&store, &token, None, NOW).await.unwrap_err(),
        RefusedToken::Used
    );
    store.unredeem(&token, &secret.digest(), None).await.unwrap();
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
    let all = usize::from(SWEEP_STEP) * 2 + 1;
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

#[tokio::test]
async fn an_opening_is_recorded_with_its_token_and_taken_back_with_it() {
    let (_folder, store) = store().await;
    let token = ConsoleToken::random().digest();
    store.mint(&token, &grant(Uses::One)).await.unwrap();
    let opening = || Opening {
        id: SessionId::random(),
        console: None,
        client: "192.0.2.7".into(),
        gateway: "gw-1".into(),
    };
    let open = async |opening: &Opening| {
        let redeemed = store.redeem(&token, None, RESUME, NOW, Some(opening.clone()));
        redeemed.await.unwrap()
    };
    let first = opening();
    let redeemed = open(&first).await.unwrap();
    assert!(redeemed.recorded);
    assert_eq!(store.live_sessions("gw-1").await.unwrap(), 1);
    assert_eq!(open(&opening()).await.unwrap_err(), RefusedToken::Used);
    assert_eq!(store.live_sessions("gw-1").await.unwrap(), 1);

    let secret = redeemed.resume.unwrap().digest();
    let back = store
        .redeem(&token, Some(&secret), RESUME, NOW, Some(opening()))
        .await;
    assert!(!back.unwrap().unwrap().recorded);

    store.unredeem(&token, &secret, Some(first.id)).await.unwrap();
    assert_eq!(store.live_sessions("gw-1").await.unwrap(), 0);
    // An id that is taken: nothing of it is kept, and the token is still good.
    let other = ConsoleToken::random().digest();
    store.mint(&other, &grant(Uses::One)).await.unwrap();
    let second = opening();
    assert!(open(&second).await.is_ok());
    let clash = store.redeem(&other, None, RESUME, NOW, Some(second)).await;
    assert!(matches!(clash, Err(StoreError::Sqlite(_))));
    assert!(redeem(&store, &other, None, NOW).await.is_ok());
}
