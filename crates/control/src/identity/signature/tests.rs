//! The vectors of the contract, which the real SDK made, and what must not pass.

use http::Request;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const AK: &str = "AKEXAMPLE00000000000";
const SK: &str = "SKEXAMPLE000000000000000000000000000000";
const HOST: &str = "127.0.0.1:8774";
const PROJECT: &str = "9c53a566cb3443ab910cf0daebca90c4";
const BODY: &str = r#"{"remote_console": {"protocol": "vnc", "type": "novnc"}}"#;
const NOW: OffsetDateTime = datetime!(2025-01-02 03:04:05 UTC);

/// Signs as the SDK does; the path and query are as they are to be sent.
pub(crate) fn sign(
    parts: &mut Parts,
    key: &AccessKeyId,
    secret: &SecretKey,
    body: &[u8],
    scheme: Option<&str>,
) {
    let mut names: Vec<_> = parts.headers.keys().cloned().collect();
    names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    let sent = parts.headers[X_SDK_DATE].to_str().unwrap().to_owned();
    let (scheme, start) = match scheme {
        None => (Scheme::Plain, format!("SDK-HMAC-SHA256 Access={key}")),
        Some(scope) => {
            let info = format!("{}/{scope}", &sent[..8]);
            let start = format!("V11-HMAC-SHA256 Credential={key}/{info}");
            (Scheme::Derived { info }, start)
        }
    };
    let claim = Claim {
        key: key.clone(),
        head: canonical::head(parts, &names).unwrap(),
        date: sent,
        scheme,
        signature: [0; 32],
    };
    let signing_key = claim.scheme.key(key, secret).unwrap();
    let signature = hmac::sign(&signing_key, claim.string_to_sign(body).as_bytes());
    let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
    let value = format!(
        "{start}, SignedHeaders={}, Signature={}",
        names.join(";"),
        hex(signature.as_ref())
    );
    parts
        .headers
        .insert(header::AUTHORIZATION, value.parse().unwrap());
}

fn secret() -> SecretKey {
    SK.parse().unwrap()
}

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn console_path() -> String {
    format!("/v1/{PROJECT}/cloudservers/47bc79ae-df61-4ade-9197-283a74e5d70e/remote_console")
}

fn console_request(authorization: &str) -> Parts {
    parts(
        "POST",
        &console_path(),
        &[
            ("content-type", "application/json;charset=utf-8"),
            ("host", HOST),
            ("x-project-id", PROJECT),
            ("x-sdk-date", "20250102T030405Z"),
            ("authorization", authorization),
        ],
    )
}

const SIGNED: &str = "content-type;host;x-project-id;x-sdk-date";
const PLAIN: &str = "c5dd58be9012e09c809600ab2709787e44bda5bf340be239a5b344a6efba92c5";
const DERIVED: &str = "38b1179832a6683cfdfbf27019cb0228c3f5e71155e189da6d6a05b7c0538bf0";

fn plain() -> Parts {
    console_request(&format!(
        "SDK-HMAC-SHA256 Access={AK}, SignedHeaders={SIGNED}, Signature={PLAIN}"
    ))
}

fn claim(parts: &Parts) -> Claim {
    Claim::read(parts, NOW).unwrap().unwrap()
}

fn refusal(parts: &Parts) -> Refusal {
    Claim::read(parts, NOW).unwrap_err()
}

#[test]
fn the_vector_of_a_console_request() {
    let parts = plain();
    let claim = claim(&parts);
    assert_eq!(claim.key().as_str(), AK);
    assert_eq!(
        sha256(&claim.canonical_request(BODY.as_bytes())),
        "90ea1c885bc78999ea9893e3e7467ffdb34a5bf275667b67cfb8d345b6c4704e"
    );
    assert!(claim.matches(&secret(), BODY.as_bytes()));
}

