//! Microversions: which form of the compute API a client asked for.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::fault::Fault;

/// A version of the compute API within 2.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Microversion {
    major: u32,
    minor: u32,
}

impl Microversion {
    /// Version 2.`minor`.
    pub const fn v2(minor: u32) -> Self {
        Self { major: 2, minor }
    }

    /// What a client that names none gets.
    pub const MIN: Self = Self::v2(1);
    /// The newest that Oriel knows the console calls of.
    pub const NEWEST: Self = Self::v2(104);

    /// Reads `MAJOR.MINOR` without leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| -> Option<u32> {
            let plain =
                digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
            // A number too long for any version is out of range, not malformed.
            plain
                .then(|| digits.parse().unwrap_or(u32::MAX))
                .filter(|_| !digits.is_empty())
        };
        let (major, minor) = text.split_once('.')?;
        Some(Self {
            major: number(major).filter(|&major| major > 0)?,
            minor: number(minor)?,
        })
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The two ways in which a client may name a version, the newer first.
const MODERN: HeaderName = HeaderName::from_static("openstack-api-version");
const LEGACY: HeaderName = HeaderName::from_static("x-openstack-nova-api-version");

/// What the two headers ask for, before it is known whether it can be had.
///
/// Nova: the last entry for `compute` in `OpenStack-API-Version` beats the last item of
/// `X-OpenStack-Nova-API-Version`; an entry without a version asks for the minimum.
fn requested(headers: &HeaderMap) -> Option<String> {
    let joined = |name: &HeaderName| {
        let values: Vec<_> = headers.get_all(name).iter().map(latin_1).collect();
        (!values.is_empty()).then(|| values.join(","))
    };
    if let Some(list) = joined(&MODERN) {
        let asked = list.split(',').rev().find_map(|entry| {
            let (service, version) = entry.trim().split_once(char::is_whitespace)?;
            service
                .eq_ignore_ascii_case("compute")
                .then(|| version.trim().to_owned())
        });
        if asked.is_some() {
            return asked;
        }
    }
    let list = joined(&LEGACY)?;
    list.rsplit(',').next().map(|item| item.trim().to_owned())
}

/// A header's text, as Nova is given it.
fn latin_1(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

/// Settles the version of a request, or says why none can be had.
pub fn negotiate(headers: &HeaderMap, max: Microversion) -> Result<Microversion, Fault> {
    let Some(text) = requested(headers) else {
        return Ok(Microversion::MIN);
    };
    if text == "latest" {
        return Ok(max);
    }
    let version = Microversion::parse(&text).ok_or_else(|| Fault::malformed_version(&text))?;
    if (Microversion::MIN..=max).contains(&version) {
        Ok(version)
    } else {
        Err(Fault::version_out_of_range(&text, max))
    }
}

/// Names the version in a response, in both headers, and says that the answer varies by them.
pub fn announce(headers: &mut HeaderMap, version: &str) {
    let set = |headers: &mut HeaderMap, name, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    set(headers, MODERN, format!("compute {version}"));
    set(headers, LEGACY, version.to_owned());
    headers.append(
        http::header::VARY,
        HeaderValue::from_static("OpenStack-API-Version"),
    );
    headers.append(
        http::header::VARY,
        HeaderValue::from_static("X-OpenStack-Nova-API-Version"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &'static str, value: &'static str) -> Option<Microversion> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        negotiate(&headers, Microversion::NEWEST).ok()
    }

    #[test]
    fn both_headers_are_read_as_nova_reads_them() {
        let modern = |value| asked("openstack-api-version", value);
        assert_eq!(modern("compute 2.6"), Some(Microversion::v2(6)));
        assert_eq!(modern("identity 3.0, Compute 2.6"), Some(Microversion::v2(6)));
        assert_eq!(modern("compute 2.6, compute 2.7"), Some(Microversion::v2(7)));
        assert_eq!(modern("compute"), Some(Microversion::MIN));
        assert_eq!(modern("computeX 2.6"), Some(Microversion::MIN));
        assert_eq!(modern("compute latest"), Some(Microversion::NEWEST));
        assert_eq!(modern("compute 2.6 extra"), None);

        let legacy = |value| asked("x-openstack-nova-api-version", value);
        assert_eq!(legacy("2.5, 2.6"), Some(Microversion::v2(6)));
        for refused in [
            "",
            "LATEST",
            "2.06",
            "2.6.1",
            "2",
            "02.6",
            "2.",
            ".6",
            "2.0",
            "3.0",
            "2.999",
            "2.99999999999",
        ] {
            assert_eq!(legacy(refused), None, "{refused:?}");
        }
    }
}
