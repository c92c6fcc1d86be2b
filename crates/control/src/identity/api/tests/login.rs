use super::*;

#[tokio::test]
async fn a_login_gives_what_clients_read() {
    let api = Api::new().await;
    let mut body = password_login("ann", PASSWORD);
    body["auth"]["scope"] = json!({"project": {"id": api.demo}});
    let answer = api.log_in(&body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.token().len(), 43);
    let token = &answer.body["token"];
    assert_eq!(token["methods"], json!(["password"]));
    let default = json!({"id": "default", "name": "Default"});
    let user = json!({"id": api.ann, "name": "ann", "domain": default, "password_expires_at": null});
    assert_eq!(token["user"], user);
    assert_eq!(
        token["project"],
        json!({"id": api.demo, "name": "demo", "domain": default})
    );
    assert_eq!(token["is_domain"], false);
    let roles: Vec<_> = token["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].clone())
        .collect();
    assert_eq!(roles, ["reader", "member"]);
    assert_eq!(token["audit_ids"].as_array().unwrap().len(), 1);
    let types: Vec<_> = token["catalog"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].clone())
        .collect();
    assert_eq!(types, ["identity", "compute"]);
    for time in ["issued_at", "expires_at"] {
        let text = token[time].as_str().unwrap();
        assert!(text.len() == 27 && text.ends_with(".000000Z"), "{text}");
    }
}

#[tokio::test]
async fn users_and_projects_are_named_in_every_way() {
    let api = Api::new().await;
    let users = [
        json!({"id": api.ann, "password": PASSWORD}),
        json!({"name": "ann", "password": PASSWORD}),
        json!({"name": "ann", "password": PASSWORD, "domain": {"id": "default"}}),
        json!({"name": "ann", "password": PASSWORD, "domain": {"name": "default"}}),
    ];
    let scopes = [
        json!({"project": {"id": api.demo}}),
        json!({"project": {"name": "demo"}}),
        json!({"project": {"name": "demo", "domain": {"id": "default"}}}),
        json!({"project": {"name": "demo", "domain": {"name": "DEFAULT"}}}),
    ];
    for (user, scope) in users.iter().zip(&scopes) {
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let answer = api
            .log_in(&json!({"auth": {"identity": identity, "scope": scope}}))
            .await;
        assert_eq!(answer.status, 201, "{user} {scope}");
        assert_eq!(answer.body["token"]["project"]["name"], "demo");
    }
}

#[tokio::test]
async fn without_a_scope_a_token_is_good_nowhere_yet() {
    let api = Api::new().await;
    for scope in [None, Some(json!("unscoped")), Some(json!({"unscoped": {}}))] {
        let mut body = password_login("ann", PASSWORD);
        if let Some(scope) = scope {
            body["auth"]["scope"] = scope;
        }
        let answer = api.log_in(&body).await;
        assert_eq!(answer.status, 201);
        for absent in ["project", "roles", "catalog", "is_domain"] {
            assert!(answer.body["token"].get(absent).is_none(), "{absent}");
        }
    }
}

#[tokio::test]
async fn nocatalog_leaves_the_catalogue_out() {
    let api = Api::new().await;
    let mut body = password_login("ann", PASSWORD);
    body["auth"]["scope"] = json!({"project": {"name": "demo"}});
    for path in [
        "/v3/auth/tokens?nocatalog",
        "/identity/v3/auth/tokens?nocatalog=true",
    ] {
        let answer = api.send(Method::POST, path, &[], body.to_string()).await;
        assert_eq!(answer.status, 201);
        assert!(answer.body["token"].get("catalog").is_none());
        assert_eq!(answer.body["token"]["project"]["name"], "demo");
    }
}

