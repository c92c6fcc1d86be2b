use http::HeaderName;
use time::macros::datetime;

use super::*;

fn headers(all: &[(HeaderName, &str)]) -> HeaderMap {
    all.iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect()
}

fn form(accept: &str) -> Result<PictureForm, Unreadable> {
    Wanted::read(None, &headers(&[(header::ACCEPT, accept)])).map(|wanted| wanted.form)
}

#[test]
fn the_form_is_what_the_client_likes_best() {
    for (accept, expected) in [
        // Chromium and Firefox, for an `<img>`.
        (
            "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            PictureForm::Webp,
        ),
        ("image/avif,image/webp,*/*", PictureForm::Webp),
        ("*/*", PictureForm::Png),
        ("image/*", PictureForm::Png),
        ("image/webp;q=0.5, image/png", PictureForm::Png),
        ("image/png;q=0.5, image/webp;q=0.6", PictureForm::Webp),
        ("image/png;q=0, */*;q=0.1", PictureForm::Webp),
        ("IMAGE/WEBP", PictureForm::Webp),
    ] {
        assert_eq!(form(accept), Ok(expected), "{accept}");
    }
    for accept in [
        "text/html",
        "image/png;q=0",
        "image/jpeg, image/png;q=0, image/webp;q=0.0",
        "image/png;q=much",
    ] {
        assert_eq!(form(accept), Err(Unreadable::NoForm), "{accept}");
    }
    assert_eq!(
        Wanted::read(None, &HeaderMap::new()),
        Ok(Wanted {
            width: None,
            form: PictureForm::Png
        })
    );
}

#[test]
fn the_query_wins_and_is_read_with_care() {
    let read = |query: &str| Wanted::read(Some(query), &headers(&[(header::ACCEPT, "text/html")]));
    let wanted = read("width=320&format=webp&t=1").unwrap();
    assert_eq!(wanted.form, PictureForm::Webp);
    assert_eq!(wanted.width.map(u32::from), Some(320));
    for width in ["0", "-1", "65536", "1e3", "", "320px", "99999999999999999999"] {
        let query = format!("format=png&width={width}");
        assert_eq!(read(&query), Err(Unreadable::Width), "{width}");
    }
    assert!(read("format=png&width=65535").is_ok());
    assert_eq!(read("format=jpeg"), Err(Unreadable::Form));
}

#[test]
fn a_tag_that_is_known_is_found_in_any_list() {
    let known = |list: &str| is_known("\"abc\"", &headers(&[(header::IF_NONE_MATCH, list)]));
    assert!(known("\"abc\"") && known("W/\"abc\"") && known("*") && known("\"x\", \"abc\""));
    assert!(!known("\"ab\"") && !known("abc"));
    assert!(!is_known("\"abc\"", &HeaderMap::new()));
}

#[test]
fn times_are_told_as_http_does() {
    assert_eq!(
        http_date(datetime!(1994-11-06 10:49:37 +02:00)).as_deref(),
        Some("Sun, 06 Nov 1994 08:49:37 GMT")
    );
}
