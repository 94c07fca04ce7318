//! A picture of the screen as a small PNG. Runs off the main thread.

use bevy::color::{ColorToPacked, LinearRgba, Srgba};
use bevy::image::Image;
use bevy::math::UVec2;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder, Rgb, RgbImage, imageops};
use tracing::debug;

/// The upper bound on a thumbnail's bytes, for any screen.
pub const MOST_BYTES: usize = 30_000;

/// A small picture, encoded.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Thumbnail {
    pub png: Vec<u8>,
    pub size: UVec2,
}

/// The screen as a PNG of at most this size and of fewer than [`MOST_BYTES`].
pub(super) fn thumbnail_of(screen: Image, largest: UVec2) -> Option<Thumbnail> {
    match screen.try_into_dynamic() {
        Ok(screen) => small_png(&in_srgb(screen), largest),
        Err(error) => {
            debug!(%error, "the screen's format makes no thumbnail");
            None
        }
    }
}

/// The screen in the colors of a PNG. Its alpha channel means nothing.
///
/// Screens with a high dynamic range come in linear colors. They are converted as Bevy's `save_to_disk` does it, which
/// clips what is brighter than white.
fn in_srgb(screen: DynamicImage) -> RgbImage {
    let is_linear = matches!(screen, DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_));
    if !is_linear {
        return screen.into_rgb8();
    }
    let linear = screen.into_rgb32f();
    RgbImage::from_fn(linear.width(), linear.height(), |x, y| {
        let [red, green, blue] = linear.get_pixel(x, y).0;
        Rgb(Srgba::from(LinearRgba::rgb(red, green, blue)).to_u8_array_no_alpha())
    })
}

fn small_png(screen: &RgbImage, largest: UVec2) -> Option<Thumbnail> {
    let mut size = fitted(screen.dimensions().into(), largest)?;
    loop {
        let png = encoded(&imageops::thumbnail(screen, size.x, size.y))?;
        if png.len() < MOST_BYTES {
            return Some(Thumbnail { png, size });
        }
        size = smaller(size, png.len());
    }
}

/// The size that fills `largest` as far as the proportions allow, and enlarges nothing. `None` for a
/// screen without pixels, as a minimized window has it.
fn fitted(screen: UVec2, largest: UVec2) -> Option<UVec2> {
    if screen.min_element() == 0 || largest.min_element() == 0 {
        return None;
    }
    let ratio = (largest.as_vec2() / screen.as_vec2()).min_element().min(1.0);
    Some((screen.as_vec2() * ratio).round().as_uvec2().max(UVec2::ONE))
}

/// A size whose picture is likely to fit; smaller than this one in any case, so that the search ends.
fn smaller(size: UVec2, bytes: usize) -> UVec2 {
    let ratio = (MOST_BYTES as f32 / bytes as f32).sqrt() * 0.95;
    let likely = (size.as_vec2() * ratio).as_uvec2();
    likely.min(size - UVec2::ONE.min(size)).max(UVec2::ONE)
}

