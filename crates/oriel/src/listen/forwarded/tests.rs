use super::*;
use crate::listen::Network;

/// Our proxies: 10.0.0.0/8. What comes of a request from `peer` with these headers.
fn settled(peer: &str, kind: ForwardedHeaders, headers: &[(&str, &str)]) -> (String, String, Option<String>) {
    let network = Network::try_from("10.0.0.0/8".to_owned()).unwrap();
    let trusted = Networks::from([network].as_slice());
    let mut request = Request::new(());
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("inner:8002"));
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request.headers_mut().append(name, value);
    }
    settle(&mut request, peer.parse().unwrap(), &trusted, kind);
    for (name, _) in request.headers() {
        assert!(*name == HOST, "{name} was passed on");
    }
    let client = request.extensions().get::<ClientAddress>().unwrap().to_string();
    let host = request.headers()[HOST].to_str().unwrap().to_owned();
    let scheme = request.extensions().get::<ReachedBy>();
    (client, host, scheme.map(|by| by.0.to_string()))
}

fn client(peer: &str, header: &str) -> String {
    settled(peer, ForwardedHeaders::XForwarded, &[("x-forwarded-for", header)]).0
}

#[test]
fn the_right_most_address_that_is_no_proxy_of_ours_is_the_client() {
    for (header, found) in [
        ("192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        // All are ours: the one farthest out asked itself.
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        // What cannot be read is not looked behind.
        ("192.0.2.7, unknown", "10.0.0.1"),
        ("192.0.2.7, nonsense, 10.0.0.2", "10.0.0.2"),
        ("192.0.2.7,", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("192.0.2.7, \u{fc}", "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", header), found, "{header}");
    }
    let chain = ["192.0.2.7", &", 10.0.0.2".repeat(100)].concat();
    assert_eq!(
        client("10.0.0.1", &chain),
        "10.0.0.2",
        "there is an end to looking back"
    );
}

#[test]
fn several_headers_are_one_list() {
    let headers = [
        ("x-forwarded-for", "1.1.1.1, 192.0.2.7"),
        ("x-forwarded-for", "10.0.0.2"),
    ];
    assert_eq!(
        settled("10.0.0.1", ForwardedHeaders::XForwarded, &headers).0,
        "192.0.2.7"
    );
}

const LIES: [(&str, &str); 4] = [
    ("x-forwarded-for", "192.0.2.7"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("forwarded", "for=192.0.2.7;host=evil.example;proto=https"),
];

#[test]
fn nobody_else_is_believed() {
    for kind in [ForwardedHeaders::XForwarded, ForwardedHeaders::Forwarded] {
        let heard = settled("198.51.100.1", kind, &LIES);
        assert_eq!(heard, ("198.51.100.1".into(), "inner:8002".into(), None));
    }
    let heard = settled("10.0.0.1", ForwardedHeaders::Off, &LIES);
    assert_eq!(heard, ("10.0.0.1".into(), "inner:8002".into(), None));
}

#[test]
fn a_family_that_the_proxy_does_not_set_is_not_read() {
    let lie = [
        ("x-forwarded-for", "192.0.2.7"),
        ("forwarded", "for=1.1.1.1;host=evil.example"),
    ];
    let heard = settled("10.0.0.1", ForwardedHeaders::XForwarded, &lie);
    assert_eq!(heard, ("192.0.2.7".into(), "inner:8002".into(), None));
    let heard = settled("10.0.0.1", ForwardedHeaders::Forwarded, &lie[..1]);
    assert_eq!(heard, ("10.0.0.1".into(), "inner:8002".into(), None));
}

#[test]
fn host_and_scheme_are_those_that_the_outermost_proxy_saw() {
    let one = [
        ("x-forwarded-for", "192.0.2.7, 10.0.0.2"),
        ("x-forwarded-host", "console.example:8443"),
        ("x-forwarded-proto", "https"),
    ];
    let heard = settled("10.0.0.1", ForwardedHeaders::XForwarded, &one);
    assert_eq!(
        heard,
        (
            "192.0.2.7".into(),
            "console.example:8443".into(),
            Some("https".into())
        )
    );
    let each = [
        ("x-forwarded-for", "1.1.1.1, 192.0.2.7, 10.0.0.2"),
        (
            "x-forwarded-host",
            "evil.example, console.example, middle.example",
        ),
        ("x-forwarded-proto", "http, https, http"),
    ];
    let heard = settled("10.0.0.1", ForwardedHeaders::XForwarded, &each);
    assert_eq!(
        heard,
        ("192.0.2.7".into(), "console.example".into(), Some("https".into()))
    );
    for host in ["a b", "u@evil.example", "", "evil.example/x", "\u{fc}"] {
        let heard = settled(
            "10.0.0.1",
            ForwardedHeaders::XForwarded,
            &[("x-forwarded-host", host)],
        );
        assert_eq!(heard.1, "inner:8002", "{host}");
    }
}

#[test]
fn the_standard_header_says_the_same() {
    let header = "for=1.1.1.1;host=evil.example, For=\"[2001:db8::7]:4711\";Proto=HTTPS;host=\"console.example:1\", \
                  for=10.0.0.2;by=_hidden";
    let heard = settled("10.0.0.1", ForwardedHeaders::Forwarded, &[("forwarded", header)]);
    assert_eq!(
        heard,
        (
            "2001:db8::7".into(),
            "console.example:1".into(),
            Some("https".into())
        )
    );
    for hidden in ["for=_secret", "for=unknown", "for", "=", ";;;", "by=10.0.0.2"] {
        let heard = settled("10.0.0.1", ForwardedHeaders::Forwarded, &[("forwarded", hidden)]);
        assert_eq!(heard.0, "10.0.0.1", "{hidden}");
    }
}

#[test]
fn over_http_2_the_address_itself_names_the_host() {
    let network = Network::try_from("10.0.0.1".to_owned()).unwrap();
    let mut request = Request::new(());
    *request.uri_mut() = Uri::from_static("https://inner:8002/x?y");
    request
        .headers_mut()
        .insert(X_FORWARDED_HOST, HeaderValue::from_static("console.example"));
    let peer = "10.0.0.1".parse().unwrap();
    settle(
        &mut request,
        peer,
        &Networks::from([network].as_slice()),
        ForwardedHeaders::XForwarded,
    );
    assert_eq!(request.uri(), "https://console.example/x?y");
}
