use super::*;

const RGB565: PixelFormat = PixelFormat {
    bits_per_pixel: 16,
    depth: 16,
    red_max: 31,
    green_max: 63,
    blue_max: 31,
    red_shift: 11,
    green_shift: 5,
    blue_shift: 0,
    ..PixelFormat::RGB32
};
const BGR233: PixelFormat = PixelFormat {
    bits_per_pixel: 8,
    depth: 8,
    red_max: 7,
    green_max: 7,
    blue_max: 3,
    red_shift: 0,
    green_shift: 3,
    blue_shift: 6,
    ..PixelFormat::RGB32
};

fn written(format: PixelFormat, pixels: &[u32]) -> Vec<u8> {
    let converter = Converter::new(format).unwrap();
    let mut out = Vec::new();
    converter.write(pixels, &mut out);
    assert_eq!(out.len(), pixels.len() * converter.bytes_per_pixel());
    out
}

#[test]
fn formats_survive_the_wire() {
    for format in [PixelFormat::RGB32, RGB565, BGR233] {
        assert_eq!(PixelFormat::parse(&format.to_bytes()), format);
    }
    let bytes = [32, 24, 1, 1, 0, 255, 1, 2, 3, 4, 16, 8, 0, 9, 9, 9];
    let format = PixelFormat::parse(&bytes);
    assert!(format.big_endian && format.true_colour);
    assert_eq!(
        (format.red_max, format.green_max, format.blue_max),
        (255, 0x0102, 0x0304)
    );
    assert_eq!(format.to_bytes()[..13], bytes[..13]);
    assert_eq!(format.to_bytes()[13..], [0; 3]);
}

#[test]
fn pixels_in_each_size_and_byte_order() {
    assert_eq!(written(PixelFormat::RGB32, &[0x0012_3456]), [0x56, 0x34, 0x12, 0]);
    let big = PixelFormat {
        big_endian: true,
        ..PixelFormat::RGB32
    };
    assert_eq!(written(big, &[0xff12_3456]), [0, 0x12, 0x34, 0x56]);
    assert_eq!(
        written(RGB565, &[0x00ff_0000, 0x0000_ff00]),
        [0x00, 0xf8, 0xe0, 0x07]
    );
    let big = PixelFormat {
        big_endian: true,
        ..RGB565
    };
    assert_eq!(written(big, &[0x00ff_0000]), [0xf8, 0x00]);
    assert_eq!(
        written(BGR233, &[0x00ff_0000, 0x0000_ff00, 0xff, 0, 0x00ff_ffff]),
        [7, 56, 192, 0, 255]
    );
}

#[test]
fn formats_that_cannot_be_written() {
    let error = |format| Converter::new(format).unwrap_err();
    for bits_per_pixel in [0, 1, 15, 24, 64, 255] {
        let format = PixelFormat {
            bits_per_pixel,
            ..PixelFormat::RGB32
        };
        assert_eq!(error(format), PixelFormatError::BitsPerPixel(bits_per_pixel));
    }
    let mapped = PixelFormat {
        true_colour: false,
        ..BGR233
    };
    assert_eq!(error(mapped), PixelFormatError::ColourMap);
    for shift in [25, 31, 32, 63, 64, 255] {
        let format = PixelFormat {
            red_shift: shift,
            ..PixelFormat::RGB32
        };
        assert_eq!(error(format), PixelFormatError::Outside, "{shift}");
    }
    let wide = PixelFormat {
        blue_max: 0xffff,
        ..RGB565
    };
    assert!(Converter::new(wide).is_ok());
    assert_eq!(
        error(PixelFormat {
            blue_shift: 1,
            ..wide
        }),
        PixelFormatError::Outside
    );
    let nothing = PixelFormat {
        red_max: 0,
        red_shift: 64,
        ..PixelFormat::RGB32
    };
    assert_eq!(error(nothing), PixelFormatError::Outside);
}

#[test]
fn the_widest_colour_does_not_overflow() {
    let format = PixelFormat {
        red_max: u16::MAX,
        green_max: u16::MAX,
        red_shift: 16,
        green_shift: 0,
        blue_max: 0,
        ..PixelFormat::RGB32
    };
    assert_eq!(written(format, &[0x00ff_ffff]), [0xff; 4]);
}
