//! Sparklines, as pictures of a few pixels.

use bevy::image::ImageSampler;
use bevy::prelude::*;

use super::record::{REMEMBERED, SessionPanel};

/// The height of a sparkline in pixels. It is drawn twice as large.
const HEIGHT: usize = 16;

/// The figure that a sparkline shows.
#[derive(Component, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Chart {
    Capture,
    Write,
    Size,
}

impl Chart {
    pub const ALL: [Self; 3] = [Self::Capture, Self::Write, Self::Size];

    /// The values, the newest last.
    pub fn values(self, panel: &SessionPanel) -> Vec<f32> {
        let milliseconds = |time: std::time::Duration| time.as_secs_f32() * 1000.0;
        let samples = panel.samples.iter();
        #[expect(clippy::cast_precision_loss, reason = "a bar's height")]
        let values = samples.map(|sample| match self {
            Self::Capture => milliseconds(sample.capture),
            Self::Write => milliseconds(sample.write),
            Self::Size => sample.bytes as f32 / 1024.0,
        });
        values.collect()
    }
}

/// The picture of these values: a bar for each, the newest at the right.
pub(super) fn picture(values: &[f32], colour: Color) -> Image {
    // Bevy's default picture is one white pixel of four bytes.
    let mut image = Image { data: Some(pixels(values, colour)), ..Image::default() };
    #[expect(clippy::cast_possible_truncation, reason = "60 by 16 pixels")]
    let (width, height) = (REMEMBERED as u32, HEIGHT as u32);
    image.texture_descriptor.size.width = width;
    image.texture_descriptor.size.height = height;
    image.sampler = ImageSampler::nearest();
    image
}

/// Draws the values again.
pub(super) fn redraw(image: &mut Image, values: &[f32], colour: Color) {
    image.data = Some(pixels(values, colour));
}

fn pixels(values: &[f32], colour: Color) -> Vec<u8> {
    let colour = colour.to_srgba().to_u8_array();
    let largest = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let empty = REMEMBERED.saturating_sub(values.len());
    let newest = values.get(values.len().saturating_sub(REMEMBERED)..).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 16")]
    let height = |value: &f32| (value / largest * HEIGHT as f32).ceil().max(1.0) as usize;
    let heights: Vec<usize> =
        std::iter::repeat_n(0, empty).chain(newest.iter().map(height)).collect();
    let is_filled = |line: usize| heights.iter().map(move |height| HEIGHT - line <= *height);
    (0..HEIGHT)
        .flat_map(is_filled)
        .flat_map(|filled| if filled { colour } else { [0; 4] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_is_at_the_right_and_the_largest_is_as_high_as_the_picture() {
        let filled = |values: &[f32]| -> Vec<usize> {
            let pixels = pixels(values, Color::WHITE);
            assert_eq!(pixels.len(), REMEMBERED * HEIGHT * 4);
            (0..REMEMBERED)
                .map(|x| (0..HEIGHT).filter(|y| pixels[(y * REMEMBERED + x) * 4 + 3] > 0).count())
                .collect()
        };
        let heights = filled(&[4.0, 8.0, 0.0]);
        assert_eq!(heights[REMEMBERED - 3..], [8, 16, 1]);
        assert!(heights[..REMEMBERED - 3].iter().all(|height| *height == 0));
        assert_eq!(filled(&[]), vec![0; REMEMBERED]);
        assert_eq!(filled(&vec![1.0; 100]), vec![HEIGHT; REMEMBERED]);
    }
}
