use super::*;
use crate::PixelFormat;

fn converter(format: PixelFormat) -> Converter {
    Converter::new(format).unwrap()
}

#[test]
fn an_update_of_two_rectangles() {
    let rects = [
        RawRect {
            rect: Rect {
                x: 1,
                y: 2,
                width: 2,
                height: 1,
            },
            pixels: &[0x00ff_0000, 0xff],
        },
        RawRect {
            rect: Rect {
                x: 0x0102,
                y: 0,
                width: 0,
                height: 9,
            },
            pixels: &[],
        },
    ];
    let mut out = vec![0xee];
    write_update(&rects, &converter(PixelFormat::RGB32), &mut out).unwrap();
    let expected = [
        &[0xee, 0, 0, 0, 2][..],
        &[0, 1, 0, 2, 0, 2, 0, 1, 0, 0, 0, 0],
        &[0, 0, 0xff, 0, 0xff, 0, 0, 0],
        &[1, 2, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0],
    ];
    assert_eq!(out, expected.concat());
}

#[test]
fn an_update_of_nothing() {
    let mut out = Vec::new();
    write_update(&[], &converter(PixelFormat::RGB32), &mut out).unwrap();
    assert_eq!(out, [0, 0, 0, 0]);
}

#[test]
fn an_update_that_cannot_be_written_leaves_no_trace() {
    let rect = Rect {
        x: 0,
        y: 0,
        width: 2,
        height: 2,
    };
    let mut out = Vec::new();
    let three = RawRect {
        rect,
        pixels: &[0; 3],
    };
    assert_eq!(
        write_update(&[three], &converter(PixelFormat::RGB32), &mut out),
        Err(UpdateError::Pixels {
            width: 2,
            height: 2,
            pixels: 3
        })
    );
    let empty = Rect {
        width: 0,
        height: 0,
        ..rect
    };
    let many = vec![
        RawRect {
            rect: empty,
            pixels: &[]
        };
        65535
    ];
    assert_eq!(
        write_update(&many, &converter(PixelFormat::RGB32), &mut out),
        Err(UpdateError::Rectangles(65535))
    );
    assert!(out.is_empty());
    assert!(write_update(&many[1..], &converter(PixelFormat::RGB32), &mut out).is_ok());
}
