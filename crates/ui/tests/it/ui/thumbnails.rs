//! Thumbnails in the dialog and the menu: there, missing, damaged.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::kit::*;
use super::layout::assert_tidy;
use crate::common::*;

/// A picture of one pixel.
const DOT: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 12, b'I', b'D', b'A', b'T', 8, 0xd7,
    0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

/// A killed session whose newest checkpoint has this for a thumbnail.
fn killed_with(thumbnail: &[u8]) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    listen::<CheckpointSaved>(&mut app);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Campaign");
    seconds(&mut app, 1.0);
    request(&mut app, |commands| commands.session().checkpoint("Here"));
    frames(&mut app, 3);
    let checkpoint = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    let bytes = thumbnail.to_vec();
    request(&mut app, |commands| {
        commands.session().attachments().attach(checkpoint, "thumbnail", bytes)
    });
    frames(&mut app, 4);
    disk.snapshot()
}

/// The number of pictures of one pixel on the screen.
fn dots(app: &mut App) -> usize {
    for _ in 0..200 {
        // Decoded on another thread.
        app.update();
        std::thread::yield_now();
    }
    let world = app.world_mut();
    let mut nodes = world.query::<&ImageNode>();
    let nodes: Vec<Handle<Image>> = nodes.iter(world).map(|node| node.image.clone()).collect();
    let images = world.resource::<Assets<Image>>();
    let is_dot = |handle: &&Handle<Image>| {
        let data = images.get(*handle).and_then(|image| image.data.clone());
        data.is_some_and(|data| {
            data.len() == 4 && data[..3] != [255; 3] || data.len() == 4 && data[3] == 255
        })
    };
    nodes.iter().filter(is_dot).count()
}

#[test]
fn the_thumbnail_of_a_checkpoint_is_shown() {
    let mut app = ui_game(&killed_with(DOT));
    assert_eq!(dots(&mut app), 2, "in the list, and in large");
}

#[test]
fn a_damaged_thumbnail_leaves_its_place_empty() {
    let cut = &DOT[..40];
    let mut bomb = DOT.to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    for damaged in [b"no picture".as_slice(), cut, &bomb, b"\x89PNG"] {
        let mut app = ui_game(&killed_with(damaged));
        assert_eq!(dots(&mut app), 0);
        assert_tidy(&mut app, "a damaged picture");
        press(&mut app, "Recover");
        frames(&mut app, 4);
        assert_eq!(health(&mut app), [1], "the checkpoint itself is good");
    }
}
