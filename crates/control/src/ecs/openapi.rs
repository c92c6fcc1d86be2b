//! The ECS API's part of `/openapi.json`: its calls and the answers that they share.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ObjectBuilder, OpenApi as Document, RefOr, Required, Response};
use utoipa::{IntoParams, IntoResponses, OpenApi};

use crate::openapi::{
    Shape, answer, closed, either, formatted, header, nest, object, of_components, only, shapes, shared,
    shared_answers, text, word,
};

#[derive(OpenApi)]
#[openapi(paths(super::remote_console, super::serial_console, super::console_output))]
struct Calls;

/// The ECS API's paths and what they refer to.
pub fn document() -> Document {
    let mut document = of_components(components());
    nest(&mut document, Calls::openapi(), ("/v1", "ecs"), |_, call| {
        call.tags = Some(vec!["ecs".to_owned()]);
        call.security = Some(
            ["token", "signature"]
                .map(|scheme| SecurityRequirement::new(scheme, [""; 0]))
                .into(),
        );
        for response in call.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                let id = RefOr::Ref(shared("headers", REQUEST_ID));
                response.headers.insert(REQUEST_ID.to_owned(), id);
            }
        }
    });
    document
}

/// The errors of every call, and one more where it has it.
pub(super) struct Errors<const MORE: u16 = 0>;

impl<const MORE: u16> IntoResponses for Errors<MORE> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        shared_answers("Ecs", [400, 401, 403, 404, 408, 413, 500, 503, MORE])
    }
}

const REQUEST_ID: &str = "X-Request-Id";

fn components() -> Components {
    let mut components = Components::new();
    for (status, about, shape) in [
        (
            400,
            "The request is not what the call asks for, or the server is not up or has no such console",
            error(),
        ),
        (401, "Neither a token nor a signature that is good", of_gateway()),
        (403, "A rule of the policy forbids it", error()),
        (
            404,
            "There is no such server or call",
            either([of_gateway(), error()]).into(),
        ),
        (408, "The body did not come in time", of_gateway()),
        (413, "The body is too large", of_gateway()),
        (415, "The body is of a kind that is not read", error()),
        (500, "Something broke inside", error()),
        (503, "Nobody can say who asks; try again", of_gateway()),
    ] {
        let mut response = answer(about, [("application/json", shape)])
            .header_ref(REQUEST_ID, shared("headers", REQUEST_ID));
        if status == 401 {
            response = response.header("WWW-Authenticate", header("How to sign"));
        }
        if status == 401 || status == 503 {
            response = response.header(
                "Retry-After",
                header("After how many seconds to try again, where that helps"),
            );
        }
        components
            .responses
            .insert(format!("Ecs{status}"), response.into());
    }
    components.headers.insert(
        REQUEST_ID.to_owned(),
        header("Names the request in the log").into(),
    );
    let signature = ApiKeyValue::with_description(
        "Authorization",
        "A signature over the whole request by an access key: `SDK-HMAC-SHA256` or `V11-HMAC-SHA256`",
    );
    components.security_schemes.insert(
        "signature".to_owned(),
        SecurityScheme::ApiKey(ApiKey::Header(signature)).into(),
    );
    components
}

/// The server in a path.
pub(super) struct InPath;

impl IntoParams for InPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameter(
                "project_id",
                ParameterIn::Path,
                "The caller's own project",
                text(),
            ),
            parameter(
                "server_id",
                ParameterIn::Path,
                "The server's id",
                formatted("uuid"),
            ),
        ]
    }
}

/// The language of a link.
pub(super) struct Language;

impl IntoParams for Language {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "The language of the link's page, such as `zh-cn`";
        vec![parameter("X-Language", ParameterIn::Header, about, text())]
    }
}

/// How much of the output.
pub(super) struct Length;

impl IntoParams for Length {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "How many lines; without a number and with -1, all that are kept";
        let shape = text().pattern(Some("^(-1|[0-9]+)$"));
        vec![parameter("length", ParameterIn::Query, about, shape)]
    }
}

fn parameter(name: &str, place: ParameterIn, about: &str, shape: ObjectBuilder) -> Parameter {
    let required = if place == ParameterIn::Path {
        Required::True
    } else {
        Required::False
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(shape))
        .build()
}

/// An error of the service.
fn error() -> Shape {
    let error = object([("code", text().into()), ("message", text().into())]);
    only("error", error.additional_properties(Some(closed()))).into()
}

/// An error of what would be Huawei's gateway before the service.
fn of_gateway() -> Shape {
    object([
        ("error_code", text().into()),
        ("error_msg", text().into()),
        ("request_id", text().into()),
    ])
    .additional_properties(Some(closed()))
    .into()
}

fn console(protocols: &[&str], types: &[&str]) -> ObjectBuilder {
    object([("protocol", word(protocols).into()), ("type", word(types).into())])
}

shapes! {
    /// Which console to open.
    EcsConsole = object([("remote_console", console(&["vnc"], &["novnc"]).into())]);
    /// A console's link.
    EcsConsoleAnswer = only(
        "remote_console",
        console(&["vnc"], &["novnc"]).property("url", formatted("uri")).required("url"),
    );
    /// A serial console's link.
    EcsSerialAnswer = only("serial_console", object([("url", formatted("uri").into())]));
    /// What a server wrote on its serial line.
    EcsOutput = only("output", text());
}
