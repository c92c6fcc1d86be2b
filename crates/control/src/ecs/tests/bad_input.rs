use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[tokio::test]
async fn bodies_that_ask_for_nothing_are_refused_and_grant_nothing() {
    let cloud = Cloud::new().await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let path = cloud.path(WEB, "remote_console");
    for body in [
        "{",
        "null",
        "[]",
        "{}",
        "5",
        "nonsense",
        "\u{feff}{}",
        deep.as_str(),
        r#"{"remote_console": null}"#,
        r#"{"remote_console": []}"#,
        r#"{"remote_console": {}}"#,
        r#"{"remote_console": {"type": "novnc"}}"#,
        r#"{"remote_console": {"protocol": "vnc"}}"#,
        r#"{"remote_console": {"protocol": "vnc", "type": "xvpvnc"}}"#,
        r#"{"remote_console": {"protocol": "spice", "type": "novnc"}}"#,
        r#"{"remote_console": {"protocol": ["vnc"], "type": "novnc"}}"#,
        r#"{"remote_console": {"protocol": "VNC", "type": "novnc"}}"#,
        r#"{"os-getVNCConsole": {"type": "novnc"}}"#,
    ] {
        for call in [
            Call::new(Method::POST, &path, body).token(&cloud.member.token),
            Call::new(Method::POST, &path, body).signed(&cloud.member.key),
        ] {
            let answer = cloud.send(call).await;
            assert_eq!(answer.code(), (400, "Ecs.0005"), "{body:.30}");
        }
    }
    let empty = Call::new(Method::POST, &path, "").token(&cloud.member.token);
    let told = (400, "Common.0002", "The request body cannot be left blank.");
    assert_eq!(cloud.send(empty).await.fault(), told);
    let invalid = Call::new(Method::POST, &path, b"{\"remote_console\": \"\xff\"}".to_vec());
    let answer = cloud.send(invalid.signed(&cloud.member.key)).await;
    assert_eq!(answer.code(), (400, "Ecs.0005"));
    assert!(!cloud.has_granted());
}

#[tokio::test]
async fn other_content_types_are_refused_and_none_will_do() {
    let cloud = Cloud::new().await;
    let token = &cloud.member.token;
    for wrong in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml; a=application/json",
    ] {
        let call = cloud.console(WEB).with("content-type", wrong).token(token);
        assert_eq!(cloud.send(call).await.code(), (415, "Ecs.0005"), "{wrong}");
    }
    for fine in ["application/json", "Application/JSON ; charset=utf-8", ""] {
        let call = cloud.console(WEB).with("content-type", fine).token(token);
        cloud.send(call).await.url("remote_console");
    }
    let mut none = cloud.console(WEB).token(token);
    none.parts.headers.remove("content-type");
    cloud.send(none).await.url("remote_console");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_announced_or_not() {
    let cloud = Cloud::new().await;
    let path = cloud.path(WEB, "remote_console");
    let long = vec![b' '; super::super::MAX_BODY + 1];
    let announced = Call::new(Method::POST, &path, "").with("content-length", "9999999999");
    for call in [
        announced,
        Call::new(Method::POST, &path, long.clone()).token(&cloud.member.token),
        Call::new(Method::POST, &path, long).signed(&cloud.member.key),
    ] {
        assert_eq!(cloud.send(call).await.code(), (413, "APIGW.0201"));
    }
}

#[tokio::test]
async fn a_payload_that_is_not_signed_is_refused() {
    let cloud = Cloud::new().await;
    let mut call = cloud
        .console(WEB)
        .with("x-sdk-content-sha256", "UNSIGNED-PAYLOAD")
        .signed(&cloud.member.key);
    call.body = VNC.replace(' ', "").into_bytes();
    assert_eq!(cloud.send(call).await.code(), (401, "APIGW.0301"));
}

/// Whatever is sent: an answer with a code, a request id and no 5xx; and nothing granted.
#[test]
fn nothing_that_is_sent_breaks_the_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(Cloud::new());
    let mut runner = TestRunner::new(Config::with_cases(300));
    let header = prop::collection::vec(any::<u8>(), 0..60);
    let name = prop_oneof![
        Just("authorization"),
        Just("x-sdk-date"),
        Just("host"),
        Just("x-auth-token"),
        Just("x-project-id"),
        Just("x-language"),
        Just("content-type"),
        Just("content-length"),
        Just("x-sdk-content-sha256"),
    ];
    let headers = prop::collection::vec((name, header), 0..4);
    let path = "(/v1)?(/[ -~]{0,20}){0,5}";
    let body = prop::collection::vec(any::<u8>(), 0..80);
    let strategy = (headers, path, body, any::<bool>(), any::<bool>());
    let outcome = runner.run(&strategy, |(headers, path, body, own, after)| {
        let path = if own {
            cloud.path(WEB, "remote_console")
        } else {
            format!("/v1{path}")
        };
        let Ok(uri) = path.parse::<http::Uri>() else {
            return Ok(());
        };
        let mut call = Call::new(Method::POST, "/v1/", body);
        call.parts.uri = uri;
        if !after {
            call = call.signed(&cloud.member.key);
        }
        for (name, value) in headers {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                call.parts.headers.append(name, value);
            }
        }
        if after && !call.parts.headers.contains_key("x-sdk-date") {
            // Two hosts cannot be signed.
            call.parts
                .headers
                .insert("host", "oriel.example".parse().unwrap());
            let once: HeaderMap = call
                .parts
                .headers
                .keys()
                .map(|name| (name.clone(), call.parts.headers[name].clone()))
                .collect();
            call.parts.headers = once;
            call = call.signed(&cloud.member.key);
        }
        // The path alone is Nova's, which tells what versions there are.
        let below = call.parts.uri.path().strip_prefix("/v1/");
        if below.is_none_or(str::is_empty) {
            return Ok(());
        }
        let answer = runtime.block_on(cloud.send(call));
        let (status, code) = answer.code();
        prop_assert!((400..500).contains(&status), "{status} {code}");
        Ok(())
    });
    outcome.unwrap();
    assert!(!cloud.has_granted());
}
