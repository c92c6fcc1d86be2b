use super::*;

#[tokio::test]
async fn without_a_token_or_signature_nothing_is_told() {
    let cloud = Cloud::new().await;
    let anonymous = cloud.send(cloud.console(WEB)).await;
    let told = "Incorrect IAM authentication information: x-auth-token not found";
    assert_eq!(anonymous.fault(), (401, "APIGW.0301", told));
    assert!(anonymous.headers.contains_key("www-authenticate"));
    let bearer = cloud.console(WEB).with("authorization", "Bearer abc");
    assert_eq!(cloud.send(bearer).await.fault(), (401, "APIGW.0301", told));

    let stranger = AuthToken::random().unwrap();
    for token in [stranger.expose(), "", "a b", "-"] {
        let answer = cloud.send(cloud.console(WEB).with("x-auth-token", token)).await;
        let told = (401, "APIGW.0307", "The token must be updated.");
        assert_eq!(answer.fault(), told, "{token:?}");
    }
}

#[tokio::test]
async fn a_token_wins_over_a_signature() {
    let cloud = Cloud::new().await;
    let nobody = Key {
        id: AccessKeyId::random().unwrap(),
        secret: SecretKey::random().unwrap(),
    };
    let call = cloud.console(WEB).signed(&nobody).token(&cloud.member.token);
    cloud.send(call).await.url("remote_console");
    let stranger = AuthToken::random().unwrap();
    let call = cloud.console(WEB).signed(&cloud.member.key).token(&stranger);
    assert_eq!(cloud.send(call).await.code(), (401, "APIGW.0307"));
}

