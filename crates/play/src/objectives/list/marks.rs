//! The mark of each line, by which those who see no colours know how an objective stands.

use bevy::ecs::hierarchy::ChildSpawnerCommands;
use bevy::prelude::*;

use super::ObjectiveList;
use crate::objectives::tree::{ObjectiveRow, ObjectiveStanding};

/// The width and height that any mark takes, at a font size of 16 pixels.
const SIZE: f32 = 14.0;

/// A rectangle of a mark: its middle from the mark's, its size, and how far it is turned.
struct Part {
    middle: (f32, f32),
    size: (f32, f32),
    degrees: f32,
    color: Color,
}

impl ObjectiveList {
    /// A ring for what is open, a ring with a dot for what is blocked, a lock, a check mark, a cross.
    pub(super) fn draw_mark(&self, line: &mut ChildSpawnerCommands, row: &ObjectiveRow) {
        let place = Node {
            width: self.scaled(SIZE),
            height: self.scaled(SIZE),
            // On the middle of the first line, whose height is 1.2 times the font's.
            margin: UiRect::top(self.scaled((16.0 * 1.2 - SIZE) / 2.0)),
            flex_shrink: 0.0,
            ..default()
        };
        let part = |middle, size, degrees, color| Part { middle, size, degrees, color };
        line.spawn(place).with_children(|mark| match row.standing {
            ObjectiveStanding::Open if !row.blockers.is_empty() => {
                self.draw_ring(mark, (0.0, 0.0), 12.0, self.warning);
                self.draw_part(mark, &part((0.0, 0.0), (4.0, 4.0), 0.0, self.warning));
            }
            ObjectiveStanding::Open => self.draw_ring(mark, (0.0, 0.0), 12.0, self.accent),
            ObjectiveStanding::Locked { .. } => {
                self.draw_ring(mark, (0.0, -2.5), 8.0, self.muted);
                self.draw_part(mark, &part((0.0, 2.5), (11.0, 7.0), 0.0, self.muted));
            }
            ObjectiveStanding::Completed => {
                self.draw_part(mark, &part((1.5, 0.0), (3.0, 12.0), 40.0, self.accent));
                self.draw_part(mark, &part((-4.0, 2.5), (3.0, 7.0), -45.0, self.accent));
            }
            ObjectiveStanding::Failed => {
                self.draw_part(mark, &part((0.0, 0.0), (3.0, 13.0), 45.0, self.danger));
                self.draw_part(mark, &part((0.0, 0.0), (3.0, 13.0), -45.0, self.danger));
            }
        });
    }

    fn draw_part(&self, mark: &mut ChildSpawnerCommands, part: &Part) {
        let node = Node {
            border_radius: BorderRadius::all(self.scaled(1.0)),
            ..self.around(part.middle, part.size)
        };
        let turn = UiTransform::from_rotation(Rot2::degrees(part.degrees));
        mark.spawn((node, turn, BackgroundColor(part.color)));
    }

    fn draw_ring(
        &self,
        mark: &mut ChildSpawnerCommands,
        middle: (f32, f32),
        size: f32,
        color: Color,
    ) {
        let node = Node {
            border: UiRect::all(self.scaled(2.0)),
            border_radius: BorderRadius::all(self.scaled(size / 2.0)),
            ..self.around(middle, (size, size))
        };
        mark.spawn((node, BorderColor::all(color)));
    }

    fn around(&self, (x, y): (f32, f32), (width, height): (f32, f32)) -> Node {
        Node {
            position_type: PositionType::Absolute,
            left: self.scaled(SIZE / 2.0 + x - width / 2.0),
            top: self.scaled(SIZE / 2.0 + y - height / 2.0),
            width: self.scaled(width),
            height: self.scaled(height),
            ..default()
        }
    }
}
