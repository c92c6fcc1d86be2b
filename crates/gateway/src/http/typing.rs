//! The calls that have a text typed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::request::Parts;
use oriel_domain::{EndReason, SessionId};
use oriel_keyboard::{Lacking, Layout, UnknownLayout, name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page_call::{Refusal, no_store, refusal, refuse};
use super::{ClientAddress, body, client_of};
use crate::session::{Failure, Live};
use crate::typing::{Job, JobEnd, Refused};
use crate::{Gateway, Inner};

/// The most bytes that JSON needs for a character: a pair of surrogates, each as `\uXXXX`.
const BYTES_OF_CHARACTER: usize = 12;
/// What the body has besides the text.
const BODY_BESIDES: usize = 4096;
/// Most different characters that an answer names.
const MAX_LACKING: usize = 100;

/// A text to type. It has no `Debug`: it may be a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeText {
    /// The text. Each end of a line is an Enter.
    text: String,
    /// The keyboard layout that the guest has, such as `en-us` or `de`.
    layout: String,
}

/// A text that is typed, or was.
#[derive(Serialize, ToSchema)]
pub(super) struct TypingJob {
    job: Progress,
}

#[derive(Serialize, ToSchema)]
struct Progress {
    /// Characters that were typed.
    typed: usize,
    /// Characters in all.
    total: usize,
    /// `typing`, `done`, `cancelled` or `failed`.
    state: &'static str,
    /// Why it failed, by the name that log and page know it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// Why nothing is typed.
#[derive(Serialize, ToSchema)]
pub(super) struct NotTyped {
    error: NotTypedReason,
}

#[derive(Serialize, ToSchema)]
struct NotTypedReason {
    /// The reason's name.
    code: &'static str,
    message: String,
    /// The characters that there is no key for: each once, in the order of the text, 100 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lacking: Vec<LackingCharacter>,
}

#[derive(Serialize, ToSchema)]
struct LackingCharacter {
    character: char,
    /// Such as `U+20AC`.
    code_point: String,
    /// What it is called, where it shows nothing or looks like another.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    /// How many characters come before it where it comes first.
    offset: usize,
    /// Its line there, from 1.
    line: usize,
    /// Its place in that line, from 1.
    column: usize,
    /// How often it comes.
    count: usize,
}

/// Has a text typed into the guest, as if by hand.
///
/// Nothing is typed unless all of it can be: the answer comes before the first key. One text at a time is typed into a
/// server. It is the browser that opened the session that may; where its token opens many times, the token must come
/// along as `?token=`. The session's end ends it.
#[utoipa::path(post, path = "/oriel/v1/sessions/{id}/type", operation_id = "type_text", tag = "gateway",
    params(("id" = String, Path, description = "The session")),
    request_body = TypeText,
    responses(
        (status = 202, description = "It is being typed", body = TypingJob),
        (status = 400, description = "The body is not what the call asks for", body = Refusal),
        (status = 401, description = "No token came where one is needed, or its time is over", body = Refusal),
        (status = 403, description = "The page or browser is not one that may, the viewer may only look, or typing is \
            switched off", body = Refusal),
        (status = 404, description = "There is no such session, or its server is gone", body = Refusal),
        (status = 408, description = "The body did not come in time", body = Refusal),
        (status = 409, description = "A text is being typed into this server, or the session shows no screen",
            body = Refusal),
        (status = 413, description = "The text is too long", body = Refusal),
        (status = 422, description = "The layout has no keys for some characters", body = NotTyped),
        (status = 500, description = "Something broke inside", body = Refusal),
        (status = 502, description = "The hypervisor cannot be reached, or speaks another protocol", body = Refusal),
        (status = 503, description = "The gateway is stopping", body = Refusal),
        (status = 504, description = "The hypervisor did not answer in time", body = Refusal),
    ),
)]
pub(super) async fn start(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let started = async {
        let inner = &gateway.inner;
        let live = inner.live_session(&parts, &id).await?;
        inner.may_type(&live)?;
        let max = inner.settings.typing.max_characters;
        let most = max
            .saturating_mul(BYTES_OF_CHARACTER)
            .saturating_add(BODY_BESIDES);
        let shape = r#"{"text": "...", "layout": "..."}"#;
        let TypeText { text, layout } = body::json(&parts.headers, body, most, shape).await?;
        let layout: Layout = layout
            .parse()
            .map_err(|error: UnknownLayout| Failure::new(EndReason::ClientProtocol, error.to_string()))?;
        inner.start_typing(&live, &text, layout).await
    };
    answer(started.await, StatusCode::ACCEPTED, &parts)
}

