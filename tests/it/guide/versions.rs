//! A value of an older build, and the files against which a game's test compares.

use bevy_session::MemoryDisk;

use super::stage::*;
use crate::common::*;

mod migrated {
    include!("samples/migrated.rs");

    use super::*;

    /// The type as version 1.1 had it.
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "hop::combat"]
    struct Hp(f32);

    #[test]
    fn the_step_of_the_page_gives_an_old_value_its_maximum() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, |app| {
            app.save_component::<Hp>();
        });
        app.world_mut().spawn((Saved, Hp(7.0)));
        start(&mut app, "Old");
        let mut app = recovered(&disk, versions);
        let healths = all::<Health>(&mut app);
        let healths: Vec<_> = healths.iter().map(|health| (health.current, health.max)).collect();
        assert_eq!(healths, [(7.0, 100.0)]);
        assert!(received::<SessionRestored>(&app)[0].report.losses.is_empty());
    }
}

mod compared {
    use std::path::Path;

    use bevy_session::testing::TestGame;

    include!("samples/old_saves.rs");

    use crate::common::Health;
    use crate::guide::stage::{is_in_a_directory, run_in};

    fn game(session: SessionPlugin) -> App {
        let mut app = App::new();
        // Without the types of other tests, one of which waits for another whenever it is read.
        app.insert_resource(AppTypeRegistry::default()).register_type::<Health>();
        app.add_plugins((MinimalPlugins, session));
        app
    }

    /// Writes a save as a release does.
    fn save(path: &Path) {
        let mut game = TestGame::new(game);
        game.world().spawn(Health(7));
        game.start(NewSession::named("Campaign")).unwrap();
        let session = game.world().resource::<CurrentSession>().id();
        game.request(|commands| commands.session().library().export(session, "save.tar"));
        game.frames(10);
        std::fs::write(path, game.disk().content(Path::new("save.tar")).unwrap()).unwrap();
    }

    #[test]
    #[ignore = "run by the other test of this module"]
    fn child() {
        if is_in_a_directory() {
            updates_keep_what_players_saved(game);
        }
    }

    #[test]
    fn the_test_of_the_page_writes_the_saved_types_and_loads_the_saves() {
        let directory = tempfile::tempdir().unwrap();
        let saves = directory.path().join("tests/saves");
        std::fs::create_dir_all(&saves).unwrap();
        save(&saves.join("1.0.tar"));
        for _ in 0..2 {
            run_in(directory.path(), "guide::versions::compared::child");
            assert!(directory.path().join("saved_types.lock").is_file());
        }
        std::fs::write(saves.join("0.9.tar"), b"cut short").unwrap();
        let child = || run_in(directory.path(), "guide::versions::compared::child");
        let fails = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).is_err();
        assert!(fails, "a save that can't be loaded fails the test of the page");
    }
}
