//! What comes next: bytes to pass over, and then a field to read or an end.

use super::error::FramerError;
use super::hextile::Hextile;
use super::tight::Tight;
use super::{jpeg, message, rectangle};

/// The longest field, in bytes: the head of a rectangle.
pub(super) const MAX_FIELD: usize = 12;

/// Passes over bytes that say nothing, and goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub skip: u64,
    pub then: Then,
}

impl Plan {
    /// The rectangle, or the message, ends here.
    pub const END: Self = Self::rest(0);

    /// The rest is of this length.
    pub const fn rest(skip: u64) -> Self {
        Self {
            skip,
            then: Then::End,
        }
    }

    pub const fn read(reader: Reader) -> Self {
        Self::skip_and_read(0, reader)
    }

    pub const fn skip_and_read(skip: u64, reader: Reader) -> Self {
        Self {
            skip,
            then: Then::Read(reader),
        }
    }
}

/// What comes behind the bytes that are passed over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// The first byte of a message.
    Message,
    /// The rest of an update's head.
    Update,
    /// The head of a rectangle.
    Rectangle,
    /// A field that tells how it goes on.
    Read(Reader),
    /// Anything up to a byte 0xff: compressed data of a JPEG picture.
    Mark,
    /// The end of a rectangle, or of a message that has none.
    End,
}

/// A field, with what has to be known to understand it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    ColourMap,
    CutText,
    Fence,
    Xvp,
    Gii,
    Qemu,
    /// A length and its bytes, at most so many.
    Length {
        what: &'static str,
        limit: u64,
        /// Bytes between the length and what it counts.
        more: u8,
    },
    /// A number of sub-rectangles of so many bytes each, behind a background.
    SubRectangles {
        each: u8,
        background: u8,
        limit: u64,
    },
    Screens,
    VmwareCursor {
        /// The length if it is of type 0, and of type 1.
        classic: u64,
        alpha: u64,
    },
    AlphaCursor {
        width: u16,
        height: u16,
    },
    Hextile(Hextile),
    Tight(Tight),
    /// Two bytes that must be a marker.
    JpegMarker,
    /// The length of a segment behind its marker, and whether compressed data follow it.
    JpegLength {
        scan: bool,
    },
    /// The byte after 0xff in compressed data.
    JpegMark,
}

impl Reader {
    /// How many bytes it has; at least one.
    pub fn len(&self) -> usize {
        match self {
            Self::Hextile(_) | Self::Tight(_) | Self::JpegMark => 1,
            Self::VmwareCursor { .. } | Self::JpegMarker | Self::JpegLength { .. } => 2,
            Self::Xvp | Self::Gii | Self::Qemu => 3,
            Self::Length { .. } | Self::SubRectangles { .. } | Self::Screens | Self::AlphaCursor { .. } => 4,
            Self::ColourMap => 5,
            Self::CutText => 7,
            Self::Fence => 8,
        }
    }

    /// Reads the field, which has [`Reader::len`] bytes.
    pub fn read(self, field: &[u8]) -> Result<Plan, FramerError> {
        match (self, field) {
            (Self::ColourMap, &[_, f0, f1, n0, n1]) => {
                message::colour_map(u16::from_be_bytes([f0, f1]), u16::from_be_bytes([n0, n1]))
            }
            (Self::CutText, &[_, _, _, a, b, c, d]) => message::cut_text(i32::from_be_bytes([a, b, c, d])),
            (Self::Fence, &[.., len]) => message::fence(len),
            (Self::Gii, &[subtype, a, b]) => Ok(message::gii(subtype, [a, b])),
            (Self::Qemu, &[subtype, a, b]) => message::qemu(subtype, u16::from_be_bytes([a, b])),
            (Self::Length { what, limit, more }, &[a, b, c, d]) => {
                let len = u32::from_be_bytes([a, b, c, d]).into();
                at_most(what, len, limit).map(|len| Plan::rest(len + u64::from(more)))
            }
            (
                Self::SubRectangles {
                    each,
                    background,
                    limit,
                },
                &[a, b, c, d],
            ) => {
                let count = u32::from_be_bytes([a, b, c, d]).into();
                at_most("a number of sub-rectangles", count, limit)
                    .map(|count| Plan::rest(u64::from(background) + count * u64::from(each)))
            }
            (Self::Screens, &[count, ..]) => Ok(Plan::rest(16 * u64::from(count))),
            (Self::VmwareCursor { classic, alpha }, &[kind, _]) => match kind {
                0 => Ok(Plan::rest(classic)),
                1 => Ok(Plan::rest(alpha)),
                other => Err(FramerError::VmwareCursor(other)),
            },
            (Self::AlphaCursor { width, height }, &[a, b, c, d]) => {
                rectangle::alpha_cursor(i32::from_be_bytes([a, b, c, d]), width, height)
            }
            (Self::Hextile(hextile), &[byte]) => hextile.read(byte),
            (Self::Tight(tight), &[byte]) => tight.read(byte),
            (Self::JpegMarker, &[mark, marker]) => jpeg::marker(mark, marker),
            (Self::JpegLength { scan }, &[a, b]) => jpeg::segment(u16::from_be_bytes([a, b]), scan),
            (Self::JpegMark, &[byte]) => jpeg::mark(byte),
            // Power control, and fields of a length that never comes here.
            _ => Ok(Plan::END),
        }
    }
}

/// The number, if it can be meant.
pub(super) fn at_most(what: &'static str, len: u64, limit: u64) -> Result<u64, FramerError> {
    if len <= limit {
        Ok(len)
    } else {
        Err(FramerError::TooLong { what, len, limit })
    }
}

/// A field that comes cut anywhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    bytes: [u8; MAX_FIELD],
    have: u8,
}

impl Field {
    pub const EMPTY: Self = Self {
        bytes: [0; MAX_FIELD],
        have: 0,
    };

    /// Takes what the field of `len` bytes lacks off the front of `input`: the field with bytes of no meaning behind
    /// it, once it is whole.
    pub fn take(&mut self, len: usize, input: &mut &[u8]) -> Option<[u8; MAX_FIELD]> {
        let room = self.bytes.get_mut(self.have.into()..len)?;
        let part = input.split_off(..room.len().min(input.len()))?;
        for (to, from) in room.iter_mut().zip(part) {
            *to = *from;
            self.have += 1;
        }
        if usize::from(self.have) < len {
            return None;
        }
        self.have = 0;
        Some(self.bytes)
    }
}
