use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_person_logs_in_acts_and_logs_out() {
    let cloud = Cloud::new().await;
    let answer = cloud.try_to_log_in("ann", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let login = &answer.body["login"];
    assert_eq!(login["user"]["name"], "ann");
    assert_eq!(login["project"]["name"], "demo", "the first by name");
    let names: Vec<_> = login["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|project| &project["name"])
        .collect();
    assert_eq!(names, ["demo", "lab"]);
    assert_eq!(login["admin"], false);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Host-oriel-login="), "{set}");
    assert!(
        set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"),
        "{set}"
    );

    let browser = Browser {
        cookie: cookie(&answer),
        key: answer.body["key"].as_str().unwrap().into(),
    };
    let seen = cloud.get("/oriel/v1/login", &browser).await;
    assert_eq!(seen.body["login"], *login);
    assert_eq!(seen.body["first_run"], false);
    // Every dialect takes it.
    for uri in ["/oriel/v1/servers", "/v2.1/servers", "/v3/auth/projects"] {
        assert_eq!(cloud.get(uri, &browser).await.status, 200, "{uri}");
    }

    let out = cloud
        .ask(Method::DELETE, "/oriel/v1/login", browser.headers(), None)
        .await;
    assert_eq!(out.status, 204);
    let taken = out.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        taken.starts_with("__Host-oriel-login=;") && taken.contains("Max-Age=0"),
        "{taken}"
    );
    // Whoever kept both halves has nothing either: the tokens have ended.
    cloud
        .get("/oriel/v1/servers", &browser)
        .await
        .told(401, "login-required");
    assert_eq!(
        cloud.get("/oriel/v1/login", &browser).await.body["login"],
        Value::Null
    );
}

#[tokio::test]
async fn neither_half_is_worth_anything_alone() {
    let cloud = Cloud::new().await;
    let browser = cloud.log_in("ann").await;
    let other = cloud.log_in("ann").await;
    let with = |change: fn(&mut Browser, &Browser)| {
        let mut changed = browser.clone();
        change(&mut changed, &other);
        changed.headers()
    };
    let name = "__Host-oriel-login=";
    for (what, headers) in [
        ("no key", vec![("cookie", browser.cookie.clone())]),
        ("no cookie", vec![("x-oriel-login", browser.key.clone())]),
        (
            "another login's key",
            with(|own, other| own.key.clone_from(&other.key)),
        ),
        (
            "another login's cookie",
            with(|own, other| own.cookie.clone_from(&other.cookie)),
        ),
        ("a key that is none", with(|own, _| own.key = "x".into())),
        (
            "a cookie that is none",
            with(|own, _| own.cookie = "__Host-oriel-login=x".into()),
        ),
        (
            "an empty cookie",
            with(|own, _| own.cookie = "__Host-oriel-login=".into()),
        ),
        (
            "a cookie under another name",
            with(|own, _| {
                own.cookie = own.cookie.replace("__Host-oriel-login", "oriel-login");
            }),
        ),
    ] {
        let answer = cloud.ask(Method::GET, "/v2.1/servers", headers, None).await;
        assert_eq!(answer.status, 401, "{what}");
    }
    // Each byte of the cookie counts.
    let value = browser.cookie.strip_prefix(name).unwrap();
    for at in [0, 15, 16, value.len() / 2, value.len() - 3] {
        let mut bytes = value.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let mut changed = browser.clone();
        changed.cookie = format!("{name}{}", String::from_utf8(bytes).unwrap());
        let answer = cloud.get("/oriel/v1/servers", &changed).await;
        assert_eq!(answer.status, 401, "byte {at}");
    }
    assert_eq!(cloud.get("/oriel/v1/servers", &browser).await.status, 200);
    // No token is readable in what the browser holds.
    let login = cloud.get("/oriel/v1/login", &browser).await.body;
    assert!(!login.to_string().contains("token"), "{login}");
}

#[tokio::test]
async fn a_page_of_another_origin_gets_nowhere() {
    let cloud = Cloud::new().await;
    let browser = cloud.log_in("ann").await;
    let credentials = json!({"user": "ann", "password": PASSWORD});
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "https://oriel.example:9000", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("origin", "https://oriel.example", 200),
    ] {
        let from = || vec![("host", "oriel.example".to_owned()), (name, value.to_owned())];
        let login = cloud
            .ask(Method::POST, "/oriel/v1/login", from(), Some(credentials.clone()))
            .await;
        assert_eq!(login.status, status, "{name}: {value}");
        let mut headers: Vec<_> = browser.headers();
        headers.retain(|(name, _)| *name != "sec-fetch-site");
        headers.extend(from());
        let list = cloud
            .ask(Method::GET, "/oriel/v1/servers", headers.clone(), None)
            .await;
        assert_eq!(
            list.status,
            if status == 403 { 401 } else { 200 },
            "{name}: {value}"
        );
        if status == 403 {
            login.told(403, "origin-refused");
            let out = cloud.ask(Method::DELETE, "/oriel/v1/login", headers, None).await;
            out.told(403, "origin-refused");
        }
    }
    // What a form of another site could send.
    let request = Request::post("/oriel/v1/login")
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from(credentials.to_string()))
        .unwrap();
    cloud.send(request).await.told(415, "no-json");
}

#[tokio::test]
async fn a_token_of_ones_own_goes_before_the_login() {
    let cloud = Cloud::new().await;
    let mut headers = cloud.log_in("ann").await.headers();
    headers.push(("x-auth-token", "not-a-token".into()));
    let answer = cloud.ask(Method::GET, "/oriel/v1/servers", headers, None).await;
    answer.told(401, "login-required");
}

