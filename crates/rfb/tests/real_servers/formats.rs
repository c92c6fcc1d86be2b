//! The pixel formats that are asked for.

use oriel_rfb::PixelFormat;

pub const RGB32: PixelFormat = PixelFormat::RGB32;
pub const RGB16: PixelFormat = PixelFormat {
    bits_per_pixel: 16,
    depth: 16,
    red_max: 31,
    green_max: 63,
    blue_max: 31,
    red_shift: 11,
    green_shift: 5,
    ..RGB32
};
pub const RGB8: PixelFormat = PixelFormat {
    bits_per_pixel: 8,
    depth: 8,
    red_max: 7,
    green_max: 7,
    blue_max: 3,
    red_shift: 0,
    green_shift: 3,
    blue_shift: 6,
    ..RGB32
};
pub const COLOUR_MAP: PixelFormat = PixelFormat {
    true_colour: false,
    ..RGB8
};

pub const ALL: [(&str, PixelFormat); 4] = [
    ("32 bits", RGB32),
    ("16 bits", RGB16),
    ("8 bits", RGB8),
    ("a colour map", COLOUR_MAP),
];
