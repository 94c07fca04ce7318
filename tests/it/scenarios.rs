//! Sessions that begin with scenarios, which are loaded as assets.

// Feature: Sessions begin with the settings of a file, as an asset or without an engine.
// Page: guide/scenarios.md

use std::path::Path;
use std::time::{Duration, Instant};

use bevy::asset::LoadState;
use bevy::asset::io::memory::{Dir, MemoryAssetReader};
use bevy::asset::io::{AssetSourceBuilder, AssetSourceId};
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::library::{GroupBy, GroupKey, LinkTarget, SessionQuery};
use bevy_session::prelude::*;
use bevy_session::scenarios::{Scenario, ScenarioAsset, ScenarioPlugin, SuggestionReason, suggest};

use crate::common::*;

/// A game whose assets are these files.
fn game_of(disk: &MemoryDisk, files: &[(&str, &str)]) -> App {
    game_in(disk, assets(files))
}

fn assets(files: &[(&str, &str)]) -> Dir {
    let root = Dir::default();
    files.iter().for_each(|(path, text)| root.insert_asset_text(Path::new(path), text));
    root
}

fn game_in(disk: &MemoryDisk, root: Dir) -> App {
    game_with(plugin(disk), |app| {
        let source = move || -> Box<dyn bevy::asset::io::ErasedAssetReader> {
            Box::new(MemoryAssetReader { root: root.clone() })
        };
        app.register_asset_source(AssetSourceId::Default, AssetSourceBuilder::new(source));
        app.add_plugins((AssetPlugin::default(), ScenarioPlugin));
    })
}

fn load(app: &mut App, path: &'static str) -> Result<Scenario, String> {
    load_asset(app, path).map(|asset| asset.scenario)
}

/// Loads a scenario. Files are read by other threads, so frames pass until it is there.
fn load_asset(app: &mut App, path: &'static str) -> Result<ScenarioAsset, String> {
    let handle: Handle<ScenarioAsset> = app.world().resource::<AssetServer>().load(path);
    let begun = Instant::now();
    loop {
        app.update();
        match app.world().resource::<AssetServer>().load_state(&handle) {
            LoadState::Failed(error) => return Err(error.to_string()),
            LoadState::Loaded => break,
            _ => assert!(begun.elapsed() < Duration::from_secs(300), "{path} is never loaded"),
        }
        std::thread::yield_now();
    }
    let scenarios = app.world().resource::<Assets<ScenarioAsset>>();
    Ok(scenarios.get(&handle).unwrap().clone())
}

const FILES: [(&str, &str); 3] = [
    (
        "scenarios/siege.scenario.ron",
        r#"(extends: "base.ron", version: 3, name: "Siege", level: 2, expected: "45min",
            links: {"guide": "https://example.org/siege"}, settings: {"walls": 4})"#,
    ),
    (
        "scenarios/base.ron",
        r#"(tags: ["co-op"], settings: {"walls": 1, "rain": true}, fields: {"act": "One"})"#,
    ),
    ("scenarios/wrong.scenario.ron", "(\n  name: \"Wrong\",\n  wals: 4,\n)"),
];

#[test]
fn a_session_begins_with_what_its_scenario_says_and_still_has_it_after_a_restart() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, &FILES);
    let scenario = load(&mut app, "scenarios/siege.scenario.ron").unwrap();
    let session = begin(&mut app, scenario.new_session().player("Ann"));
    close(&mut app);
    drop(app);
    let mut app = game_of(&disk, &FILES);
    frames(&mut app, 3);
    let found = entry(&app, session);
    assert_eq!((&*found.session.name, found.session.player.as_deref()), ("Siege", Some("Ann")));
    assert_eq!(found.session.expected, Some(Duration::from_secs(45 * 60)));
    assert!(found.session.tags.contains("co-op"));
    let guide = LinkTarget::from("https://example.org/siege");
    assert_eq!(found.session.links.of("guide").collect::<Vec<_>>(), [&guide]);
    let catalog = app.world().resource::<SessionCatalog>();
    let query = SessionQuery::default().session_type("siege").with_field("setting.walls", &4_u8);
    assert_eq!(catalog.query(&query).total, 1);
    let groups = catalog.groups(&SessionQuery::default(), GroupBy::SessionType).groups;
    assert_eq!(groups[0].key, GroupKey::SessionType("siege".to_owned()));
    request(&mut app, move |commands| commands.session().continue_session(session));
    frames(&mut app, 5);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!(current.get("setting.walls"), Some(4_u8));
    assert_eq!(current.get("setting.rain"), Some(true));
    assert_eq!(current.get::<String>("act").as_deref(), Some("One"));
    assert_eq!(current.get(Scenario::VERSION), Some(3_u32));
}

