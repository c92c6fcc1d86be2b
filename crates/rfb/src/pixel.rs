//! Pixel formats (RFC 6143 section 7.4).

#[cfg(test)]
mod tests;

/// How a pixel stands on the wire (RFC 6143 section 7.4). The fields are as sent, unchecked: a
/// relay has no business with them; [`Converter::new`] checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelFormat {
    /// Bits of a pixel on the wire: 8, 16 or 32.
    pub bits_per_pixel: u8,
    /// How many of them count.
    pub depth: u8,
    /// Whether a pixel's high byte comes first.
    pub big_endian: bool,
    /// Whether the pixel holds its colour, rather than a place in a colour map.
    pub true_colour: bool,
    /// The value of full red; a power of two less one.
    pub red_max: u16,
    /// The value of full green.
    pub green_max: u16,
    /// The value of full blue.
    pub blue_max: u16,
    /// How many bits red stands above the lowest.
    pub red_shift: u8,
    /// How many bits green stands above the lowest.
    pub green_shift: u8,
    /// How many bits blue stands above the lowest.
    pub blue_shift: u8,
}

impl PixelFormat {
    /// Bytes of a pixel format on the wire.
    pub const LEN: usize = 16;

    /// 32 bits, little-endian, `0x00RRGGBB`: what QEMU uses.
    pub const RGB32: Self = Self {
        bits_per_pixel: 32,
        depth: 24,
        big_endian: false,
        true_colour: true,
        red_max: 255,
        green_max: 255,
        blue_max: 255,
        red_shift: 16,
        green_shift: 8,
        blue_shift: 0,
    };

    /// Reads a format. The three bytes of padding are not looked at.
    pub const fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let [
            bits,
            depth,
            big,
            colour,
            r0,
            r1,
            g0,
            g1,
            b0,
            b1,
            red,
            green,
            blue,
            ..,
        ] = *bytes;
        Self {
            bits_per_pixel: bits,
            depth,
            big_endian: big != 0,
            true_colour: colour != 0,
            red_max: u16::from_be_bytes([r0, r1]),
            green_max: u16::from_be_bytes([g0, g1]),
            blue_max: u16::from_be_bytes([b0, b1]),
            red_shift: red,
            green_shift: green,
            blue_shift: blue,
        }
    }

    /// The format on the wire.
    pub const fn to_bytes(&self) -> [u8; Self::LEN] {
        let [r0, r1] = self.red_max.to_be_bytes();
        let [g0, g1] = self.green_max.to_be_bytes();
        let [b0, b1] = self.blue_max.to_be_bytes();
        let (big, colour) = (self.big_endian as u8, self.true_colour as u8);
        let (red, green, blue) = (self.red_shift, self.green_shift, self.blue_shift);
        let (bits, depth) = (self.bits_per_pixel, self.depth);
        [
            bits, depth, big, colour, r0, r1, g0, g1, b0, b1, red, green, blue, 0, 0, 0,
        ]
    }
}

/// Why no pixel can be written in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PixelFormatError {
    /// Neither 8, 16 nor 32 bits.
    #[error("a pixel of {0} bits")]
    BitsPerPixel(u8),
    /// A colour map is asked for.
    #[error("colour maps are not served")]
    ColourMap,
    /// A colour goes over the pixel's bits.
    #[error("a colour lies outside the pixel")]
    Outside,
}

/// Writes pixels in one format.
#[derive(Debug, Clone, Copy)]
pub struct Converter {
    format: PixelFormat,
    size: Size,
}

#[derive(Debug, Clone, Copy)]
enum Size {
    One,
    Two,
    Four,
}

impl Converter {
    /// A converter into `format`, which must be true-colour with every colour inside the pixel.
    pub fn new(format: PixelFormat) -> Result<Self, PixelFormatError> {
        let size = match format.bits_per_pixel {
            8 => Size::One,
            16 => Size::Two,
            32 => Size::Four,
            other => return Err(PixelFormatError::BitsPerPixel(other)),
        };
        if !format.true_colour {
            return Err(PixelFormatError::ColourMap);
        }
        let inside = |max: u16, shift: u8| {
            let value = u64::from(max).checked_shl(shift.into());
            value.is_some_and(|value| shift < format.bits_per_pixel && value >> format.bits_per_pixel == 0)
        };
        let all = inside(format.red_max, format.red_shift)
            && inside(format.green_max, format.green_shift)
            && inside(format.blue_max, format.blue_shift);
        if all {
            Ok(Self { format, size })
        } else {
            Err(PixelFormatError::Outside)
        }
    }

    /// Bytes of a pixel: 1, 2 or 4.
    pub const fn bytes_per_pixel(&self) -> usize {
        match self.size {
            Size::One => 1,
            Size::Two => 2,
            Size::Four => 4,
        }
    }

    /// Appends pixels given as `0x00RRGGBB`.
    pub fn write(&self, pixels: &[u32], out: &mut Vec<u8>) {
        out.reserve(pixels.len().saturating_mul(self.bytes_per_pixel()));
        for pixel in pixels {
            let [.., a, b, c, d] = self.value(*pixel).to_be_bytes();
            match (self.size, self.format.big_endian) {
                (Size::One, _) => out.push(d),
                (Size::Two, true) => out.extend([c, d]),
                (Size::Two, false) => out.extend([d, c]),
                (Size::Four, true) => out.extend([a, b, c, d]),
                (Size::Four, false) => out.extend([d, c, b, a]),
            }
        }
    }

    fn value(&self, pixel: u32) -> u32 {
        let [_, red, green, blue] = pixel.to_be_bytes();
        let scale =
            |colour: u8, max: u16, shift: u8| ((u32::from(colour) * u32::from(max) + 127) / 255) << shift;
        scale(red, self.format.red_max, self.format.red_shift)
            | scale(green, self.format.green_max, self.format.green_shift)
            | scale(blue, self.format.blue_max, self.format.blue_shift)
    }
}