#[tokio::test]
async fn refusals_say_no_more_than_they_should() {
    let cloud = Cloud::new().await;
    let wrong = cloud.try_to_log_in("ann", "wrong").await;
    wrong.told(401, "login-refused");
    let unknown = cloud.try_to_log_in("nobody", "wrong").await;
    assert_eq!(wrong.body, unknown.body);
    for user in ["ann", "nobody"] {
        cloud.try_to_log_in(user, "wrong").await;
        let locked = cloud.try_to_log_in(user, PASSWORD).await;
        locked.told(429, "locked");
        assert!(locked.headers.contains_key(header::RETRY_AFTER));
    }
    assert_eq!(cloud.try_to_log_in("eve", PASSWORD).await.status, 200);
    for body in [
        json!({"user": "ann"}),
        json!({"user": "", "password": "hunter2"}),
        json!({"user": "a".repeat(1025), "password": "hunter2"}),
        json!({"user": "ann", "password": "hunter2".repeat(1000)}),
        json!({"user": "ann", "password": ["hunter2"]}),
        json!({"user": "ann", "password": "hunter2", "more": 1}),
    ] {
        let answer = cloud
            .ask(Method::POST, "/oriel/v1/login", vec![], Some(body))
            .await;
        answer.told(400, "bad-request");
        assert!(!answer.body.to_string().contains("hunter2"));
    }
}

#[tokio::test]
async fn a_person_goes_from_project_to_project_and_leaves_nothing_behind() {
    let cloud = Cloud::new().await;
    let first = cloud.log_in("ann").await;
    let enter = async |browser: &Browser, project: &str| {
        cloud
            .post("/oriel/v1/login/project", browser, json!({ "project": project }))
            .await
    };
    let answer = enter(&first, cloud.lab.as_str()).await;
    assert_eq!(answer.body["login"]["project"]["name"], "lab", "{}", answer.body);
    let second = Browser {
        cookie: cookie(&answer),
        key: first.key.clone(),
    };
    let list = cloud.get("/oriel/v1/servers", &second).await.body;
    assert_eq!(list["servers"][0]["name"], "others");
    // The token that was good in the first project ends, if not at once.
    let ended = async { while cloud.get("/oriel/v1/servers", &first).await.status != 401 {} };
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .unwrap();

    for project in ["nowhere", "a/b", &ProjectId::random().to_string()] {
        enter(&second, project).await.told(403, "no-role");
    }
    assert_eq!(cloud.get("/oriel/v1/servers", &second).await.status, 200);
    let nobody = Browser {
        cookie: String::new(),
        key: String::new(),
    };
    enter(&nobody, cloud.lab.as_str())
        .await
        .told(401, "login-required");

    // The project of last time, if the person still has a role there.
    for (wanted, found) in [(cloud.lab.to_string(), "lab"), ("gone".into(), "demo")] {
        let body = json!({"user": "ann", "password": PASSWORD, "project": wanted});
        let answer = cloud
            .ask(Method::POST, "/oriel/v1/login", vec![], Some(body))
            .await;
        assert_eq!(answer.body["login"]["project"]["name"], found);
    }
}

#[tokio::test]
async fn a_person_without_a_project_is_logged_in_all_the_same() {
    let cloud = Cloud::new().await;
    let browser = cloud.log_in("nora").await;
    let login = cloud.get("/oriel/v1/login", &browser).await.body["login"].clone();
    assert_eq!(
        (&login["project"], &login["projects"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(login["admin"], false);
    cloud
        .get("/oriel/v1/servers", &browser)
        .await
        .told(403, "forbidden");
}

#[tokio::test]
async fn a_disabled_user_is_logged_out() {
    let cloud = Cloud::new().await;
    let browser = cloud.log_in("eve").await;
    let user = cloud.get("/oriel/v1/login", &browser).await.body["login"]["user"]["id"].clone();
    let user = user.as_str().unwrap().parse().unwrap();
    cloud.store.set_user_enabled(&user, false).await.unwrap();
    assert_eq!(cloud.get("/oriel/v1/servers", &browser).await.status, 401);
    assert_eq!(
        cloud.get("/oriel/v1/login", &browser).await.body["login"],
        Value::Null
    );
    assert_eq!(cloud.embedded.password_checks(), 1);
}

#[tokio::test]
async fn who_comes_first_is_told_so() {
    let cloud = Cloud::new().await;
    let ask = async || cloud.ask(Method::GET, "/oriel/v1/login", vec![], None).await.body;
    let state = ask().await;
    assert_eq!(
        state,
        json!({"identity": "embedded", "asks_for_domain": false, "first_run": false, "login": null})
    );
    cloud.store.create_domain("Lab").await.unwrap();
    assert_eq!(ask().await["asks_for_domain"], true);
    for user in cloud.store.users().await.unwrap() {
        cloud.store.delete_user(&user.id).await.unwrap();
    }
    assert_eq!(ask().await["first_run"], true);
}

#[test]
fn a_token_in_halves_prints_as_nothing() {
    let token: AuthToken = "secret-token".parse().unwrap();
    let halves = super::super::halves::Halves {
        person: token.clone(),
        project: Some(token),
        key: "secret-key".parse().unwrap(),
    };
    assert!(!format!("{halves:?}").contains("secret-"));
}
