//! A parser of server messages that takes nothing on trust: it inflates and decodes all that can be, and so knows by
//! itself where everything ends. It shares nothing with the framer but the encodings' numbers.

use std::io::Read;

use flate2::{Decompress, FlushDecompress};
use oriel_rfb::encoding as e;
use oriel_rfb::server_msg::Kind;
use oriel_rfb::{PixelFormat, Rect};

/// A message: where it ends in the stream, and its rectangles with where each ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub kind: Kind,
    pub end: usize,
    pub rectangles: Vec<(Rect, i32, usize)>,
}

/// Decodes what a server sends, and keeps all of it.
pub struct Decoder<R> {
    from: R,
    pub bytes: Vec<u8>,
    pub messages: Vec<Message>,
    pub screen: (u16, u16),
    pub format: PixelFormat,
    zlib: Decompress,
    zrle: Decompress,
    tight: [Decompress; 4],
}

fn stream() -> Decompress {
    Decompress::new(true)
}

/// Inflates a piece that must be taken whole.
fn inflate(stream: &mut Decompress, data: &[u8]) -> Vec<u8> {
    let (before, mut out) = (stream.total_in(), Vec::new());
    loop {
        out.reserve(1 << 16);
        let at = usize::try_from(stream.total_in() - before).unwrap();
        let had = out.len();
        stream
            .decompress_vec(&data[at..], &mut out, FlushDecompress::Sync)
            .unwrap();
        let taken = usize::try_from(stream.total_in() - before).unwrap();
        if taken == data.len() && out.len() < out.capacity() {
            return out;
        }
        assert!(taken > at || out.len() > had, "compressed data that lead nowhere");
    }
}

impl<R: Read> Decoder<R> {
    pub fn new(from: R, screen: (u16, u16), format: PixelFormat) -> Self {
        Self {
            from,
            bytes: Vec::new(),
            messages: Vec::new(),
            screen,
            format,
            zlib: stream(),
            zrle: stream(),
            tight: [stream(), stream(), stream(), stream()],
        }
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let at = self.bytes.len();
        self.bytes.resize(at + len, 0);
        if let Err(error) = self.from.read_exact(&mut self.bytes[at..]) {
            panic!("{error} after {:?}", self.messages);
        }
        self.bytes[at..].to_vec()
    }

    fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn len(&mut self) -> usize {
        self.u32().try_into().unwrap()
    }

    fn bpp(&self) -> usize {
        usize::from(self.format.bits_per_pixel / 8)
    }

    /// Reads one message.
    pub fn message(&mut self) -> Message {
        let mut rectangles = Vec::new();
        let kind = match self.u8() {
            0 => {
                self.u8();
                let count = self.u16();
                let mut done = 0;
                while done < count {
                    let (rect, encoding) = self.rectangle();
                    rectangles.push((rect, encoding, self.bytes.len()));
                    if encoding == e::LAST_RECT {
                        break;
                    }
                    done += u16::from(count != u16::MAX);
                }
                Kind::Update
            }
            1 => {
                let count = self.take(5)[3..].iter().fold(0, |n, b| n * 256 + usize::from(*b));
                self.take(6 * count);
                Kind::ColourMap
            }
            2 => Kind::Bell,
            3 => {
                self.take(3);
                let len = self.u32().cast_signed().unsigned_abs();
                self.take(len.try_into().unwrap());
                Kind::CutText
            }
            150 => Kind::EndOfContinuousUpdates,
            248 => {
                self.take(7);
                let len = self.u8();
                self.take(len.into());
                Kind::Fence
            }
            250 => {
                self.take(3);
                Kind::Xvp
            }
            other => panic!("a message {other} after {:?}", self.messages.last()),
        };
        let end = self.bytes.len();
        let message = Message {
            kind,
            end,
            rectangles,
        };
        self.messages.push(message.clone());
        message
    }