#[tokio::test]
async fn headers_of_other_clouds_are_ignored() {
    let api = Api::new().await;
    let headers = [
        (
            "Authorization",
            "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=00",
        ),
        ("X-Sdk-Date", "20261124T012804Z"),
        ("X-Domain-Id", "whatever"),
        ("X-Auth-Token", "nonsense"),
        ("Content-Type", "application/json;charset=utf-8"),
    ];
    let body = password_login("ann", PASSWORD).to_string();
    assert_eq!(
        api.send(Method::POST, "/v3/auth/tokens", &headers, body)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn whoever_cannot_log_in_reads_the_same() {
    let api = Api::new().await;
    api.store.set_user_enabled(&api.bob, false).await.unwrap();
    let by_id = |id: &str| {
        let user = json!({"id": id, "password": PASSWORD});
        json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})
    };
    let mut other_domain = password_login("ann", PASSWORD);
    other_domain["auth"]["identity"]["password"]["user"]["domain"] = json!({"name": "nowhere"});
    let logins = [
        password_login("ann", "wrong"),
        password_login("ann", ""),
        password_login("nobody", PASSWORD),
        password_login("Ann", PASSWORD),
        password_login("bob", PASSWORD),
        by_id("00000000000000000000000000000000"),
        by_id("not/an/id"),
        other_domain,
        token_login("nonsense"),
        token_login("not a token"),
    ];
    let mut answers = Vec::new();
    for login in &logins {
        let answer = api.log_in(login).await;
        assert_eq!(
            answer.fault(401),
            "The request you have made requires authentication.",
            "{login}"
        );
        assert_eq!(
            answer.headers["www-authenticate"],
            format!("Keystone uri=\"{URL}/identity\"")
        );
        let mut headers = answer.headers;
        headers.remove("x-openstack-request-id");
        headers.remove("x-request-id");
        answers.push((headers, answer.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_cost_the_same() {
    let api = Api::new().await;
    // One check each, with the same parameters: the check is all but all of a login's cost.
    for (checks, user) in [(1, "ann"), (2, "nobody")] {
        api.log_in(&password_login(user, "wrong")).await.fault(401);
        assert_eq!(api.embedded.password_checks(), checks, "{user}");
    }
}

#[tokio::test]
async fn no_token_where_the_user_has_no_role() {
    let api = Api::new().await;
    api.store.set_project_enabled(&api.lab, false).await.unwrap();
    let mut messages = Vec::new();
    for project in ["ops", "lab", "nowhere"] {
        let mut body = password_login("ann", PASSWORD);
        body["auth"]["scope"] = json!({"project": {"name": project}});
        messages.push(api.log_in(&body).await.fault(401).to_owned());
    }
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "{messages:?}");
    for scope in [
        json!({"domain": {"id": "default"}}),
        json!({"system": {"all": true}}),
    ] {
        let mut body = password_login("root", PASSWORD);
        body["auth"]["scope"] = scope;
        api.log_in(&body).await.fault(401);
    }
}

#[tokio::test]
async fn a_token_is_traded_for_one_in_another_project_that_ends_with_it() {
    let api = Api::new().await;
    let first = api.log_in(&password_login("ann", PASSWORD)).await;
    let mut body = token_login(&first.token());
    body["auth"]["scope"] = json!({"project": {"id": api.lab}});
    let second = api.log_in(&body).await;
    assert_eq!(second.status, 201, "{}", second.body);
    let token = &second.body["token"];
    assert_eq!(token["methods"], json!(["token", "password"]));
    assert_eq!(token["project"]["name"], "lab");
    assert_eq!(token["roles"].as_array().unwrap().len(), 1);
    assert_eq!(token["expires_at"], first.body["token"]["expires_at"]);
    assert_eq!(token["audit_ids"][1], first.body["token"]["audit_ids"][0]);
    assert_ne!(second.token(), first.token());

    let mut body = token_login(&second.token());
    body["auth"]["scope"] = json!({"project": {"id": api.demo}});
    let third = api.log_in(&body).await;
    assert_eq!(third.body["token"]["methods"], json!(["token", "password"]));
    assert_eq!(
        third.body["token"]["audit_ids"][1],
        first.body["token"]["audit_ids"][0]
    );
}

#[tokio::test]
async fn too_many_logins_at_once_are_told_to_come_back() {
    let settings = IdentitySettings {
        password_workers: 1,
        password_queue: 0,
        ..IdentitySettings::new(URL)
    };
    let api = Api::with(settings).await;
    let login = password_login("ann", PASSWORD);
    let (one, other) = tokio::join!(api.log_in(&login), api.log_in(&login));
    let (taken, turned_away) = if one.status == 201 {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(taken.status, 201);
    assert!(turned_away.fault(503).contains("Too many logins"));
    assert_eq!(turned_away.headers["retry-after"], "1");
}
