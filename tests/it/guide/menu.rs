//! A game with a menu and nothing that loads.

use bevy_session::testing::TestGame;

#[expect(dead_code, reason = "a test has no window")]
mod page {
    include!("samples/getting_started.rs");

    use bevy_session::testing::TestGame;

    pub fn build(plugin: SessionPlugin) -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin, plugin));
        game(&mut app);
        app
    }

    pub fn press_new_game(game: &mut TestGame) {
        game.world().run_system_cached(new_game).unwrap();
        game.seconds(1.0);
    }

    pub fn press_continue(game: &mut TestGame) {
        game.world().run_system_cached(continue_game).unwrap();
        game.seconds(1.0);
    }

    pub fn press_recover(game: &mut TestGame) {
        game.world().run_system_cached(recover).unwrap();
        game.seconds(1.0);
    }

    pub fn go_to_the_menu(game: &mut TestGame) {
        game.world().resource_mut::<NextState<Game>>().set(Game::Menu);
        game.seconds(1.0);
    }

    pub fn play(game: &mut TestGame, score: u32) {
        game.world().resource_mut::<Score>().0 = score;
        game.seconds(6.0);
    }

    /// The score, the players, the state, and whether a session is played.
    pub fn now(game: &mut TestGame) -> (u32, usize, String, bool) {
        let world = game.world();
        let players = world.query::<&Health>().iter(world).count();
        let state = format!("{:?}", world.resource::<State<Game>>().get());
        let is_played = world.contains_resource::<CurrentSession>();
        (world.resource::<Score>().0, players, state, is_played)
    }

    /// The sessions that crashed and weren't answered.
    pub fn offered(game: &mut TestGame) -> usize {
        game.world().resource::<RecoveryOffers>().offers().len()
    }
}

use page::{now, play, press_new_game};

/// A new game that was played for a while.
fn played(score: u32) -> TestGame {
    let mut game = TestGame::new(page::build);
    game.seconds(1.0);
    press_new_game(&mut game);
    play(&mut game, score);
    game
}

fn playing(score: u32) -> (u32, usize, String, bool) {
    (score, 1, "Playing".to_owned(), true)
}

#[test]
fn a_new_game_starts_over_and_a_crash_is_recovered() {
    let mut game = TestGame::new(page::build);
    game.seconds(6.0);
    assert_eq!(now(&mut game), (0, 0, "Menu".to_owned(), false));
    for score in [7, 8] {
        press_new_game(&mut game);
        assert_eq!(now(&mut game), playing(0));
        play(&mut game, score);
        game.crash_and_restart().seconds(2.0);
        assert_eq!(now(&mut game), (0, 0, "Menu".to_owned(), false), "the player is asked");
        page::press_recover(&mut game);
        assert_eq!(now(&mut game), playing(score));
        page::go_to_the_menu(&mut game);
        assert_eq!(now(&mut game), (score, 0, "Menu".to_owned(), false));
    }
}

#[test]
fn the_menu_continues_what_was_left() {
    let mut game = played(7);
    game.exit_and_restart().seconds(2.0);
    assert_eq!(now(&mut game), (0, 0, "Menu".to_owned(), false));
    page::press_continue(&mut game);
    assert_eq!(now(&mut game), playing(7));
    page::go_to_the_menu(&mut game);
    page::press_continue(&mut game);
    assert_eq!(now(&mut game), playing(7), "no checkpoint of the menu");
}

#[test]
fn the_newest_of_two_crashed_sessions_is_played_and_the_other_offered() {
    let mut game = played(7);
    game.crash_and_restart();
    // Before the first is answered, the player begins another one, which dies as well.
    press_new_game(&mut game);
    play(&mut game, 8);
    game.crash_and_restart().seconds(2.0);
    assert_eq!(page::offered(&mut game), 2);
    page::press_recover(&mut game);
    assert_eq!(now(&mut game), playing(8));
    assert_eq!(page::offered(&mut game), 1);
}
