// Feature: `assert_saves_load` loads real saves and names what is lost.
// Page: guide/versions.md#tests-for-updates

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::capture::SessionAppExt;
use crate::{NewSession, Saved, SessionCommandsExt};

const SAVES: &str = "saves";

mod old {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "saves"]
    pub struct Health {
        pub current: f64,
        pub armor: u8,
        pub label: String,
    }

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "saves"]
    pub struct Relic(pub String);

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "saves"]
    pub struct Weapon {
        pub parts: Vec<Part>,
    }

    #[derive(Clone, Serialize, Deserialize)]
    pub struct Part {
        pub weight: i32,
    }
}

mod today {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "saves"]
    pub struct Health {
        #[serde(alias = "current")]
        pub now: f32,
        #[serde(default)]
        pub shield: u8,
        pub label: String,
    }

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "saves"]
    pub struct Weapon {
        pub parts: Vec<Part>,
    }

    #[derive(Clone, Serialize, Deserialize)]
    pub struct Part {
        pub weight: u8,
    }
}

fn app(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, session));
    app
}

fn old_game(session: SessionPlugin) -> App {
    let mut app = app(session);
    app.save_component::<old::Health>()
        .save_component::<old::Relic>()
        .save_component::<old::Weapon>();
    app
}

fn game_of_today(session: SessionPlugin) -> App {
    let mut app = app(session);
    app.save_component::<today::Health>().save_component::<today::Weapon>();
    app
}

/// A directory with a save of the old game.
fn saves(current: f64) -> MemoryDisk {
    let mut game = TestGame::new(old_game);
    game.start(NewSession::named("Campaign")).unwrap();
    let health = |armor| old::Health { current, armor, label: "x".to_owned() };
    game.world().spawn((Saved, health(3), old::Relic("horn".to_owned())));
    let parts = vec![old::Part { weight: 7 }, old::Part { weight: -1 }];
    game.world().spawn((Saved, health(4), old::Weapon { parts }));
    game.checkpoint("here").unwrap();
    let path = Path::new("first.tar");
    let session = game.world().resource::<crate::CurrentSession>().id();
    game.request(|commands| commands.session().library().export(session, path));
    game.frames(10);
    let disk = MemoryDisk::default();
    disk.put(&Path::new(SAVES).join(path), &game.disk().read(path, MOST_BYTES).unwrap());
    disk
}

fn problems(disk: &MemoryDisk, build: fn(SessionPlugin) -> App) -> String {
    check(disk, Path::new(SAVES), build).unwrap_err()
}

#[test]
fn a_save_loads_in_the_game_that_wrote_it_and_loses_nothing() {
    assert_eq!(check(&saves(1.5), Path::new(SAVES), old_game), Ok(()));
}

#[test]
fn losses_of_a_golden_save_are_named_until_they_are_written_down() {
    let disk = saves(0.1);
    let said = problems(&disk, game_of_today);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "first.tar loses something. If it is meant to, in first.tar.losses:",
            "    saves::Health, field `armor`: isn't read (2 values)",
            "    saves::Health, field `current`: isn't the same when it is written again (2 values)",
            "    saves::Relic: this build doesn't save the type (1 value)",
            "    saves::Weapon, field `parts[1].weight`: is -1, where u8 is read (1 value)",
        ]
    );
    let mut written = lines.get(1..).unwrap().join("\n");
    written.push_str("\n# A note.\n\n");
    disk.put(&Path::new(SAVES).join("first.tar.losses"), written.as_bytes());
    assert_eq!(check(&disk, Path::new(SAVES), game_of_today), Ok(()));
    let said = problems(&disk, old_game);
    assert!(said.starts_with("first.tar doesn't lose what first.tar.losses says:"), "{said}");
}

#[test]
fn a_number_that_fits_its_new_type_is_not_a_loss() {
    let said = problems(&saves(1.5), game_of_today);
    assert!(!said.contains("current"), "{said}");
}

#[test]
fn invalid_saves_and_saves_that_break_the_game_are_named() {
    let disk = saves(1.5);
    disk.put(&Path::new(SAVES).join("second.tar"), b"no archive");
    let half = disk.read(&Path::new(SAVES).join("first.tar"), MOST_BYTES).unwrap();
    disk.put(&Path::new(SAVES).join("third.tar"), half.get(..half.len() / 2).unwrap());
    disk.put(&Path::new(SAVES).join("gone.tar.losses"), b"");
    disk.put(&Path::new(SAVES).join("README.md"), b"about them");
    let said = problems(&disk, old_game);
    assert!(said.contains("gone.tar.losses: the save that it is about isn't there"), "{said}");
    assert!(said.contains("second.tar doesn't load: "), "{said}");
    assert!(said.contains("third.tar doesn't load: "), "{said}");
    assert!(!said.contains("first.tar") && !said.contains("README"), "{said}");

    fn breaks(session: SessionPlugin) -> App {
        let mut app = old_game(session);
        app.add_observer(|_: On<crate::SessionRestored>| panic!("the level is missing"));
        app
    }
    let said = problems(&disk, breaks);
    assert!(said.contains("first.tar doesn't load: it panics: the level is missing"), "{said}");
}

#[test]
fn a_directory_without_saves_proves_nothing() {
    let disk = MemoryDisk::default();
    disk.put(&Path::new(SAVES).join("README.md"), b"about them");
    assert_eq!(problems(&disk, old_game), "saves has no save to load");
    disk.put(&Path::new(SAVES).join("a-session").join("1.segment"), b"of a session");
    let said = problems(&disk, old_game);
    assert_eq!(said, "a-session is a directory: a save is a file, as an export writes it");
    assert!(check(&disk, Path::new("elsewhere"), old_game).is_err());
}
