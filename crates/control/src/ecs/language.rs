//! The language of the page that a link opens.

use http::{HeaderMap, HeaderName};
use oriel_domain::ConsoleKind;

const X_LANGUAGE: HeaderName = HeaderName::from_static("x-language");

/// The link's `lang` that the header `X-Language` asks for, among the languages that Oriel's page
/// speaks. Any other leaves it to the configuration, and so does a console that opens elsewhere.
pub fn link_language(headers: &HeaderMap, kind: ConsoleKind) -> Option<&'static str> {
    if kind != ConsoleKind::Novnc {
        return None;
    }
    let tag = headers
        .get(X_LANGUAGE)?
        .to_str()
        .ok()?
        .trim()
        .to_ascii_lowercase();
    match tag.split(['-', '_']).next()? {
        "zh" | "cn" => Some("CN"),
        "en" => Some("EN"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_languages_are_named_as_huawei_names_them() {
        for (tag, lang) in [
            ("zh-cn", Some("CN")),
            ("zh_CN", Some("CN")),
            ("ZH", Some("CN")),
            ("en-us", Some("EN")),
            ("en-GB", Some("EN")),
            ("de-de", None),
            ("", None),
            ("&lang=x", None),
        ] {
            let headers = HeaderMap::from_iter([(X_LANGUAGE, tag.parse().unwrap())]);
            assert_eq!(link_language(&headers, ConsoleKind::Novnc), lang, "{tag}");
            assert_eq!(link_language(&headers, ConsoleKind::Serial), None);
        }
        assert_eq!(link_language(&HeaderMap::new(), ConsoleKind::Novnc), None);
    }
}
