use http::HeaderValue;

use super::*;

fn admits(origin: Option<&'static str>, host: &'static str) -> bool {
    let rules = OriginRules::new(
        "https://console.example:8002".parse().unwrap(),
        &["Portal.Example".into()],
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, host.parse().unwrap());
    if let Some(origin) = origin {
        headers.insert(header::ORIGIN, origin.parse().unwrap());
    }
    rules.admit(&Uri::from_static("/"), &headers, None)
}

#[test]
fn own_pages_allowed_pages_and_programs_may() {
    assert!(admits(None, "console.example:8002"));
    assert!(admits(Some("https://console.example:8002"), "gateway.internal"));
    assert!(admits(Some("https://CONSOLE.example"), "gateway.internal"));
    assert!(admits(Some("https://portal.example"), "console.example"));
    assert!(admits(Some("https://10.0.0.7:8002"), "10.0.0.7:8002"));
    assert!(admits(Some("https://[::1]:8002"), "[::1]:8002"));
}

#[test]
fn over_http_2_the_host_stands_in_the_uri() {
    let rules = OriginRules::new("https://console.example".parse().unwrap(), &[]);
    let mut headers = HeaderMap::new();
    headers.insert(header::ORIGIN, "https://10.0.0.7:8002".parse().unwrap());
    assert!(rules.admit(
        &Uri::from_static("https://10.0.0.7:8002/oriel/v1/console"),
        &headers,
        None,
    ));
    assert!(!rules.admit(
        &Uri::from_static("https://10.0.0.8:8002/oriel/v1/console"),
        &headers,
        None,
    ));
    assert!(!rules.admit(&Uri::from_static("/oriel/v1/console"), &headers, None));
}

#[test]
fn every_other_page_may_not() {
    for origin in [
        "https://evil.example",
        "http://console.example:8002",
        "null",
        "",
        "https://console.example.evil.example",
        "https://evilconsole.example",
        "file://",
        "https://",
        "data:text/html,x",
        "https://console.example:8002/",
        "https://console.example\\@evil.example",
        "https://evil.example#console.example",
        "https://console.example:8002@evil.example",
        " https://console.example:8002",
        "https://con\tsole.example",
        "https:console.example",
        "https:///console.example",
        "https://console.example:99999",
        "https://console.example, https://evil.example",
        "ftp://console.example",
        "chrome-extension://console.example",
        "https://xn--cnsole-vva.example",
    ] {
        assert!(!admits(Some(origin), "console.example:8002"), "{origin:?}");
    }
    assert!(!admits(Some("https://evil.example"), ""));
}

fn headers(sent: &[(header::HeaderName, &str)]) -> HeaderMap {
    sent.iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn public(allowed: &[&str]) -> OriginRules {
    let allowed: Vec<_> = allowed.iter().map(|text| (*text).to_owned()).collect();
    OriginRules::new("https://console.example:8002".parse().unwrap(), &allowed)
}

fn admitted(rules: &OriginRules, sent: &[(header::HeaderName, &str)]) -> bool {
    rules.admit(&Uri::from_static("/"), &headers(sent), None)
}

#[test]
fn an_exact_check_looks_at_scheme_host_and_port_and_at_nothing_that_is_sent() {
    let rules = public(&["https://portal.example", "http://[::1]:3000"]).checked(OriginCheck::Exact);
    for origin in [
        "https://console.example:8002",
        "https://portal.example",
        "https://portal.example:443",
        "http://[::1]:3000",
    ] {
        assert!(admitted(&rules, &[(header::ORIGIN, origin)]), "{origin}");
    }
    for origin in [
        "https://console.example",
        "http://console.example:8002",
        "https://portal.example:8443",
        "http://portal.example",
        "http://[::1]:3001",
        "https://rebound.example",
    ] {
        let host = origin.split_once("://").unwrap().1;
        let sent = [(header::ORIGIN, origin), (header::HOST, host)];
        assert!(!admitted(&rules, &sent), "{origin}");
    }
}

#[test]
fn a_full_origin_in_the_list_is_no_host_name() {
    let rules = public(&["https://portal.example:8443", "http://old.example"]);
    assert!(admitted(
        &rules,
        &[(header::ORIGIN, "https://portal.example:8443")]
    ));
    assert!(admitted(&rules, &[(header::ORIGIN, "http://old.example")]));
    assert!(!admitted(&rules, &[(header::ORIGIN, "https://portal.example")]));
    assert!(!admitted(&rules, &[(header::ORIGIN, "https://old.example")]));
}

#[test]
fn what_comes_twice_is_not_believed() {
    let rules = public(&[]);
    let good = "https://console.example:8002";
    assert!(!admitted(
        &rules,
        &[(header::ORIGIN, good), (header::ORIGIN, "https://evil.example")]
    ));
    assert!(!admitted(
        &rules,
        &[(header::ORIGIN, good), (header::ORIGIN, good)]
    ));
    let twice = [
        (header::ORIGIN, "https://evil.example"),
        (header::HOST, "console.example"),
        (header::HOST, "evil.example"),
    ];
    assert!(!admitted(&rules, &twice));
    let odd = [
        (header::ORIGIN, "https://evil.example"),
        (header::HOST, "x@evil.example"),
    ];
    assert!(!admitted(&rules, &odd));
}

#[test]
fn what_one_request_claims_is_forgotten_before_the_next() {
    // Nova bug 2158919: a Host header was added to the list for everybody.
    let rules = public(&[]);
    let evil = (header::ORIGIN, "https://evil.example");
    assert!(admitted(&rules, &[evil.clone(), (header::HOST, "evil.example")]));
    assert!(!admitted(&rules, &[evil, (header::HOST, "console.example")]));
}

#[test]
fn a_page_of_the_host_that_was_asked_must_have_come_the_same_way() {
    let rules = public(&[]);
    let sent = headers(&[(header::ORIGIN, "http://10.0.0.7"), (header::HOST, "10.0.0.7")]);
    let root = Uri::from_static("/");
    assert!(rules.admit(&root, &sent, Some(&Scheme::HTTP)));
    assert!(!rules.admit(&root, &sent, Some(&Scheme::HTTPS)));
    assert!(!rules.admit(&root, &sent, None));
}
