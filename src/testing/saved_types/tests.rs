// Feature: `assert_saved_types` fails on a change that loses something, with the line to write.
// Page: guide/versions.md#tests-for-updates

use bevy::prelude::*;
use bevy_session_journal::MemoryDisk;
use serde::{Deserialize, Serialize};

use super::*;
use crate::capture::{Migrations, SessionAppExt};

const LOCK: &str = "saved_types.lock";

mod generated;

mod first {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "locked"]
    pub struct Health {
        pub current: u32,
        pub armor: u8,
    }

    #[derive(Resource, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "locked"]
    pub struct Score(pub u32);

    /// Without serde: for `save_reflected`.
    #[derive(Component, Reflect, Clone, Default)]
    #[type_path = "locked"]
    pub struct Look {
        pub colour: u8,
    }

    #[derive(Reflect, Clone, Default)]
    #[type_path = "locked"]
    pub struct Item {
        pub uses: u32,
    }

    #[derive(Component, Reflect, Clone, Default)]
    #[reflect(Default)]
    #[type_path = "locked"]
    pub struct Pack(pub Vec<Item>);

    /// It has a default, and what is in it has none.
    #[derive(Component, Reflect, Clone, Default)]
    #[reflect(Default)]
    #[type_path = "locked"]
    pub struct Bag {
        pub items: Vec<Item>,
    }

    #[derive(
        States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[type_path = "locked"]
    pub enum Phase {
        #[default]
        Menu,
        Level {
            number: u8,
        },
    }
}

mod second {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "locked"]
    pub struct Health {
        pub current: u64,
        #[serde(default)]
        pub shield: u8,
    }

    #[derive(Component, Reflect, Clone, Default)]
    #[type_path = "locked"]
    pub struct Look {
        pub colour: u8,
        pub size: u8,
    }

    #[derive(Reflect, Clone, Default)]
    #[type_path = "locked"]
    pub struct Item {
        pub uses: u32,
        pub price: u32,
    }

    #[derive(Component, Reflect, Clone, Default)]
    #[reflect(Default)]
    #[type_path = "locked"]
    pub struct Pack(pub Vec<Item>);

    #[derive(Component, Reflect, Clone, Default)]
    #[reflect(Default)]
    #[type_path = "locked"]
    pub struct Bag {
        pub items: Vec<Item>,
        pub size: u32,
    }
}

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin));
    app
}

fn forms(mut app: App) -> BuildForms {
    complete(&mut app);
    forms_of(app.world_mut()).unwrap()
}

fn first_build() -> App {
    let mut app = app();
    app.save_component::<first::Health>()
        .save_resource::<first::Score>()
        .save_reflected::<first::Look>()
        .init_state::<first::Phase>()
        .save_state::<first::Phase>();
    app
}

/// A disk with the lock of the first build.
fn locked() -> MemoryDisk {
    let disk = MemoryDisk::default();
    check(&disk, Path::new(LOCK), true, &forms(first_build())).unwrap();
    disk
}

fn text(disk: &MemoryDisk) -> String {
    String::from_utf8(disk.read(Path::new(LOCK), MOST_BYTES).unwrap()).unwrap()
}

fn said(disk: &MemoryDisk, app: App) -> String {
    check(disk, Path::new(LOCK), true, &forms(app)).unwrap_err().to_string()
}

#[test]
fn the_first_run_writes_the_lock_and_the_next_finds_it_as_it_is() {
    let disk = MemoryDisk::default();
    let path = Path::new(LOCK);
    let build = forms(first_build());
    let outdated = check(&disk, path, false, &build).unwrap_err().to_string();
    assert!(outdated.contains("isn't up to date"), "{outdated}");
    check(&disk, path, true, &build).unwrap();
    check(&disk, path, false, &build).unwrap();
    let text = text(&disk);
    for part in ["locked::Health", "\"armor\"", "locked::Score", "locked::Look", "\"Level\""] {
        assert!(text.contains(part), "{part} isn't in {text}");
    }
    for own in ["bevy_session::Saved", "ChildOf", "DespawnOn", "SaveKey"] {
        assert!(!text.contains(own), "{own} is in {text}");
    }
}

