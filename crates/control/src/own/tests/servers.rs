use super::*;

#[tokio::test]
async fn the_list_is_by_name_with_what_can_be_opened() {
    let cloud = Cloud::new().await;
    let ann = cloud.log_in("ann").await;
    let list = cloud.get("/oriel/v1/servers", &ann).await.body;
    let names = |list: &Value| -> Vec<String> {
        let servers = list["servers"].as_array().unwrap().iter();
        servers
            .map(|server| server["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&list), ["moving", "Stopped", "web"]);
    assert_eq!((&list["total"], &list["next"]), (&json!(3), &Value::Null));
    assert_eq!(
        list["servers"][2],
        json!({
            "id": WEB, "name": "web", "status": "ACTIVE", "task_state": null, "project": cloud.demo.as_str(),
            "flavor": {"name": "small", "vcpus": 1, "ram": 512, "disk": 10},
            "addresses": {"net": ["10.0.0.5"]},
            // The serial console's link is a bare WebSocket here, which no browser opens.
            "consoles": ["novnc"], "fault": null,
        })
    );
    assert_eq!(list["servers"][0]["task_state"], "migrating");

    let eve = cloud.log_in("eve").await;
    let list = cloud.get("/oriel/v1/servers", &eve).await.body;
    assert_eq!(list["servers"][2]["consoles"], json!([]), "a reader opens none");

    cloud
        .get("/oriel/v1/servers?all_projects=1", &ann)
        .await
        .told(403, "forbidden");
    let root = cloud.log_in("root").await;
    let list = cloud.get("/oriel/v1/servers?all_projects=1", &root).await.body;
    assert_eq!(names(&list), ["moving", "others", "Stopped", "web"]);
    assert_eq!(list["servers"][1]["consoles"], json!(["novnc"]));
}

#[tokio::test]
async fn the_list_comes_page_by_page() {
    let cloud = Cloud::new().await;
    let ann = cloud.log_in("ann").await;
    let first = cloud.get("/oriel/v1/servers?limit=2", &ann).await.body;
    assert_eq!((&first["next"], &first["total"]), (&json!(STOPPED), &json!(3)));
    let rest = cloud
        .get(
            &format!("/oriel/v1/servers?limit=2&marker={STOPPED}&later=1"),
            &ann,
        )
        .await
        .body;
    assert_eq!(
        (&rest["servers"][0]["name"], &rest["next"]),
        (&json!("web"), &Value::Null)
    );
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "marker=x",
        &format!("marker={NEVER}"),
    ] {
        let answer = cloud.get(&format!("/oriel/v1/servers?{query}"), &ann).await;
        answer.told(400, "bad-request");
    }
}

#[tokio::test]
async fn a_console_is_a_page_or_a_bare_web_socket() {
    let cloud = Cloud::new().await;
    let ann = cloud.log_in("ann").await;
    let ask = async |server: &str, body: Value| {
        cloud
            .post(&format!("/oriel/v1/servers/{server}/console"), &ann, body)
            .await
    };
    let page = ask(WEB, json!({"type": "novnc", "lang": "de"})).await.body["console"].clone();
    let url = page["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://oriel.example/vnc.auto.html?token="),
        "{url}"
    );
    assert!(url.ends_with("&lang=de"), "{url}");
    assert_eq!(
        (&page["protocol"], &page["type"]),
        (&json!("vnc"), &json!("novnc"))
    );
    for kind in ["novnc", "serial"] {
        let socket = ask(WEB, json!({"type": kind, "form": "websocket"})).await.body["console"].clone();
        let url = socket["url"].as_str().unwrap();
        let token = url.strip_prefix("wss://oriel.example/websockify?token=").unwrap();
        token.parse::<oriel_domain::ConsoleToken>().unwrap();
    }
    ask(STOPPED, json!({"type": "novnc"}))
        .await
        .told(409, "not-running");
    ask(MOVING, json!({"type": "novnc"})).await.told(409, "busy");
    ask(WEB, json!({"type": "webmks"}))
        .await
        .told(404, "no-such-console");
    for server in [NEVER, OTHERS, "%2e%2e", "x"] {
        ask(server, json!({"type": "novnc"}))
            .await
            .told(404, "no-such-server");
    }
    for body in [
        json!({}),
        json!({"type": "telepathy"}),
        json!({"type": "novnc", "form": "fax"}),
        json!({"type": "novnc", "lang": "EN&token=x"}),
        json!({"type": "novnc", "host": "evil.example"}),
    ] {
        ask(WEB, body).await.told(400, "bad-request");
    }
    let eve = cloud.log_in("eve").await;
    let path = format!("/oriel/v1/servers/{WEB}/console");
    cloud
        .post(&path, &eve, json!({"type": "novnc"}))
        .await
        .told(403, "forbidden");
}
