//! Small marks that differ in shape as well as in colour.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;

use super::look::Look;

/// A mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A game that can be continued: a disc.
    Disc,
    /// One that is planned: a small square.
    Square,
    /// One that is being played: a ring.
    Ring,
    /// One that crashed: a square on its corner.
    Diamond,
    /// One that reached its goal: a check mark.
    Check,
    /// One that was lost, or a file that can't be used: a cross.
    Cross,
    /// One that was given up: a bar.
    Bar,
    /// A save that the player made: the outline of a square.
    Frame,
    /// A favourite: a star of eight points.
    Star,
}

/// The width and height that any mark takes.
const SIZE: f32 = 14.0;

impl Look {
    /// Spawns a mark.
    pub fn shape(&self, parent: &mut ChildSpawner, shape: Shape) {
        let place =
            Node { width: self.px(SIZE), height: self.px(SIZE), flex_shrink: 0.0, ..default() };
        let theme = &self.theme;
        parent.spawn((place, Pickable::IGNORE)).with_children(|place| match shape {
            Shape::Disc => self.part(place, (10.0, 10.0), 0.0, 5.0, theme.accent),
            Shape::Square => self.part(place, (9.0, 9.0), 0.0, 1.0, theme.accent),
            Shape::Ring => self.outlined(place, 12.0, 6.0, theme.accent),
            Shape::Diamond => self.part(place, (9.0, 9.0), 45.0, 1.0, theme.warning),
            Shape::Check => {
                self.part(place, (3.0, 12.0), 40.0, 1.0, theme.accent);
                self.notch(place, theme.accent);
            }
            Shape::Cross => {
                self.part(place, (3.0, 13.0), 45.0, 1.0, theme.danger);
                self.part(place, (3.0, 13.0), -45.0, 1.0, theme.danger);
            }
            Shape::Bar => self.part(place, (12.0, 4.0), 0.0, 1.0, theme.muted),
            Shape::Frame => self.outlined(place, 11.0, 2.0, theme.muted),
            Shape::Star => {
                self.part(place, (9.0, 9.0), 0.0, 0.0, theme.warning);
                self.part(place, (9.0, 9.0), 45.0, 0.0, theme.warning);
            }
        });
    }

    /// A filled rectangle in the middle, turned by so many degrees.
    fn part(
        &self,
        place: &mut ChildSpawner,
        (width, height): (f32, f32),
        degrees: f32,
        radius: f32,
        colour: Color,
    ) {
        let node = self.centred(width, height, radius);
        let turn = UiTransform::from_rotation(Rot2::degrees(degrees));
        place.spawn((node, turn, BackgroundColor(colour), Pickable::IGNORE));
    }

    /// The short arm of a check mark.
    fn notch(&self, place: &mut ChildSpawner, colour: Color) {
        let node = Node {
            left: self.px(1.0),
            top: self.px(6.0),
            margin: UiRect::ZERO,
            ..self.centred(3.0, 7.0, 1.0)
        };
        let turn = UiTransform::from_rotation(Rot2::degrees(-45.0));
        place.spawn((node, turn, BackgroundColor(colour), Pickable::IGNORE));
    }

    fn outlined(&self, place: &mut ChildSpawner, size: f32, radius: f32, colour: Color) {
        let border = UiRect::all(self.px(2.0));
        let node = Node { border, ..self.centred(size, size, radius) };
        place.spawn((node, BorderColor::all(colour), Pickable::IGNORE));
    }

    fn centred(&self, width: f32, height: f32, radius: f32) -> Node {
        Node {
            position_type: PositionType::Absolute,
            left: self.px((SIZE - width) / 2.0),
            top: self.px((SIZE - height) / 2.0),
            width: self.px(width),
            height: self.px(height),
            border_radius: BorderRadius::all(self.px(radius)),
            ..default()
        }
    }
}