#[test]
fn a_file_that_is_wrong_is_an_error_of_the_asset_with_file_and_line() {
    let mut app = game_of(&MemoryDisk::default(), &FILES);
    let error = load(&mut app, "scenarios/wrong.scenario.ron").unwrap_err();
    assert!(error.contains("scenarios/wrong.scenario.ron:3:"), "{error}");
    assert!(error.contains("`wals`"), "{error}");
    // The game goes on, and other scenarios are loaded.
    assert!(load(&mut app, "scenarios/siege.scenario.ron").is_ok());
}

#[test]
fn files_in_a_circle_and_files_that_are_gone_are_errors_of_the_asset() {
    let mut app = game_of(
        &MemoryDisk::default(),
        &[
            ("one.scenario.ron", "(name: \"One\",\nextends: \"two.scenario.ron\")"),
            ("two.scenario.ron", "(\n\nextends: \"one.scenario.ron\")"),
            ("alone.scenario.ron", "(name: \"Alone\", extends: \"gone.ron\")"),
        ],
    );
    let error = load(&mut app, "one.scenario.ron").unwrap_err();
    assert!(error.contains("two.scenario.ron:3: it extends itself"), "{error}");
    let error = load(&mut app, "alone.scenario.ron").unwrap_err();
    assert!(error.contains("gone.ron"), "{error}");
}

#[test]
fn a_scenario_begins_in_its_world_and_without_one_in_that_of_the_game() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(5));
    start(&mut app, "The author's");
    let author = app.world().resource::<CurrentSession>().id();
    request(&mut app, move |commands| commands.session().library().export(author, "ruins.world"));
    frames(&mut app, 4);
    let world = disk.content(Path::new("ruins.world")).unwrap();
    let root = assets(&[
        ("a/ruins.scenario.ron", "(name: \"Ruins\", world: \"ruins.world\")"),
        ("a/plain.scenario.ron", "(name: \"Plain\")"),
        ("a/gone.scenario.ron", "(name: \"Gone\", world: \"gone.world\")"),
    ]);
    root.insert_asset(Path::new("a/ruins.world"), world);
    for (path, wanted) in [("a/ruins.scenario.ron", 1), ("a/plain.scenario.ron", 0)] {
        let mut app = game_in(&MemoryDisk::default(), root.clone());
        let asset = load_asset(&mut app, path).unwrap();
        request(&mut app, |commands| {
            asset.start(asset.new_session().player("Ann"), commands);
        });
        frames(&mut app, 5);
        let current = app.world().resource::<CurrentSession>();
        assert_eq!((current.name(), current.player()), (&*asset.name, Some("Ann")));
        assert_eq!(current.session_type(), asset.key);
        let mut healths = app.world_mut().query::<&Health>();
        assert_eq!(healths.iter(app.world()).count(), wanted, "{path}");
    }
    let mut app = game_in(&MemoryDisk::default(), root);
    let error = load(&mut app, "a/gone.scenario.ron").unwrap_err();
    assert!(error.contains("a/gone.world"), "{error}");
}

#[test]
fn the_scenarios_of_the_example_can_be_read_and_lead_from_one_to_the_next() {
    let root = root().join("assets");
    let read = |key: &str| {
        let file = format!("scenarios/{key}.scenario.ron");
        Scenario::read(&file, |file| std::fs::read(root.join(file))).unwrap()
    };
    let all = ["first-night", "over-the-marsh", "moonless"].map(read);
    for scenario in &all {
        let place: String = scenario.settings.get("place").unwrap();
        assert!(root.join(format!("lamplighter/{place}.level.ron")).is_file(), "{place}");
        assert!(scenario.settings.get::<u32>("fireflies").is_some_and(|count| count > 0));
        let fraction = |name| scenario.settings.get::<f32>(name).is_some_and(|it| it > 0.0);
        assert!(fraction("oil") && fraction("shades") && scenario.expected.is_some());
        assert!(scenario.tags.contains("lamplighter") && !scenario.description.is_empty());
    }
    let mut app = game(&MemoryDisk::default());
    begin(&mut app, all[0].new_session());
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 3);
    let catalog = app.world().resource::<SessionCatalog>();
    let now = catalog.sessions()[0].updated;
    let suggested = suggest(&all, catalog.sessions(), now);
    assert_eq!(suggested[0].scenario.key, "over-the-marsh");
    let SuggestionReason::NextAfter { completed } = &suggested[0].why[0] else {
        panic!("{:?}", suggested[0].why)
    };
    assert_eq!(completed, "The first night");
}
