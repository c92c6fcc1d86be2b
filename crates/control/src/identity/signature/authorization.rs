//! The header `Authorization` of a signed request.

use http::{HeaderMap, HeaderName, header};
use oriel_domain::AccessKeyId;

use super::{Refusal, Scheme};
use crate::identity::vault::unhex;

pub(super) const PLAIN: &str = "SDK-HMAC-SHA256";
pub(super) const DERIVED: &str = "V11-HMAC-SHA256";

/// Most headers that a signature may cover.
const MAX_SIGNED: usize = 64;
/// Longest name of a region or service, in bytes.
const MAX_SCOPE: usize = 64;

/// What the header says.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) key: AccessKeyId,
    pub(super) scheme: Scheme,
    /// In the order of the header.
    pub(super) signed_headers: Vec<HeaderName>,
    pub(super) signature: [u8; 32],
}

/// The header's text, where it is a signature. Other ways to authenticate (`Bearer`, `Basic`) are
/// none of ours and are passed over.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let is_signature = |bytes: &[u8]| bytes.starts_with(b"SDK-") || bytes.starts_with(b"V11-");
    if !is_signature(value.as_bytes()) {
        return Ok(None);
    }
    if values.next().is_some() {
        return Err(Refusal::Malformed("there are two"));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| Refusal::Malformed("it is not ASCII"))
}

impl Authorization {
    /// Reads `ALGORITHM Access=AK, SignedHeaders=a;b, Signature=HEX`, or, where the key is derived,
    /// `Credential=AK/DAY/REGION/SERVICE` in place of `Access`.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != PLAIN && algorithm != DERIVED {
            return Err(Refusal::Algorithm);
        }
        let (mut access, mut credential, mut signed, mut signature) = (None, None, None, None);
        for field in rest.split(',') {
            let (name, value) = field
                .trim()
                .split_once('=')
                .ok_or(Refusal::Malformed("expected NAME=VALUE, with commas between"))?;
            let slot = match name {
                "Access" => &mut access,
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed,
                "Signature" => &mut signature,
                _ => return Err(Refusal::Malformed("it has a field that is not known")),
            };
            if slot.replace(value).is_some() {
                return Err(Refusal::Malformed("a field is there twice"));
            }
        }
        let (key, scheme) = match (algorithm, access, credential) {
            (PLAIN, Some(key), None) => (key, Scheme::Plain),
            (DERIVED, None, Some(credential)) => read_credential(credential)?,
            (PLAIN, ..) => return Err(Refusal::Malformed("Access is missing")),
            _ => return Err(Refusal::Malformed("Credential is missing")),
        };
        Ok(Self {
            key: key
                .parse()
                .map_err(|_| Refusal::Malformed("the access key is 1 to 64 letters and digits"))?,
            scheme,
            signed_headers: read_signed_headers(
                signed.ok_or(Refusal::Malformed("SignedHeaders is missing"))?,
            )?,
            signature: signature
                .and_then(|signature| unhex(signature.as_bytes()))
                .ok_or(Refusal::Malformed("Signature must be 64 lower-case hex digits"))?,
        })
    }
}

fn read_credential(credential: &str) -> Result<(&str, Scheme), Refusal> {
    let legal = |text: &str| {
        (1..=MAX_SCOPE).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let parts: Vec<_> = credential.split('/').collect();
    match parts[..] {
        [key, day, region, service]
            if day.len() == 8
                && day.bytes().all(|b| b.is_ascii_digit())
                && legal(region)
                && legal(service) =>
        {
            let info = format!("{day}/{region}/{service}");
            Ok((key, Scheme::Derived { info }))
        }
        _ => Err(Refusal::Malformed(
            "Credential must be AK/YYYYMMDD/REGION/SERVICE",
        )),
    }
}

fn read_signed_headers(text: &str) -> Result<Vec<HeaderName>, Refusal> {
    let mut names = Vec::new();
    for name in text.split(';') {
        let name = HeaderName::from_lowercase(name.as_bytes())
            .map_err(|_| Refusal::Malformed("SignedHeaders must be lower-case names with ';' between"))?;
        if names.contains(&name) {
            return Err(Refusal::Malformed("SignedHeaders has a name twice"));
        }
        if names.len() == MAX_SIGNED {
            return Err(Refusal::Malformed("SignedHeaders has more than 64 names"));
        }
        names.push(name);
    }
    Ok(names)
}
