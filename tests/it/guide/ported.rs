//! A village that was saved by other means, before and after it was ported. The page `coming-from.md` has the steps.

use std::path::{Path, PathBuf};

mod serde_before {
    include!("samples/serde_before.rs");

    /// Plays until a villager has come and there is gold, and quits, which saves.
    pub fn play(path: &std::path::Path) {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins).insert_resource(SaveFile(path.to_owned()));
        build(&mut app);
        app.update();
        let world = app.world_mut();
        world.spawn((Villager { name: "Ben".to_owned() }, Health(23)));
        world.resource_mut::<Gold>().0 += 120;
        world.write_message(AppExit::Success);
        app.update();
        let saved: Save = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert_eq!(saved.version, 1);
    }
}

mod serde_after {
    include!("samples/serde_after.rs");

    use bevy_session::testing::TestGame;

    pub fn game(path: PathBuf) -> TestGame {
        TestGame::new(move |session| {
            let mut app = App::new();
            app.add_plugins((MinimalPlugins, session)).insert_resource(SaveFile(path.clone()));
            build(&mut app);
            app
        })
    }

    pub fn earn(game: &mut TestGame, gold: u32) {
        game.world().resource_mut::<Gold>().0 += gold;
    }

    /// The gold, and the villagers with their health.
    pub fn now(game: &mut TestGame) -> (u32, Vec<(String, u32)>) {
        let world = game.world();
        let mut villagers = world.query::<(&Villager, &Health)>();
        let villagers = villagers.iter(world).map(|(it, health)| (it.name.clone(), health.0));
        let mut villagers: Vec<_> = villagers.collect();
        villagers.sort();
        (world.resource::<Gold>().0, villagers)
    }
}

mod bevy_save_after {
    include!("samples/bevy_save_after.rs");

    use bevy_session::testing::TestGame;

    pub fn game() -> TestGame {
        TestGame::new(|session| {
            let mut app = App::new();
            app.add_plugins((MinimalPlugins, session));
            build(&mut app);
            app
        })
    }

    pub fn come(game: &mut TestGame, name: &str) {
        game.world().spawn(Villager { name: name.to_owned() });
        game.world().resource_mut::<Gold>().0 += 1;
        game.seconds(6.0);
    }

    pub fn press(game: &mut TestGame, saves: bool) {
        match saves {
            true => game.world().run_system_cached(save).unwrap(),
            false => game.world().run_system_cached(load).unwrap(),
        }
        game.seconds(2.0);
    }

    pub fn now(game: &mut TestGame) -> (u32, Vec<String>) {
        let world = game.world();
        let mut names: Vec<_> =
            world.query::<&Villager>().iter(world).map(|it| it.name.clone()).collect();
        names.sort();
        (world.resource::<Gold>().0, names)
    }
}

fn villagers(all: &[(&str, u32)]) -> Vec<(String, u32)> {
    all.iter().map(|(name, health)| ((*name).to_owned(), *health)).collect()
}

fn file_of(directory: &Path) -> PathBuf {
    directory.join("village.json")
}

/// The game before was played twice, so that it has loaded what it saved.
#[test]
fn a_village_of_serde_by_hand_is_taken_along_and_goes_on_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let file = file_of(directory.path());
    serde_before::play(&file);
    serde_before::play(&file);
    let all = villagers(&[("Ann", 40), ("Ben", 23), ("Ben", 23)]);

    let mut game = serde_after::game(file.clone());
    for _ in 0..20 {
        if file.exists() {
            game.frames(1);
        }
    }
    let session = game.app().world().resource::<bevy_session::CurrentSession>();
    assert!(session.last_checkpoint().is_some(), "it is put aside once all of it is durable");
    game.seconds(2.0);
    assert_eq!(serde_after::now(&mut game), (240, all.clone()));
    assert!(!file.exists() && file.with_extension("imported").exists());
    for gold in [241, 242] {
        serde_after::earn(&mut game, 1);
        game.seconds(6.0);
        game.crash_and_restart().seconds(2.0);
        assert_eq!(serde_after::now(&mut game), (gold, all.clone()));
    }
}

#[test]
fn a_new_village_needs_no_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = serde_after::game(file_of(directory.path()));
    game.seconds(2.0);
    assert_eq!(serde_after::now(&mut game), (0, villagers(&[("Ann", 40)])));
}

#[test]
fn a_village_of_bevy_save_goes_on_after_a_crash_and_loads_its_slot() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut game = bevy_save_after::game();
    game.seconds(2.0);
    assert_eq!(bevy_save_after::now(&mut game), (0, names(&["Ann"])));
    bevy_save_after::come(&mut game, "Ben");
    bevy_save_after::press(&mut game, true);
    bevy_save_after::come(&mut game, "Cid");
    game.crash_and_restart().seconds(2.0);
    assert_eq!(bevy_save_after::now(&mut game), (2, names(&["Ann", "Ben", "Cid"])));
    bevy_save_after::press(&mut game, false);
    assert_eq!(bevy_save_after::now(&mut game), (1, names(&["Ann", "Ben"])));
}