fn encoded(picture: &RgbImage) -> Option<Vec<u8>> {
    let mut png = Vec::new();
    let (width, height) = picture.dimensions();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive);
    match encoder.write_image(picture, width, height, ExtendedColorType::Rgb8) {
        Ok(()) => Some(png),
        Err(error) => {
            debug!(%error, "a thumbnail could not be encoded");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use bevy::asset::RenderAssetUsages;
    use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
    use image::{Rgba, Rgba32FImage};

    use super::*;
    use bevy_session_journal::internal::deep::Random;

    const LARGEST: UVec2 = UVec2::new(320, 180);

    fn screen(size: UVec2, format: TextureFormat, pixel: impl FnMut(u32) -> [u8; 4]) -> Image {
        let extent = Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 };
        let data = (0..size.x * size.y).flat_map(pixel).collect();
        Image::new(extent, TextureDimension::D2, data, format, RenderAssetUsages::MAIN_WORLD)
    }

    fn decoded(thumbnail: &Thumbnail) -> RgbImage {
        image::load_from_memory(&thumbnail.png).expect("it should be a PNG").into_rgb8()
    }

    #[test]
    fn a_thumbnail_is_the_screen_only_smaller() {
        let size = UVec2::new(1280, 720);
        // Blue on the left, red on the right; windows have their blue first.
        let half = |place: u32| if place % 1280 < 640 { [255, 0, 0, 9] } else { [0, 0, 255, 9] };
        let screen = screen(size, TextureFormat::Bgra8UnormSrgb, half);
        let thumbnail = thumbnail_of(screen, LARGEST).expect("a screen makes a thumbnail");
        let picture = decoded(&thumbnail);
        assert_eq!(picture.dimensions(), (320, 180));
        assert_eq!(thumbnail.size, LARGEST);
        assert_eq!(picture.get_pixel(10, 90).0, [0, 0, 255]);
        assert_eq!(picture.get_pixel(310, 90).0, [255, 0, 0]);
    }

    #[test]
    fn linear_colors_are_as_bright_as_on_the_screen() {
        let grey = Rgba32FImage::from_pixel(2, 1, Rgba([0.2122, 0.0, 7.5, 0.3]));
        let picture = in_srgb(DynamicImage::ImageRgba32F(grey));
        // What sRGB has halfway between black and white is a fifth of the light.
        assert_eq!(picture.get_pixel(1, 0).0, [127, 0, 255]);
    }

    #[test]
    fn a_thumbnail_of_noise_is_scaled_down_to_the_size_limit() {
        let mut random = Random::new(7);
        let noise = screen(UVec2::new(640, 360), TextureFormat::Rgba8UnormSrgb, |_| {
            random.number().to_le_bytes()[..4].try_into().expect("four bytes")
        });
        // So large that nothing is averaged: the worst case.
        let thumbnail = thumbnail_of(noise, UVec2::new(640, 360)).expect("noise is a screen");
        assert!(thumbnail.png.len() < MOST_BYTES, "{} bytes", thumbnail.png.len());
        assert!(thumbnail.size.x > 80, "no smaller than need be: {:?}", thumbnail.size);
        assert_eq!(decoded(&thumbnail).dimensions(), thumbnail.size.into());
    }

    #[test]
    fn proportions_are_kept_and_nothing_is_enlarged() {
        let fit = |x, y| fitted(UVec2::new(x, y), LARGEST).map(|size| (size.x, size.y));
        assert_eq!(fit(3840, 2160), Some((320, 180)));
        assert_eq!(fit(1000, 2000), Some((90, 180)));
        assert_eq!(fit(100, 50), Some((100, 50)));
        assert_eq!(fit(100_000, 1), Some((320, 1)));
    }

    #[test]
    fn a_minimized_window_makes_no_thumbnail() {
        assert_eq!(fitted(UVec2::new(0, 720), LARGEST), None);
        assert_eq!(fitted(UVec2::new(1280, 720), UVec2::ZERO), None);
    }

    #[test]
    fn a_format_that_cannot_be_read_makes_no_thumbnail() {
        let extent = Extent3d { width: 2, height: 2, depth_or_array_layers: 1 };
        let format = TextureFormat::Rg16Float;
        let usages = RenderAssetUsages::MAIN_WORLD;
        let screen = Image::new(extent, TextureDimension::D2, vec![0; 16], format, usages);
        assert_eq!(thumbnail_of(screen, LARGEST), None);
    }

    #[test]
    fn the_search_for_a_size_ends() {
        let mut size = UVec2::new(4000, 3);
        for _ in 0..4000 {
            // Sizes that hardly shrink in bytes.
            size = smaller(size, MOST_BYTES);
        }
        assert_eq!(size, UVec2::ONE);
    }
}
