//! The identity API's part of `/openapi.json`: its calls under both of the paths that they have.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Components, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ObjectBuilder, OpenApi as Document, RefOr, Required, Response};
use utoipa::{IntoParams, IntoResponses, OpenApi};

use super::{application_credentials, calls};
use crate::openapi::{
    Shape, answer, anything, boolean, closed, either, formatted, header, integer, list, nest, object,
    of_components, only, or_null, shapes, shared, shared_answers, text, word,
};

/// The calls of version 3.
#[derive(OpenApi)]
#[openapi(paths(
    calls::version,
    calls::log_in,
    calls::show_token,
    calls::revoke_token,
    calls::catalog,
    calls::own_projects,
    calls::projects,
    calls::project,
    calls::projects_of_user,
    application_credentials::list,
    application_credentials::create,
    application_credentials::show,
    application_credentials::delete,
))]
struct Calls;

/// What lies above the versions.
#[derive(OpenApi)]
#[openapi(paths(calls::versions))]
struct Versions;

/// The identity API's paths and what they refer to.
pub fn document() -> Document {
    let mut document = of_components(components());
    let groups = [
        ("/identity", "identity", Versions::openapi()),
        ("/identity/v3", "identity.v3", Calls::openapi()),
        ("/v3", "v3", Calls::openapi()),
    ];
    for (prefix, family, calls) in groups {
        nest(&mut document, calls, (prefix, family), |_, call| {
            call.tags = Some(vec!["identity".to_owned()]);
            for response in call.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    response
                        .headers
                        .extend(HEADERS.map(|name| (name.to_owned(), RefOr::Ref(shared("headers", name)))));
                }
            }
            // Only who has no token yet needs none.
            if call.responses.responses.contains_key("401")
                && call
                    .operation_id
                    .as_ref()
                    .is_some_and(|name| !name.ends_with("log_in"))
            {
                call.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
            }
        });
    }
    document
}

/// A call's errors, by status.
pub(super) struct Errors<
    const A: u16 = 0,
    const B: u16 = 0,
    const C: u16 = 0,
    const D: u16 = 0,
    const E: u16 = 0,
    const F: u16 = 0,
    const G: u16 = 0,
    const H: u16 = 0,
>;

impl<
    const A: u16,
    const B: u16,
    const C: u16,
    const D: u16,
    const E: u16,
    const F: u16,
    const G: u16,
    const H: u16,
> IntoResponses for Errors<A, B, C, D, E, F, G, H>
{
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        shared_answers("Identity", [A, B, C, D, E, F, G, H])
    }
}

const HEADERS: [&str; 2] = ["X-Openstack-Request-Id", "Vary"];

fn components() -> Components {
    let mut components = Components::new();
    for (status, about) in [
        (400, "The body is not what the call asks for"),
        (
            401,
            "No token came, or none that is good; or the login was refused",
        ),
        (403, "The caller may not do this"),
        (404, "There is no such token, project or user"),
        (408, "The body did not come in time"),
        (409, "There is one of this name"),
        (413, "The body is too large"),
        (429, "The user has failed too often, and may come back later"),
        (500, "Something broke inside"),
        (503, "Too many logins wait for their check; try again"),
    ] {
        let mut response = answer(about, [("application/json", keystone_error(status).into())]);
        for name in HEADERS {
            response = response.header_ref(name, shared("headers", name));
        }
        if status == 401 {
            response = response.header_ref("WWW-Authenticate", shared("headers", "WWW-Authenticate"));
        }
        // A 401 has it too, where an access key has failed too often.
        if [401, 429, 503].contains(&status) {
            response = response.header("Retry-After", header("After how many seconds to try again"));
        }
        components
            .responses
            .insert(format!("Identity{status}"), response.into());
    }
    for (name, about) in [
        ("X-Openstack-Request-Id", "Names the request in the log"),
        ("Vary", "Names the headers that the answer depends on"),
        (
            "WWW-Authenticate",
            "`Keystone uri=\"...\"`: where tokens are given",
        ),
    ] {
        components.headers.insert(name.to_owned(), header(about).into());
    }
    let token = ApiKeyValue::with_description(
        "X-Auth-Token",
        "A token, as `POST /v3/auth/tokens` gives it in `X-Subject-Token`",
    );
    components.security_schemes.insert(
        "token".to_owned(),
        SecurityScheme::ApiKey(ApiKey::Header(token)).into(),
    );
    components
}

/// An error of Keystone's, and of the services that trust its tokens.
pub(crate) fn keystone_error(status: u16) -> ObjectBuilder {
    let error = object([
        ("code", integer().enum_values(Some([status])).into()),
        ("message", text().into()),
        ("title", text().into()),
    ]);
    only("error", error.additional_properties(Some(closed())))
}

fn parameter(name: &str, place: ParameterIn, about: &str) -> Parameter {
    let required = if place == ParameterIn::Query {
        Required::False
    } else {
        Required::True
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(text()))
        .build()
}

