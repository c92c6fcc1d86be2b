//! A person's login in two halves, neither of which is worth anything alone.
//!
//! The identity's tokens lie in a cookie that no script can read, encrypted; the key lies with the page's script and
//! comes in a header. So a script that got into the page cannot carry the token away; a program behind another port of
//! the same host, which browsers show this host's cookies to, cannot read it; and no page of another site can make the
//! browser use it, since it has not the key. Oriel keeps nothing: it works on any number of gateways, and nothing in
//! the database or on the disk logs anybody in.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use oriel_domain::{AuthToken, Digest, LoginKey};

use super::fault::Fault;
use crate::{Control, read_header};

/// The header with the page's half.
pub(super) const KEY_HEADER: &str = "x-oriel-login";
/// What is encrypted is told apart by this from whatever else the same key might one day protect.
const PURPOSE: &[u8] = b"oriel login, form 1";
/// Browsers keep no longer cookie, name and attributes included (RFC 6265, section 6.1).
const MAX_COOKIE: usize = 4096;

/// What a person's browser holds of a login.
#[derive(Debug)]
pub(super) struct Halves {
    /// Good nowhere: with it, the person goes from project to project.
    pub(super) person: AuthToken,
    /// Good in the project that the person is in, if any.
    pub(super) project: Option<AuthToken>,
    pub(super) key: LoginKey,
}

impl Halves {
    /// The login of a request that has both halves and comes from a page of this very origin.
    pub(super) fn of(control: &Control, headers: &HeaderMap) -> Option<Self> {
        let key: LoginKey = read_header(headers, KEY_HEADER)?;
        is_from_here(control, headers).then_some(())?;
        let sealed = cookie(headers, cookie_name(control))?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let text = cipher(&key)?
            .open_in_place(nonce, Aad::from(PURPOSE), &mut text)
            .ok()?;
        let mut tokens = std::str::from_utf8(text).ok()?.split(' ');
        Some(Self {
            person: tokens.next()?.parse().ok()?,
            project: tokens.next().and_then(|token| token.parse().ok()),
            key,
        })
    }

    /// The token to act with.
    pub(super) fn token(&self) -> &AuthToken {
        self.project.as_ref().unwrap_or(&self.person)
    }

    /// The browser's half: for this origin alone (`__Host-`), out of reach of scripts, never sent along from another
    /// site, and gone with the browser.
    pub(super) fn cookie(&self, control: &Control) -> Result<HeaderValue, Fault> {
        let project = self.project.as_ref().map(AuthToken::expose);
        let tokens = [Some(self.person.expose()), project];
        let mut text = tokens
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
            .into_bytes();
        let failed = || Fault::internal("a login could not be encrypted");
        let nonce = cipher(&self.key)
            .ok_or_else(failed)?
            .seal_in_place_append_tag(Aad::from(PURPOSE), &mut text)
            .map_err(|_| failed())?;
        let sealed = URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &text].concat());
        let cookie = set_cookie(control, &sealed, "")?;
        if cookie.len() > MAX_COOKIE {
            return Err(Fault::internal("the identity's tokens are too long for a cookie"));
        }
        Ok(cookie)
    }
}

/// The cookie that takes the browser's half away.
pub(super) fn no_cookie(control: &Control) -> Result<HeaderValue, Fault> {
    set_cookie(control, "", "; Max-Age=0")
}

/// Whether a request can have come from a page of this origin, as far as the browser says. A program says nothing.
pub(super) fn is_from_here(control: &Control, headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).map(HeaderValue::as_bytes);
    match value("sec-fetch-site") {
        Some(site) => matches!(site, b"same-origin" | b"none"),
        // Where the page came over plain HTTP, or from an old browser.
        None => match value("origin") {
            None => true,
            Some(origin) => {
                let host = value("host").map(String::from_utf8_lossy).unwrap_or_default();
                let own = format!("{}://{host}", control.compute.scheme);
                origin == own.as_bytes() || origin == control.compute.public_url.as_bytes()
            }
        },
    }
}

fn set_cookie(control: &Control, value: &str, more: &str) -> Result<HeaderValue, Fault> {
    let secure = if is_secure(control) { "; Secure" } else { "" };
    let name = cookie_name(control);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    let mut value = HeaderValue::from_str(&text).map_err(|_| Fault::internal("a cookie is no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A browser takes a `__Host-` cookie over TLS alone.
fn cookie_name(control: &Control) -> &'static str {
    if is_secure(control) {
        "__Host-oriel-login"
    } else {
        "oriel-login"
    }
}

fn is_secure(control: &Control) -> bool {
    control.compute.scheme == "https"
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

fn cipher(key: &LoginKey) -> Option<RandomizedNonceKey> {
    let key = Digest::of(key.expose());
    RandomizedNonceKey::new(&AES_256_GCM, key.as_bytes()).ok()
}
