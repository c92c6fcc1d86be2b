use super::*;

async fn refused(api: &Api, body: impl Into<Body>) -> String {
    api.send(Method::POST, "/v3/auth/tokens", &[], body)
        .await
        .fault(400)
        .to_owned()
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let api = Api::new().await;
    assert_eq!(
        refused(&api, "").await,
        "The body is empty: expected a JSON object."
    );
    for body in ["{", "nonsense", "{\"auth\": }", "{} {}", "\u{feff}{}"] {
        let message = refused(&api, body).await;
        assert!(
            message.starts_with("The body is not valid JSON: ") && message.contains("line 1"),
            "{message}"
        );
    }
    refused(&api, vec![b'"', 0xff, b'"']).await;
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    assert!(refused(&api, deep).await.contains("recursion limit"));
}

#[tokio::test]
async fn a_body_that_is_too_long_is_cut_off() {
    let api = Api::new().await;
    let message = api
        .send(Method::POST, "/v3/auth/tokens", &[], vec![b' '; 114_689])
        .await
        .fault(413)
        .to_owned();
    assert_eq!(message, "The body is longer than 114688 bytes.");
    assert!(
        refused(&api, vec![b' '; 114_688])
            .await
            .contains("not valid JSON")
    );
}

#[tokio::test]
async fn a_wrong_shape_is_refused_with_its_place() {
    let api = Api::new().await;
    let user =
        |user: Value| json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}});
    let identity = |identity: Value| json!({"auth": {"identity": identity}});
    let cases = [
        (json!([]), "The body: expected an object, got a list."),
        (json!("x"), "The body: expected an object, got a string."),
        (json!({}), "auth is missing."),
        (json!({"auth": null}), "auth: expected an object, got null."),
        (json!({"auth": {}}), "auth.identity is missing."),
        (identity(json!({})), "auth.identity.methods is missing."),
        (
            identity(json!({"methods": "password"})),
            "auth.identity.methods: expected a list of strings, got a string.",
        ),
        (
            identity(json!({"methods": [1]})),
            "auth.identity.methods: expected a list of strings, got a list.",
        ),
        (
            identity(json!({"methods": []})),
            "auth.identity.methods: expected one method, got none.",
        ),
        (
            identity(json!({"methods": ["password", "token"]})),
            "auth.identity.methods: expected one method; got several.",
        ),
        (
            identity(json!({"methods": ["password"]})),
            "auth.identity.password is missing.",
        ),
        (
            identity(json!({"methods": ["password"], "password": {}})),
            "auth.identity.password.user is missing.",
        ),
        (
            identity(json!({"methods": ["token"], "token": {"id": 7}})),
            "auth.identity.token.id: expected a string, got a number.",
        ),
        (
            identity(json!({"methods": ["token"], "token": {}})),
            "auth.identity.token.id is missing.",
        ),
        (
            user(json!({"name": "ann"})),
            "auth.identity.password.user.password is missing.",
        ),
        (
            user(json!({"name": "ann", "password": 5})),
            "auth.identity.password.user.password: expected a string, got a number.",
        ),
        (
            user(json!({"password": "x"})),
            "auth.identity.password.user: id or name is missing.",
        ),
        (
            user(json!({"name": [], "password": "x"})),
            "auth.identity.password.user.name: expected a string, got a list.",
        ),
        (
            user(json!({"id": true, "password": "x"})),
            "auth.identity.password.user.id: expected a string, got a boolean.",
        ),
        (
            user(json!({"name": "ann", "password": "x", "domain": "Default"})),
            "auth.identity.password.user.domain: expected an object, got a string.",
        ),
        (
            user(json!({"name": "ann", "password": "x", "domain": {}})),
            "auth.identity.password.user.domain: id or name is missing.",
        ),
    ];
    for (body, message) in cases {
        assert_eq!(refused(&api, body.to_string()).await, message);
    }
}

#[tokio::test]
async fn a_scope_of_a_wrong_shape_is_refused_with_its_place() {
    let api = Api::new().await;
    let scope = |scope: Value| {
        let mut body = password_login("ann", PASSWORD);
        body["auth"]["scope"] = scope;
        body
    };
    let cases = [
        (
            scope(json!("project")),
            "auth.scope: expected an object or \"unscoped\".",
        ),
        (scope(json!(null)), "auth.scope: expected an object, got null."),
        (
            scope(json!({})),
            "auth.scope: expected one of project, domain, system and unscoped.",
        ),
        (
            scope(json!({"project": "demo"})),
            "auth.scope.project: expected an object, got a string.",
        ),
        (
            scope(json!({"project": {}})),
            "auth.scope.project: id or name is missing.",
        ),
        (
            scope(json!({"project": {"name": "demo"}, "domain": {"id": "default"}})),
            "auth.scope: expected one of project, domain, system and unscoped; got several.",
        ),
    ];
    for (body, message) in cases {
        assert_eq!(refused(&api, body.to_string()).await, message);
    }
}

#[tokio::test]
async fn a_method_that_oriel_does_not_have_is_refused() {
    let api = Api::new().await;
    let body = json!({"auth": {"identity": {"methods": ["totp"], "totp": {}}}});
    assert!(
        api.log_in(&body)
            .await
            .fault(401)
            .contains("password, token and application_credential are supported")
    );
}

#[tokio::test]
async fn an_error_repeats_nothing_that_was_sent() {
    let api = Api::new().await;
    let identity = |identity: Value| json!({"auth": {"identity": identity}}).to_string();
    let bodies = [
        identity(json!({"methods": ["password"], "password": "hunter2"})),
        identity(json!({"methods": ["password"], "password": {"user": "hunter2"}})),
        identity(
            json!({"methods": ["password"], "password": {"user": {"name": "a", "password": ["hunter2"]}}}),
        ),
        identity(json!({"methods": ["hunter2"]})),
        identity(json!({"methods": ["token"], "token": "hunter2"})),
        "{\"auth\": {\"password\": \"hunter2}".to_owned(),
        "{\"auth\": hunter2}".to_owned(),
    ];
    for body in bodies {
        let answer = api.send(Method::POST, "/v3/auth/tokens", &[], body).await;
        assert!(answer.status.is_client_error());
        assert!(!answer.body.to_string().contains("hunter2"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_refused_call_changes_nothing() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    refused(&api, "{").await;
    api.log_in(&password_login("ann", "wrong")).await.fault(401);
    api.about(Method::DELETE, "unknown", &ann).await.fault(401);
    assert_eq!(api.get("/v3/projects", &ann).await.status, 200);
}
