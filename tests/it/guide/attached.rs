//! A map that is attached to a session.

use bevy_session::MemoryDisk;

use super::stage::{assert_said, game_on, rejected, said};
use crate::common::{frames, request, start};

include!("samples/map.rs");

#[test]
fn the_map_of_the_page_is_read_as_it_was_attached() {
    let mut app = game_on(&MemoryDisk::default(), map);
    start(&mut app, "Drawn");
    let read = |app: &mut App| {
        said(|| {
            app.world_mut().run_system_cached(load_map).unwrap();
            frames(app, 4);
        })
    };
    assert_said(&read(&mut app), "map: ");
    request(&mut app, |commands| {
        commands.session().attachments().attach_to_session("map", vec![0; 5]);
    });
    frames(&mut app, 4);
    assert_said(&read(&mut app), "5 bytes");
    app.world_mut().run_system_cached(save_map).unwrap();
    frames(&mut app, 4);
    assert_said(&read(&mut app), "3 bytes");
    assert!(rejected(&app).is_empty());
}
