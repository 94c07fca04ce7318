//! Colours, fonts and sizes.

use bevy::prelude::*;
use bevy::text::FontSource;

use super::font::FONT;

/// The look of the ready-made UI: insert your own, or change it at any time.
///
/// The default is dark and calm, with one accent colour, and every text on it has a contrast of at
/// least 4.5 to 1.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_ui::SessionTheme;
///
/// fn large_and_green(mut commands: Commands) {
///     let accent = Color::srgb(0.45, 0.83, 0.55);
///     commands.insert_resource(SessionTheme { text_scale: 1.5, accent, ..default() });
/// }
/// # bevy::ecs::system::assert_is_system(large_and_green);
/// ```
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct SessionTheme {
    /// Factor on all sizes, for players who want larger text. The UI grows with the window by
    /// itself. Kept between 0.5 and 3. Defaults to 1.
    pub text_scale: f32,
    /// The font. Defaults to one that comes along, Roboto with the letters of Latin, Greek and Cyrillic
    /// alphabets: for others, load a font of yours, or switch on Bevy's feature
    /// `system_font_discovery`.
    pub font: FontSource,
    /// The colour over the game while a dialog is open.
    pub backdrop: Color,
    /// The ground of dialogs.
    pub surface: Color,
    /// The ground of rows and buttons.
    pub raised: Color,
    /// The same below the pointer.
    pub hovered: Color,
    /// The same of the row that is chosen.
    pub chosen: Color,
    /// The colour of text.
    pub text: Color,
    /// Text that matters less.
    pub muted: Color,
    /// The one button that is meant to be pressed, bars and marks.
    pub accent: Color,
    /// Text on [`accent`](Self::accent).
    pub on_accent: Color,
    /// Text about what went wrong.
    pub danger: Color,
    /// Text about what may go wrong.
    pub warning: Color,
    /// The colour of thin lines.
    pub line: Color,
    /// The ring around what has the focus.
    pub focus: Color,
}

impl Default for SessionTheme {
    fn default() -> Self {
        Self {
            text_scale: 1.0,
            font: FontSource::Handle(FONT),
            backdrop: Color::srgba_u8(6, 8, 12, 200),
            surface: Color::srgb_u8(22, 27, 36),
            raised: Color::srgb_u8(32, 39, 51),
            hovered: Color::srgb_u8(43, 52, 68),
            chosen: Color::srgb_u8(36, 52, 79),
            text: Color::srgb_u8(233, 237, 244),
            muted: Color::srgb_u8(168, 179, 197),
            accent: Color::srgb_u8(108, 168, 250),
            on_accent: Color::srgb_u8(10, 17, 30),
            danger: Color::srgb_u8(248, 140, 140),
            warning: Color::srgb_u8(245, 193, 97),
            line: Color::srgb_u8(54, 64, 82),
            focus: Color::srgb_u8(250, 252, 255),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(a: Color, b: Color) -> f32 {
        let (a, b) = (a.luminance(), b.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_has_enough_contrast_with_its_background() {
        let theme = SessionTheme::default();
        let grounds = [theme.surface, theme.raised, theme.hovered, theme.chosen];
        for text in [theme.text, theme.muted, theme.danger, theme.warning] {
            for ground in grounds {
                let contrast = contrast(text, ground);
                assert!(contrast >= 4.5, "{text:?} on {ground:?} has {contrast}");
            }
        }
        assert!(contrast(theme.on_accent, theme.accent) >= 4.5);
        assert!(contrast(theme.focus, theme.surface) >= 4.5);
    }
}
