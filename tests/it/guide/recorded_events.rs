//! A chest that was opened after the newest checkpoint.

use bevy_session::testing::TestGame;

mod page {
    include!("samples/recorded_events.rs");

    use bevy_session::testing::TestGame;

    pub fn build(plugin: SessionPlugin) -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, plugin));
        chests(&mut app);
        app
    }

    pub fn place_chest(game: &mut TestGame) {
        // So that the chest is another entity after a crash.
        for _ in 0..3 {
            game.world().spawn_empty();
        }
        game.world().spawn(Chest { item: "sword".to_owned() });
    }

    pub fn open_chest(game: &mut TestGame) {
        let world = game.world();
        let (chest, Chest { item }) = world.query::<(Entity, &Chest)>().single(world).unwrap();
        let opened = Opened { chest, item: item.clone() };
        world.write_message(opened);
        game.frames(2);
    }

    /// What is in the bag, and the chests that are there.
    pub fn now(game: &mut TestGame) -> (Vec<String>, usize) {
        let world = game.world();
        let chests = world.query::<&Chest>().iter(world).count();
        (world.resource::<Bag>().0.clone(), chests)
    }
}

#[test]
fn an_event_after_the_checkpoint_is_applied_once_after_a_crash() {
    let mut game = TestGame::new(page::build);
    page::place_chest(&mut game);
    game.start(bevy_session::NewSession::named("Chests")).unwrap();
    game.checkpoint("before").unwrap();
    page::open_chest(&mut game);
    let opened = (vec!["sword".to_owned()], 0);
    assert_eq!(page::now(&mut game), opened);
    game.crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(page::now(&mut game), opened);
}