#[test]
fn the_vector_of_a_request_with_a_query_and_no_body() {
    let signature = "d48c2e66a1618856f6ac121a9ee67e47d645b0360547dac9758dcd0016a1bdc6";
    let authorization =
        format!("SDK-HMAC-SHA256 Access={AK}, SignedHeaders=host;x-sdk-date, Signature={signature}");
    let headers = [
        ("host", HOST),
        ("x-sdk-date", "20250102T030405Z"),
        ("authorization", authorization.as_str()),
    ];
    let parts = parts("GET", "/v3/projects?name=cn-north-4", &headers);
    assert!(claim(&parts).matches(&secret(), b""));
}

#[test]
fn the_vector_of_a_derived_key() {
    let parts = console_request(&format!(
        "V11-HMAC-SHA256 Credential={AK}/20250102/cn-north-4/ecs, SignedHeaders={SIGNED}, Signature={DERIVED}"
    ));
    assert!(claim(&parts).matches(&secret(), BODY.as_bytes()));
    // Derived for another service, it is another key.
    let other = console_request(&format!(
        "V11-HMAC-SHA256 Credential={AK}/20250102/cn-north-4/iam, SignedHeaders={SIGNED}, Signature={DERIVED}"
    ));
    assert!(!claim(&other).matches(&secret(), BODY.as_bytes()));
}

#[test]
fn whatever_the_signature_covers_cannot_be_changed() {
    let good = claim(&plain());
    assert!(!good.matches(&SK.replace('0', "1").parse().unwrap(), BODY.as_bytes()));
    assert!(!good.matches(&secret(), BODY.replace("novnc", "xvpvnc").as_bytes()));
    assert!(!good.matches(&secret(), b""));
    let changes: [fn(&mut Parts); 6] = [
        |parts| parts.method = http::Method::PUT,
        |parts| parts.uri = console_path().replace("47bc", "47bd").parse().unwrap(),
        |parts| parts.uri = format!("{}?a=b", console_path()).parse().unwrap(),
        |parts| drop(parts.headers.insert("host", "elsewhere".parse().unwrap())),
        |parts| drop(parts.headers.insert("x-project-id", "other".parse().unwrap())),
        |parts| {
            drop(
                parts
                    .headers
                    .insert("x-sdk-date", "20250102T030406Z".parse().unwrap()),
            );
        },
    ];
    for (n, change) in changes.iter().enumerate() {
        let mut parts = plain();
        change(&mut parts);
        assert!(!claim(&parts).matches(&secret(), BODY.as_bytes()), "change {n}");
    }
    let mut cut = plain();
    let fewer = format!("SDK-HMAC-SHA256 Access={AK}, SignedHeaders=host;x-sdk-date, Signature={PLAIN}");
    cut.headers.insert("authorization", fewer.parse().unwrap());
    assert!(!claim(&cut).matches(&secret(), BODY.as_bytes()));
}

#[test]
fn what_the_signature_does_not_cover_and_every_spelling_may_change() {
    let mut parts = plain();
    parts.headers.insert("x-language", "zh-cn".parse().unwrap());
    parts.headers.append("accept", "a/b".parse().unwrap());
    parts.headers.append("accept", "c/d".parse().unwrap());
    parts.uri = console_path()
        .replace("cloudservers", "cloud%73ervers")
        .parse()
        .unwrap();
    parts
        .headers
        .insert("host", format!("  {HOST} ").parse().unwrap());
    assert!(claim(&parts).matches(&secret(), BODY.as_bytes()));
}

#[test]
fn http_2_has_its_host_in_the_target() {
    let mut parts = plain();
    parts.headers.remove("host");
    parts.uri = format!("http://{HOST}{}", console_path()).parse().unwrap();
    assert!(claim(&parts).matches(&secret(), BODY.as_bytes()));
}

