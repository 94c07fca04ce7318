//! A game with a menu, a loading screen and a pause.

// Feature: No checkpoint is taken behind a closed gate; states take checkpoints, pause and close.

use bevy_session::MemoryDisk;
use bevy_session::testing::{TestGame, assert_restores};

mod page {
    include!("samples/states_and_gates.rs");

    use std::time::Duration;

    use bevy_session::testing::TestGame;

    /// The guide's game, with a system as any game has it: without its player it panics.
    pub fn build(plugin: SessionPlugin) -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin, plugin));
        levels(&mut app);
        app.add_systems(Update, look_at_the_player.run_if(in_state(Game::Playing)));
        app
    }

    fn look_at_the_player(players: Query<&Player>) {
        assert_eq!(players.iter().count(), 1);
    }

    pub fn enter(game: &mut TestGame, state: &str) {
        let state = match state {
            "menu" => Game::Menu,
            "loading" => Game::Loading,
            "paused" => Game::Paused,
            _ => Game::Playing,
        };
        game.world().resource_mut::<NextState<Game>>().set(state);
        game.frames(3);
    }

    /// The lives of all players, how many levels there are, and the name of the state.
    pub fn now(game: &mut TestGame) -> (Vec<u32>, usize, String) {
        let state = format!("{:?}", game.world().resource::<State<Game>>().get());
        let world = game.world();
        let lives = world.query::<&Player>().iter(world).map(|player| player.lives).collect();
        let levels = world.query_filtered::<(), With<Level>>().iter(world).count();
        (lives, levels, state)
    }

    pub fn lose_lives(game: &mut TestGame, lives: u32) {
        let world = game.world();
        world.query::<&mut Player>().iter_mut(world).for_each(|mut player| player.lives -= lives);
        game.frames(1);
    }

    pub fn is_played(game: &TestGame) -> bool {
        game.app().world().contains_resource::<CurrentSession>()
    }

    pub fn is_paused(game: &mut TestGame) -> bool {
        game.world().run_system_cached(session_is_paused).unwrap()
    }

    pub fn sessions(game: &TestGame) -> usize {
        game.app().world().resource::<SessionCatalog>().sessions().len()
    }

    pub fn go_back(game: &mut TestGame) {
        game.request(|commands| commands.session().rewind(RewindTo::Ago(Duration::from_secs(1))));
    }

    pub fn ask_for_recovery(game: &mut TestGame) {
        game.frames(2);
        let offers = game.app().world().resource::<RecoveryOffers>();
        let session = offers.offers()[0].session.id;
        game.request(|commands| commands.session().recover(session, RestoreFrom::Latest));
    }
}

use page::{enter, is_played, lose_lives, now};

fn is(lives: u32, state: &str) -> (Vec<u32>, usize, String) {
    (vec![lives], 1, state.to_owned())
}

/// A game that has begun.
fn begun() -> TestGame {
    let mut game = TestGame::new(page::build);
    assert!(!is_played(&game));
    enter(&mut game, "loading");
    game.seconds(1.0);
    assert_eq!(now(&mut game), is(3, "Playing"));
    assert!(is_played(&game));
    game
}

#[test]
fn a_pause_begins_no_second_game() {
    let mut game = begun();
    lose_lives(&mut game, 1);
    for _ in 0..2 {
        enter(&mut game, "paused");
        assert_eq!(now(&mut game), is(2, "Paused"));
        assert!(page::is_paused(&mut game));
        enter(&mut game, "playing");
        assert_eq!(now(&mut game), is(2, "Playing"));
        assert!(!page::is_paused(&mut game));
    }
    assert_restores(game.app_mut());
}

#[test]
fn a_rewind_reloads_the_level_without_duplicates() {
    let mut game = begun();
    game.seconds(6.0);
    lose_lives(&mut game, 1);
    page::go_back(&mut game);
    game.seconds(2.0);
    assert_eq!(now(&mut game), is(3, "Playing"));
}

#[test]
fn a_crash_is_recovered_through_the_loading_screen() {
    let mut game = begun();
    lose_lives(&mut game, 1);
    game.seconds(6.0);
    for state in ["Playing", "Paused"] {
        enter(&mut game, &state.to_lowercase());
        game.seconds(1.0).crash_and_restart().recover().unwrap();
        game.frames(3);
        assert_eq!(now(&mut game), is(2, "Playing"), "also from a pause");
    }
}

#[test]
fn a_game_that_is_killed_while_it_loads_is_offered_again() {
    let mut game = begun();
    lose_lives(&mut game, 2);
    game.seconds(6.0);
    for frames in 1..4 {
        game.crash_and_restart();
        page::ask_for_recovery(&mut game);
        game.frames(frames);
    }
    game.crash_and_restart().recover().unwrap();
    game.frames(3);
    assert_eq!(now(&mut game), is(1, "Playing"));
}

