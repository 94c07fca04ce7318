//! A game that begins with a scenario.

// Feature: Sessions begin with the settings of a file, as an asset or without an engine.

use std::path::Path;
use std::time::{Duration, Instant};

use bevy::asset::io::memory::{Dir, MemoryAssetReader};
use bevy::asset::io::{AssetSourceBuilder, AssetSourceId};
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;

use crate::common::{listen, received};

mod page {
    include!("samples/scenarios.rs");

    pub fn settlers(app: &mut App) -> usize {
        let world = app.world_mut();
        world.query::<&Settler>().iter(world).count()
    }
}

const FRONTIER: &str = r#"(name: "Frontier", settings: {"settlers": 6})"#;

fn build(plugin: SessionPlugin) -> App {
    let root = Dir::default();
    root.insert_asset_text(Path::new("scenarios/frontier.scenario.ron"), FRONTIER);
    let mut app = App::new();
    let source = move || -> Box<dyn bevy::asset::io::ErasedAssetReader> {
        Box::new(MemoryAssetReader { root: root.clone() })
    };
    app.register_asset_source(AssetSourceId::Default, AssetSourceBuilder::new(source))
        .add_plugins((MinimalPlugins, AssetPlugin::default(), plugin));
    page::plugin(&mut app);
    listen::<RequestRejected>(&mut app);
    app
}

/// Files are read by other threads, so frames pass until the session is there.
fn play(game: &mut TestGame) {
    let begun = Instant::now();
    while !game.app().world().contains_resource::<CurrentSession>() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the scenario is never begun");
        game.frames(1);
        std::thread::yield_now();
    }
}

#[test]
fn a_scenario_is_begun_as_soon_as_it_was_read_and_once() {
    let mut game = TestGame::new(build);
    play(&mut game);
    game.seconds(2.0);
    let session = game.app().world().resource::<CurrentSession>();
    assert_eq!((session.name(), session.player()), ("Frontier", Some("Ann")));
    assert_eq!(page::settlers(game.app_mut()), 6);
    game.request(|commands| commands.session().rewind(RewindTo::Ago(Duration::from_secs(1))));
    game.seconds(2.0);
    assert_eq!(page::settlers(game.app_mut()), 6, "one that comes back has its settlers");
    let rejected = received::<RequestRejected>(game.app());
    assert!(rejected.is_empty(), "it is begun once: {rejected:?}");
}
