//! What the call answers, for `/openapi.json`.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Header, Ref, RefOr, Response, ResponseBuilder};

/// Each status and what comes with it.
pub(super) struct Answers;

const REFUSALS: [(u16, &str); 12] = [
    (
        400,
        "The width or the format cannot be read, or the body broke off",
    ),
    (401, "Neither a token nor a signature that is good"),
    (
        403,
        "A rule of the policy forbids it, or the operator shows no screens",
    ),
    (404, "There is no such server"),
    (406, "The client takes neither PNG nor WebP"),
    (409, "The server does not run, or has no screen"),
    (413, "A body came that is too large"),
    (429, "The user has asked for as many as one may in a minute"),
    (500, "Something broke inside"),
    (
        502,
        "The hypervisor cannot be reached, or speaks another protocol",
    ),
    (
        503,
        "Nobody can say who asks, too many pictures are being taken, or the gateway is stopping",
    ),
    (504, "The hypervisor did not answer in time"),
];

impl IntoResponses for Answers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = BTreeMap::new();
        let file = || {
            let text = ObjectBuilder::new().schema_type(Type::String);
            ContentBuilder::new().schema(Some(text)).build()
        };
        let picture = kept(ResponseBuilder::new().description("The picture"))
            .content("image/png", file())
            .content("image/webp", file());
        all.insert("200".to_owned(), picture.build().into());
        let known = kept(ResponseBuilder::new().description("The client has it already"));
        all.insert("304".to_owned(), known.build().into());
        for (status, about) in REFUSALS {
            let shape = RefOr::Ref(Ref::from_schema_name("Refusal"));
            let mut response = ResponseBuilder::new().description(about).content(
                "application/json",
                ContentBuilder::new().schema(Some(shape)).build(),
            );
            if status == 401 {
                response = response.header("WWW-Authenticate", text("Where to get a token"));
            }
            if matches!(status, 401 | 429 | 503) {
                response = response.header("Retry-After", text("After how many seconds to try again"));
            }
            all.insert(status.to_string(), response.build().into());
        }
        all
    }
}

fn kept(response: ResponseBuilder) -> ResponseBuilder {
    response
        .header("ETag", text("What tells it from other pictures"))
        .header("Last-Modified", text("When the screen looked so"))
        .header("Age", text("How many seconds ago that was"))
        .header("Cache-Control", text("`private, no-cache`: ask each time"))
}

fn text(about: &str) -> Header {
    let shape = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(shape))
        .description(Some(about))
        .build()
}
