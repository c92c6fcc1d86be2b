//! Requests that are signed with an access key: `SDK-HMAC-SHA256`, and `V11-HMAC-SHA256` with a
//! derived key, as Huawei's SDKs sign them. No I/O: the key's secret is the caller's to find.
//!
//! The source is `huaweicloudsdkcore` 3.1.219 on the wire. A signature covers the method, the path,
//! the query, the headers that it names and the body. What is checked is what was received: where
//! the client wrote an escape in another way, or its query in another order, the signature is the
//! same.
//!
//! Signatures are not remembered. The date has steps of a second, so that two equal calls in one
//! second have the same signature, and both are honest. Within [`WINDOW`] a signed request can
//! therefore be sent again by whoever has read it, which TLS prevents.

mod authorization;
mod canonical;

use aws_lc_rs::{digest, hkdf, hmac};
use http::request::Parts;
use http::{HeaderName, header};
use oriel_domain::{AccessKeyId, SecretKey, hex};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use self::authorization::Authorization;
use super::throttle::Locked;

/// How far a request's date may be from our clock, either way.
pub const WINDOW: Duration = Duration::minutes(15);

const X_SDK_DATE: HeaderName = HeaderName::from_static("x-sdk-date");
const X_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-security-token");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// The longest canonical request that a refusal repeats, in characters.
const LONGEST_ECHO: usize = 2_048;

/// How the signing key comes from the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    /// It is the secret.
    Plain,
    /// It is derived for one day, region and service: `yyyymmdd/region/service`.
    Derived { info: String },
}

/// A request that says who signed it. Whether that is true is not known before
/// [`matches`](Self::matches).
#[derive(Debug, Clone)]
pub struct Claim {
    key: AccessKeyId,
    scheme: Scheme,
    date: String,
    /// The canonical request up to the hash of its body.
    head: Vec<u8>,
    signature: [u8; 32],
}

/// Why a signature was not taken, in the words that a client is told after "Incorrect IAM
/// authentication information: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The header cannot be read.
    #[error("the Authorization header is malformed: {0}")]
    Malformed(&'static str),
    /// A way to sign that Oriel does not know.
    #[error("unsupported algorithm: sign with SDK-HMAC-SHA256 or V11-HMAC-SHA256")]
    Algorithm,
    /// A temporary key.
    #[error("temporary access keys (X-Security-Token) are not supported: use a permanent one")]
    Temporary,
    /// The date is missing, malformed or too far away.
    #[error("x-sdk-date must be a time like 20250102T030405Z within 15 minutes of this server's, which is {}", date(*.now))]
    Date {
        /// Our clock.
        now: OffsetDateTime,
    },
    /// A signed header is missing, or there twice.
    #[error("the signed header {0} must be in the request exactly once")]
    Header(HeaderName),
    /// The signature does not match, or there is no such key, or it may not be used: one answer for
    /// all of them. The canonical request is the one that we made of what the client sent.
    #[error("verify aksk signature fail, canonicalRequest:{canonical}")]
    Mismatch {
        /// With `|` in place of line ends.
        canonical: String,
    },
    /// The key has failed too often, by whoever's hand.
    #[error("AK access failed to reach the limit, forbidden: try again in {} seconds", .0.retry_after.as_secs())]
    Locked(#[from] Locked),
    /// Signatures are not taken at all, for want of keys to check them with.
    #[error("signed requests are not taken here: use X-Auth-Token")]
    NotTaken,
}

impl Claim {
    /// Reads the claim of a request, and refuses what can be refused without its body and the key's
    /// secret. None: the request is not signed in any way that we know of.
    pub fn read(parts: &Parts, now: OffsetDateTime) -> Result<Option<Self>, Refusal> {
        let Some(text) = authorization::of(&parts.headers)? else {
            return Ok(None);
        };
        let authorization = Authorization::parse(text)?;
        if parts.headers.contains_key(X_SECURITY_TOKEN) {
            return Err(Refusal::Temporary);
        }
        for needed in [header::HOST, X_SDK_DATE] {
            if !authorization.signed_headers.contains(&needed) {
                return Err(Refusal::Malformed("SignedHeaders must have host and x-sdk-date"));
            }
        }
        let date = canonical::header(parts, &X_SDK_DATE)?;
        let date = check_date(date, now).ok_or(Refusal::Date { now })?;
        if let Scheme::Derived { info } = &authorization.scheme
            && !date.starts_with(&info[..8])
        {
            return Err(Refusal::Malformed(
                "the day in Credential is not that of x-sdk-date",
            ));
        }
        Ok(Some(Self {
            head: canonical::head(parts, &authorization.signed_headers)?,
            key: authorization.key,
            scheme: authorization.scheme,
            signature: authorization.signature,
            date,
        }))
    }

    /// The key that the request claims to be signed with.
    pub fn key(&self) -> &AccessKeyId {
        &self.key
    }

    /// Whether the request was signed with this secret. Takes as long for every secret.
    pub fn matches(&self, secret: &SecretKey, body: &[u8]) -> bool {
        let Some(key) = self.scheme.key(&self.key, secret) else {
            return false;
        };
        hmac::verify(&key, self.string_to_sign(body).as_bytes(), &self.signature).is_ok()
    }

    /// The refusal of this claim, with what a client's developer needs to find the difference.
    pub fn mismatch(&self, body: &[u8]) -> Refusal {
        let canonical = self.canonical_request(body);
        let canonical = String::from_utf8_lossy(&canonical);
        let echo = canonical.chars().take(LONGEST_ECHO);
        Refusal::Mismatch {
            canonical: echo.map(|c| if c == '\n' { '|' } else { c }).collect(),
        }
    }

    fn canonical_request(&self, body: &[u8]) -> Vec<u8> {
        [&self.head[..], sha256(body).as_bytes()].concat()
    }

    fn string_to_sign(&self, body: &[u8]) -> String {
        let hash = sha256(&self.canonical_request(body));
        match &self.scheme {
            Scheme::Plain => format!("{}\n{}\n{hash}", authorization::PLAIN, self.date),
            Scheme::Derived { info } => {
                format!("{}\n{}\n{info}\n{hash}", authorization::DERIVED, self.date)
            }
        }
    }
}

impl Scheme {
    /// None cannot be: a key of 32 bytes is not too long to derive.
    fn key(&self, id: &AccessKeyId, secret: &SecretKey) -> Option<hmac::Key> {
        let secret = secret.expose().as_bytes();
        match self {
            Self::Plain => Some(hmac::Key::new(hmac::HMAC_SHA256, secret)),
            Self::Derived { info } => {
                let mut key = [0; 32];
                hkdf::Salt::new(hkdf::HKDF_SHA256, id.as_str().as_bytes())
                    .extract(secret)
                    .expand(&[info.as_bytes()], hkdf::HKDF_SHA256)
                    .and_then(|derived| derived.fill(&mut key))
                    .ok()?;
                Some(hmac::Key::new(hmac::HMAC_SHA256, hex(&key).as_bytes()))
            }
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// The date, if it has the one form and is near enough.
fn check_date(value: &[u8], now: OffsetDateTime) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    // The parser alone would take a sign in front of the year.
    if text.len() != 16 || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let time = PrimitiveDateTime::parse(text, DATE).ok()?.assume_utc();
    ((time - now).abs() <= WINDOW).then(|| text.to_owned())
}

fn date(time: OffsetDateTime) -> String {
    // Only a year beyond four digits has no such form.
    time.format(DATE).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
