//! The documents that answers are made of, in Keystone's shapes.

use oriel_domain::{DomainRef, ProjectRef, Role};
use oriel_store::{ApplicationCredentialRecord, ProjectRecord};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::identity::{Caller, IdentitySettings};

/// The last version of Keystone's API, whose part this is, and when it was fixed.
const VERSION: &str = "v3.14";
const UPDATED: &str = "2020-04-07T00:00:00Z";

/// Keystone's form of a time; the microseconds are always there.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The services that exist. A service in the catalogue gets used, and clients fail when it is not
/// there, so nothing else may be listed.
const SERVICES: [Service; 2] = [
    Service {
        id: "4f12a9c0c2a74e0f9b7c0c6ad3a4e1b1",
        kind: "identity",
        name: "keystone",
        path: "/identity",
    },
    Service {
        id: "8d0b3f5e6c1d4b8f8a2e9d7c5b3f1a02",
        kind: "compute",
        name: "nova",
        path: "/v2.1",
    },
];

struct Service {
    /// The catalogue gives ids to services and endpoints; any will do that stay the same.
    id: &'static str,
    kind: &'static str,
    name: &'static str,
    path: &'static str,
}

/// The list of versions at `/identity`.
pub(super) fn versions(settings: &IdentitySettings) -> Value {
    json!({"versions": {"values": [version_entry(settings)]}})
}

/// The document at `/v3`.
pub(super) fn version(settings: &IdentitySettings) -> Value {
    json!({"version": version_entry(settings)})
}

fn version_entry(settings: &IdentitySettings) -> Value {
    json!({
        "id": VERSION,
        "status": "stable",
        "updated": UPDATED,
        "links": [{"rel": "self", "href": v3(settings, "/")}],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json",
        }],
    })
}

/// What a token says. An unscoped one has no project, no roles and no catalogue.
pub(super) fn token(settings: &IdentitySettings, caller: &Caller, with_catalog: bool) -> Value {
    let user = &caller.principal.user;
    let mut token = json!({
        "methods": caller.methods.iter().map(|method| method.name()).collect::<Vec<_>>(),
        "user": {
            "id": user.id,
            "name": user.name,
            "domain": domain(&user.domain),
            "password_expires_at": null,
        },
        "audit_ids": caller.audit_ids,
        "expires_at": time(caller.expires_at),
        "issued_at": time(caller.issued_at),
    });
    if let Some(project) = &caller.principal.project {
        token["project"] = scope(project);
        token["is_domain"] = false.into();
        token["roles"] = caller.principal.roles.known().map(role_entry).collect();
        if with_catalog {
            token["catalog"] = services(settings);
        }
    }
    if let Some(credential) = &caller.application_credential {
        token["application_credential"] = json!({
            "id": credential.id,
            "name": credential.name,
            "restricted": !credential.unrestricted,
        });
    }
    json!({"token": token})
}

/// The answer of `/v3/auth/catalog`.
pub(super) fn catalog(settings: &IdentitySettings) -> Value {
    json!({
        "catalog": services(settings),
        "links": {"next": null, "self": v3(settings, "/auth/catalog"), "previous": null},
    })
}

/// A list of projects. `path` is the path after `/v3` that was asked.
pub(super) fn projects(settings: &IdentitySettings, path: &str, list: &[ProjectRecord]) -> Value {
    json!({
        "projects": list.iter().map(|project| project_entry(settings, project)).collect::<Vec<_>>(),
        "links": {"next": null, "self": v3(settings, path), "previous": null},
    })
}

/// One project.
pub(super) fn project(settings: &IdentitySettings, project: &ProjectRecord) -> Value {
    json!({"project": project_entry(settings, project)})
}

fn project_entry(settings: &IdentitySettings, project: &ProjectRecord) -> Value {
    json!({
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain.id,
        "description": project.description,
        "enabled": project.enabled,
        // Keystone gives a project at the top its domain as the parent.
        "parent_id": project.domain.id,
        "is_domain": false,
        "tags": [],
        "options": {},
        "links": {"self": v3(settings, &format!("/projects/{}", project.id))},
    })
}

