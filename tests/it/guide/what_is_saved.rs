//! A hero and a model in the menu, and a coin of a level.

use bevy_session::MemoryDisk;

use super::stage::{game_on, recovered};
use crate::common::{frames, seconds, start};

mod marked {
    include!("samples/hero.rs");

    use super::*;

    fn xs<F: bevy::ecs::query::QueryFilter>(app: &mut App) -> Vec<f32> {
        let world = app.world_mut();
        let mut places = world.query_filtered::<&Transform, F>();
        places.iter(world).map(|place| place.translation.x).collect()
    }

    #[test]
    fn what_has_the_marker_comes_back_and_the_model_in_the_menu_does_not() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, plugin);
        start(&mut app, "Marked");
        assert_eq!(xs::<With<Saved>>(&mut app), [0.0]);
        let world = app.world_mut();
        let hero = world.query_filtered::<Entity, With<Saved>>().single(world).unwrap();
        world.entity_mut(hero).insert(Name::new("Ann"));
        let mut places = world.query::<&mut Transform>();
        places.iter_mut(world).for_each(|mut place| place.translation.x = 3.0);
        seconds(&mut app, 6.0);
        let mut app = recovered(&disk, plugin);
        assert_eq!(xs::<With<Saved>>(&mut app), [3.0], "one hero");
        assert_eq!(xs::<With<ChildOf>>(&mut app), [0.0], "one model, which wasn't saved");
        let world = app.world_mut();
        let name = world.query_filtered::<&Name, With<Saved>>().single(world).unwrap();
        assert_eq!(name.as_str(), "Ann");
    }
}

mod keyed {
    include!("samples/cellar.rs");

    use super::*;

    fn coins(app: &mut App) -> Vec<Entity> {
        let world = app.world_mut();
        world.query_filtered::<Entity, With<Coin>>().iter(world).collect()
    }

    #[test]
    fn a_coin_that_was_taken_goes_again_when_its_level_spawns_it() {
        for is_taken in [false, true] {
            let disk = MemoryDisk::default();
            let mut app = game_on(&disk, levels);
            start(&mut app, "Cellar");
            let coins_before = coins(&mut app);
            assert_eq!(coins_before.len(), 1);
            if is_taken {
                app.world_mut().despawn(coins_before[0]);
            }
            seconds(&mut app, 6.0);
            let mut app = recovered(&disk, levels);
            frames(&mut app, 2);
            assert_eq!(coins(&mut app).len(), usize::from(!is_taken));
            let world = app.world_mut();
            let mut cellars = world.query_filtered::<Entity, With<SaveScope>>();
            let cellar = cellars.single(world).unwrap();
            // The player leaves it and comes back.
            world.despawn(cellar);
            seconds(&mut app, 1.0);
            app.world_mut().run_system_cached(spawn_level).unwrap();
            seconds(&mut app, 1.0);
            assert_eq!(coins(&mut app).len(), usize::from(!is_taken), "when it is spawned later");
        }
    }
}