#[tokio::test]
async fn two_equal_calls_in_the_same_second_are_both_answered() {
    let cloud = Cloud::new().await;
    let date = sdk_date(OffsetDateTime::now_utc());
    for _ in 0..2 {
        let call = cloud
            .console(WEB)
            .with("x-sdk-date", &date)
            .signed(&cloud.member.key);
        cloud.send(call).await.url("remote_console");
    }
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_key_and_a_changed_request_read_alike() {
    let cloud = Cloud::new().await;
    let good = &cloud.member.key;
    let wrong_secret = Key {
        secret: SecretKey::random().unwrap(),
        ..good.clone()
    };
    let unknown = Key {
        id: AccessKeyId::random().unwrap(),
        ..good.clone()
    };
    let mut changed = cloud.console(WEB).signed(good);
    changed.body.push(b' ');
    for call in [
        cloud.console(WEB).signed(&wrong_secret),
        cloud.console(WEB).signed(&unknown),
        changed,
    ] {
        let answer = cloud.send(call).await;
        let (status, code, message) = answer.fault();
        assert_eq!((status, code), (401, "APIGW.0301"));
        let start = "Incorrect IAM authentication information: verify aksk signature fail, \
                     canonicalRequest:POST|/v1/";
        assert!(message.starts_with(start), "{message}");
        assert!(!answer.headers.contains_key("retry-after"));
    }
    assert!(!cloud.has_granted());
}

#[tokio::test]
async fn a_key_that_may_not_be_used_any_more_is_refused() {
    let cloud = Cloud::new().await;
    let Person { user, key, .. } = &cloud.member;
    let store = &cloud.store;
    let code = async || {
        let answer = cloud.send(cloud.console(WEB).signed(key)).await;
        answer.status.as_u16()
    };
    assert_eq!(code().await, 200);
    store.set_access_key_enabled(&key.id, false).await.unwrap();
    // The right secret is no guess, and locks nothing however often it is tried.
    for _ in 0..5 {
        assert_eq!(code().await, 401);
    }
    store.set_access_key_enabled(&key.id, true).await.unwrap();
    assert_eq!(code().await, 200);
    store.set_user_enabled(user, false).await.unwrap();
    assert_eq!(code().await, 401);
    store.set_user_enabled(user, true).await.unwrap();
    assert_eq!(code().await, 200);
    store
        .remove_role(user, &cloud.project, Role::Member)
        .await
        .unwrap();
    assert_eq!(code().await, 401);
    store
        .assign_role(user, &cloud.project, Role::Member)
        .await
        .unwrap();
    assert_eq!(code().await, 200);
    store.delete_access_key(&key.id).await.unwrap();
    assert_eq!(code().await, 401);
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_told() {
    let cloud = Cloud::new().await;
    let key = &cloud.member.key;
    let old = sdk_date(OffsetDateTime::now_utc() - time::Duration::minutes(16));
    let mut twice = cloud.console(WEB).signed(key);
    let host = "oriel.example".parse().unwrap();
    twice.parts.headers.append("host", host);
    for (call, told) in [
        (
            cloud.console(WEB).with("x-sdk-date", &old).signed(key),
            "within 15 minutes",
        ),
        (
            cloud.console(WEB).with("x-security-token", "t").signed(key),
            "temporary access keys",
        ),
        (
            cloud.console(WEB).with("authorization", "SDK-HMAC-SM3 Access=A"),
            "unsupported algorithm",
        ),
        (
            cloud.console(WEB).with("authorization", "SDK-HMAC-SHA256 Access"),
            "malformed",
        ),
        (twice, "signed header host must be in the request exactly once"),
    ] {
        let answer = cloud.send(call).await;
        let (status, code, message) = answer.fault();
        assert_eq!((status, code), (401, "APIGW.0301"));
        assert!(message.contains(told), "{message}");
    }
}

#[tokio::test]
async fn a_key_that_keeps_failing_is_locked_and_no_other_is() {
    let cloud = Cloud::new().await;
    let unknown = AccessKeyId::random().unwrap();
    for id in [&cloud.member.key.id, &unknown] {
        let wrong = Key {
            id: id.clone(),
            secret: SecretKey::random().unwrap(),
        };
        let mut waits = Vec::new();
        for _ in 0..3 {
            let answer = cloud.send(cloud.console(WEB).signed(&wrong)).await;
            assert_eq!(answer.code(), (401, "APIGW.0301"));
            waits.push(answer.headers.contains_key("retry-after"));
        }
        // Two failures are free of charge with a lock after three; then there is a wait.
        assert_eq!(waits, [false, false, true], "{id}");
    }
    // The right secret does not help while the key has to wait.
    let answer = cloud.send(cloud.console(WEB).signed(&cloud.member.key)).await;
    let (status, code, message) = answer.fault();
    assert_eq!((status, code), (401, "APIGW.0301"));
    assert!(
        message.contains("AK access failed to reach the limit"),
        "{message}"
    );
    assert_eq!(answer.headers["retry-after"], "1");
    // Others are not locked out, nor is the same user by token.
    let call = cloud.console(WEB).signed(&cloud.reader.key);
    assert_eq!(cloud.send(call).await.code(), (403, "Pdp.0001"));
    let call = cloud.console(WEB).token(&cloud.member.token);
    cloud.send(call).await.url("remote_console");
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_our_fault_and_said_in_the_log_only() {
    let cloud = Cloud::new().await;
    let key = Key {
        id: AccessKeyId::random().unwrap(),
        secret: SecretKey::random().unwrap(),
    };
    let now = OffsetDateTime::now_utc();
    cloud
        .store
        .create_access_key(&key.id, &cloud.member.user, &cloud.project, b"?", now)
        .await
        .unwrap();
    let answer = cloud.send(cloud.console(WEB).signed(&key)).await;
    assert_eq!(answer.code(), (500, "Common.0001"));
    assert!(!answer.body.to_string().contains("credential.key"));
}

#[tokio::test]
async fn the_sdk_finds_its_project_by_the_regions_name() {
    let cloud = Cloud::new().await;
    let member = &cloud.member;
    // A second project of the user makes the list longer.
    cloud
        .store
        .assign_role(&member.user, &cloud.other, Role::Member)
        .await
        .unwrap();
    let ids = async |path: &str, key: &Key| {
        let answer = cloud.send(Call::new(Method::GET, path, "").signed(key)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.headers.contains_key("x-request-id"));
        let projects = answer.body["projects"].as_array().unwrap().clone();
        projects
            .iter()
            .map(|project| project["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let own = cloud.project.as_str();
    for path in ["/v3/projects", "/identity/v3/projects"] {
        let by_region = ids(&format!("{path}?name=cn-north-4"), &member.key).await;
        assert_eq!(by_region, [own]);
        assert_eq!(ids(path, &member.key).await.len(), 2);
    }
    assert_eq!(ids("/v3/projects?name=ours", &member.key).await, [own]);
    assert_eq!(ids("/v3/projects?name=eu-west-0", &member.key).await, [""; 0]);
    assert_eq!(ids("/v3/auth/projects", &member.key).await.len(), 2);
    // For a token the name is a project's and nothing else.
    let call = Call::new(Method::GET, "/v3/projects?name=cn-north-4", "").token(&member.token);
    assert_eq!(cloud.send(call).await.body["projects"], json!([]));

    let wrong = Key {
        secret: SecretKey::random().unwrap(),
        ..member.key.clone()
    };
    let answer = cloud
        .send(Call::new(Method::GET, "/v3/projects?name=cn-north-4", "").signed(&wrong))
        .await;
    assert_eq!(answer.status, 401);
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("verify aksk signature fail"), "{message}");
}

#[tokio::test]
async fn a_login_passes_over_the_signature_that_the_sdk_adds() {
    let cloud = Cloud::new().await;
    let user =
        json!({"name": "member", "password": "correct horse battery staple", "domain": {"name": "Default"}});
    let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}});
    let call = Call::new(Method::POST, "/v3/auth/tokens", body.to_string())
        .with("authorization", "SDK-HMAC-SHA256 Access=x, nonsense")
        .with("x-sdk-date", "long ago")
        .with("x-domain-id", "abc");
    let answer = cloud.send(call).await;
    assert_eq!(answer.status, 201);
    assert!(answer.headers.contains_key("x-subject-token"));
}
