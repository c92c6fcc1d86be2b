use oriel_domain::{DomainRef, ProjectRef, Roles, UserRef};
use proptest::prelude::*;

use super::*;

fn principal(project: Option<&str>, roles: &[&str]) -> Principal {
    let domain = DomainRef {
        id: "default".parse().unwrap(),
        name: "Default".into(),
    };
    Principal {
        user: UserRef {
            id: "ann".parse().unwrap(),
            name: "ann".into(),
            domain: domain.clone(),
        },
        project: project.map(|id| ProjectRef {
            id: id.parse().unwrap(),
            name: id.into(),
            domain,
        }),
        roles: roles.iter().map(|&name| name.to_owned()).collect::<Roles>(),
        evidence: None,
    }
}

fn policy(rules: &[(&str, &str)]) -> Result<Policy, PolicyError> {
    Policy::with(
        rules
            .iter()
            .map(|&(name, text)| (name.to_owned(), text.to_owned()))
            .collect(),
    )
}

fn may(policy: &Policy, rule: Rule, principal: &Principal, project: &str) -> bool {
    let project = project.parse().unwrap();
    policy
        .check(
            rule,
            principal,
            Target {
                project: Some(&project),
                user: None,
            },
        )
        .is_ok()
}

#[test]
fn the_defaults_are_novas() {
    let policy = policy(&[]).unwrap();
    // (roles, may look at, may open, in the own project; may look up tokens)
    for (roles, look, open, tokens) in [
        (&["admin", "member", "reader"][..], true, true, true),
        (&["admin"], true, true, true),
        (&["Member", "reader"], true, true, false),
        (&["member"], false, true, false),
        (&["reader"], true, false, false),
        (&["service"], false, false, false),
        (&[], false, false, false),
    ] {
        let principal = principal(Some("p"), roles);
        assert_eq!(
            may(&policy, Rule::ServersShow, &principal, "p"),
            look,
            "{roles:?}"
        );
        assert_eq!(
            may(&policy, Rule::RemoteConsoles, &principal, "p"),
            open,
            "{roles:?}"
        );
        assert_eq!(
            may(&policy, Rule::ConsoleAuthTokens, &principal, "p"),
            tokens,
            "{roles:?}"
        );
        assert_eq!(
            may(&policy, Rule::RemoteConsoles, &principal, "other"),
            tokens,
            "{roles:?} elsewhere"
        );
    }
}

#[test]
fn a_token_of_no_project_may_nothing_whatever_its_roles() {
    let policy = policy(&[("os_compute_api:os-remote-consoles", "@")]).unwrap();
    let nowhere = principal(None, &["admin"]);
    for rule in Rule::ALL {
        assert!(
            policy
                .check(
                    *rule,
                    &nowhere,
                    Target {
                        project: None,
                        user: None
                    }
                )
                .is_err()
        );
    }
}

#[test]
fn an_operators_rule_takes_the_place_of_the_default() {
    let policy = policy(&[
        (
            "console_staff",
            "role:console or (role:member and not role:trainee)",
        ),
        (
            "os_compute_api:os-remote-consoles",
            "rule:console_staff and project_id:%(project_id)s",
        ),
    ])
    .unwrap();
    let may = |roles: &[&str]| may(&policy, Rule::RemoteConsoles, &principal(Some("p"), roles), "p");
    assert!(may(&["console"]));
    assert!(may(&["member"]));
    assert!(!may(&["member", "trainee"]));
    assert!(!may(&["admin"]));
}

#[test]
fn what_would_never_apply_or_never_end_is_refused() {
    for (rules, told) in [
        (
            &[("os_compute_api:os-remote-console", "@")][..],
            "none that is checked here",
        ),
        (&[("a", "rule:b")], "no rule \"b\""),
        (&[("a", "rule:b"), ("b", "not rule:a")], "never end"),
        (&[("a", "role:")], "no check"),
        (&[("a", "domain_id:%(x)s")], "no check"),
        (&[("a", "project_id:%(x)s")], "no check"),
        (&[("a", "role:x and")], "ends"),
        (&[("a", "role:x role:y")], "\"role:y\" stands"),
        (&[("a", "(role:x")], "not closed"),
    ] {
        let error = policy(rules).expect_err(told);
        let text = format!("{error}");
        assert!(text.contains(told), "{text}");
    }
    assert!(policy(&[("a", &"(".repeat(100_000))]).is_err());
    assert!(policy(&[("a", &"not ".repeat(100_000))]).is_err());
}

#[test]
fn a_file_names_its_bad_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(
        &file,
        "\"os_compute_api:os-console-output\" = \"role:reader\"\nmine = 5\n",
    )
    .unwrap();
    let error = Policy::load(Some(&file)).unwrap_err().to_string();
    assert!(
        error.contains("policy.toml") && error.contains("line 2"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "[ ()a-z:%@!]{0,60}|(not |\\(|role:x|and|or| ){0,40}") {
        let _ = parse::rule(&text);
    }
}