    fn rectangle(&mut self) -> (Rect, i32) {
        let rect = Rect {
            x: self.u16(),
            y: self.u16(),
            width: self.u16(),
            height: self.u16(),
        };
        let encoding = self.u32().cast_signed();
        let (w, h) = (usize::from(rect.width), usize::from(rect.height));
        let bpp = self.bpp();
        let mask = w.div_ceil(8) * h;
        match encoding {
            e::DESKTOP_SIZE => self.screen = (rect.width, rect.height),
            e::EXTENDED_DESKTOP_SIZE => {
                let screens = usize::from(self.take(4)[0]);
                self.take(16 * screens);
                if rect.x != 1 || rect.y == 0 {
                    self.screen = (rect.width, rect.height);
                }
            }
            e::LAST_RECT
            | e::QEMU_POINTER_MOTION
            | e::QEMU_EXTENDED_KEY
            | e::QEMU_AUDIO
            | e::EXTENDED_MOUSE_BUTTONS => {}
            e::QEMU_LED_STATE => drop(self.take(1)),
            e::VMWARE_LED_STATE => drop(self.take(4)),
            e::DESKTOP_NAME => {
                let len = self.len();
                String::from_utf8(self.take(len)).expect("a name");
            }
            e::CURSOR => drop(self.take(w * h * bpp + mask)),
            e::X_CURSOR if w * h == 0 => {}
            e::X_CURSOR => drop(self.take(6 + 2 * mask)),
            e::CURSOR_WITH_ALPHA => {
                assert_eq!(self.u32(), 0, "raw");
                self.take(w * h * 4);
            }
            e::VMWARE_CURSOR => match self.take(2)[0] {
                0 => drop(self.take(w * h * bpp * 2)),
                _ => drop(self.take(w * h * 4)),
            },
            picture => {
                let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
                assert!(right <= self.screen.0 && bottom <= self.screen.1, "{rect:?}");
                self.picture(picture, w, h);
            }
        }
        (rect, encoding)
    }

    fn picture(&mut self, encoding: i32, w: usize, h: usize) {
        let bpp = self.bpp();
        match encoding {
            e::RAW => drop(self.take(w * h * bpp)),
            e::COPY_RECT => {
                let (x, y) = (usize::from(self.u16()), usize::from(self.u16()));
                assert!(x + w <= self.screen.0.into() && y + h <= self.screen.1.into());
            }
            e::RRE => {
                let count = self.len();
                self.take(bpp);
                for _ in 0..count {
                    self.take(bpp);
                    let [x, y, width, height] = [(); 4].map(|()| usize::from(self.u16()));
                    assert!(x + width <= w && y + height <= h);
                }
            }
            e::HEXTILE => self.hextile(w, h),
            e::ZLIB => {
                let len = self.len();
                let data = self.take(len);
                assert_eq!(inflate(&mut self.zlib, &data).len(), w * h * bpp);
            }
            e::ZRLE | e::ZYWRLE => {
                let len = self.len();
                let data = self.take(len);
                let tiles = inflate(&mut self.zrle, &data);
                // A tile of ZYWRLE may hold another inside, after its transform.
                if encoding == e::ZRLE {
                    zrle(&tiles, w, h, bpp.min(3));
                }
            }
            e::TIGHT | e::TIGHT_PNG => self.tight(w, h),
            e::JPEG => {
                assert_eq!(self.take(2), [0xff, 0xd8]);
                while !self.bytes.ends_with(&[0xff, 0xd9]) {
                    self.u8();
                }
            }
            other => panic!("a rectangle in the encoding {other}"),
        }
    }

    fn hextile(&mut self, w: usize, h: usize) {
        let bpp = self.bpp();
        for y in (0..h).step_by(16) {
            for x in (0..w).step_by(16) {
                let (tw, th) = ((w - x).min(16), (h - y).min(16));
                let how = self.u8();
                if how & 1 != 0 {
                    self.take(tw * th * bpp);
                    continue;
                }
                assert!(how < 32, "{how}");
                self.take(usize::from((how >> 1) & 1) * bpp);
                self.take(usize::from((how >> 2) & 1) * bpp);
                let count = if how & 8 == 0 { 0 } else { self.u8() };
                for _ in 0..count {
                    self.take(usize::from((how >> 4) & 1) * bpp);
                    let [xy, wh] = [(); 2].map(|()| usize::from(self.u8()));
                    assert!((xy >> 4) + (wh >> 4) < tw && (xy & 15) + (wh & 15) < th);
                }
            }
        }
    }

