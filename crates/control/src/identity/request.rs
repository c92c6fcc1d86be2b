//! Who sent a request: the holder of its token, or the signer of all of it.

use axum::body::{Body, Bytes};
use http::HeaderName;
use http::request::Parts;
use oriel_domain::Principal;
use time::OffsetDateTime;

use super::signature::{Claim, Refusal};
use super::{Identity, IdentityError, SignatureError};
use crate::body::BodyError;
use crate::read_header;

/// Where a token comes.
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// Why a request is nobody's.
#[derive(Debug)]
pub(crate) enum Nobody {
    /// Neither a token nor a signature.
    Anonymous,
    /// The token is unknown, expired or revoked.
    Token,
    /// The signature was not taken.
    Signature(Refusal),
    /// The body, without which nothing can be said of the signature.
    Body(BodyError),
    /// Nobody can say.
    Identity(IdentityError),
}

impl From<SignatureError> for Nobody {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Refused(refusal) => Self::Signature(refusal),
            SignatureError::Identity(error) => Self::Identity(error),
        }
    }
}

impl Identity {
    /// Who asks, and the body. A token wins over a signature: with Huawei's SDK, a token can only be added to a request
    /// that is signed as well, with whatever key.
    pub(crate) async fn caller_of(
        &self,
        parts: &Parts,
        body: Body,
        now: OffsetDateTime,
    ) -> Result<(Principal, Bytes), Nobody> {
        let read = |body| async { crate::body::read(body).await.map_err(Nobody::Body) };
        if parts.headers.contains_key(AUTH_TOKEN) {
            let token = read_header(&parts.headers, AUTH_TOKEN).ok_or(Nobody::Token)?;
            let caller = self.validate(&token).await.map_err(Nobody::Identity)?;
            let caller = caller.ok_or(Nobody::Token)?;
            return Ok((caller.principal, read(body).await?));
        }
        let claim = Claim::read(parts, now).map_err(Nobody::Signature)?;
        let claim = claim.ok_or(Nobody::Anonymous)?;
        let body = read(body).await?;
        Ok((self.verify(&claim, &body).await?, body))
    }
}
