//! Reads what Keystone says of a token.

use std::str::FromStr;

use oriel_domain::{DomainRef, Principal, ProjectRef, Roles, UserRef};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::KeystoneError;
use crate::identity::Caller;

#[derive(Deserialize)]
struct Envelope<T> {
    token: T,
}

/// The members of Keystone's token that Oriel uses; a token that is good for a domain, for the
/// system or nowhere has no `project`.
#[derive(Deserialize)]
struct Token {
    user: Owned,
    project: Option<Owned>,
    /// The project stands for a domain. No server belongs to it.
    #[serde(default)]
    is_domain: bool,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    audit_ids: Vec<Option<String>>,
    issued_at: String,
    expires_at: String,
}

#[derive(Deserialize)]
struct Owned {
    id: String,
    name: String,
    domain: Domain,
}

#[derive(Deserialize)]
struct Domain {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Role {
    name: String,
}

#[derive(Deserialize)]
struct Expiry {
    expires_at: String,
}

/// Reads the answer of `GET /v3/auth/tokens`.
pub(super) fn read(body: &[u8]) -> Result<Caller, KeystoneError> {
    let token = parse::<Token>(body)?;
    let user = UserRef {
        id: id("user.id", &token.user.id)?,
        name: token.user.name,
        domain: domain("user.domain.id", token.user.domain)?,
    };
    let project = match token.project {
        Some(project) if !token.is_domain => Some(ProjectRef {
            id: id("project.id", &project.id)?,
            name: project.name,
            domain: domain("project.domain.id", project.domain)?,
        }),
        _ => None,
    };
    Ok(Caller {
        principal: Principal {
            user,
            project,
            roles: token.roles.into_iter().map(|role| role.name).collect::<Roles>(),
            evidence: None,
        },
        // Keystone has more of them than Oriel needs to tell apart.
        methods: token
            .methods
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect(),
        application_credential: None,
        audit_ids: token.audit_ids.into_iter().flatten().collect(),
        issued_at: time("issued_at", &token.issued_at)?,
        expires_at: time("expires_at", &token.expires_at)?,
    })
}

/// Reads when a token ends from the answer of `POST /v3/auth/tokens`.
pub(super) fn read_expiry(body: &[u8]) -> Result<OffsetDateTime, KeystoneError> {
    time("expires_at", &parse::<Expiry>(body)?.expires_at)
}

#[derive(Deserialize)]
struct Projects {
    projects: Vec<Project>,
}

#[derive(Deserialize)]
struct Project {
    id: String,
    name: String,
    domain_id: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    is_domain: bool,
}

fn yes() -> bool {
    true
}

/// Reads the projects in the answer of `GET /v3/auth/projects` that a token can be scoped to. Keystone tells the ids
/// of their domains alone, which stand for the names too.
pub(super) fn read_projects(body: &[u8]) -> Result<Vec<ProjectRef>, KeystoneError> {
    let list: Projects =
        serde_json::from_slice(body).map_err(|error| KeystoneError::Unreadable(error.to_string()))?;
    let usable = list.projects.into_iter();
    usable
        .filter(|project| project.enabled && !project.is_domain)
        .map(|project| {
            Ok(ProjectRef {
                id: id("project.id", &project.id)?,
                name: project.name,
                domain: DomainRef {
                    id: id("project.domain_id", &project.domain_id)?,
                    name: project.domain_id,
                },
            })
        })
        .collect()
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, KeystoneError> {
    serde_json::from_slice::<Envelope<T>>(body)
        .map(|envelope| envelope.token)
        .map_err(|error| KeystoneError::Unreadable(error.to_string()))
}

fn id<Id: FromStr>(what: &'static str, text: &str) -> Result<Id, KeystoneError> {
    text.parse()
        .map_err(|_| KeystoneError::Unreadable(format!("{what} is no id")))
}

fn domain(what: &'static str, domain: Domain) -> Result<DomainRef, KeystoneError> {
    Ok(DomainRef {
        id: id(what, &domain.id)?,
        name: domain.name,
    })
}

fn time(what: &'static str, text: &str) -> Result<OffsetDateTime, KeystoneError> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| KeystoneError::Unreadable(format!("{what} is no time")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oriel_store::AuthMethod;
    use serde_json::{Value, json};
    use time::macros::datetime;

    fn token(extra: &Value) -> Vec<u8> {
        let mut token = json!({
            "methods": ["password", "mapped"],
            "user": {"id": "u1", "name": "ann", "domain": {"id": "default", "name": "Default"}, "password_expires_at": null},
            "audit_ids": ["a1", null],
            "expires_at": "2026-11-24T04:42:27.000000Z",
            "issued_at": "2026-11-24T03:42:27.000000Z",
        });
        for (name, value) in extra.as_object().unwrap() {
            token[name] = value.clone();
        }
        json!({ "token": token }).to_string().into_bytes()
    }

    #[test]
    fn a_projects_token_says_who_where_and_as_what() {
        let caller = read(&token(&json!({
            "project": {"id": "p1", "name": "demo", "domain": {"id": "d1", "name": "Lab"}},
            "is_domain": false,
            "roles": [{"id": "r1", "name": "member"}, {"id": "r2", "name": "Operator"}],
            "application_credential": {"id": "c1", "name": "ci", "restricted": true},
        })))
        .unwrap();
        let project = caller.principal.project.as_ref().unwrap();
        assert_eq!((project.id.as_str(), project.domain.name.as_str()), ("p1", "Lab"));
        assert_eq!(caller.principal.user.name, "ann");
        assert!(caller.principal.roles.has_named("operator") && caller.principal.roles.has_named("member"));
        assert!(
            !caller.principal.roles.has_named("reader"),
            "Keystone names what it implies"
        );
        assert_eq!(caller.methods, [AuthMethod::Password]);
        assert_eq!(caller.audit_ids, ["a1"]);
        assert_eq!(caller.expires_at, datetime!(2026-11-24 04:42:27 UTC));
    }

    #[test]
    fn a_token_for_anything_else_has_no_project() {
        let admin = json!([{"id": "r", "name": "admin"}]);
        for extra in [
            json!({}),
            json!({"system": {"all": true}, "roles": admin}),
            json!({"domain": {"id": "default", "name": "Default"}, "roles": admin}),
            json!({
                "project": {"id": "d", "name": "d", "domain": {"id": "d", "name": "d"}},
                "is_domain": true,
                "roles": admin,
            }),
        ] {
            assert_eq!(read(&token(&extra)).unwrap().principal.project, None, "{extra}");
        }
    }

    #[test]
    fn projects_are_those_that_a_token_can_be_scoped_to() {
        let body = json!({"links": {}, "projects": [
            {"id": "p1", "name": "demo", "domain_id": "default", "enabled": true, "is_domain": false},
            {"id": "p2", "name": "off", "domain_id": "default", "enabled": false},
            {"id": "d1", "name": "domain", "domain_id": "d1", "is_domain": true},
        ]});
        let projects = read_projects(body.to_string().as_bytes()).unwrap();
        assert_eq!(projects.len(), 1);
        assert_eq!(
            (projects[0].id.as_str(), projects[0].name.as_str()),
            ("p1", "demo")
        );
        for bad in [
            "",
            "{}",
            "{\"projects\": [{\"id\": \"../x\", \"name\": \"x\", \"domain_id\": \"d\"}]}",
        ] {
            read_projects(bad.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn what_is_no_token_is_an_error_and_nobody() {
        for bad in [
            "",
            "{}",
            "{\"token\": {}}",
            "<html>",
            "{\"token\": {\"user\": {\"id\": 1}}}",
        ] {
            assert!(
                matches!(read(bad.as_bytes()), Err(KeystoneError::Unreadable(_))),
                "{bad}"
            );
        }
        read(&token(&json!({"expires_at": "soon"}))).unwrap_err();
        let odd = json!({"user": {"id": "../x", "name": "x", "domain": {"id": "d", "name": "d"}}});
        read(&token(&odd)).unwrap_err();
    }
}