#[test]
fn a_date_counts_within_fifteen_minutes_either_way() {
    let parts = plain();
    for (offset, fits) in [(-901, false), (-900, true), (900, true), (901, false)] {
        let read = Claim::read(&parts, NOW + Duration::seconds(offset));
        assert_eq!(read.is_ok(), fits, "{offset}");
    }
    for bad in [
        "",
        "20250102T030405",
        "2025-01-02T03:04:05Z",
        "20250102T030405z",
        "20250102T030460Z",
        "20251302T030405Z",
        "+2025102T030405Z",
        "20250102T030405Z0",
    ] {
        let mut parts = plain();
        parts.headers.insert("x-sdk-date", bad.parse().unwrap());
        assert_eq!(refusal(&parts), Refusal::Date { now: NOW }, "{bad}");
    }
    let told = Refusal::Date { now: NOW }.to_string();
    assert!(told.ends_with("which is 20250102T030405Z"), "{told}");
}

#[test]
fn a_signature_must_cover_host_and_date() {
    for signed in ["host", "x-sdk-date", "content-type"] {
        let authorization = format!("SDK-HMAC-SHA256 Access={AK}, SignedHeaders={signed}, Signature={PLAIN}");
        let told = refusal(&console_request(&authorization));
        assert_eq!(
            told,
            Refusal::Malformed("SignedHeaders must have host and x-sdk-date")
        );
    }
}

#[test]
fn a_signed_header_is_there_exactly_once() {
    let mut parts = plain();
    parts.headers.append("x-project-id", PROJECT.parse().unwrap());
    let name = HeaderName::from_static("x-project-id");
    assert_eq!(refusal(&parts), Refusal::Header(name.clone()));
    parts.headers.remove("x-project-id");
    assert_eq!(refusal(&parts), Refusal::Header(name));
    let mut parts = plain();
    parts.headers.append("host", "elsewhere".parse().unwrap());
    assert_eq!(refusal(&parts), Refusal::Header(header::HOST));
    let mut parts = plain();
    parts
        .headers
        .append("x-sdk-date", "20250102T030405Z".parse().unwrap());
    assert_eq!(refusal(&parts), Refusal::Header(X_SDK_DATE));
    let mut parts = plain();
    let authorization = parts.headers["authorization"].clone();
    parts.headers.append("authorization", authorization);
    assert_eq!(refusal(&parts), Refusal::Malformed("there are two"));
}

#[test]
fn temporary_keys_and_other_algorithms_are_refused_in_words() {
    let mut parts = plain();
    parts.headers.insert("x-security-token", "abc".parse().unwrap());
    assert_eq!(refusal(&parts), Refusal::Temporary);
    for algorithm in [
        "SDK-HMAC-SM3",
        "SDK-ECDSA-P256-SHA256",
        "SDK-SM2-SM3",
        "V11-HMAC-SM3",
        "SDK-HMAC-SHA256,",
    ] {
        let authorization = format!("{algorithm} Access={AK}, SignedHeaders={SIGNED}, Signature={PLAIN}");
        assert_eq!(refusal(&console_request(&authorization)), Refusal::Algorithm);
    }
}

#[test]
fn a_malformed_header_is_refused_and_another_scheme_passed_over() {
    let good = format!("Access={AK}, SignedHeaders={SIGNED}, Signature={PLAIN}");
    for bad in [
        String::new(),
        "Access".to_owned(),
        good.replace("Access=", "access="),
        good.replace("Access=", "Credential="),
        good.replace(", Signature=", ", Other="),
        good.replace(", ", "; "),
        format!("{good}, Access={AK}"),
        format!("{good},"),
        good.replace(AK, ""),
        good.replace(AK, "a/b"),
        good.replace(AK, &"A".repeat(65)),
        good.replace("x-sdk-date", "X-Sdk-Date"),
        good.replace("content-type", "host"),
        good.replace("content-type", ""),
        good.replace("content-type", "content type"),
        good.replace(PLAIN, &PLAIN.to_uppercase()),
        good.replace(PLAIN, &PLAIN[1..]),
    ] {
        let told = refusal(&console_request(&format!("SDK-HMAC-SHA256 {bad}")));
        assert!(matches!(told, Refusal::Malformed(_)), "{bad}: {told:?}");
    }
    for credential in [
        "x",
        "a/b/c/d",
        "A/20250102/r",
        "A/20250102//ecs",
        "A/2025010/r/s/",
    ] {
        let authorization =
            format!("V11-HMAC-SHA256 Credential={credential}, SignedHeaders={SIGNED}, Signature={DERIVED}");
        let told = refusal(&console_request(&authorization));
        assert!(matches!(told, Refusal::Malformed(_)), "{credential}: {told:?}");
    }
    let yesterday =
        format!("V11-HMAC-SHA256 Credential={AK}/20250101/r/s, SignedHeaders={SIGNED}, Signature={DERIVED}");
    assert_eq!(
        refusal(&console_request(&yesterday)),
        Refusal::Malformed("the day in Credential is not that of x-sdk-date")
    );
    for other in ["Bearer abc", "Basic abc", "sdk-hmac-sha256 x", ""] {
        assert!(Claim::read(&console_request(other), NOW).unwrap().is_none());
    }
}

