//! What a link opens besides the console that was asked for.

use oriel_domain::{ConsoleKinds, ConsoleToken};

use super::*;
use crate::consoles::ConsoleLink;

const FURNISHED: &str = "77777777-7777-4777-8777-777777777777";
const SERIAL: &str = r#"{"remote_console": {"protocol": "serial", "type": "serial"}}"#;

/// A server of ours with a console of every kind but WebMKS.
fn furnished(project: &ProjectId) -> String {
    let kinds = ["novnc", "serial", "spice-html5", "spice-direct"];
    let consoles = kinds.map(|kind| format!("[server.console.{kind}]\nback_end = \"tcp:127.0.0.1:5900\"\n"));
    format!(
        "[[server]]\nid = \"{FURNISHED}\"\nname = \"furnished\"\nproject = \"{project}\"\n{}",
        consoles.concat()
    )
}

/// Screens, lines and native SPICE are served; the page has tabs, and who opens a line by a program has none.
fn served(settings: &mut ConsoleSettings) {
    let page = settings.links[&ConsoleKind::Novnc].clone();
    let elsewhere = ConsoleLink {
        tabs: false,
        ..page.clone()
    };
    settings.links.insert(ConsoleKind::Serial, elsewhere.clone());
    settings.links.insert(ConsoleKind::SpiceDirect, elsewhere);
}

fn policy(rules: &str) -> Policy {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, rules).unwrap();
    Policy::load(Some(&file)).unwrap()
}

impl Cloud {
    /// What the link that answers this request opens.
    async fn granted(&self, body: &str) -> (ConsoleKind, ConsoleKinds) {
        let answer = self.remote(FURNISHED, &self.member, "2.96", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let url: url::Url = answer.body["remote_console"]["url"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let (_, token) = url.query_pairs().find(|(name, _)| name == "token").unwrap();
        let digest = token.parse::<ConsoleToken>().unwrap().digest();
        let grant = self
            .store
            .grant(&digest, OffsetDateTime::now_utc())
            .await
            .unwrap()
            .unwrap();
        (grant.console, grant.further)
    }
}

#[tokio::test]
async fn the_page_of_a_link_opens_what_its_user_could_have_asked_for() {
    let cloud = Cloud::furnished(policy(""), furnished, served).await;
    // SPICE in a browser is not served here, and native SPICE is not carried by the gateway.
    let serial = [ConsoleKind::Serial].into_iter().collect();
    assert_eq!(cloud.granted(REMOTE).await, (ConsoleKind::Novnc, serial));
    assert_eq!(
        cloud.granted(SERIAL).await,
        (ConsoleKind::Serial, ConsoleKinds::NONE),
        "a link to what is not our page opens its own console alone"
    );
}

#[tokio::test]
async fn a_rule_about_lines_keeps_them_out_of_the_tabs_and_from_who_asks() {
    let rules = policy("\"oriel:console:serial\" = \"rule:context_is_admin\"");
    let cloud = Cloud::furnished(rules, furnished, served).await;
    assert_eq!(
        cloud.granted(REMOTE).await,
        (ConsoleKind::Novnc, ConsoleKinds::NONE)
    );
    let refused = cloud.remote(FURNISHED, &cloud.member, "2.96", SERIAL).await;
    assert_eq!(
        refused.fault(),
        (
            "forbidden",
            "Policy doesn't allow oriel:console:serial to be performed."
        )
    );
    let granted = cloud.remote(FURNISHED, &cloud.admin, "2.96", SERIAL).await;
    assert_eq!(granted.status, StatusCode::OK);
}

#[tokio::test]
async fn without_tabs_a_link_opens_its_own_console_alone() {
    let without = |settings: &mut ConsoleSettings| {
        served(settings);
        settings.links.get_mut(&ConsoleKind::Novnc).unwrap().tabs = false;
    };
    let cloud = Cloud::furnished(policy(""), furnished, without).await;
    assert_eq!(
        cloud.granted(REMOTE).await,
        (ConsoleKind::Novnc, ConsoleKinds::NONE)
    );
}