/// How far the text is that is typed for a session, or was last.
#[utoipa::path(get, path = "/oriel/v1/sessions/{id}/type", operation_id = "typing_progress", tag = "gateway",
    params(("id" = String, Path, description = "The session")),
    responses(
        (status = 200, description = "How far it is", body = TypingJob),
        (status = 401, description = "No token came where one is needed, or its time is over", body = Refusal),
        (status = 403, description = "The page or browser is not one that may", body = Refusal),
        (status = 404, description = "There is no such session, or nothing was typed for it", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
    ),
)]
pub(super) async fn progress(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    answer(gateway.inner.job_of(&parts, &id).await, StatusCode::OK, &parts)
}

/// Stops typing. When this answers, no key is sent any more and none is held.
#[utoipa::path(delete, path = "/oriel/v1/sessions/{id}/type", operation_id = "cancel_typing", tag = "gateway",
    params(("id" = String, Path, description = "The session")),
    responses(
        (status = 200, description = "How far it was", body = TypingJob),
        (status = 401, description = "No token came where one is needed, or its time is over", body = Refusal),
        (status = 403, description = "The page or browser is not one that may", body = Refusal),
        (status = 404, description = "There is no such session, or nothing was typed for it", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
    ),
)]
pub(super) async fn cancel(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let job = gateway.inner.job_of(&parts, &id).await;
    if let Ok(job) = &job {
        job.cancel().await;
    }
    answer(job, StatusCode::OK, &parts)
}

impl Inner {
    /// The live session that a call names, if the browser that calls is its own.
    async fn live_session(&self, parts: &Parts, id: &str) -> Result<Arc<Live>, Refused> {
        self.check_origin(parts)?;
        let live = id.parse::<SessionId>().ok().and_then(|id| self.sessions.get(id));
        let live = live.ok_or(EndReason::NoSession)?;
        self.check_owner(&live, parts).await?;
        Ok(live)
    }

    async fn job_of(&self, parts: &Parts, id: &str) -> Result<Arc<Job>, Refused> {
        let live = self.live_session(parts, id).await?;
        live.job().ok_or(Refused::NoJob)
    }
}

impl TypingJob {
    fn of(job: &Job) -> Self {
        // First the end: whoever reads that it has ended must not read a number from before.
        let end = job.end();
        Self {
            job: Progress {
                typed: job.typed(),
                total: job.total,
                state: end.map_or("typing", JobEnd::name),
                reason: end.and_then(JobEnd::reason),
            },
        }
    }
}

/// Tells a page how far its text is, or why nothing is typed.
fn answer(job: Result<Arc<Job>, Refused>, status: StatusCode, parts: &Parts) -> Response {
    match job {
        Ok(job) => no_store((status, Json(TypingJob::of(&job))).into_response()),
        Err(refused) => refuse_typing(refused, client_of(parts)),
    }
}

fn refuse_typing(refused: Refused, client: ClientAddress) -> Response {
    let (status, code, message) = match refused {
        Refused::Failed(failure) => return refuse(failure, client),
        Refused::Off => (
            StatusCode::FORBIDDEN,
            "typing-off",
            "text is not typed here".to_owned(),
        ),
        Refused::ViewOnly => (
            StatusCode::FORBIDDEN,
            "view-only",
            "this viewer may only look".to_owned(),
        ),
        Refused::NoJob => (
            StatusCode::NOT_FOUND,
            "no-typing",
            "nothing was typed for this session".to_owned(),
        ),
        Refused::NoKeyboard => (
            StatusCode::CONFLICT,
            "no-keyboard",
            "text is typed into screens; a terminal takes it as it is".to_owned(),
        ),
        Refused::Busy => (
            StatusCode::CONFLICT,
            "typing-busy",
            "a text is being typed into this server: wait for its end, or cancel it".to_owned(),
        ),
        Refused::TooLong(most) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "text-too-long",
            format!("the text has more than {most} characters"),
        ),
        Refused::Untypable(untypable) => {
            let error = NotTypedReason {
                code: "untypable",
                message: format!("the layout has no keys for {untypable}"),
                lacking: untypable.lacking.iter().take(MAX_LACKING).map(describe).collect(),
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return no_store((status, Json(NotTyped { error })).into_response());
        }
    };
    tracing::info!(reason = code, %client, "a text was not typed");
    refusal(status, code, message)
}

fn describe(lacking: &Lacking) -> LackingCharacter {
    LackingCharacter {
        character: lacking.character,
        code_point: format!("U+{:04X}", u32::from(lacking.character)),
        name: name(lacking.character),
        offset: lacking.offset,
        line: lacking.line,
        column: lacking.column,
        count: lacking.count,
    }
}
