//! The document and the calls say the same: each path leads to a call and each call has a path, and
//! every status that is told of a call can be had from it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::io;

use axum::body::Bytes;
use futures_util::stream;

use super::super::openapi::document;
use super::super::route::{Api, Call, Route};
use super::*;

const METHODS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::POST,
    Method::DELETE,
];

/// Every call by its name. The match misses a new one; it belongs into [`CALLS`] too.
fn name(call: &Call) -> &'static str {
    match call {
        Call::ListServers => "list",
        Call::ListServersDetail => "list in full",
        Call::ShowServer(_) => "show",
        Call::Action(_) => "action",
        Call::RemoteConsoles(_) => "remote consoles",
        Call::ConsoleAuthToken(_) => "console token",
        Call::CreateServer => "create",
        Call::ChangeServer(_) => "change",
        Call::DeleteServer(_) => "delete",
        Call::Version(None) => "version",
        Call::Version(Some(_)) => "version by id",
        Call::OldConsoles => "old consoles",
    }
}

const CALLS: [&str; 12] = [
    "list",
    "list in full",
    "show",
    "action",
    "remote consoles",
    "console token",
    "create",
    "change",
    "delete",
    "version",
    "version by id",
    "old consoles",
];
/// What `/v2`, which has no versions, never comes to.
const LATER: [&str; 2] = ["remote consoles", "console token"];

/// A call by path and method.
type Place = (String, Method);

/// The calls that the document tells of, with their statuses.
fn told() -> BTreeMap<String, (Place, BTreeSet<u16>)> {
    let document = serde_json::to_value(document()).unwrap();
    let mut told = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let statuses = call["responses"].as_object().unwrap().keys();
            let statuses = statuses.map(|status| status.parse().unwrap()).collect();
            let method: Method = method.to_uppercase().parse().unwrap();
            let name = format!("{method} {path}");
            assert!(told.insert(name, ((path.clone(), method), statuses)).is_none());
        }
    }
    told
}

fn filled(path: &str, project: &str, server: &str) -> String {
    path.replace("{project_id}", project)
        .replace("{server_id}", server)
        .replace("{token}", WEB)
        .replace("{console_id}", "1")
        .replace("{id}", if server == WEB { "v2.1" } else { server })
}

#[test]
fn every_path_leads_to_a_call_and_every_call_has_a_path() {
    let told = told();
    let mut found = BTreeSet::new();
    for ((path, _), _) in told.values().filter(|((path, _), _)| path != "/") {
        let filled = filled(path, "9c53a5", WEB);
        let (api, rest) = Api::of(&filled).unwrap_or_else(|| panic!("{path} is of no API"));
        if rest == "/" {
            // Told to everyone, before there is a route.
            assert!(told.contains_key(&format!("GET {path}")));
            continue;
        }
        let with_project = path.contains("{project_id}");
        for method in METHODS {
            if rest.ends_with("/detail") && method != Method::GET {
                // A server that is called so, as any other might be.
                continue;
            }
            let route = Route::parse(&method, rest);
            let name_in_document = format!("{method} {path}");
            assert_eq!(
                route.is_some(),
                told.contains_key(&name_in_document),
                "{name_in_document}"
            );
            if let Some(route) = route {
                assert_eq!(route.project.is_some(), with_project, "{path}");
                found.insert((api.name(), with_project, name(&route.call)));
            }
        }
    }
    for api in ["v2", "v2.1"] {
        for with_project in [false, true] {
            for call in CALLS {
                let is_there =
                    (api == "v2.1" || !LATER.contains(&call)) && (call != "version" || with_project);
                assert_eq!(
                    found.contains(&(api, with_project, call)),
                    is_there,
                    "{call} in {api}, with a project: {with_project}"
                );
            }
        }
    }
}

#[test]
fn what_is_referred_to_is_there_and_names_are_unique() {
    let document = serde_json::to_value(crate::openapi::document()).unwrap();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} is not there");
    }
    let mut names = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for call in item.as_object().unwrap().values() {
            let name = call["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "two calls are named {name}");
        }
    }
}

/// A request to a call, but for the path, which others have in common.
#[derive(Clone, Copy)]
struct Ask<'a> {
    token: Option<&'a AuthToken>,
    server: &'a str,
    project: &'a str,
    version: &'a str,
    query: &'a str,
    header: Option<(&'a str, &'a str)>,
    body: &'a str,
}

/// Sends requests, and notes for each call which statuses it answered.
struct Notes {
    told: BTreeMap<String, (Place, BTreeSet<u16>)>,
    seen: BTreeMap<String, BTreeSet<u16>>,
}

impl Notes {
    /// Asks the call, and holds the answer to what the document tells.
    async fn ask(&mut self, cloud: &Cloud, name: &str, ask: Ask<'_>) {
        let ((path, method), told) = &self.told[name];
        let uri = format!("{}?{}", filled(path, ask.project, ask.server), ask.query);
        let mut request = Request::builder().method(method).uri(&uri);
        if let Some(token) = ask.token {
            request = request.header("x-auth-token", token.expose());
        }
        if !ask.version.is_empty() {
            request = request.header("openstack-api-version", format!("compute {}", ask.version));
        }
        if let Some((name, value)) = ask.header {
            request = request.header(name, value);
        }
        let body = match ask.body {
            BROKEN => Body::from_stream(stream::once(ready(Err::<Bytes, _>(io::Error::other(
                "it broke off",
            ))))),
            body => Body::from(body.to_owned()),
        };
        let request = request.body(body).unwrap();
        let (status, ..) = testing::ask(&cloud.router, request).await;
        assert!(
            told.contains(&status.as_u16()),
            "{method} {uri} answered {status}, which the document does not tell: {}",
            ask.body
        );
        self.seen
            .entry(name.to_owned())
            .or_default()
            .insert(status.as_u16());
    }
}