macro_rules! parameters {
    ($($(#[doc = $doc:literal])+ $type:ident: $($name:literal in $place:ident, $about:literal;)+)*) => {$(
        $(#[doc = $doc])+
        pub(super) struct $type;

        impl IntoParams for $type {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![$(parameter($name, ParameterIn::$place, $about)),+]
            }
        }
    )*};
}

parameters! {
    /// The token that a call is about.
    SubjectToken: "X-Subject-Token" in Header, "The token that the call is about";
    /// Whether to leave the catalogue out.
    NoCatalog: "nocatalog" in Query, "Leaves the catalogue out";
    /// Which projects to list.
    ProjectQuery:
        "name" in Query, "The one project to list";
        "domain_id" in Query, "The one domain whose projects to list";
    /// A project in a path.
    ProjectId: "project_id" in Path, "The project's id";
    /// Which application credentials to list.
    CredentialQuery: "name" in Query, "The one credential to list";
    /// An application credential in a path.
    CredentialId: "credential_id" in Path, "The credential's id";
    /// A user in a path.
    UserId: "user_id" in Path, "The user's id";
}

fn versions() -> ObjectBuilder {
    object([
        ("id", text().into()),
        ("status", text().into()),
        ("updated", formatted("date-time").into()),
        (
            "links",
            list(object([("rel", text().into()), ("href", text().into())])).into(),
        ),
        (
            "media-types",
            list(object([("base", text().into()), ("type", text().into())])).into(),
        ),
    ])
}

fn named() -> ObjectBuilder {
    object([("id", text().into()), ("name", text().into())])
}

fn links() -> Shape {
    object([
        ("self", text().into()),
        ("next", or_null(Type::String).into()),
        ("previous", or_null(Type::String).into()),
    ])
    .into()
}

fn services() -> Shape {
    let endpoint = object([
        ("id", text().into()),
        ("interface", word(&["public", "internal", "admin"]).into()),
        ("region", text().into()),
        ("region_id", text().into()),
        ("url", formatted("uri").into()),
    ]);
    list(
        named()
            .property("type", text())
            .required("type")
            .property("endpoints", list(endpoint))
            .required("endpoints"),
    )
    .into()
}

fn project() -> ObjectBuilder {
    object([
        ("id", text().into()),
        ("name", text().into()),
        ("domain_id", text().into()),
        ("description", text().into()),
        ("enabled", boolean().into()),
        ("parent_id", text().into()),
        ("is_domain", boolean().into()),
        ("tags", list(text()).into()),
        ("options", object([]).into()),
        ("links", object([("self", text().into())]).into()),
    ])
}

/// What is named by its id, or by its name and that of its domain.
fn reference() -> ObjectBuilder {
    object([])
        .property("id", text())
        .property("name", text())
        .property(
            "domain",
            object([]).property("id", text()).property("name", text()),
        )
}

fn login() -> ObjectBuilder {
    let user = reference().property("password", text()).required("password");
    let identity = object([(
        "methods",
        list(word(&["password", "token", "application_credential"])).into(),
    )])
    .property("password", only("user", user))
    .property("token", only("id", text()))
    .property(
        "application_credential",
        object([("secret", text().into())])
            .property("id", text())
            .property("name", text())
            .property("user", reference()),
    );
    let scope = either([
        word(&["unscoped"]).into(),
        object([])
            .property("project", reference())
            .property("domain", anything())
            .property("system", anything())
            .property("unscoped", anything())
            .into(),
    ]);
    let auth = object([("identity", identity.into())]).property("scope", scope);
    object([("auth", auth.into())])
}

fn token() -> ObjectBuilder {
    object([
        ("methods", list(text()).into()),
        (
            "user",
            named()
                .property("domain", named())
                .required("domain")
                .property("password_expires_at", or_null(Type::String))
                .into(),
        ),
        ("audit_ids", list(text()).into()),
        ("expires_at", formatted("date-time").into()),
        ("issued_at", formatted("date-time").into()),
    ])
    .property("project", named().property("domain", named()).required("domain"))
    .property("is_domain", boolean())
    .property("roles", list(named()))
    .property("catalog", services())
}

fn credential() -> ObjectBuilder {
    object([
        ("id", text().into()),
        ("name", text().into()),
        ("description", or_null(Type::String).into()),
        ("user_id", text().into()),
        ("project_id", text().into()),
        ("system", or_null(Type::String).into()),
        ("expires_at", or_null(Type::String).into()),
        ("unrestricted", boolean().into()),
        ("roles", list(named()).into()),
        ("links", object([("self", text().into())]).into()),
    ])
}

fn new_credential() -> ObjectBuilder {
    let role = object([]).property("id", text()).property("name", text());
    object([("name", text().into())])
        .property("description", or_null(Type::String))
        .property("secret", or_null(Type::String))
        .property("expires_at", or_null(Type::String))
        .property("unrestricted", or_null(Type::Boolean))
        .property("roles", list(role))
}

shapes! {
    /// What an application credential should be.
    NewApplicationCredential = object([("application_credential", new_credential().into())]);
    /// One application credential. It has a secret where it was just made.
    ApplicationCredential = only("application_credential", credential().property("secret", text()));
    /// Application credentials.
    ApplicationCredentials =
        object([("application_credentials", list(credential()).into()), ("links", links())]);
    /// The versions of the identity API.
    IdentityVersions = object([("versions", object([("values", list(versions()).into())]).into())]);
    /// One version of the identity API.
    IdentityVersion = only("version", versions());
    /// Who wants a token, and for what.
    Login = login();
    /// What a token says. One for no project has no project, no roles and no catalogue.
    Token = only("token", token());
    /// The services.
    Catalog = object([("catalog", services()), ("links", links())]);
    /// Projects.
    Projects = object([("projects", list(project()).into()), ("links", links())]);
    /// One project.
    Project = only("project", project());
}
