//! Tight and `TightPNG` (rfbproto.rst, "Tight encoding").

use super::error::FramerError;
use super::format::Pixel;
use super::plan::{Plan, Reader};

/// Data of fewer bytes come as they are, without a length.
const MIN_COMPRESSED: u64 = 12;

const COPY: u8 = 0;
const PALETTE: u8 = 1;
const GRADIENT: u8 = 2;

/// The next field of a rectangle in Tight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tight {
    width: u16,
    height: u16,
    /// Bytes of a pixel.
    pixel: u8,
    png: bool,
    field: Field,
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Control,
    Filter,
    /// The number of a palette's colours, less one.
    Colours,
    /// A byte of a length: its low seven bits so far, and how many bits those are.
    Length {
        so_far: u32,
        bits: u8,
    },
}

impl Tight {
    pub fn begin(png: bool, width: u16, height: u16, pixel: Pixel) -> Result<Plan, FramerError> {
        let pixel = pixel.tight.ok_or(FramerError::TightPixel)?;
        Ok(Plan::read(Reader::Tight(Self {
            width,
            height,
            pixel,
            png,
            field: Field::Control,
        })))
    }

    pub fn read(self, byte: u8) -> Result<Plan, FramerError> {
        match self.field {
            Field::Control => self.control(byte),
            Field::Filter => self.filter(byte),
            Field::Colours => {
                let colours = u64::from(byte) + 1;
                let row = if colours <= 2 {
                    u64::from(self.width).div_ceil(8)
                } else {
                    self.width.into()
                };
                Ok(self.data(colours * u64::from(self.pixel), row * u64::from(self.height)))
            }
            Field::Length { so_far, bits } => Ok(self.length(byte, so_far, bits)),
        }
    }

    fn and_then(self, field: Field) -> Self {
        Self { field, ..self }
    }

    /// The lower half resets streams, the upper tells the kind.
    fn control(self, byte: u8) -> Result<Plan, FramerError> {
        match byte >> 4 {
            8 => Ok(Plan::rest(self.pixel.into())),
            9 => Ok(self.announced(0)),
            10 if self.png => Ok(self.announced(0)),
            kind @ 0..=7 if kind & 4 != 0 => Ok(Plan::read(Reader::Tight(self.and_then(Field::Filter)))),
            0..=7 => self.filter(COPY),
            _ => Err(FramerError::TightControl(byte)),
        }
    }

    fn filter(self, byte: u8) -> Result<Plan, FramerError> {
        let area = u64::from(self.width) * u64::from(self.height);
        match byte {
            COPY | GRADIENT => Ok(self.data(0, area * u64::from(self.pixel))),
            PALETTE => Ok(Plan::read(Reader::Tight(self.and_then(Field::Colours)))),
            other => Err(FramerError::TightFilter(other)),
        }
    }

    /// Data that have this length before they are compressed, behind bytes that are passed over.
    fn data(self, before: u64, len: u64) -> Plan {
        if len < MIN_COMPRESSED {
            Plan::rest(before + len)
        } else {
            self.announced(before)
        }
    }

    fn announced(self, before: u64) -> Plan {
        let length = Field::Length { so_far: 0, bits: 0 };
        Plan::skip_and_read(before, Reader::Tight(self.and_then(length)))
    }

    /// Seven bits and seven bits, each with a mark that more follow, and eight: 4 MiB at most.
    fn length(self, byte: u8, so_far: u32, bits: u8) -> Plan {
        let last = bits == 14;
        let value = if last { byte } else { byte & 0x7f };
        let so_far = so_far | u32::from(value) << bits;
        if last || byte & 0x80 == 0 {
            return Plan::rest(so_far.into());
        }
        let next = Field::Length {
            so_far,
            bits: bits + 7,
        };
        Plan::read(Reader::Tight(self.and_then(next)))
    }
}
