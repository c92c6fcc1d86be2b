//! The part of Oriel's own calls in `/openapi.json`.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::{IntoParams, OpenApi};

use super::{login, servers};
use crate::openapi::{nest, of_components};

/// Which part of the list is wanted.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand; here for the document")]
pub(super) struct OwnListQuery {
    /// Most servers in the answer: 1000, and never more.
    limit: Option<usize>,
    /// The id of the last server of the page before.
    marker: Option<String>,
    /// `1`: those of every project. For admins.
    all_projects: Option<String>,
}

#[derive(OpenApi)]
#[openapi(paths(
    login::show,
    login::log_in,
    login::enter,
    login::log_out,
    servers::list,
    servers::grant
))]
struct Calls;

/// The paths and what they refer to.
pub fn document() -> Document {
    let mut calls = Calls::openapi();
    let mut document = of_components(calls.components.take().unwrap_or_default());
    nest(&mut document, calls, ("/oriel/v1", "oriel"), |path, call| {
        call.tags = Some(vec!["oriel".to_owned()]);
        if path.starts_with("/oriel/v1/servers") {
            call.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
        }
    });
    document
}
