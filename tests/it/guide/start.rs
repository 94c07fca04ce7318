//! The README's first lines.

// Feature: `start_or_continue` starts, continues or recovers a session in one call.

use bevy_session::testing::TestGame;

#[expect(dead_code, reason = "a test has no window")]
mod page {
    include!("samples/readme.rs");

    pub fn build(plugin: SessionPlugin) -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, plugin)).add_systems(Startup, play);
        app.add_systems(PostStartup, draw);
        app
    }

    /// What draws the hero. It isn't saved.
    #[derive(Component)]
    struct Sprite;

    fn draw(hero: Single<Entity, With<Health>>, mut commands: Commands) {
        commands.entity(*hero).insert(Sprite);
    }

    /// The health of each hero, and whether it is drawn.
    pub fn heroes(app: &mut App) -> Vec<(u32, bool)> {
        let world = app.world_mut();
        let mut heroes = world.query::<(&Health, Has<Sprite>)>();
        heroes.iter(world).map(|(health, is_drawn)| (health.0, is_drawn)).collect()
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
        assert_eq!(page::heroes(game.app_mut()), [(left, true)], "after a crash");
        game.exit_and_restart().seconds(2.0);
        assert_eq!(page::heroes(game.app_mut()), [(left, true)], "after the player has quit");
    }
}