#[test]
fn a_change_that_loses_something_names_it_and_the_line_to_write() {
    let disk = locked();
    let before = text(&disk);
    let changed = || {
        let mut app = app();
        app.save_component::<second::Health>()
            .save_reflected::<second::Look>()
            .init_state::<first::Phase>()
            .save_state::<first::Phase>();
        app
    };
    let said = said(&disk, changed());
    for line in [
        r#""locked::Health 0: armor: dropped","#,
        r#""locked::Look 0: size: added without a default","#,
        r#""locked::Score 0: gone","#,
    ] {
        assert!(said.contains(line), "{line} isn't in {said}");
    }
    assert_eq!(said.matches("in code:").count(), 3, "{said}");
    assert_eq!(text(&disk), before, "nothing is written while something is lost");

    let accepted = said.lines().filter_map(|line| line.split_once("in `accepted`: "));
    let accepted: Vec<&str> = accepted.map(|(_, entry)| entry).collect();
    let accepted = before.replace("accepted: []", &format!("accepted: [{}]", accepted.join("\n")));
    disk.put(Path::new(LOCK), accepted.as_bytes());
    check(&disk, Path::new(LOCK), true, &forms(changed())).unwrap();
    check(&disk, Path::new(LOCK), false, &forms(changed())).unwrap();
    assert!(text(&disk).contains("accepted: []"), "{}", text(&disk));
}

#[test]
fn a_migration_a_rename_and_a_step_of_checkpoints_keep_what_was_saved() {
    let disk = locked();
    #[derive(Deserialize)]
    struct OldHealth {
        current: u32,
    }
    #[derive(Component, TypePath, Clone, Default, Serialize, Deserialize)]
    #[type_path = "locked"]
    struct Appearance {
        colour: u8,
    }
    let mut app = app();
    app.save_component::<second::Health>()
        .migrate_saved(
            Migrations::since(0).then(|old: OldHealth| second::Health {
                current: u64::from(old.current),
                shield: 0,
            }),
        )
        .save_component::<Appearance>()
        .rename_saved::<Appearance>("locked::Look")
        .migrate_checkpoint("locked::Score", 0, |_: u32, _| Ok(()))
        .init_state::<first::Phase>()
        .save_state::<first::Phase>();
    let build = forms(app);
    check(&disk, Path::new(LOCK), true, &build).unwrap();
    let text = text(&disk);
    assert_eq!(text.matches("locked::Health").count(), 2, "both versions are kept: {text}");
    assert!(text.contains("locked::Appearance") && text.contains("locked::Look"), "{text}");
}

#[test]
fn types_that_can_not_be_saved_are_named() {
    let mut app = app();
    app.migrate_saved(Migrations::since(0).then(|old: u32| first::Score(old)));
    complete(&mut app);
    let said = forms_of(app.world_mut()).unwrap_err().to_string();
    assert!(said.contains("Score can't be saved"), "{said}");
}

#[test]
fn a_lock_that_can_not_be_read_is_named() {
    let disk = MemoryDisk::default();
    disk.put(Path::new(LOCK), b"<<<<<<< HEAD");
    let said = said(&disk, first_build());
    assert!(said.starts_with(LOCK) && said.contains("two branches"), "{said}");
}

#[test]
fn a_field_that_a_part_of_a_reflected_type_gets_has_no_default_of_the_whole() {
    let disk = MemoryDisk::default();
    let mut before = app();
    before.save_reflected::<first::Bag>();
    check(&disk, Path::new(LOCK), true, &forms(before)).unwrap();
    let mut after = app();
    after.save_reflected::<second::Bag>();
    let said = said(&disk, after);
    let line = r#""locked::Bag 0: items[].price: added without a default","#;
    assert!(said.contains(line) && !said.contains("size"), "{said}");
}

#[test]
fn parts_of_reflected_types_that_have_no_name_are_looked_into() {
    let disk = MemoryDisk::default();
    let mut before = app();
    before.save_reflected::<first::Pack>();
    check(&disk, Path::new(LOCK), true, &forms(before)).unwrap();
    let mut after = app();
    after.save_reflected::<second::Pack>();
    let said = said(&disk, after);
    assert!(said.contains("price: added without a default"), "{said}");
}
