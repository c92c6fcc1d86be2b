//! The JPEG encoding (rfbproto.rst): a picture that carries no length, so its markers are walked to its end.
//!
//! A segment has a length (ITU-T T.81 section B.1.1.4); the compressed data behind a start of scan have none, and go on
//! up to the next marker that is neither an escaped 0xff nor a restart.

use super::error::FramerError;
use super::plan::{Plan, Reader, Then};

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// A marker between segments: 0xff and what it marks.
pub(super) fn marker(mark: u8, marker: u8) -> Result<Plan, FramerError> {
    match (mark, marker) {
        (0xff, _) => kind(marker),
        (other, _) => Err(FramerError::Jpeg(other)),
    }
}

fn kind(marker: u8) -> Result<Plan, FramerError> {
    match marker {
        // Any number of bytes 0xff may stand in front of a marker.
        0xff => Ok(Plan::read(Reader::JpegMark)),
        END_OF_IMAGE => Ok(Plan::END),
        // They stand alone.
        0x01 | START_OF_IMAGE | 0xd0..=0xd7 => Ok(Plan::read(Reader::JpegMarker)),
        0xc0..=0xfe => Ok(Plan::read(Reader::JpegLength {
            scan: marker == START_OF_SCAN,
        })),
        other => Err(FramerError::Jpeg(other)),
    }
}

/// A segment's length, which counts its own two bytes.
pub(super) fn segment(len: u16, scan: bool) -> Result<Plan, FramerError> {
    let skip = match len {
        2.. => u64::from(len - 2),
        _ => return Err(FramerError::Jpeg(0)),
    };
    let then = if scan {
        Then::Mark
    } else {
        Then::Read(Reader::JpegMarker)
    };
    Ok(Plan { skip, then })
}

/// The byte after 0xff, in compressed data or after more of them.
pub(super) fn mark(byte: u8) -> Result<Plan, FramerError> {
    match byte {
        0x00 | 0xd0..=0xd7 => Ok(Plan {
            skip: 0,
            then: Then::Mark,
        }),
        marker => kind(marker),
    }
}
