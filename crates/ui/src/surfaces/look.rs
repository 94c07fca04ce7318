//! Theme, words and measures, as drawing needs them.

use bevy::prelude::*;
use bevy::text::FontSize;
use bevy::window::PrimaryWindow;

use super::{SessionStrings, SessionTheme};

/// Theme, words and measures, brought up to date once a frame.
#[derive(Resource, Clone, PartialEq, Debug)]
pub(super) struct Look {
    pub theme: SessionTheme,
    pub words: SessionStrings,
    /// Logical pixels for each pixel of the design, which is made for a window of 1100 × 800.
    pub unit: f32,
    /// Logical size of the window.
    pub size: Vec2,
    /// Grows with each change, so that what is drawn with an older one is drawn again.
    pub version: u32,
}

/// Sizes of text in the design.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum TextSize {
    Small,
    Body,
    Heading,
    Title,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            theme: SessionTheme::default(),
            words: SessionStrings::default(),
            unit: 1.0,
            size: Vec2::new(1280.0, 720.0),
            version: 1,
        }
    }
}

impl Look {
    /// A length of the design.
    pub fn px(&self, design: f32) -> Val {
        Val::Px((design * self.unit).round())
    }

    pub fn font(&self, size: TextSize) -> TextFont {
        let design = match size {
            TextSize::Small => 14.0,
            TextSize::Body => 16.0,
            TextSize::Heading => 20.0,
            TextSize::Title => 28.0,
        };
        let font_size = FontSize::Px((design * self.unit).round().max(1.0));
        TextFont { font: self.theme.font.clone(), font_size, ..default() }
    }

    /// The window in pixels of the design.
    pub fn room(&self) -> Vec2 {
        self.size / self.unit
    }

    /// The size of titles.
    pub fn title(&self) -> TextSize {
        if self.is_compact() { TextSize::Heading } else { TextSize::Title }
    }

    /// The number of rows of this height that fit beside others that use so much; 1 to 7.
    pub fn rows(&self, row: f32, used: f32) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few rows")]
        let rows = ((self.room().y - used) / row).floor().clamp(1.0, 7.0) as usize;
        rows
    }

    /// Returns true if there is room for the essentials only.
    pub fn is_compact(&self) -> bool {
        self.room().x < 820.0 || self.room().y < 560.0
    }

    /// Returns true if there is even less room, so that a list leaves none beside it for all actions.
    pub fn is_tiny(&self) -> bool {
        self.room().x < 700.0 || self.room().y < 440.0
    }
}

/// The size of the UI in a window of this logical size.
fn fit(size: Vec2) -> f32 {
    let share = (size.x / 1100.0).min(size.y / 800.0);
    // Not below what is readable, unless even the smallest dialog would not fit.
    let readable = 0.75_f32.min(size.x / 620.0).min(size.y / 350.0);
    share.clamp(readable.max(0.1), 3.0_f32.max(readable))
}

/// Follows theme, words and window.
pub(super) fn follow_look(
    theme: Res<SessionTheme>,
    words: Res<SessionStrings>,
    scale: Option<Res<UiScale>>,
    windows: Query<&Window, With<PrimaryWindow>>,
    mut look: ResMut<Look>,
) {
    let window = windows.single().map(Window::size).ok().filter(|size| size.min_element() > 0.0);
    let scale = scale.map_or(1.0, |scale| scale.0).max(0.01);
    let size = window.map_or(look.size, |size| size / scale);
    // A readable size is a number of pixels of the window, and doesn't depend on the scale of the game's own UI.
    let unit = fit(size * scale) / scale * theme.text_scale.clamp(0.5, 3.0);
    let is_same = look.unit.to_bits() == unit.to_bits() && look.size == size;
    if is_same && !theme.is_changed() && !words.is_changed() {
        return;
    }
    let version = look.version.wrapping_add(1);
    let next =
        Look { theme: theme.clone(), words: words.clone(), unit, size, version: look.version };
    if next != *look {
        *look = Look { version, ..next };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_the_ui_follows_the_window() {
        assert_eq!(fit(Vec2::new(1100.0, 800.0)), 1.0);
        assert_eq!(fit(Vec2::new(640.0, 360.0)), 0.75);
        assert!((fit(Vec2::new(3840.0, 2160.0)) - 2.7).abs() < 0.01);
        assert!(fit(Vec2::new(320.0, 180.0)) < 0.55, "the dialog should still fit");
        assert!(fit(Vec2::ZERO) > 0.0);
    }
}
