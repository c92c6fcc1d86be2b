//! The compute API asked as clients ask it, through the router.

mod openapi;
mod tabs;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use oriel_domain::{AuthToken, ConsoleKind, ProjectId, Role};
use oriel_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::consoles::ConsoleSettings;
use crate::identity::{Embedded, IdentitySettings};
use crate::policy::Policy;
use crate::testing::{self, Ground, URL};

const WEB: &str = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
const OTHERS: &str = "11111111-1111-4111-8111-111111111111";
const BUILDING: &str = "22222222-2222-4222-8222-222222222222";
const MOVING: &str = "33333333-3333-4333-8333-333333333333";
const HEADLESS: &str = "44444444-4444-4444-8444-444444444444";
const SCREENLESS: &str = "55555555-5555-4555-8555-555555555555";
const LOST: &str = "66666666-6666-4666-8666-666666666666";
const VNC: &str = r#"{"os-getVNCConsole": {"type": "novnc"}}"#;
const REMOTE: &str = r#"{"remote_console": {"protocol": "vnc", "type": "novnc"}}"#;

/// A cloud with one project of ours, one of somebody else's, and servers in every state.
struct Cloud {
    folder: TempDir,
    store: Store,
    router: Router,
    project: ProjectId,
    member: AuthToken,
    reader: AuthToken,
    admin: AuthToken,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Cloud {
    async fn new() -> Self {
        Self::under(Policy::load(None).unwrap()).await
    }

    async fn under(policy: Policy) -> Self {
        Self::furnished(policy, |_| String::new(), |_| {}).await
    }

    /// A cloud with further servers, given our project, and other settings than the usual.
    async fn furnished(
        policy: Policy,
        further: impl FnOnce(&ProjectId) -> String,
        adjust: impl FnOnce(&mut ConsoleSettings),
    ) -> Self {
        let ground = Ground::new().await;
        let (project, other) = (ground.project("ours").await, ground.project("theirs").await);
        let embedded = Arc::new(Embedded::new(ground.store.clone(), IdentitySettings::new(URL)).unwrap());
        let log_in = async |role: Role| {
            let user = ground.user(role.name()).await;
            ground.store.assign_role(&user, &project, role).await.unwrap();
            testing::log_in(&embedded, &user, &project).await
        };
        let (member, reader, admin) = (
            log_in(Role::Member).await,
            log_in(Role::Reader).await,
            log_in(Role::Admin).await,
        );
        let mut link = testing::link("https://oriel.example/vnc.auto.html", Some("EN"));
        link.tabs = true;
        let mut consoles = testing::consoles([(ConsoleKind::Novnc, link)]);
        adjust(&mut consoles);
        let servers = servers(&project, &other) + &further(&project);
        let control = ground.control(&embedded, &servers, policy, consoles);
        Self {
            folder: ground.folder,
            store: ground.store,
            router: control.router(),
            project,
            member,
            reader,
            admin,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&AuthToken>,
        version: Option<&str>,
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "oriel.example");
        if let Some(token) = token {
            request = request.header("x-auth-token", token.expose());
        }
        if let Some(version) = version {
            request = request.header("openstack-api-version", format!("compute {version}"));
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (status, headers, body) = testing::ask(&self.router, request).await;
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
        Answer {
            status,
            headers,
            body,
        }
    }

    async fn get(&self, path: &str, version: Option<&str>) -> Answer {
        self.send(Method::GET, path, Some(&self.member), version, "")
            .await
    }

    async fn action(&self, server: &str, token: &AuthToken, body: &str) -> Answer {
        let path = format!("/v2.1/servers/{server}/action");
        self.send(Method::POST, &path, Some(token), None, body).await
    }

    async fn remote(&self, server: &str, token: &AuthToken, version: &str, body: &str) -> Answer {
        let path = format!("/v2.1/servers/{server}/remote-consoles");
        self.send(Method::POST, &path, Some(token), Some(version), body)
            .await
    }
}

fn servers(project: &ProjectId, other: &ProjectId) -> String {
    let console = "[server.console.novnc]\nback_end = \"tcp:127.0.0.1:5900\"\n";
    let server = |id: &str, name: &str, project: &ProjectId, more: &str| {
        format!("[[server]]\nid = \"{id}\"\nname = \"{name}\"\nproject = \"{project}\"\n{more}\n")
    };
    [
        server(
            WEB,
            "web-1",
            project,
            &format!("console_log = \"web.log\"\n{console}"),
        ),
        server(OTHERS, "theirs", other, console),
        server(BUILDING, "building", project, "status = \"BUILD\"\nhost = \"\""),
        server(
            MOVING,
            "moving",
            project,
            &format!("task_state = \"migrating\"\n{console}"),
        ),
        server(HEADLESS, "headless", project, ""),
        server(
            SCREENLESS,
            "screenless",
            other,
            "[server.console.serial]\nback_end = \"tcp:127.0.0.1:7000\"\n",
        ),
        server(LOST, "lost", other, &format!("present = false\n{console}")),
    ]
    .concat()
}

impl Answer {
    /// The one fault of the body: key and message.
    fn fault(&self) -> (&str, &str) {
        let (key, fault) = self.body.as_object().unwrap().iter().next().unwrap();
        assert_eq!(fault["code"], self.status.as_u16());
        (key, fault["message"].as_str().unwrap())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[tokio::test]
async fn the_seeds_request_gets_the_seeds_response() {
    let cloud = Cloud::new().await;
    for api in ["v2", "v2.1"] {
        let path = format!("/{api}/{}/servers/{WEB}/action", cloud.project);
        let answer = cloud
            .send(Method::POST, &path, Some(&cloud.member), None, VNC)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let url = answer.body["console"]["url"].as_str().unwrap();
        let token = url
            .strip_prefix("https://oriel.example/vnc.auto.html?token=")
            .unwrap()
            .strip_suffix("&lang=EN");
        assert!(token.is_some_and(|token| token.len() == 36), "{url}");
        assert_eq!(answer.body, json!({ "console": { "type": "novnc", "url": url } }));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn each_version_has_its_own_call() {
    let cloud = Cloud::new().await;
    let path = format!("/v2.1/servers/{WEB}/action");
    for (version, status) in [
        ("2.5", StatusCode::OK),
        ("2.6", StatusCode::NOT_FOUND),
        ("latest", StatusCode::NOT_FOUND),
    ] {
        let answer = cloud
            .send(Method::POST, &path, Some(&cloud.member), Some(version), VNC)
            .await;
        assert_eq!(answer.status, status, "action at {version}");
        let answered = if version == "latest" { "2.96" } else { version };
        assert_eq!(
            answer.header("openstack-api-version"),
            Some(format!("compute {answered}").as_str())
        );
        assert_eq!(answer.headers.get_all("vary").iter().count(), 2);
    }
    assert_eq!(
        cloud.remote(WEB, &cloud.member, "2.5", REMOTE).await.status,
        StatusCode::NOT_FOUND
    );
    let answer = cloud.remote(WEB, &cloud.member, "2.6", REMOTE).await;
    let url = &answer.body["remote_console"]["url"];
    assert_eq!(
        answer.body,
        json!({ "remote_console": { "protocol": "vnc", "type": "novnc", "url": url } })
    );
}

#[tokio::test]
async fn a_version_that_is_not_offered_is_named() {
    let cloud = Cloud::new().await;
    let answer = cloud.get("/v2.1/servers", Some("2.97")).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    let message = "Version 2.97 is not supported by the API. Minimum is 2.1 and maximum is 2.96.";
    assert_eq!(answer.fault(), ("computeFault", message));
    let answer = cloud.get("/v2.1/servers", Some("two")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.header("openstack-api-version"), None);
}

#[tokio::test]
async fn another_projects_server_is_as_absent_as_one_that_never_was() {
    let cloud = Cloud::new().await;
    let never = "deadbeef-dead-4bad-8bad-deadbeefdead";
    for server in [OTHERS, never, "web-1", "../../etc"] {
        let answer = cloud
            .action(&server.replace('/', "%2F"), &cloud.member, VNC)
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{server}");
    }
    for server in [OTHERS, never] {
        let told = format!("Instance {server} could not be found.");
        assert_eq!(
            cloud.action(server, &cloud.member, VNC).await.fault(),
            ("itemNotFound", told.as_str())
        );
        assert_eq!(
            cloud.remote(server, &cloud.member, "2.6", REMOTE).await.fault(),
            ("itemNotFound", told.as_str())
        );
        let shown = cloud.get(&format!("/v2.1/servers/{server}"), None).await;
        assert_eq!(shown.fault(), ("itemNotFound", told.as_str()));
    }
    assert_eq!(
        cloud.action(OTHERS, &cloud.admin, VNC).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_reader_may_look_but_open_nothing() {
    let cloud = Cloud::new().await;
    let answer = cloud
        .send(Method::GET, "/v2.1/servers", Some(&cloud.reader), None, "")
        .await;
    assert_eq!(answer.body["servers"].as_array().unwrap().len(), 4);
    let told = (
        "forbidden",
        "Policy doesn't allow os_compute_api:os-remote-consoles to be performed.",
    );
    assert_eq!(cloud.action(WEB, &cloud.reader, VNC).await.fault(), told);
    assert_eq!(
        cloud.remote(WEB, &cloud.reader, "2.6", REMOTE).await.fault(),
        told
    );
    // A reader learns of no server by trying: the rule comes first for actions.
    assert_eq!(cloud.action(OTHERS, &cloud.reader, VNC).await.fault(), told);
}

#[tokio::test]
async fn a_server_that_cannot_be_opened_says_why() {
    let cloud = Cloud::new().await;
    for (server, status, told) in [
        (BUILDING, 409, format!("Instance {BUILDING} is not ready")),
        (
            MOVING,
            409,
            format!("Cannot 'get_vnc_console' instance {MOVING} while it is in task_state migrating"),
        ),
        (
            HEADLESS,
            501,
            "The requested functionality is not supported.".to_owned(),
        ),
        (SCREENLESS, 400, "Unavailable console type vnc.".to_owned()),
        (LOST, 404, format!("Instance {LOST} could not be found.")),
    ] {
        for answer in [
            cloud.action(server, &cloud.admin, VNC).await,
            cloud.remote(server, &cloud.admin, "2.6", REMOTE).await,
        ] {
            assert_eq!(
                (answer.status.as_u16(), answer.fault().1),
                (status, told.as_str())
            );
        }
    }
    let spice = r#"{"os-getSPICEConsole": {"type": "spice-html5"}}"#;
    assert_eq!(
        cloud.action(WEB, &cloud.member, spice).await.fault().1,
        "Unavailable console type spice-html5."
    );
    let xvp = r#"{"os-getVNCConsole": {"type": "xvpvnc"}}"#;
    assert_eq!(
        cloud.action(WEB, &cloud.member, xvp).await.fault().1,
        "Invalid console type xvpvnc"
    );
    let crossed = r#"{"remote_console": {"protocol": "vnc", "type": "serial"}}"#;
    assert_eq!(
        cloud.remote(WEB, &cloud.member, "2.6", crossed).await.fault().1,
        "Invalid console type serial"
    );
}

#[tokio::test]
async fn malformed_bodies_are_told_in_the_callers_shape_and_grant_nothing() {
    let cloud = Cloud::new().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for body in [
        "",
        "{",
        "[]",
        "{}",
        "\"text\"",
        "nonsense",
        "\u{feff}{}",
        deep.as_str(),
    ] {
        let answer = cloud.action(WEB, &cloud.member, body).await;
        assert_eq!(
            answer.fault(),
            ("badRequest", "Malformed request body"),
            "{body:.20}"
        );
    }
    for counted in ["5", "null", "[1]", "true"] {
        assert_eq!(
            cloud.action(WEB, &cloud.member, counted).await.fault(),
            ("itemNotFound", "The resource could not be found.")
        );
    }
    let two = r#"{"os-getVNCConsole": {"type": "novnc"}, "x": 1}"#;
    assert_eq!(
        cloud.action(WEB, &cloud.member, two).await.fault().1,
        "Malformed request body"
    );
    let other = r#"{"reboot": {"type": "HARD"}}"#;
    assert_eq!(
        cloud.action(WEB, &cloud.member, other).await.fault().1,
        "There is no such action: reboot"
    );

    let extra = r#"{"os-getVNCConsole": {"type": "novnc", "x": 1}}"#;
    assert_eq!(
        cloud.action(WEB, &cloud.member, extra).await.status,
        StatusCode::BAD_REQUEST
    );
    let lenient = cloud
        .send(
            Method::POST,
            &format!("/v2/servers/{WEB}/action"),
            Some(&cloud.member),
            None,
            extra,
        )
        .await;
    assert_eq!(lenient.status, StatusCode::OK);

    let huge = format!(r#"{{"os-getVNCConsole": {{"type": "{}"}}}}"#, "x".repeat(120_000));
    assert_eq!(
        cloud.action(WEB, &cloud.member, &huge).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let cloud = Cloud::new().await;
    let stranger = AuthToken::random().unwrap();
    for token in [None, Some(&stranger)] {
        for path in ["/v2.1/servers", "/v2.1/nothing", "/v2.1/servers/detail"] {
            let answer = cloud.send(Method::GET, path, token, None, "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.body["error"]["title"], "Unauthorized");
            assert!(
                answer
                    .header("www-authenticate")
                    .unwrap()
                    .starts_with("Keystone uri=\"https://oriel.example")
            );
            assert!(
                answer
                    .header("x-openstack-request-id")
                    .unwrap()
                    .starts_with("req-")
            );
        }
    }
}

#[tokio::test]
async fn a_project_in_the_path_must_be_the_tokens() {
    let cloud = Cloud::new().await;
    let answer = cloud.get("/v2.1/abcdef/servers", None).await;
    let told = format!(
        "Malformed request URL: URL's project_id 'abcdef' doesn't match Context's project_id '{}'",
        cloud.project
    );
    assert_eq!(answer.fault(), ("badRequest", told.as_str()));
}

#[tokio::test]
async fn discovery_needs_no_token_and_names_the_maximum() {
    let cloud = Cloud::new().await;
    let root = cloud.send(Method::GET, "/", None, None, "").await;
    assert_eq!(root.body["versions"][1]["version"], "2.96");
    assert_eq!(
        root.body["versions"][1]["links"][0]["href"],
        "https://oriel.example/v2.1/"
    );
    for path in ["/v2.1", "/v2.1/"] {
        let document = cloud.send(Method::GET, path, None, None, "").await;
        assert_eq!(document.body["version"]["version"], "2.96");
        assert_eq!(document.body["version"]["min_version"], "2.1");
    }
    let elsewhere = cloud.send(Method::GET, "/somewhere", None, None, "").await;
    assert_eq!(elsewhere.status, StatusCode::MULTIPLE_CHOICES);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut_into_pages() {
    let cloud = Cloud::new().await;
    let names = |answer: &Answer| -> Vec<String> {
        let servers = answer.body["servers"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", answer.body));
        servers
            .iter()
            .map(|server| server["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&cloud.get("/v2.1/servers?name=web", None).await), ["web-1"]);
    assert_eq!(
        names(&cloud.get("/v2.1/servers?name=%5Eb.*ing%24", None).await),
        ["building"]
    );
    let told = "Invalid input for query parameters name. Value: web-1(. 'web-1(' is not a 'regex'";
    let answer = cloud.get("/v2.1/servers?name=web-1(", None).await;
    assert_eq!(answer.fault(), ("badRequest", told));
    assert_eq!(
        names(&cloud.get("/v2.1/servers?status=build", None).await),
        ["building"]
    );
    let sorted = "/v2.1/servers/detail?sort_key=display_name&sort_dir=asc&limit=3";
    let page = cloud.get(sorted, None).await;
    assert_eq!(names(&page), ["building", "headless", "moving"]);
    let next = page.body["servers_links"][0]["href"].as_str().unwrap();
    let next = next.strip_prefix("https://oriel.example").unwrap();
    let page = cloud.get(next, None).await;
    assert_eq!(names(&page), ["web-1"]);
    assert_eq!(page.body.get("servers_links"), None);

    let all = "/v2.1/servers?all_tenants=1";
    assert_eq!(cloud.get(all, None).await.status, StatusCode::FORBIDDEN);
    let answer = cloud.send(Method::GET, all, Some(&cloud.admin), None, "").await;
    assert_eq!(answer.body["servers"].as_array().unwrap().len(), 7);
    let told = "Invalid input for query parameters limit. Value: abc. 'abc' does not match '^[0-9]*$'";
    assert_eq!(cloud.get("/v2.1/servers?limit=abc", None).await.fault().1, told);
    let told = "marker [nobody] not found";
    assert_eq!(
        cloud.get("/v2.1/servers?marker=nobody", None).await.fault().1,
        told
    );
}

#[tokio::test]
async fn what_a_list_is_asked_for_is_checked_in_the_versions_words() {
    let cloud = Cloud::new().await;
    for (query, version, status, told) in [
        ("unknown=1", "2.74", 200, ""),
        (
            "unknown=1",
            "2.75",
            400,
            "'unknown' does not match any of the regexes: '^_'",
        ),
        (
            "b=1&a=1",
            "2.75",
            400,
            "'a', 'b' do not match any of the regexes: '^_'",
        ),
        ("status=bogus", "2.37", 200, ""),
        ("status=bogus", "2.38", 400, "Invalid status value"),
        (
            "status=DELETED",
            "2.1",
            403,
            "Only administrators may list deleted instances",
        ),
        (
            "sort_key=host",
            "2.1",
            403,
            "Only administrators can sort servers by host",
        ),
        (
            "sort_key=uuid&sort_dir=asc&sort_dir=asc",
            "2.1",
            400,
            "Invalid input received: Sort direction size exceeds sort key size",
        ),
        (
            "changes-since=x",
            "2.1",
            400,
            "Invalid input for query parameters changes-since. Value: x. 'x' is not a 'date-time'",
        ),
        (
            "name=",
            "2.1",
            400,
            "Invalid input for query parameters name. Value: . '' is not a 'regex'",
        ),
        ("name=%FF", "2.1", 400, "Query string is not UTF-8 encoded"),
        (
            "all_tenants=x",
            "2.1",
            400,
            "Unrecognized value 'x', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
        ),
        (
            "limit=%2D1",
            "2.1",
            400,
            "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'",
        ),
    ] {
        let answer = cloud.get(&format!("/v2.1/servers?{query}"), Some(version)).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{query} at {version}: {}",
            answer.body
        );
        if status != 200 {
            assert_eq!(answer.fault().1, told);
        }
    }
    let old = cloud.get("/v2/servers?limit=-1", None).await;
    assert_eq!(old.fault().1, "Invalid input received: limit must be >= 0");
    // A server without a filter's property is not in the list, and a filter for admins is passed over.
    let by_user = "/v2.1/servers?uuid=nobody";
    assert_eq!(
        cloud.get(by_user, None).await.body["servers"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let admin = cloud
        .send(Method::GET, by_user, Some(&cloud.admin), None, "")
        .await;
    assert_eq!(admin.body, json!({ "servers": [] }));
}

#[tokio::test]
async fn the_calls_of_a_cloud_are_refused_as_far_as_they_are_right() {
    let cloud = Cloud::new().await;
    let send = async |method: Method, path: &str, body: &str| {
        cloud.send(method, path, Some(&cloud.member), None, body).await
    };
    let told = "'server' is a required property";
    assert_eq!(send(Method::POST, "/v2.1/servers", "{}").await.fault().1, told);
    let path = format!("/v2.1/servers/{WEB}");
    assert_eq!(send(Method::PUT, &path, "{}").await.fault().1, told);
    for (method, path) in [
        (Method::POST, "/v2.1/servers"),
        (Method::PUT, path.as_str()),
        (Method::DELETE, path.as_str()),
    ] {
        let answer = send(method, path, r#"{"server": {"name": "x"}}"#).await;
        assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED, "{path}");
    }
}

#[tokio::test]
async fn an_answer_is_spelled_and_typed_as_novas() {
    let cloud = Cloud::new().await;
    let ask = async |path: &str, header: (&str, &str)| {
        let request = Request::builder()
            .uri(path)
            .header("host", "oriel.example:443")
            .header("x-auth-token", cloud.member.expose())
            .header(header.0, header.1);
        let request = request.body(Body::empty()).unwrap();
        let (status, headers, body) = testing::ask(&cloud.router, request).await;
        let content_type = headers["content-type"].to_str().unwrap().to_owned();
        (
            status.as_u16(),
            content_type,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    };
    let vendor = "application/vnd.openstack.compute+json";
    let (status, content_type, body) = ask("/v2.1//servers?name=web", ("accept", vendor)).await;
    assert_eq!((status, content_type.as_str()), (200, vendor));
    let start = format!(r#"{{"servers": [{{"id": "{WEB}", "name": "web-1", "links": [{{"rel": "self", "#);
    assert!(body.starts_with(&start), "{body}");
    // The port that the scheme implies is not written.
    assert!(body.contains(r#""https://oriel.example/v2.1/servers/"#), "{body}");
    let (status, _, body) = ask("/v2.1/servers/%C3%A9", ("accept", "*/*")).await;
    assert_eq!(status, 404);
    assert!(
        body.contains(r"Instance \u00c3\u00a9 could not be found."),
        "{body}"
    );
    for path in ["/", "/v2.1/", "/somewhere", "/v2.1/servers"] {
        assert_eq!(
            ask(path, ("content-type", "Application/JSON")).await.0,
            415,
            "{path}"
        );
    }
    let version = ask("/anything", ("content-type", "application/json;version=2.1")).await;
    assert!(version.2.contains(r#""id": "v2.1""#), "{}", version.2);
}

#[tokio::test]
async fn a_server_is_shown_in_the_form_of_the_version() {
    let cloud = Cloud::new().await;
    let path = format!("/v2.1/servers/{WEB}");
    let old = cloud.get(&path, Some("2.1")).await;
    assert_eq!(old.body["server"]["flavor"]["id"], "unknown");
    assert_eq!(old.body["server"].get("locked"), None);
    let new = cloud.get(&path, Some("latest")).await;
    assert_eq!(new.body["server"]["flavor"]["original_name"], "unknown");
    assert_eq!(new.body["server"]["locked"], false);
    assert_eq!(new.body["server"].get("OS-EXT-SRV-ATTR:host"), None);
    let admin = cloud.send(Method::GET, &path, Some(&cloud.admin), None, "").await;
    assert_eq!(admin.body["server"]["OS-EXT-SRV-ATTR:host"], "localhost");
    let moving = cloud.get(&format!("/v2.1/servers/{MOVING}"), None).await;
    assert_eq!(moving.body["server"]["status"], "MIGRATING");
}

#[tokio::test]
async fn a_console_token_is_looked_up_by_an_admin_until_it_is_used() {
    let cloud = Cloud::new().await;
    let granted = cloud.action(WEB, &cloud.member, VNC).await;
    let url = granted.body["console"]["url"].as_str().unwrap();
    let token = url.split(['=', '&']).nth(1).unwrap();
    let look_up = async |who: &AuthToken, version: &str, token: &str| {
        let path = format!("/v2.1/os-console-auth-tokens/{token}");
        cloud.send(Method::GET, &path, Some(who), Some(version), "").await
    };
    let found = look_up(&cloud.admin, "2.31", token).await;
    let console = json!({
        "instance_uuid": WEB, "host": "127.0.0.1", "port": 5900, "internal_access_path": null,
    });
    assert_eq!(found.body, json!({ "console": console }));
    assert_eq!(
        look_up(&cloud.admin, "2.30", token).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        look_up(&cloud.member, "2.31", token).await.status,
        StatusCode::FORBIDDEN
    );
    for nonsense in ["nonsense", WEB] {
        let answer = look_up(&cloud.admin, "2.31", nonsense).await;
        assert_eq!(answer.fault(), ("itemNotFound", "Token not found"));
    }
}

#[tokio::test]
async fn a_servers_output_is_read_where_a_file_keeps_it() {
    let cloud = Cloud::new().await;
    std::fs::write(cloud.folder.path().join("web.log"), "booting\nlogin: \x1b[0m\n").unwrap();
    let output = async |server: &str, who: &AuthToken, body: &str| cloud.action(server, who, body).await;
    let all = r#"{"os-getConsoleOutput": {}}"#;
    let answer = output(WEB, &cloud.member, all).await;
    assert_eq!(answer.body, json!({ "output": "booting\nlogin: [0m" }));
    for length in ["1", "\"1\""] {
        let body = format!(r#"{{"os-getConsoleOutput": {{"length": {length}}}}}"#);
        assert_eq!(
            output(WEB, &cloud.member, &body).await.body,
            json!({ "output": "login: [0m" })
        );
    }
    let answer = output(HEADLESS, &cloud.member, all).await;
    assert_eq!(
        answer.fault(),
        ("itemNotFound", "Guest does not have a console available.")
    );
    assert_eq!(
        output(WEB, &cloud.reader, all).await.status,
        StatusCode::FORBIDDEN
    );
    for (length, told) in [
        ("-2", "-2 is less than the minimum of -1"),
        ("\"x\"", "'x' does not match '^-?[0-9]+$'"),
    ] {
        let body = format!(r#"{{"os-getConsoleOutput": {{"length": {length}}}}}"#);
        let answer = output(WEB, &cloud.member, &body).await;
        assert!(answer.fault().1.ends_with(told), "{}", answer.body);
    }
}
