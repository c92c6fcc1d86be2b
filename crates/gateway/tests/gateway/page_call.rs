//! `POST /oriel/v1/console`: our own page redeems its token.

use oriel_domain::{ServerId, Uses};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::kit::{Answer, House, Hypervisor, Knock, SERVER, Script};

const PATH: &str = "/oriel/v1/console";

async fn call(house: &House, body: &str) -> Answer {
    post(house, body).send().await
}

fn post(house: &House, body: &str) -> Knock {
    Knock::post(house.address, PATH, body.as_bytes())
}

fn with_token(token: &str) -> String {
    json!({ "token": token }).to_string()
}

/// A house whose back end is never asked.
async fn house() -> House {
    House::new("unix:/nonexistent/vnc.sock").await
}

#[tokio::test]
async fn a_page_learns_what_its_token_opens_and_alone_may_open_it() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let token = house.token().await;
    let answer = call(&house, &with_token(&token)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let console = json!({ "console": {
        "server": { "id": SERVER, "name": "web-1" }, "protocol": "vnc", "type": "novnc",
        "role": "owner", "reconnect_for": 120,
        "consoles": [{ "protocol": "vnc", "type": "novnc", "can_break": false }],
        "may": {
            "input": true, "clipboard_to_server": true, "clipboard_to_client": true, "max_clipboard": 1_048_576,
            "resize": true, "power": false, "audio": true,
        },
        "typing": {
            "layouts": ["de", "de-ch", "de-nodeadkeys", "en-gb", "en-us", "es", "fr", "fr-ch", "it", "ja", "pt-br", "ru", "tr"],
            "max_characters": 1000, "max_rate": 1000,
        },
    } });
    assert_eq!(answer.json(), console);

    let path = format!("/?token={token}");
    assert_eq!(
        house.knock(&path).send().await.status,
        403,
        "the token is used up"
    );
    let cookie = answer.cookie().unwrap().to_owned();
    house
        .knock(&path)
        .header("Cookie", &cookie)
        .send()
        .await
        .page()
        .greet()
        .await;
    // A reload.
    let again = post(&house, &with_token(&token))
        .header("Cookie", &cookie)
        .send()
        .await;
    assert_eq!((again.status, again.json(), again.cookie()), (200, console, None));
    let stranger = call(&house, &with_token(&token)).await;
    assert_eq!(
        (stranger.status, stranger.json()["error"]["code"].as_str()),
        (403, Some("token-used"))
    );
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    for secure in [false, true] {
        let house = House::with("unix:/nonexistent", |settings| settings.secure = secure).await;
        let token = house.token().await;
        let answer = call(&house, &with_token(&token)).await;
        let cookie = answer.header("set-cookie").unwrap();
        let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        attributes.sort_unstable();
        let mut expected = vec!["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=Strict"];
        expected.extend(secure.then_some("Secure"));
        assert_eq!(attributes, expected);
        assert_eq!(cookie.starts_with("__Host-oriel-"), secure, "{cookie}");
        assert_eq!(cookie.starts_with("oriel-"), !secure, "{cookie}");
        assert!(!cookie.contains(&token));

        let cookie = answer.cookie().unwrap().to_owned();
        let again = post(&house, &with_token(&token))
            .header("Cookie", &cookie)
            .send()
            .await;
        assert_eq!(again.status, 200, "it is found again under its name");
    }
}

#[tokio::test]
async fn a_token_for_many_openings_needs_no_cookie() {
    let house = house().await;
    let token = house.mint(|grant| grant.uses = Uses::Many).await;
    for _ in 0..2 {
        let answer = call(&house, &with_token(&token)).await;
        assert_eq!((answer.status, answer.cookie()), (200, None));
    }
}

#[tokio::test]
async fn a_refusal_has_a_name_and_words_and_sets_nothing() {
    let house = house().await;
    let expired = house
        .mint(|grant| grant.expires_at = OffsetDateTime::now_utc() - Duration::SECOND)
        .await;
    let gone = house.mint(|grant| grant.server = ServerId::random()).await;
    for (token, status, name) in [
        ("", 401, "token-missing"),
        ("nonsense", 401, "token-unknown"),
        ("11111111-2222-4333-8444-555555555555", 401, "token-unknown"),
        (&expired, 401, "token-expired"),
        (&gone, 404, "server-gone"),
        // The opening that failed has not used it.
        (&gone, 404, "server-gone"),
    ] {
        let answer = call(&house, &with_token(token)).await;
        assert_eq!((answer.status, answer.cookie()), (status, None), "{name}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let error = &answer.json()["error"];
        assert_eq!(error["code"], name);
        let words = error["message"].as_str().unwrap();
        assert!(
            !words.is_empty() && (token.is_empty() || !words.contains(token)),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_bad_call_is_answered_in_the_same_shape_and_uses_nothing() {
    let house = house().await;
    let token = house.token().await;
    let good = with_token(&token);
    let wrong_type = post(&house, &good).header("Content-Type", "text/plain");
    let bodies = [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        r#"{"token": 7}"#.to_owned(),
        format!(r#"{{"token": "{token}", "more": 1}}"#),
        format!(r#"{{"token": "{token}", "token": "{token}"}}"#),
        format!("{good} x"),
        json!({ "token": token, "padding": "x".repeat(5000) }).to_string(),
        with_token(&"x".repeat(1024 * 1024)),
        "[".repeat(4000),
    ];
    let calls = bodies.iter().map(|body| post(&house, body)).chain([wrong_type]);
    for (number, knock) in calls.enumerate() {
        let answer = knock.send().await;
        assert_eq!((answer.status, answer.cookie()), (400, None), "{number}");
        assert_eq!(answer.json()["error"]["code"], "client-protocol", "{number}");
    }
    let evil = post(&house, &good)
        .header("Origin", "http://evil.example")
        .send()
        .await;
    assert_eq!(
        (evil.status, evil.json()["error"]["code"].as_str()),
        (403, Some("origin-refused"))
    );
    assert_eq!(call(&house, &good).await.status, 200);
}

#[tokio::test]
async fn other_methods_and_paths_are_not_there() {
    let house = house().await;
    let get = house
        .knock(PATH)
        .header("Upgrade", "none")
        .header("Connection", "close")
        .send()
        .await;
    assert_eq!(get.status, 405);
    assert_eq!(
        Knock::post(house.address, "/oriel/v1/consoles", b"{}")
            .send()
            .await
            .status,
        404
    );
}