/// One application credential; with its secret where it was just made.
pub(super) fn application_credential(
    settings: &IdentitySettings,
    credential: &ApplicationCredentialRecord,
    secret: Option<&str>,
) -> Value {
    let mut entry = application_credential_entry(settings, credential);
    if let Some(secret) = secret {
        entry["secret"] = secret.into();
    }
    json!({"application_credential": entry})
}

/// A list of a user's application credentials. `path` is the path after `/v3` that was asked.
pub(super) fn application_credentials(
    settings: &IdentitySettings,
    path: &str,
    list: &[ApplicationCredentialRecord],
) -> Value {
    let entries = list.iter().map(|one| application_credential_entry(settings, one));
    json!({
        "application_credentials": entries.collect::<Vec<_>>(),
        "links": {"next": null, "self": v3(settings, path), "previous": null},
    })
}

fn application_credential_entry(
    settings: &IdentitySettings,
    credential: &ApplicationCredentialRecord,
) -> Value {
    let path = format!("/application_credentials/{}", credential.id);
    let roles = credential.role.with_implied().map(|role| {
        let mut entry = role_entry(role);
        entry["domain_id"] = Value::Null;
        entry["description"] = Value::Null;
        entry["options"] = json!({"immutable": true});
        entry
    });
    json!({
        "id": credential.id,
        "name": credential.name,
        "description": credential.description,
        "user_id": credential.user,
        "project_id": credential.project,
        "system": null,
        // Keystone writes this one time without a zone.
        "expires_at": credential.expires_at.map(|end| time(end).trim_end_matches('Z').to_owned()),
        "unrestricted": credential.unrestricted,
        "roles": roles.collect::<Vec<_>>(),
        "links": {"self": v3(settings, &path)},
    })
}

fn services(settings: &IdentitySettings) -> Value {
    let interfaces = ["public", "internal", "admin"];
    let service = |service: &Service| {
        let endpoints = interfaces.iter().enumerate().map(|(n, interface)| {
            json!({
                "id": format!("{}{n}", &service.id[..31]),
                "interface": interface,
                "region": settings.region,
                "region_id": settings.region,
                "url": format!("{}{}", settings.public_url, service.path),
            })
        });
        json!({
            "endpoints": endpoints.collect::<Vec<_>>(),
            "id": service.id,
            "name": service.name,
            "type": service.kind,
        })
    };
    SERVICES.iter().map(service).collect()
}

/// The id that answers give to a role.
pub(super) fn role_id(role: Role) -> &'static str {
    match role {
        Role::Reader => "2d6c8e5a10b94c7f8f3a7e1b5c9d0e01",
        Role::Member => "2d6c8e5a10b94c7f8f3a7e1b5c9d0e02",
        Role::Admin => "2d6c8e5a10b94c7f8f3a7e1b5c9d0e03",
    }
}

fn role_entry(role: Role) -> Value {
    json!({"id": role_id(role), "name": role.name()})
}

fn scope(project: &ProjectRef) -> Value {
    json!({"id": project.id, "name": project.name, "domain": domain(&project.domain)})
}

fn domain(domain: &DomainRef) -> Value {
    json!({"id": domain.id, "name": domain.name})
}

fn v3(settings: &IdentitySettings, path: &str) -> String {
    format!("{}/identity/v3{path}", settings.public_url)
}

fn time(time: OffsetDateTime) -> String {
    // Only a year beyond the format's four digits fails, and no token lives that long.
    time.format(TIME).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_have_keystones_form() {
        assert_eq!(
            time(datetime!(2026-11-24 01:02:03 UTC)),
            "2026-11-24T01:02:03.000000Z"
        );
    }

    #[test]
    fn the_catalogue_names_the_services_that_exist() {
        let catalog = services(&IdentitySettings::new("https://oriel.example:8002/"));
        assert_eq!(
            catalog[0]["endpoints"][0]["url"],
            "https://oriel.example:8002/identity"
        );
        assert_eq!(
            catalog[1]["endpoints"][2]["url"],
            "https://oriel.example:8002/v2.1"
        );
        assert_eq!(catalog[1]["endpoints"][0]["region_id"], "RegionOne");
        assert_eq!(catalog.as_array().map(Vec::len), Some(2));
    }
}
