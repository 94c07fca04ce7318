//! Going back: to a branch, in place, within a level, and before a move that was tried out.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::stage::*;
use crate::common::*;

mod branches {
    include!("samples/branches.rs");

    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;
    use std::time::Duration;

    fn change_health(app: &mut App, to: u32) {
        let world = app.world_mut();
        world.query::<&mut Health>().single_mut(world).unwrap().0 = to;
    }

    #[test]
    fn the_branches_of_the_page_are_listed_at_the_press_of_a_key() {
        let mut app = game_on(&MemoryDisk::default(), plugin);
        start(&mut app, "Branched");
        app.world_mut().spawn(Health(1));
        // The branch leaves in minute 1, and ends in minute 2.
        for health in 2..=22 {
            seconds(&mut app, 6.0);
            change_health(&mut app, health);
        }
        request(&mut app, |commands| {
            commands.session().rewind(RewindTo::Ago(Duration::from_secs(10)));
        });
        frames(&mut app, 4);
        change_health(&mut app, 20);
        seconds(&mut app, 6.0);
        assert_said(
            &said(|| press(&mut app, KeyCode::KeyB)),
            "a branch that leaves at minute 1, up to",
        );
    }
}

mod in_place {
    use super::*;

    #[expect(dead_code, reason = "nobody aims")]
    mod page {
        include!("samples/second_back.rs");

        pub fn game(app: &mut App) {
            plugin(app);
        }

        pub fn go_back(app: &mut App) {
            app.world_mut().run_system_cached(a_second_back).unwrap();
        }

        pub fn aims() -> impl Bundle {
            AimsAt(Entity::PLACEHOLDER)
        }

        pub fn does_aim(app: &App, entity: Entity) -> bool {
            app.world().get::<AimsAt>(entity).is_some()
        }
    }

    #[test]
    fn a_second_back_keeps_the_entity_and_drops_its_aim() {
        // The page says so for all restores, and for this one.
        for is_of_this_one in [false, true] {
            let mut app = game_on(&MemoryDisk::default(), page::game);
            start(&mut app, "In place");
            let entity = app.world_mut().spawn((Health(1), Name::new("a sprite"))).id();
            seconds(&mut app, 12.0);
            app.world_mut().entity_mut(entity).insert((Health(2), page::aims()));
            seconds(&mut app, 0.5);
            if is_of_this_one {
                app.insert_resource(RestoreManner::Respawn);
                page::go_back(&mut app);
            } else {
                request(&mut app, |commands| {
                    commands.session().rewind(RewindTo::Ago(Duration::from_secs(1)));
                });
            }
            frames(&mut app, 4);
            assert_eq!(app.world().get::<Health>(entity), Some(&Health(1)));
            assert!(app.world().get::<Name>(entity).is_some());
            assert!(!page::does_aim(&app, entity));
        }
    }
}

mod stopped {
    use super::*;

    #[expect(dead_code, reason = "nothing moves")]
    mod page {
        include!("samples/stopped.rs");

        pub fn game(app: &mut App) {
            app.add_observer(stop);
        }

        pub fn moves() -> impl Bundle {
            Moving(Vec3::X)
        }

        pub fn does_move(app: &App, entity: Entity) -> bool {
            app.world().get::<Moving>(entity).is_some()
        }
    }

    #[test]
    fn what_a_rewind_has_put_elsewhere_stops_and_all_else_moves_on() {
        let mut app = game_on(&MemoryDisk::default(), |app| {
            app.save_component::<Transform>().insert_resource(RestoreManner::InPlace);
            page::game(app);
        });
        start(&mut app, "Stopped");
        let spawn = |app: &mut App| {
            app.world_mut().spawn((Health(1), Transform::default(), page::moves())).id()
        };
        let (moved, hurt, same) = (spawn(&mut app), spawn(&mut app), spawn(&mut app));
        seconds(&mut app, 12.0);
        app.world_mut().get_mut::<Transform>(moved).unwrap().translation.x = 3.0;
        app.world_mut().get_mut::<Health>(hurt).unwrap().0 = 2;
        seconds(&mut app, 0.5);
        request(&mut app, |commands| {
            commands.session().rewind(RewindTo::Ago(Duration::from_secs(1)));
        });
        frames(&mut app, 4);
        assert_eq!(app.world().get::<Transform>(moved), Some(&Transform::default()));
        assert_eq!(app.world().get::<Health>(hurt), Some(&Health(1)));
        assert!(!page::does_move(&app, moved));
        assert!(page::does_move(&app, hurt), "it is where it was");
        assert!(page::does_move(&app, same));
    }
}

mod level {
    include!("samples/same_level.rs");

    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;
    use std::time::Duration;

    /// How often the loading screen came.
    #[derive(Resource, Default)]
    struct Loads(u32);

    #[test]
    fn a_rewind_within_the_level_that_is_there_shows_no_loading_screen() {
        for (there, loads) in [(Some(1), 0), (Some(2), 1), (None, 1)] {
            let mut app = game_on(&MemoryDisk::default(), |app| {
                app.insert_state(Game::Playing)
                    .init_resource::<Loads>()
                    .insert_resource(RestoreManner::InPlace)
                    .insert_resource(Level(1))
                    .restore_session_through(Game::Loading)
                    .restore_session_in(Game::Playing)
                    .add_systems(
                        OnEnter(Game::Loading),
                        |mut loads: ResMut<Loads>, mut next: ResMut<NextState<Game>>| {
                            loads.0 += 1;
                            next.set(Game::Playing);
                        },
                    );
                levels(app);
            });
            start(&mut app, "Level");
            app.world_mut().spawn(Health(1));
            seconds(&mut app, 12.0);
            if let Some(there) = there {
                app.insert_resource(LoadedLevel(there));
            }
            request(&mut app, |commands| {
                commands.session().rewind(RewindTo::Ago(Duration::from_secs(1)));
            });
            frames(&mut app, 6);
            assert_eq!(received::<SessionRestored>(&app).len(), 1);
            assert_eq!(app.world().resource::<Loads>().0, loads, "{there:?}");
        }
    }
}

mod moves {
    include!("samples/moves.rs");

    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;

    #[test]
    fn a_move_that_was_no_good_is_taken_back_each_time() {
        let mut app = game_on(&MemoryDisk::default(), plugin);
        let piece = app.world_mut().spawn(Health(1)).id();
        start(&mut app, "Planned");
        press(&mut app, KeyCode::KeyT);
        for health in [5, 6] {
            app.world_mut().entity_mut(piece).insert(Health(health));
            press(&mut app, KeyCode::Backspace);
            assert_eq!(app.world().get::<Health>(piece), Some(&Health(1)));
        }
    }
}
