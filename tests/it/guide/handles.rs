//! A handle that is saved as the path of its asset.

// Feature: Components with asset handles come back.
// Page: RECIPES.md#assets-and-handles

use bevy::asset::AssetPlugin;
use bevy_session::testing::differences;

use crate::common::{game_with, plugin};

mod page {
    include!("samples/handles.rs");

    pub fn build(app: &mut App) {
        app.init_asset::<Song>();
        songs(app);
    }

    /// A registration that loses the path.
    pub fn lose_songs(app: &mut App) {
        app.init_asset::<Song>().save_component_as(
            |plays: &Plays| SongPath(plays.0.path().map(ToString::to_string)),
            |_: SongPath, _| Plays(Handle::default()),
        );
    }

    pub fn play(app: &mut App) {
        let song = app.world().resource::<AssetServer>().load("songs/march.ogg");
        app.world_mut().spawn((Plays(song), Saved));
        app.world_mut().spawn((Plays(Handle::default()), Saved));
    }

    pub fn assert_songs_come_back(app: &mut App) {
        songs_come_back(app);
    }

    pub fn paths(app: &mut App) -> Vec<Option<String>> {
        let world = app.world_mut();
        let songs = world.query::<&Plays>();
        let mut songs = songs;
        songs.iter(world).map(|song| song.0.path().map(ToString::to_string)).collect()
    }
}

#[test]
fn asset_handles_are_restored_as_on_the_page() {
    let disk = bevy_session::MemoryDisk::default();
    let build = |disk: &bevy_session::MemoryDisk| {
        game_with(plugin(disk), |app| {
            app.add_plugins(AssetPlugin::default());
            page::build(app);
        })
    };
    let mut app = build(&disk);
    page::play(&mut app);
    page::assert_songs_come_back(&mut app);
    assert!(!differences(&mut app).is_empty(), "it needs the asset server");
    crate::common::start(&mut app, "Songs");
    let mut app = build(&disk.snapshot());
    crate::common::frames(&mut app, 2);
    let offers = app.world().resource::<bevy_session::RecoveryOffers>().offers();
    let session = offers[0].session.id;
    crate::common::request(&mut app, |commands| {
        use bevy_session::prelude::*;
        commands.session().recover(session, RestoreFrom::Latest);
    });
    crate::common::frames(&mut app, 6);
    assert_eq!(page::paths(&mut app), [Some("songs/march.ogg".to_owned()), None]);
}

#[test]
#[should_panic(expected = "don't come back as they were")]
fn songs_that_do_not_come_back_fail_the_check_of_the_page() {
    let mut app = game_with(plugin(&bevy_session::MemoryDisk::default()), |app| {
        app.add_plugins(AssetPlugin::default());
        page::lose_songs(app);
    });
    page::play(&mut app);
    page::assert_songs_come_back(&mut app);
}