#[test]
fn a_refusal_repeats_what_was_hashed_and_not_without_end() {
    let Refusal::Mismatch { canonical } = claim(&plain()).mismatch(BODY.as_bytes()) else {
        panic!("another refusal");
    };
    let expected = format!(
        "POST|{}/||content-type:application/json;charset=utf-8|host:{HOST}|x-project-id:{PROJECT}|x-sdk-date:20250102T030405Z||{SIGNED}|8faaa7a7fe84",
        console_path()
    );
    assert!(canonical.starts_with(&expected), "{canonical}");
    let mut long = plain();
    long.headers
        .insert("x-project-id", "x".repeat(10_000).parse().unwrap());
    let Refusal::Mismatch { canonical } = claim(&long).mismatch(b"") else {
        panic!("another refusal");
    };
    assert_eq!(canonical.len(), LONGEST_ECHO);
}

#[test]
fn debug_shows_no_secret() {
    let claim = claim(&plain());
    claim.matches(&secret(), b"");
    assert!(!format!("{claim:?} {:?}", secret()).contains(SK));
}

proptest! {
    /// Whatever the header holds, reading it ends in a claim or a refusal.
    #[test]
    fn no_header_breaks_the_reader(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in prop_oneof![Just(""), Just("SDK-HMAC-SHA256 "), Just("V11-HMAC-SHA256 Credential="), Just("SDK-HMAC-SHA256 Access=A, SignedHeaders=")],
    ) {
        let value = [start.as_bytes(), &bytes].concat();
        if let Ok(value) = http::HeaderValue::from_bytes(&value) {
            let mut parts = plain();
            parts.headers.insert(header::AUTHORIZATION, value);
            if let Ok(Some(claim)) = Claim::read(&parts, NOW) {
                prop_assert!(!claim.matches(&secret(), BODY.as_bytes()));
            }
        }
    }

    /// What we sign we take, whatever path, query, header and body; in both ways to sign.
    #[test]
    fn what_is_signed_is_taken(
        path in "(/[!-~&&[^?#<>\"`{}^|\\\\]]{0,12}){1,4}",
        query in "[!-~&&[^#<>\"`{}^|\\\\]]{0,40}",
        value in "[ -~]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..100),
        derived in any::<bool>(),
    ) {
        let Ok(uri) = format!("{path}?{query}").parse::<http::Uri>() else { return Ok(()); };
        let mut parts = plain();
        parts.uri = uri;
        parts.headers.remove(header::AUTHORIZATION);
        parts.headers.insert("x-project-id", value.parse().unwrap());
        let key = AK.parse().unwrap();
        sign(&mut parts, &key, &secret(), &body, derived.then_some("cn-north-4/ecs"));
        prop_assert!(claim(&parts).matches(&secret(), &body));
        prop_assert!(!claim(&parts).matches(&secret(), &[&body[..], b"x"].concat()));
    }
}
