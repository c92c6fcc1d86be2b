//! What a trusted HTTP proxy in front says about whom it speaks for: `X-Forwarded-*` headers, or
//! `Forwarded` (RFC 7239).
//!
//! Everything behind the port sees one truth: the client's address, and a `Host` that is what the
//! browser asked for. What anybody else sends in these headers is thrown away.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HOST};
use http::uri::{Authority, Scheme, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use oriel_gateway::{ClientAddress, ReachedBy};
use serde::{Deserialize, Serialize};

use super::Networks;

#[cfg(test)]
mod tests;

/// Which headers the trusted proxies set. One family only: a proxy that sets one passes the other
/// on as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeaders {
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    XForwarded,
    /// `Forwarded`.
    Forwarded,
    /// None.
    Off,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Most proxies in a row that are looked back through.
const MAX_HOPS: usize = 16;

/// One proxy's word about the request that came to it.
#[derive(Debug, Default, Clone)]
struct Hop {
    client: Option<IpAddr>,
    scheme: Option<Scheme>,
    host: Option<Authority>,
}

/// Puts a request right: notes who sent it and how the browser reached the first trusted proxy, and
/// takes the headers away that said so. `peer` is the other end of the connection.
pub fn settle<B>(request: &mut Request<B>, peer: IpAddr, trusted: &Networks, kind: ForwardedHeaders) {
    let told = match kind {
        _ if !trusted.contain(peer) => Vec::new(),
        ForwardedHeaders::XForwarded => x_forwarded(request.headers()),
        ForwardedHeaders::Forwarded => forwarded(request.headers()),
        ForwardedHeaders::Off => Vec::new(),
    };
    for name in [
        &X_FORWARDED_FOR,
        &X_FORWARDED_PROTO,
        &X_FORWARDED_HOST,
        &FORWARDED,
    ] {
        request.headers_mut().remove(name);
    }
    // From the nearest proxy on: each says who came to it, and is believed if it is one of ours.
    let mut client = peer;
    let (mut scheme, mut host) = (None, None);
    for hop in told {
        if !trusted.contain(client) {
            break;
        }
        scheme = hop.scheme.or(scheme);
        host = hop.host.or(host);
        match hop.client {
            Some(address) => client = address,
            None => break,
        }
    }
    if let Some(host) = host {
        set_host(request, &host);
    }
    if let Some(scheme) = scheme {
        request.extensions_mut().insert(ReachedBy(scheme));
    }
    request.extensions_mut().insert(ClientAddress(client));
}

/// The hops that `X-Forwarded-*` tell of, the nearest first.
fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let mut hops: Vec<Hop> = elements(headers, &X_FORWARDED_FOR)
        .map(|text| Hop {
            client: node(text),
            ..Hop::default()
        })
        .collect();
    if hops.is_empty() {
        hops.push(Hop::default());
    }
    let schemes = elements(headers, &X_FORWARDED_PROTO);
    for (hop, text) in hops.iter_mut().zip(schemes) {
        hop.scheme = known_scheme(text);
    }
    let hosts = elements(headers, &X_FORWARDED_HOST);
    for (hop, text) in hops.iter_mut().zip(hosts) {
        hop.host = authority(text);
    }
    hops
}

/// The hops that `Forwarded` tells of, the nearest first.
fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    elements(headers, &FORWARDED)
        .map(|element| {
            let mut hop = Hop::default();
            for pair in element.split(';') {
                let Some((name, value)) = pair.split_once('=') else {
                    continue;
                };
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => hop.client = node(value),
                    "proto" => hop.scheme = known_scheme(value),
                    "host" => hop.host = authority(value),
                    _ => {}
                }
            }
            hop
        })
        .collect()
}

/// The elements of all headers of a name, the last first. A header that is no text ends the list:
/// what stands before it was passed on by somebody who does not check.
fn elements<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> + use<'h> {
    let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    let texts = values.into_iter().rev().map_while(Result::ok);
    texts
        .flat_map(|text| text.rsplit(','))
        .map(str::trim)
        .take(MAX_HOPS)
}

/// An address, with or without a port. Names that hide or do not know one are none.
fn node(text: &str) -> Option<IpAddr> {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let address = inner.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

fn known_scheme(text: &str) -> Option<Scheme> {
    [Scheme::HTTP, Scheme::HTTPS]
        .into_iter()
        .find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
}

fn authority(text: &str) -> Option<Authority> {
    let authority = text.parse::<Authority>().ok()?;
    let plain = !authority.host().is_empty() && !authority.as_str().contains('@');
    plain.then_some(authority)
}

fn set_host<B>(request: &mut Request<B>, host: &Authority) {
    if let Ok(value) = HeaderValue::from_str(host.as_str()) {
        request.headers_mut().insert(HOST, value);
    }
    let mut parts = request.uri().clone().into_parts();
    if parts.authority.is_some() {
        parts.authority = Some(host.clone());
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}
