use super::*;

#[tokio::test]
async fn a_console_is_granted_to_a_token_and_to_a_signature() {
    let cloud = Cloud::new().await;
    let member = &cloud.member;
    for call in [
        cloud.console(WEB).token(&member.token),
        cloud.console(WEB).signed(&member.key),
        cloud.console(WEB).signed_by(&member.key, Some("cn-north-4/ecs")),
    ] {
        let answer = cloud.send(call).await;
        let url = answer.url("remote_console");
        let token = url
            .strip_prefix("https://oriel.example/vnc.auto.html?token=")
            .and_then(|rest| rest.strip_suffix("&lang=EN"));
        assert!(token.is_some_and(|token| token.len() == 36), "{url}");
        assert_eq!(
            answer.body,
            json!({ "remote_console": { "type": "novnc", "protocol": "vnc", "url": url } })
        );
    }
    assert!(cloud.has_granted());
}

#[tokio::test]
async fn the_language_that_is_asked_for_is_the_links() {
    let cloud = Cloud::new().await;
    for (asked, lang) in [("zh-cn", "CN"), ("en-us", "EN"), ("de-de", "EN"), ("&x=y", "EN")] {
        let call = cloud
            .console(WEB)
            .with("x-language", asked)
            .signed(&cloud.member.key);
        let answer = cloud.send(call).await;
        let url = answer.url("remote_console");
        assert!(url.ends_with(&format!("&lang={lang}")), "{asked}: {url}");
    }
}

#[tokio::test]
async fn a_serial_console_needs_no_body() {
    let cloud = Cloud::new().await;
    let path = cloud.path(WEB, "actions/serial-console");
    let call = Call::new(Method::POST, &path, "").signed(&cloud.member.key);
    let answer = cloud.send(call).await;
    let url = answer.url("serial_console");
    assert!(
        url.starts_with("https://oriel.example/serial.html?token="),
        "{url}"
    );
    assert_eq!(answer.body, json!({ "serial_console": { "url": url } }));
}

#[tokio::test]
async fn the_log_is_shown_as_far_as_it_is_kept() {
    let cloud = Cloud::new().await;
    let output = async |server: &str, query: &str| {
        let path = cloud.path(server, &format!("console-output{query}"));
        cloud
            .send(Call::new(Method::GET, &path, "").signed(&cloud.member.key))
            .await
    };
    for (query, expected) in [
        ("", "one\ntwo\nthree"),
        ("?length=-1", "one\ntwo\nthree"),
        ("?length=2", "two\nthree"),
        ("?length=50", "one\ntwo\nthree"),
    ] {
        assert_eq!(output(WEB, query).await.body, json!({ "output": expected }));
    }
    for query in ["?length=x", "?length=-2", "?length=", "?length=1.5"] {
        assert_eq!(output(WEB, query).await.code(), (400, "Ecs.0005"), "{query}");
    }
    assert_eq!(output(HEADLESS, "").await.code(), (400, "Ecs.0321"));
    assert_eq!(output(NEVER, "").await.code(), (404, "Ecs.0114"));
}

#[tokio::test]
async fn a_server_that_cannot_be_opened_says_so() {
    let cloud = Cloud::new().await;
    for server in [STOPPED, MOVING, HEADLESS, HOSTLESS] {
        let answer = cloud.send(cloud.console(server).token(&cloud.member.token)).await;
        let (status, code, message) = answer.fault();
        assert_eq!((status, code), (400, "Ecs.0100"), "{server}");
        assert!(message.starts_with("The ECS status does not meet requirements: "));
    }
    // A console that this server lacks.
    let path = cloud.path(HEADLESS, "actions/serial-console");
    let call = Call::new(Method::POST, &path, "").token(&cloud.member.token);
    assert_eq!(cloud.send(call).await.code(), (400, "Ecs.0100"));
    assert!(!cloud.has_granted());
}

#[tokio::test]
async fn another_projects_server_is_as_absent_as_one_that_never_was() {
    let cloud = Cloud::new().await;
    for server in [OTHERS, NEVER, "web-1", "%2e%2e", &WEB.to_uppercase()] {
        let answer = cloud.send(cloud.console(server).token(&cloud.member.token)).await;
        let told = (404, "Ecs.0114", "The ECS does not exist.");
        assert_eq!(answer.fault(), told, "{server}");
    }
}

#[tokio::test]
async fn a_reader_may_open_nothing() {
    let cloud = Cloud::new().await;
    let told = (
        403,
        "Pdp.0001",
        "Policy doesn't allow ecs:cloudServers:vnc to be performed.",
    );
    for call in [
        cloud.console(WEB).token(&cloud.reader.token),
        cloud.console(WEB).signed(&cloud.reader.key),
        Call::new(Method::POST, &cloud.path(WEB, "actions/serial-console"), "").token(&cloud.reader.token),
        Call::new(Method::GET, &cloud.path(WEB, "console-output"), "").token(&cloud.reader.token),
    ] {
        assert_eq!(cloud.send(call).await.fault(), told);
    }
}

#[tokio::test]
async fn the_project_must_be_the_callers() {
    let cloud = Cloud::new().await;
    let told = (
        400,
        "Ecs.0023",
        "project_id in token mismatches with project_id in url.",
    );
    let elsewhere = format!("/v1/{}/cloudservers/{OTHERS}/remote_console", cloud.other);
    let key = &cloud.member.key;
    for call in [
        Call::new(Method::POST, &elsewhere, VNC).token(&cloud.member.token),
        Call::new(Method::POST, &elsewhere, VNC).signed(key),
        cloud
            .console(WEB)
            .with("x-project-id", cloud.other.as_str())
            .signed(key),
    ] {
        assert_eq!(cloud.send(call).await.fault(), told);
    }
    let call = cloud
        .console(WEB)
        .with("x-project-id", cloud.project.as_str())
        .signed(key);
    cloud.send(call).await.url("remote_console");
}

#[tokio::test]
async fn paths_and_methods_that_no_call_has_are_told_to_anyone() {
    let cloud = Cloud::new().await;
    for (method, path) in [
        (Method::GET, "/v1/x"),
        (Method::GET, "/v1/p/cloudservers/s/remote_console"),
        (Method::PUT, "/v1/p/cloudservers/s/serial-console-options"),
        (Method::POST, "/v1/p/cloudservers/s/remote_console/"),
    ] {
        let answer = cloud.send(Call::new(method, path, "")).await;
        assert_eq!(answer.code(), (404, "APIGW.0101"), "{path}");
    }
}
