use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_token_is_shown_to_its_owner_and_to_an_admin() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let root = api.token("root", Some("ops")).await;
    for caller in [&ann, &root] {
        let answer = api.about(Method::GET, caller, &ann).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.token(), ann);
        assert_eq!(answer.body["token"]["user"]["name"], "ann");
        assert!(answer.body["token"]["catalog"].is_array());
    }
    let bob = api.token("bob", None).await;
    let message = api.about(Method::GET, &bob, &ann).await.fault(403).to_owned();
    assert!(message.contains("identity:validate_token"));
    api.about(Method::DELETE, &bob, &ann).await.fault(403);
    // An admin's token for no project has no power.
    let unscoped = api.token("root", None).await;
    api.about(Method::GET, &unscoped, &ann).await.fault(403);
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let api = Api::new().await;
    let ann = api.token("ann", None).await;
    let answer = api.about(Method::HEAD, &ann, &ann).await;
    assert_eq!(
        (answer.status, answer.body.clone()),
        (StatusCode::OK, Value::Null)
    );
    assert_eq!(answer.token(), ann);
    assert_eq!(api.about(Method::HEAD, &ann, "unknown").await.status, 404);
}

#[tokio::test]
async fn nocatalog_works_for_a_shown_token() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let headers = [("X-Auth-Token", &*ann), ("X-Subject-Token", &*ann)];
    let answer = api
        .send(Method::GET, "/v3/auth/tokens?nocatalog", &headers, Body::empty())
        .await;
    assert!(answer.body["token"].get("catalog").is_none());
}

#[tokio::test]
async fn a_token_that_nobody_holds_is_not_found() {
    let api = Api::new().await;
    let ann = api.token("ann", None).await;
    for method in [Method::GET, Method::DELETE] {
        api.about(method.clone(), &ann, "unknown").await.fault(404);
        api.about(method.clone(), &ann, "not a token").await.fault(404);
        api.send(
            method,
            "/v3/auth/tokens",
            &[("X-Auth-Token", &ann)],
            Body::empty(),
        )
        .await
        .fault(404);
    }
}

#[tokio::test]
async fn a_call_without_a_token_that_works_is_refused() {
    let api = Api::new().await;
    for path in [
        "/v3/auth/tokens",
        "/v3/projects",
        "/v3/projects/x",
        "/v3/auth/projects",
        "/v3/auth/catalog",
        "/v3/users/x/projects",
    ] {
        api.send(Method::GET, path, &[], Body::empty()).await.fault(401);
        for token in ["", "unknown", "not a token", &"x".repeat(10_000)] {
            api.get(path, token).await.fault(401);
        }
    }
}

#[tokio::test]
async fn a_revoked_token_works_no_more_and_the_others_do() {
    let api = Api::new().await;
    let (first, second) = (api.token("ann", None).await, api.token("ann", None).await);
    let answer = api.about(Method::DELETE, &first, &first).await;
    assert_eq!(
        (answer.status, answer.body.clone()),
        (StatusCode::NO_CONTENT, Value::Null)
    );
    api.get("/v3/projects", &first).await.fault(401);
    api.about(Method::GET, &second, &first).await.fault(404);
    api.log_in(&token_login(&first)).await.fault(401);
    assert_eq!(api.get("/v3/projects", &second).await.status, 200);
}

#[tokio::test]
async fn an_admin_revokes_a_users_token() {
    let api = Api::new().await;
    let (ann, root) = (
        api.token("ann", Some("demo")).await,
        api.token("root", Some("ops")).await,
    );
    assert_eq!(api.about(Method::DELETE, &root, &ann).await.status, 204);
    api.get("/v3/projects", &ann).await.fault(401);
}

#[tokio::test]
async fn a_token_ends_at_its_time() {
    let settings = IdentitySettings {
        token_ttl: time::Duration::SECOND,
        ..IdentitySettings::new(URL)
    };
    let api = Api::with(settings).await;
    let token = api.token("ann", Some("demo")).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    api.get("/v3/projects", &token).await.fault(401);
    api.log_in(&token_login(&token)).await.fault(401);
}

#[tokio::test]
async fn a_disabled_user_and_a_new_password_end_every_token() {
    let api = Api::new().await;
    let token = api.token("ann", Some("demo")).await;
    api.store.set_user_enabled(&api.ann, false).await.unwrap();
    api.get("/v3/projects", &token).await.fault(401);
    api.log_in(&password_login("ann", PASSWORD)).await.fault(401);
    api.store.set_user_enabled(&api.ann, true).await.unwrap();

    let token = api.token("ann", Some("demo")).await;
    let hash = password::hash(&SecretString::from("another one")).unwrap();
    api.store.set_password(&api.ann, &hash).await.unwrap();
    api.get("/v3/projects", &token).await.fault(401);
    api.log_in(&password_login("ann", PASSWORD)).await.fault(401);
    assert_eq!(
        api.log_in(&password_login("ann", "another one")).await.status,
        201
    );
}

#[tokio::test]
async fn a_token_has_the_roles_of_the_moment() {
    let api = Api::new().await;
    let token = api.token("ann", Some("demo")).await;
    api.store
        .assign_role(&api.ann, &api.demo, Role::Admin)
        .await
        .unwrap();
    assert_eq!(
        api.get("/v3/projects", &token).await.names(),
        ["demo", "lab", "ops"]
    );
    api.store
        .remove_role(&api.ann, &api.demo, Role::Admin)
        .await
        .unwrap();
    assert_eq!(api.get("/v3/projects", &token).await.names(), ["demo", "lab"]);
    api.store
        .remove_role(&api.ann, &api.demo, Role::Member)
        .await
        .unwrap();
    api.get("/v3/projects", &token).await.fault(401);
}

#[tokio::test]
async fn the_catalogue_needs_a_token_for_a_project() {
    let api = Api::new().await;
    let answer = api
        .get("/v3/auth/catalog", &api.token("ann", Some("demo")).await)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body["catalog"][1]["endpoints"][0]["url"],
        format!("{URL}/v2.1")
    );
    api.get("/v3/auth/catalog", &api.token("ann", None).await)
        .await
        .fault(403);
}