    fn tight(&mut self, w: usize, h: usize) {
        let bpp = if self.bpp() == 4 { 3 } else { self.bpp() };
        let control = self.u8();
        for (bit, stream) in self.tight.iter_mut().enumerate() {
            if control >> bit & 1 != 0 {
                stream.reset(true);
            }
        }
        match control >> 4 {
            8 => drop(self.take(bpp)),
            kind @ (9 | 10) => {
                let picture = self.compact();
                let begin: &[u8] = if kind == 9 {
                    &[0xff, 0xd8, 0xff]
                } else {
                    b"\x89PNG\r\n"
                };
                let end: &[u8] = if kind == 9 {
                    &[0xff, 0xd9]
                } else {
                    b"IEND\xaeB`\x82"
                };
                assert!(picture.starts_with(begin) && picture.ends_with(end));
            }
            kind @ 0..=7 => {
                let filter = if kind & 4 == 0 { 0 } else { self.u8() };
                let bytes = match filter {
                    0 | 2 => w * h * bpp,
                    1 => {
                        let colours = usize::from(self.u8()) + 1;
                        self.take(colours * bpp);
                        if colours == 2 { w.div_ceil(8) * h } else { w * h }
                    }
                    other => panic!("a filter {other}"),
                };
                if bytes < 12 {
                    self.take(bytes);
                } else {
                    let data = self.compact();
                    let stream = &mut self.tight[usize::from(kind & 3)];
                    assert_eq!(inflate(stream, &data).len(), bytes);
                }
            }
            other => panic!("a kind {other}"),
        }
    }

    fn compact(&mut self) -> Vec<u8> {
        let mut len = 0;
        for shift in [0, 7, 14] {
            let byte = self.u8();
            len |= usize::from(if shift == 14 { byte } else { byte & 0x7f }) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.take(len)
    }
}

/// RFC 6143 section 7.7.6: the tiles fill their bytes exactly.
fn zrle(mut tiles: &[u8], w: usize, h: usize, cpixel: usize) {
    fn byte(tiles: &mut &[u8]) -> usize {
        (*tiles.split_off_first().expect("more of the tile")).into()
    }
    fn run(tiles: &mut &[u8]) -> usize {
        let mut len = 1;
        loop {
            let more = byte(tiles);
            len += more;
            if more != 255 {
                return len;
            }
        }
    }
    for y in (0..h).step_by(64) {
        for x in (0..w).step_by(64) {
            let (tw, th) = ((w - x).min(64), (h - y).min(64));
            let how = byte(&mut tiles);
            let colours = how & 127;
            let skip = |tiles: &mut &[u8], len: usize| {
                tiles.split_off(..len).expect("more of the tile");
            };
            match how {
                0 => skip(&mut tiles, tw * th * cpixel),
                1 => skip(&mut tiles, cpixel),
                2..=16 => {
                    let bits = match colours {
                        2 => 1,
                        3 | 4 => 2,
                        _ => 4,
                    };
                    skip(&mut tiles, colours * cpixel + (tw * bits).div_ceil(8) * th);
                }
                128 => {
                    let mut pixels = 0;
                    while pixels < tw * th {
                        skip(&mut tiles, cpixel);
                        pixels += run(&mut tiles);
                    }
                    assert_eq!(pixels, tw * th);
                }
                130..=255 => {
                    skip(&mut tiles, colours * cpixel);
                    let mut pixels = 0;
                    while pixels < tw * th {
                        pixels += if byte(&mut tiles) & 128 == 0 {
                            1
                        } else {
                            run(&mut tiles)
                        };
                    }
                    assert_eq!(pixels, tw * th);
                }
                other => panic!("a tile of the kind {other}"),
            }
        }
    }
    assert!(tiles.is_empty(), "{} bytes behind the last tile", tiles.len());
}
