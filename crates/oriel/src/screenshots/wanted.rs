//! Which picture is wanted.

use std::num::NonZeroU32;

use http::{HeaderMap, header};
use oriel_gateway::PictureForm;
use url::form_urlencoded;

/// The widest that may be asked for: no screen is wider.
const MAX_WIDTH: u32 = 65_535;

/// A picture as it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its width in pixels; without, the screen's.
    pub width: Option<NonZeroU32>,
    pub form: PictureForm,
}

/// Why a picture that is wanted cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// The width is none.
    #[error("width must be a whole number of pixels from 1 to {MAX_WIDTH}")]
    Width,
    /// The format is none of ours.
    #[error("format must be png or webp")]
    Form,
    /// The client takes none of ours.
    #[error("a screenshot is image/png or image/webp, and the Accept header takes neither")]
    NoForm,
}

impl Wanted {
    /// Reads a query and an `Accept` header, over which `format` wins. Other names in the query are let be.
    pub fn read(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Unreadable> {
        let (mut width, mut form) = (None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "width" => {
                    let known = value.parse().ok().filter(|width| *width <= MAX_WIDTH);
                    width = Some(known.and_then(NonZeroU32::new).ok_or(Unreadable::Width)?);
                }
                "format" => {
                    form = Some(match &*value {
                        "png" => PictureForm::Png,
                        "webp" => PictureForm::Webp,
                        _ => return Err(Unreadable::Form),
                    });
                }
                _ => {}
            }
        }
        let form = match form {
            Some(form) => form,
            None => accepted(headers).ok_or(Unreadable::NoForm)?,
        };
        Ok(Self { width, form })
    }
}

/// What a client likes best (RFC 9110 section 12.5.1). Of what it likes alike, what it names more exactly; PNG, where it
/// does not care.
fn accepted(headers: &HeaderMap) -> Option<PictureForm> {
    if !headers.contains_key(header::ACCEPT) {
        return Some(PictureForm::Png);
    }
    let lists = headers.get_all(header::ACCEPT).iter();
    let lists: Vec<_> = lists.filter_map(|list| list.to_str().ok()).collect();
    let weigh = |name: &str| {
        let ranges = lists.iter().flat_map(|list| list.split(','));
        ranges.filter_map(|range| weight_of(range, name)).max()
    };
    let [png, webp] = ["image/png", "image/webp"].map(|name| {
        weigh(name)
            .map(|(exactness, quality)| (quality, exactness))
            .filter(|(quality, _)| *quality > 0)
    });
    match (png, webp) {
        (None, None) => None,
        (png, webp) if webp > png => Some(PictureForm::Webp),
        _ => Some(PictureForm::Png),
    }
}

/// How exactly a media range names this type, and its weight in thousandths; none if it does not.
fn weight_of(range: &str, name: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let exactness = match parts.next()? {
        "*/*" => 0,
        "image/*" => 1,
        named if named.eq_ignore_ascii_case(name) => 2,
        _ => return None,
    };
    let quality = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(Some(1.0), |quality| quality.trim().parse::<f32>().ok())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between 0 and 1000"
    )]
    let thousandths = (quality.clamp(0.0, 1.0) * 1000.0) as u16;
    Some((exactness, thousandths))
}