/// Stands for a body that breaks off.
const BROKEN: &str = "broken";

/// A request that is well in every way but for the body, which some calls need.
fn well(cloud: &Cloud) -> Ask<'_> {
    Ask {
        token: Some(&cloud.member),
        server: WEB,
        project: cloud.project.as_str(),
        version: "",
        query: "",
        header: None,
        body: "",
    }
}

/// The requests that bring a call to what the document tells of it.
#[rustfmt::skip]
fn asks<'a>(cloud: &'a Cloud, path: &str) -> Vec<Ask<'a>> {
    const SERVER: &str = r#"{"server": {}}"#;
    const UNKNOWN: &str = "deadbeef-dead-4bad-8bad-deadbeefdead";
    let well = well(cloud);
    let mut asks = vec![
        well,
        Ask { token: None, ..well },
        Ask { project: "abcdef", ..well },
        Ask { project: "no-hex", ..well },
        Ask { server: "a%2Fb", ..well },
        Ask { body: BROKEN, ..well },
        Ask { query: "%FF", ..well },
        Ask { version: "two", ..well },
        Ask { version: "2.97", ..well },
        Ask { header: Some(("content-length", "200000")), ..well },
        Ask { header: Some(("content-type", "application/xml")), ..well },
    ];
    let (_, own) = path.rsplit_once("/servers").unwrap_or(("", "none"));
    match own {
        "" | "/detail" => {
            asks.push(Ask { query: "limit=x", ..well });
            asks.push(Ask { query: "all_tenants=1", ..well });
            asks.push(Ask { body: SERVER, ..well });
        }
        "/{server_id}" => {
            asks.push(Ask { body: SERVER, ..well });
            asks.push(Ask { server: UNKNOWN, body: SERVER, ..well });
        }
        "/{server_id}/action" | "/{server_id}/remote-consoles" => {
            let (body, version) = if own.ends_with("action") { (VNC, "") } else { (REMOTE, "2.6") };
            let well = Ask { version, body, ..well };
            asks.push(well);
            asks.push(Ask { body: "{", ..well });
            asks.push(Ask { token: Some(&cloud.reader), ..well });
            for server in [BUILDING, HEADLESS, UNKNOWN] {
                asks.push(Ask { server, ..well });
            }
            // The output's file is a folder, see below.
            asks.push(Ask { body: r#"{"os-getConsoleOutput": {}}"#, ..well });
        }
        _ => {}
    }
    if path.contains("os-console-auth-tokens") {
        let well = Ask { token: Some(&cloud.admin), version: "2.31", ..well };
        asks.extend([well, Ask { token: Some(&cloud.member), ..well }, Ask { version: "2.30", ..well }]);
    }
    asks
}

#[tokio::test]
async fn calls_answer_what_the_document_tells_and_nothing_else() {
    let cloud = Cloud::new().await;
    let mut notes = Notes {
        told: told(),
        seen: BTreeMap::new(),
    };
    let calls: Vec<_> = notes
        .told
        .iter()
        .map(|(name, ((path, _), _))| (name.clone(), path.clone()))
        .collect();
    std::fs::create_dir(cloud.folder.path().join("web.log")).unwrap();
    for (name, path) in &calls {
        for ask in asks(&cloud, path) {
            notes.ask(&cloud, name, ask).await;
        }
    }

    let file = cloud.folder.path().join("policy.toml");
    std::fs::write(&file, "\"os_compute_api:servers:show\" = \"!\"\n").unwrap();
    let strict = Cloud::under(Policy::load(Some(&file)).unwrap()).await;
    for (name, _) in &calls {
        notes.ask(&strict, name, well(&strict)).await;
    }

    // The token of a console is good for one path alone.
    let granted = cloud.action(WEB, &cloud.member, VNC).await;
    let link = granted.body["console"]["url"].as_str().unwrap();
    let token = link.split(['=', '&']).nth(1).unwrap();
    for (name, path) in calls.iter().filter(|(_, path)| path.ends_with("{token}")) {
        let path = filled(path, cloud.project.as_str(), WEB).replace(WEB, token);
        let admin = Some(&cloud.admin);
        let answer = cloud.send(Method::GET, &path, admin, Some("2.31"), "").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        notes.seen.entry(name.clone()).or_default().insert(200);
    }

    cloud.store.close().await;
    for (name, _) in &calls {
        notes.ask(&cloud, name, well(&cloud)).await;
    }

    for (name, (_, told)) in &notes.told {
        let missing: BTreeSet<_> = told.difference(&notes.seen[name]).copied().collect();
        // A body that never ends is waited for too long for here. And where only the store can
        // break a call, it has broken before the call begins.
        let mut exempt = BTreeSet::from([408]);
        if name.ends_with("remote-consoles") || name.ends_with("{token}") {
            exempt.insert(500);
        }
        exempt.retain(|status| told.contains(status));
        assert_eq!(missing, exempt, "not seen of {name}");
    }
}
