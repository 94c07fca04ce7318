//! A player of the servers' page leaves and comes back.

use bevy_session::testing::TestGame;

mod page {
    include!("samples/players.rs");

    use bevy_session::testing::TestGame;

    pub fn build(plugin: SessionPlugin) -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, plugin));
        app
    }

    pub fn join_as(game: &mut TestGame, account: &str) {
        game.world().run_system_cached_with(join, account.to_owned()).unwrap();
        game.seconds(1.0);
    }

    pub fn earn(game: &mut TestGame, gold: u64) {
        let world = game.world();
        world.query::<&mut Gold>().iter_mut(world).for_each(|mut it| it.0 += gold);
        game.seconds(6.0);
    }

    /// Despawns the root of the player.
    pub fn leave(game: &mut TestGame) {
        let world = game.world();
        let seat = world.query_filtered::<Entity, With<SaveScope>>().single(world).unwrap();
        world.despawn(seat);
        game.seconds(1.0);
    }

    pub fn die(game: &mut TestGame) {
        let world = game.world();
        let player = world.query_filtered::<Entity, With<Gold>>().single(world).unwrap();
        world.despawn(player);
        game.seconds(1.0);
    }

    pub fn gold(game: &mut TestGame) -> Vec<u64> {
        let world = game.world();
        world.query::<&Gold>().iter(world).map(|gold| gold.0).collect()
    }
}

/// A player with 25 pieces of gold.
fn played() -> TestGame {
    let mut game = TestGame::new(page::build);
    game.start(bevy_session::NewSession::named("World")).unwrap();
    page::join_as(&mut game, "ann");
    assert_eq!(page::gold(&mut game), [10]);
    page::earn(&mut game, 15);
    game
}

#[test]
fn a_player_who_leaves_and_returns_has_the_gold_again() {
    let mut game = played();
    page::leave(&mut game);
    assert!(page::gold(&mut game).is_empty());
    page::join_as(&mut game, "ben");
    assert_eq!(page::gold(&mut game), [10], "the rest is Ann's");
    page::leave(&mut game);
    page::join_as(&mut game, "ann");
    assert_eq!(page::gold(&mut game), [25]);
    page::leave(&mut game);
    game.seconds(6.0).crash_and_restart().recover().unwrap();
    page::join_as(&mut game, "ann");
    assert_eq!(page::gold(&mut game), [25], "after a crash of the server too");
}

#[test]
fn a_player_who_died_stays_dead() {
    let mut game = played();
    page::die(&mut game);
    page::leave(&mut game);
    page::join_as(&mut game, "ann");
    assert!(page::gold(&mut game).is_empty());
}