#[test]
fn a_game_over_ends_the_session_and_the_next_game_is_another_one() {
    let mut game = begun();
    lose_lives(&mut game, 3);
    game.seconds(1.0);
    assert_eq!(now(&mut game), (vec![], 0, "Menu".to_owned()));
    assert!(!is_played(&game));
    game.exit_and_restart().seconds(1.0);
    assert!(!is_played(&game), "what has ended isn't continued");
    enter(&mut game, "loading");
    game.seconds(1.0);
    assert_eq!(now(&mut game), is(3, "Playing"));
    assert_eq!(page::sessions(&game), 2);
}

#[test]
fn a_menu_closes_the_session_and_it_is_continued() {
    let mut game = begun();
    lose_lives(&mut game, 1);
    enter(&mut game, "menu");
    game.seconds(1.0);
    assert_eq!(now(&mut game), (vec![], 0, "Menu".to_owned()));
    assert!(!is_played(&game));
    game.continue_newest().unwrap();
    game.frames(3);
    assert_eq!(now(&mut game), is(2, "Playing"));
}

mod first {
    include!("samples/states.rs");

    use super::*;
    use crate::common::{Health, accept, frames, listen, received, seconds, start};
    use crate::guide::stage::{all, enter, game_on};

    fn state(app: &App) -> Game {
        app.world().resource::<State<Game>>().get().clone()
    }

    #[test]
    fn the_first_sample_saves_in_play_only_and_restores_through_loading() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, |app| {
            states(app);
            listen::<CheckpointSaved>(app);
        });
        enter(&mut app, Game::Playing);
        app.world_mut().spawn(Health(7));
        start(&mut app, "Campaign");
        enter(&mut app, Game::Loading);
        let saved = received::<CheckpointSaved>(&app).len();
        seconds(&mut app, 12.0);
        assert_eq!(received::<CheckpointSaved>(&app).len(), saved, "the gate is closed");

        let mut app = game_on(&disk.snapshot(), states);
        frames(&mut app, 3);
        assert!(accept(&mut app));
        frames(&mut app, 4);
        assert_eq!((state(&app), all::<Health>(&mut app).len()), (Game::Loading, 0));
        enter(&mut app, Game::Playing);
        assert_eq!(all::<Health>(&mut app), [Health(7)]);
        enter(&mut app, Game::Menu);
        assert!(!app.world().contains_resource::<CurrentSession>());
    }

    #[test]
    fn the_first_sample_says_in_the_menu_that_a_session_can_be_recovered() {
        let disk = MemoryDisk::default();
        let mut dies = game_on(&disk, states);
        enter(&mut dies, Game::Playing);
        dies.world_mut().spawn(Health(7));
        start(&mut dies, "Campaign");
        let mut app = game_on(&disk.snapshot(), |app| {
            states(app);
            app.insert_state(Game::Loading);
            listen::<RecoveryAvailable>(app);
        });
        frames(&mut app, 6);
        assert!(received::<RecoveryAvailable>(&app).is_empty());
        enter(&mut app, Game::Menu);
        assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
    }
}

mod paced {
    include!("samples/paces.rs");

    use super::*;
    use crate::common::{Score, listen, received, seconds, start};
    use crate::guide::stage::{enter, game_on};

    /// The number of checkpoints in a minute.
    fn in_a_minute(app: &mut App) -> usize {
        let before = received::<CheckpointSaved>(app).len();
        seconds(app, 60.0);
        received::<CheckpointSaved>(app).len() - before
    }

    #[test]
    fn each_place_and_the_storm_have_the_pace_of_the_page() {
        let mut app = game_on(&MemoryDisk::default(), |app| {
            paces(app);
            listen::<CheckpointSaved>(app);
            app.init_state::<Place>()
                .insert_resource(Storm { is_near: false })
                .init_resource::<Score>()
                .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
            // How long a capture takes depends on the machine.
            app.world_mut().resource_mut::<SessionSettings>().capture_budget = None;
        });
        start(&mut app, "Journey");
        enter(&mut app, Place::Town);
        assert!((1..=3).contains(&in_a_minute(&mut app)));
        enter(&mut app, Place::Boss);
        assert!((55..=61).contains(&in_a_minute(&mut app)));
        enter(&mut app, Place::Road);
        app.insert_resource(Storm { is_near: true });
        assert!((27..=31).contains(&in_a_minute(&mut app)));
        enter(&mut app, Place::Boss);
        assert!((27..=31).contains(&in_a_minute(&mut app)), "the storm is named last");
    }
}
