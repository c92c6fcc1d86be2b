//! The framer beside real servers: QEMU's and TigerVNC's, in every encoding that each of them makes, at several pixel
//! formats. A slow parser that decodes everything says where messages and rectangles end; the framer must say the same,
//! however the bytes are cut.

#[cfg(test)]
mod decoder;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod framing;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod viewer;
