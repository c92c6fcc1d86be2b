//! `GET /oriel/v1/servers/{server_id}/screenshot`: where the two planes meet for one call.
//!
//! Control says whether whoever asks may see the server's screen, and the gateway takes the picture. Neither knows of
//! the other, so the call is here, where both are known.

mod answers;
mod wanted;

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use oriel_control::Control;
use oriel_control::request_id::{self, RequestId};
use oriel_control::screens::NotSeen;
use oriel_gateway::{Gateway, NoScreenshot, PictureForm, Screenshot, refusal, status};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use self::answers::Answers;
use self::wanted::{Unreadable, Wanted};

/// A browser asks each time, so that nobody is shown what they may not see any more; an unchanged picture costs it a few
/// bytes. Nobody in between keeps one.
const KEEPING: HeaderValue = HeaderValue::from_static("private, no-cache");

/// RFC 9110 section 5.6.7.
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Both planes.
#[derive(Clone)]
pub(crate) struct Planes {
    control: Control,
    gateway: Gateway,
}

/// The call.
pub fn router(control: &Control, gateway: &Gateway) -> Router {
    let planes = Planes {
        control: control.clone(),
        gateway: gateway.clone(),
    };
    Router::new()
        .route("/oriel/v1/servers/{server_id}/screenshot", get(screenshot))
        .with_state(planes)
}

/// Shows a server's screen as a picture, without opening its console.
///
/// The picture is some seconds old at most (`screenshots.max_age`); `Age` and `Last-Modified` tell. It is never wider
/// than the screen. `If-None-Match` saves the body where nothing has changed. Off unless the operator switches it on.
#[utoipa::path(get, path = "/oriel/v1/servers/{server_id}/screenshot", operation_id = "screenshot", tag = "oriel",
    params(
        ("server_id" = String, Path, description = "The server's id"),
        ("width" = Option<u16>, Query, description = "The picture's width in pixels; by default the screen's", minimum = 1),
        ("format" = Option<String>, Query, description = "`png` or `webp`; by default what `Accept` prefers"),
    ),
    security(("token" = []), ("signature" = [])),
    responses(Answers),
)]
pub(crate) async fn screenshot(
    State(planes): State<Planes>,
    Path(server): Path<String>,
    request: Request,
) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = match planes.answer(&server, request).await {
        Ok(response) => response,
        Err(refused) => planes.refuse(&refused),
    };
    if let Some(id) = id {
        response.headers_mut().insert(request_id::HEADER, id.to_header());
    }
    response
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// Control says no.
    #[error(transparent)]
    NotSeen(#[from] NotSeen),
    /// What is wanted cannot be read, or had.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The gateway has none.
    #[error(transparent)]
    NoScreenshot(#[from] NoScreenshot),
}

impl Planes {
    async fn answer(&self, server: &str, request: Request) -> Result<Response, Refused> {
        let (parts, body) = request.into_parts();
        // 1. May they see it?
        let seen = self.control.may_see_screen(&parts, body, server).await?;
        // 2. How?
        let wanted = Wanted::read(parts.uri.query(), &parts.headers)?;
        // 3. How does it look?
        let shot = self
            .gateway
            .screenshot(&seen.server, wanted.width, wanted.form)
            .await?;
        tracing::info!(
            server_id = %seen.server.id, project_id = %seen.server.project, user_id = %seen.principal.user.id,
            age = ?shot.age(), "a screen was shown"
        );
        Ok(show(&shot, &parts))
    }

    fn refuse(&self, refused: &Refused) -> Response {
        let (status, code) = refused.name();
        let mut response = refusal(status, code, refused.to_string());
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED
            && let Ok(challenge) = HeaderValue::from_str(&self.control.challenge())
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = refused.retry_after() {
            headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        response
    }
}

impl Refused {
    /// Its status and its name.
    fn name(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotSeen(refused) => match refused {
                NotSeen::Unauthenticated(_) | NotSeen::Locked(_) => {
                    (StatusCode::UNAUTHORIZED, "unauthenticated")
                }
                NotSeen::IdentityBusy(_) => (StatusCode::SERVICE_UNAVAILABLE, "identity-busy"),
                NotSeen::BodyTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-long"),
                NotSeen::BodyLost => (StatusCode::BAD_REQUEST, "client-protocol"),
                NotSeen::Off => (StatusCode::FORBIDDEN, "screenshots-off"),
                NotSeen::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
                NotSeen::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too-many-screenshots"),
                NotSeen::NoSuchServer => (StatusCode::NOT_FOUND, "server-unknown"),
                NotSeen::NotUp(_) => (StatusCode::CONFLICT, "server-not-up"),
                NotSeen::NoScreen(_) => (StatusCode::CONFLICT, "no-screen"),
                NotSeen::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            },
            Self::Unreadable(Unreadable::NoForm) => (StatusCode::NOT_ACCEPTABLE, "not-acceptable"),
            Self::Unreadable(Unreadable::Width | Unreadable::Form) => {
                (StatusCode::BAD_REQUEST, "client-protocol")
            }
            Self::NoScreenshot(missed) => match missed {
                NoScreenshot::Busy => (StatusCode::SERVICE_UNAVAILABLE, "screenshots-busy"),
                NoScreenshot::Size => (StatusCode::BAD_GATEWAY, "screen-size"),
                NoScreenshot::Failed(reason) => (status(*reason), reason.name()),
            },
        }
    }

    /// When it is worth asking again, where time helps.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotSeen(NotSeen::Locked(locked)) => Some(locked.retry_after),
            Self::NotSeen(NotSeen::IdentityBusy(wait) | NotSeen::TooMany(wait)) => Some(*wait),
            Self::NoScreenshot(NoScreenshot::Busy) => Some(Duration::from_secs(1)),
            _ if self.name().0 == StatusCode::SERVICE_UNAVAILABLE => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

/// The picture, or that the one that the client has is as good.
fn show(shot: &Screenshot, parts: &Parts) -> Response {
    let tag = format!("\"{}\"", shot.tag);
    let mut response = if is_known(&tag, &parts.headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content_type = match shot.form {
            PictureForm::Png => "image/png",
            PictureForm::Webp => "image/webp",
        };
        ([(header::CONTENT_TYPE, content_type)], shot.bytes.clone()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, KEEPING);
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::AGE, shot.age().as_secs().into());
    for (name, value) in [
        (header::ETAG, Some(tag)),
        (header::LAST_MODIFIED, http_date(shot.taken_at)),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

fn http_date(at: OffsetDateTime) -> Option<String> {
    at.to_offset(time::UtcOffset::UTC).format(HTTP_DATE).ok()
}

/// Whether a client has this already (RFC 9110 section 13.1.2).
fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
