//! The control plane's part of `/openapi.json`. The paths come from the annotations beside the
//! calls; here are the words that they are written in. Bodies are made as JSON, not as types, so
//! their shapes are written by hand; tests and schemathesis hold them to the answers.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{
    Components, ContentBuilder, Header, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
    Schema, SchemaFormat,
};

use crate::identity::Identity;
use crate::{Control, compute, ecs, identity, own};

impl Control {
    /// The paths of the control plane and what they refer to. Where the identity is a Keystone's,
    /// its calls are not here.
    pub fn openapi(&self) -> OpenApi {
        let mut document = document();
        if let Identity::Keystone(_) = self.identity {
            document
                .paths
                .paths
                .retain(|path, _| !path.starts_with("/identity") && !path.starts_with("/v3"));
        }
        document
    }
}

pub(crate) fn document() -> OpenApi {
    let mut document = identity::openapi::document();
    add(&mut document, ecs::openapi::document());
    add(&mut document, compute::openapi::document());
    add(&mut document, own::openapi::document());
    document
}

/// Adds a part to a document. utoipa's own `merge` forgets parameters and headers that are shared.
pub fn add(document: &mut OpenApi, mut part: OpenApi) {
    if let Some(shared) = &mut part.components {
        let all = document.components.get_or_insert_default();
        all.parameters.append(&mut shared.parameters);
        all.headers.append(&mut shared.headers);
    }
    document.merge(part);
}

/// A document of nothing but what others refer to.
pub(crate) fn of_components(components: Components) -> OpenApi {
    OpenApiBuilder::new().components(Some(components)).build()
}

/// A shape of a value.
pub(crate) type Shape = RefOr<Schema>;

/// Names shapes, so that annotations can refer to them and the document carries each once.
macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $name:ident = $shape:expr;)*) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> $crate::openapi::Shape {
                $shape.into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}
pub(crate) use shapes;

pub(crate) fn of_type(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

pub(crate) fn text() -> ObjectBuilder {
    of_type(Type::String)
}

pub(crate) fn integer() -> ObjectBuilder {
    of_type(Type::Integer)
}

pub(crate) fn boolean() -> ObjectBuilder {
    of_type(Type::Boolean)
}

pub(crate) fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}

/// A value of this kind, or null.
pub(crate) fn or_null(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([kind, Type::Null]))
}

pub(crate) fn formatted(format: &str) -> ObjectBuilder {
    text().format(Some(SchemaFormat::Custom(format.to_owned())))
}

/// One of these words.
pub(crate) fn word(choices: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(choices.iter().copied()))
}

pub(crate) fn list(items: impl Into<Shape>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
}

pub(crate) fn either(shapes: impl IntoIterator<Item = Shape>) -> AnyOfBuilder {
    shapes.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item)
}

/// An object that has these members, and maybe others.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Shape)>) -> ObjectBuilder {
    members
        .into_iter()
        .fold(of_type(Type::Object), |object, (name, shape)| {
            object.property(name, shape).required(name)
        })
}

/// An object whose members, whatever they are called, have this shape.
pub(crate) fn map(values: impl Into<Shape>) -> ObjectBuilder {
    of_type(Type::Object).additional_properties(Some(values.into()))
}

/// An object with this one member and no other.
pub(crate) fn only(name: &str, shape: impl Into<Shape>) -> ObjectBuilder {
    object([(name, shape.into())]).additional_properties(Some(closed()))
}

/// For `additional_properties`: there are none.
pub(crate) fn closed() -> utoipa::openapi::schema::AdditionalProperties<Schema> {
    utoipa::openapi::schema::AdditionalProperties::FreeForm(false)
}

pub(crate) fn header(description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(text()))
        .description(Some(description))
        .build()
}

/// An answer with a body in each of these forms.
pub(crate) fn answer<const N: usize>(description: &str, forms: [(&str, Shape); N]) -> ResponseBuilder {
    let response = ResponseBuilder::new().description(description);
    forms.into_iter().fold(response, |response, (kind, shape)| {
        response.content(kind, ContentBuilder::new().schema(Some(shape)).build())
    })
}

/// What an answer refers to.
pub(crate) fn shared(kind: &str, name: &str) -> Ref {
    Ref::new(format!("#/components/{kind}/{name}"))
}

/// References to the shared answers with these statuses, of which 0 stands for none.
pub(crate) fn shared_answers<const N: usize>(
    family: &str,
    statuses: [u16; N],
) -> BTreeMap<String, RefOr<Response>> {
    let statuses = statuses.into_iter().filter(|&status| status > 0);
    statuses
        .map(|status| {
            let answer = shared("responses", &format!("{family}{status}"));
            (status.to_string(), answer.into())
        })
        .collect()
}

/// Puts calls under a path in front of theirs. `place` gives each what it has by that path, which
/// it is told; calls are named after where they lie.
pub(crate) fn nest(
    document: &mut OpenApi,
    mut calls: OpenApi,
    (prefix, family): (&str, &str),
    place: impl Fn(&str, &mut Operation),
) {
    for (path, mut item) in std::mem::take(&mut calls.paths.paths) {
        let path = format!("{prefix}{path}");
        let mut operations = operations(&mut item);
        let names: Vec<_> = operations
            .iter()
            .map(|(_, call)| call.operation_id.clone().unwrap_or_default())
            .collect();
        for ((method, call), name) in operations.iter_mut().zip(&names) {
            // One function may answer several methods.
            let shared = names.iter().filter(|other| *other == name).count() > 1;
            let method = if shared {
                format!(".{method}")
            } else {
                String::new()
            };
            call.operation_id = Some(format!("{family}.{name}{method}"));
            place(&path, call);
        }
        calls.paths.paths.insert(path, item);
    }
    add(document, calls);
}

/// The calls that a path has, by their methods.
fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("head", &mut item.head),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, call)| Some((method, call.as_mut()?)))
    .collect()
}
