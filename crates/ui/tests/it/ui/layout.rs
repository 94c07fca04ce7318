//! Where things are on the screen: nothing overlaps, and nothing that can be pressed is cut off.

// Feature: All of it fits windows of any size, and languages are files.
// Page: guide/ready-made-ui.md

use bevy::prelude::*;
use bevy::ui::UiGlobalTransform;
use bevy::ui_widgets::Button;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session_ui::SessionTheme;

use super::kit::*;
use crate::common::*;

/// Windows in physical pixels, and their scale factors.
pub const WINDOWS: [(u32, u32, f32); 7] = [
    (640, 360, 1.0),
    (640, 360, 2.0),
    (1280, 720, 1.0),
    (1280, 720, 2.0),
    (1080, 1920, 1.0),
    (3840, 2160, 1.0),
    (3840, 2160, 2.0),
];

fn place(world: &World, entity: Entity) -> Option<Rect> {
    let node = world.get::<ComputedNode>(entity)?;
    let transform = world.get::<UiGlobalTransform>(entity)?;
    Some(Rect::from_center_size(transform.translation, node.size()))
}

/// Asserts that no two things that stand beside each other overlap, and that every button is within
/// the window and within everything that would cut it off.
#[track_caller]
pub fn assert_tidy(app: &mut App, situation: &str) {
    let world = app.world_mut();
    let mut windows = world.query::<&Window>();
    let size = windows.single(world).unwrap().physical_size().as_vec2();
    let window = Rect::from_corners(Vec2::ZERO, size).inflate(1.0);
    let mut nodes = world.query_filtered::<(Entity, Option<&Children>), With<Node>>();
    let nodes: Vec<(Entity, Vec<Entity>)> = nodes
        .iter(world)
        .map(|(entity, children)| (entity, children.into_iter().flatten().copied().collect()))
        .collect();
    assert!(!nodes.is_empty(), "{situation}: nothing is shown");
    for (_, children) in &nodes {
        let in_flow = |entity: &&Entity| {
            let node = world.get::<Node>(**entity);
            node.is_some_and(|node| node.position_type == PositionType::Relative)
        };
        let places: Vec<(Entity, Rect)> = children
            .iter()
            .filter(in_flow)
            .filter_map(|entity| Some((*entity, place(world, *entity)?)))
            .collect();
        for (index, (one, here)) in places.iter().enumerate() {
            for (other, there) in places.iter().skip(index + 1) {
                let overlap = here.intersect(*there);
                let (a, b) = (texts_below(world, *one), texts_below(world, *other));
                assert!(
                    overlap.width() < 1.5 || overlap.height() < 1.5,
                    "{situation}: {a:?} at {here:?} lies over {b:?} at {there:?}"
                );
            }
        }
    }
    let mut buttons = world.query_filtered::<Entity, (With<Button>, With<Hovering>)>();
    for button in buttons.iter(world).collect::<Vec<_>>() {
        let here = place(world, button).unwrap();
        let label = texts_below(world, button);
        assert!(here.width() > 4.0 && here.height() > 4.0, "{situation}: {label:?} is {here:?}");
        assert!(
            window.contains(here.min) && window.contains(here.max),
            "{situation}: {label:?} at {here:?} is not in {window:?}"
        );
        let mut at = button;
        while let Some(parent) = world.get::<ChildOf>(at).map(ChildOf::parent) {
            let cuts = world.get::<Node>(parent).is_some_and(|node| !node.overflow.is_visible());
            let frame = place(world, parent).unwrap().inflate(1.0);
            assert!(
                !cuts || (frame.contains(here.min) && frame.contains(here.max)),
                "{situation}: {label:?} at {here:?} is cut off by {frame:?}"
            );
            at = parent;
        }
    }
}

/// Asserts that a text is to be seen whole, and isn't cut off.
#[track_caller]
pub fn assert_seen(app: &mut App, part: &str) {
    let world = app.world_mut();
    let mut texts = world.query::<(Entity, &Text)>();
    let found = texts.iter(world).find(|(_, text)| text.0.contains(part));
    let (text, _) = found.unwrap_or_else(|| panic!("no text says {part:?}"));
    let here = place(world, text).unwrap();
    let mut at = text;
    while let Some(parent) = world.get::<ChildOf>(at).map(ChildOf::parent) {
        let frame = place(world, parent).unwrap().inflate(1.0);
        assert!(
            frame.contains(here.min) && frame.contains(here.max),
            "{part:?} at {here:?} is cut off by {frame:?}"
        );
        at = parent;
    }
}

type Hovering = bevy::picking::hover::Hovered;

#[test]
fn the_dialog_is_tidy_in_every_window_with_every_name() {
    let right_to_left = "\u{5d4}\u{5e8}\u{5e4}\u{5ea}\u{5e7}\u{5d0}\u{5d5}\u{5ea} \u{645}\u{63a}\u{627}\u{645}\u{631}\u{629}";
    let names = ["Campaign".to_owned(), "W".repeat(300), right_to_left.repeat(10)];
    for name in &names {
        let disk = killed_beside(&killed(name, 12), name, 12);
        let mut app = ui_game(&disk);
        for (width, height, scale) in WINDOWS {
            resize(&mut app, width, height, scale);
            frames(&mut app, 3);
            let letters: String = name.chars().take(8).collect();
            let window = format!("{letters} in {width} x {height} at {scale}");
            assert_tidy(&mut app, &window);
            press(&mut app, "Details");
            assert_tidy(&mut app, &format!("{window}, details"));
            press(&mut app, "Back");
        }
    }
}

#[test]
fn long_labels_of_checkpoints_and_slots_stay_in_their_rows() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Campaign");
    for label in ["W".repeat(300), "a lot of words ".repeat(20), "line\nbreaks\n".repeat(20)] {
        request(&mut app, |commands| commands.session().checkpoint(&*label));
        request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual(&*label)));
        seconds(&mut app, 3.0);
    }
    let mut app = ui_game(&disk.snapshot());
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("long labels in {width} x {height} at {scale}"));
    }
}

#[test]
fn the_dialog_is_tidy_at_every_text_size() {
    let mut app = ui_game(&killed("Campaign", 12));
    for text_scale in [0.5, 1.5, 2.0] {
        app.world_mut().resource_mut::<SessionTheme>().text_scale = text_scale;
        resize(&mut app, 1920, 1080, 1.0);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("text {text_scale}"));
    }
}
