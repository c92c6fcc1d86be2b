//! What a tile's first byte says (RFC 6143 section 7.7.4).

/// Width and height of a tile that is not at the right or lower edge, in pixels.
pub(crate) const TILE: u16 = 16;

/// The pixels follow as they are, and nothing else.
pub(crate) const RAW: u8 = 1;
/// The background's pixel follows.
pub(crate) const BACKGROUND: u8 = 2;
/// The foreground's pixel follows.
pub(crate) const FOREGROUND: u8 = 4;
/// The number of sub-rectangles follows, and they.
pub(crate) const SUB_RECTANGLES: u8 = 8;
/// Each sub-rectangle has a pixel of its own.
pub(crate) const COLOURED: u8 = 16;
