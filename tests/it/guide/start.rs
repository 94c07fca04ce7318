//! The README's first lines.

// Feature: `start_or_continue` starts, continues or recovers a session in one call.

use bevy_session::testing::TestGame;

#[expect(dead_code, reason = "a test has no window")]
mod page {
    include!("samples/readme.rs");

    pub fn build(plugin: SessionPlugin) -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, plugin)).add_systems(Startup, play);
        app
    }

    pub fn health(app: &mut App) -> Vec<u32> {
        let world = app.world_mut();
        world.query::<&Health>().iter(world).map(|health| health.0).collect()
    }

    pub fn hurt(app: &mut App) {
        let world = app.world_mut();
        world.query::<&mut Health>().iter_mut(world).for_each(|mut health| health.0 -= 20);
    }
}

#[test]
fn the_first_sample_continues_after_a_crash_and_an_exit() {
    let mut game = TestGame::new(page::build);
    game.seconds(1.0);
    for left in [80, 60, 40] {
        page::hurt(game.app_mut());
        game.seconds(6.0);
        game.crash_and_restart().seconds(2.0);
        assert_eq!(page::health(game.app_mut()), [left], "after a crash");
        game.exit_and_restart().seconds(2.0);
        assert_eq!(page::health(game.app_mut()), [left], "after the player has quit");
    }
}
