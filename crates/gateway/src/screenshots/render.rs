//! From a picture to a file: scaling and encoding, which are work for a processor and not for a task.

use std::error::Error;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image_webp::WebPEncoder;
use oriel_domain::hex;
use oriel_rfb::picture::Picture;
use sha2::{Digest as _, Sha256};

/// The form of a picture's file. Both are without loss: what is mostly text is blurred by anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureForm {
    /// PNG, which everything reads.
    Png,
    /// WebP: as small as PNG, in a tenth of the time.
    Webp,
}

/// The file of a picture at this width, which is the picture's own at most. Its height follows.
pub(super) fn render(picture: &Picture, width: u16, form: PictureForm) -> Result<Vec<u8>, String> {
    let scaled;
    let (width, height, pixels) = if width < picture.width {
        scaled = scale(picture, width.max(1)).map_err(|error| error.to_string())?;
        (scaled.width(), scaled.height(), scaled.buffer())
    } else {
        let size = (picture.width.into(), picture.height.into());
        (size.0, size.1, picture.pixels.as_flattened())
    };
    let (pixels, _) = pixels.as_chunks::<4>();
    let colours: Vec<u8> = pixels
        .iter()
        .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
        .collect();
    let file = match form {
        PictureForm::Png => png(&colours, width, height),
        PictureForm::Webp => webp(&colours, width, height),
    };
    file.map_err(|error| error.to_string())
}

/// What tells a file from others.
pub(super) fn tag(file: &[u8]) -> String {
    hex(Sha256::digest(file).get(..16).unwrap_or_default())
}

fn scale(picture: &Picture, width: u16) -> Result<Image<'static>, Box<dyn Error>> {
    let [across, down] = [picture.width, picture.height].map(u32::from);
    let width = u32::from(width);
    // To the nearest, and never to nothing.
    let [tall, wide, narrow] = [down, across, width].map(u64::from);
    let height = ((tall * narrow * 2 + wide) / (wide * 2).max(1)).max(1);
    let height = u32::try_from(height)?;
    let whole = ImageRef::new(across, down, picture.pixels.as_flattened(), PixelType::U8x4)?;
    let mut scaled = Image::new(width, height, PixelType::U8x4);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    Resizer::new().resize(&whole, &mut scaled, &options)?;
    Ok(scaled)
}

fn png(colours: &[u8], width: u32, height: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(colours)?;
    writer.finish()?;
    Ok(file)
}

fn webp(colours: &[u8], width: u32, height: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut file = Vec::new();
    WebPEncoder::new(&mut file).encode(colours, width, height, image_webp::ColorType::Rgb8)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left half red, right half blue.
    fn halves(width: u16, height: u16) -> Picture {
        let row = (0..width).map(|x| {
            if x < width / 2 {
                [255, 0, 0, 255]
            } else {
                [0, 0, 255, 255]
            }
        });
        let row: Vec<_> = row.collect();
        Picture {
            width,
            height,
            pixels: row.repeat(height.into()),
        }
    }

    fn read_png(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        (info.width, info.height, pixels)
    }

    fn read_webp(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(file)).unwrap();
        assert!(!decoder.has_alpha());
        let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut pixels).unwrap();
        let (width, height) = decoder.dimensions();
        (width, height, pixels)
    }

    #[test]
    fn both_forms_hold_the_same_pixels() {
        let picture = halves(40, 30);
        let expected: Vec<u8> = picture
            .pixels
            .iter()
            .flat_map(|pixel| pixel[..3].to_vec())
            .collect();
        for width in [40, 4000] {
            let png = render(&picture, width, PictureForm::Png).unwrap();
            assert_eq!(
                read_png(&png),
                (40, 30, expected.clone()),
                "it is never made wider"
            );
            let webp = render(&picture, width, PictureForm::Webp).unwrap();
            assert_eq!(read_webp(&webp), (40, 30, expected.clone()));
        }
    }

    #[test]
    fn a_smaller_picture_shows_the_same_and_keeps_its_shape() {
        for (from, width, height) in [
            ((800, 600), 320, 240),
            ((720, 400), 320, 178),
            ((1366, 768), 100, 56),
            ((3000, 2), 10, 1),
            ((2, 3000), 1, 1500),
        ] {
            let picture = halves(from.0, from.1);
            let (across, down, pixels) = read_png(&render(&picture, width, PictureForm::Png).unwrap());
            assert_eq!((across, down), (u32::from(width), height), "{from:?}");
            if width > 2 {
                assert_eq!(pixels[..3], [255, 0, 0], "{from:?}");
                assert_eq!(pixels[pixels.len() - 3..], [0, 0, 255], "{from:?}");
            }
        }
    }

    #[test]
    fn the_smallest_screen_has_a_picture() {
        for form in [PictureForm::Png, PictureForm::Webp] {
            assert!(render(&halves(1, 1), 1, form).is_ok());
            assert!(render(&halves(1, 1), 0, form).is_ok());
        }
    }

    #[test]
    fn a_tag_tells_pictures_apart() {
        let file = |width| render(&halves(40, 30), width, PictureForm::Png).unwrap();
        assert_eq!(tag(&file(20)), tag(&file(20)));
        assert_ne!(tag(&file(20)), tag(&file(21)));
        assert_eq!(tag(&file(20)).len(), 32);
    }
}
