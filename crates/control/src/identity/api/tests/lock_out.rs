use super::*;

/// An API that locks a user at the first failure, so that no test has to wait.
async fn strict() -> Api {
    let lock_out = LockOut {
        after: 1,
        ..LockOut::DEFAULT
    };
    Api::with(IdentitySettings {
        lock_out,
        ..IdentitySettings::new(URL)
    })
    .await
}

#[tokio::test]
async fn a_user_who_keeps_failing_is_told_to_wait_known_or_not_and_nobody_else_is() {
    let api = strict().await;
    let mut answers = Vec::new();
    for user in ["ann", "nobody"] {
        api.log_in(&password_login(user, "wrong")).await.fault(401);
        let checks = api.embedded.password_checks();
        // The right password does not help, and is not looked at.
        let answer = api.log_in(&password_login(user, PASSWORD)).await;
        assert_eq!(
            answer.fault(429),
            "Too many failed logins of this user. Try again in 300 seconds.",
            "{user}"
        );
        assert_eq!(answer.headers["retry-after"], "300");
        assert_eq!(api.embedded.password_checks(), checks);
        answers.push(answer.body);
    }
    assert_eq!(answers[0], answers[1]);
    api.token("root", Some("ops")).await;
}

#[tokio::test]
async fn every_spelling_of_the_domain_counts_as_one() {
    let api = strict().await;
    api.log_in(&password_login("ann", "wrong")).await.fault(401);
    for domain in [json!({"id": "default"}), json!({"name": "DEFAULT"})] {
        let mut login = password_login("ann", PASSWORD);
        login["auth"]["identity"]["password"]["user"]["domain"] = domain;
        api.log_in(&login).await.fault(429);
    }
    let mut login = password_login("ann", PASSWORD);
    let user = &mut login["auth"]["identity"]["password"]["user"];
    user.as_object_mut().unwrap().remove("domain");
    api.log_in(&login).await.fault(429);
}

#[tokio::test]
async fn tokens_of_a_locked_user_go_on() {
    let api = strict().await;
    let token = api.token("ann", Some("demo")).await;
    api.log_in(&password_login("ann", "wrong")).await.fault(401);
    api.log_in(&password_login("ann", PASSWORD)).await.fault(429);
    assert_eq!(api.get("/v3/projects", &token).await.names(), ["demo", "lab"]);
    assert_eq!(api.log_in(&token_login(&token)).await.status, 201);
}

#[tokio::test]
async fn a_right_password_without_a_role_is_no_failure() {
    let api = strict().await;
    let mut login = password_login("ann", PASSWORD);
    login["auth"]["scope"] = json!({"project": {"name": "ops"}});
    api.log_in(&login).await.fault(401);
    api.token("ann", Some("demo")).await;
}
