//! A checkpoint is restored, and the world is what it was.

mod checkpoint_migrations;
mod in_place;
mod placed;
mod unusable;

use bevy::ecs::entity::MapEntities;
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::query::Allow;
use bevy::prelude::*;
use bevy::state::state_scoped::DespawnOnExit;
use serde::{Deserialize, Serialize};

use super::{DespawnOnRestore, WorldImage};
use crate::Saved;
use crate::capture::SessionAppExt;
use crate::capture::test_kit::*;
use crate::saved::{BUILD, CHILD_OF};

/// A world with something of everything.
fn furnish(world: &mut World) {
    let look = Look::Dyed { colour: "green".into() };
    let parent = world.spawn((Health(1), Armor(3), Inventory(vec![1, 2, 3]), look)).id();
    let children: Vec<Entity> = (10..14)
        .map(|number| {
            let target = Target { strength: number, targets: vec![parent] };
            world.spawn((Health(number), target, ChildOf(parent))).id()
        })
        .collect();
    world.entity_mut(parent).insert_children(0, &[children[3]]);
    world
        .entity_mut(parent)
        .insert(Target { strength: 0, targets: vec![children[2], Entity::PLACEHOLDER] });
    world.entity_mut(children[1]).remove::<Armor>();
    world.entity_mut(children[2]).insert((MemberOf(children[0]), Disabled, Burning(5)));
    world.entity_mut(children[0]).insert((MemberOf(children[2]), Serial(9), Stat(0.5_f32)));
    world.spawn((Player, Name::new("Maverick"), Transform::default(), Saved));
    world.insert_resource(Score(77));
    world.insert_resource(Leader(children[1]));
}

fn played() -> Play {
    let mut play = Play::start();
    furnish(play.world());
    play.full();
    play
}

#[test]
fn a_fresh_game_is_restored_under_the_same_ids() {
    let saved = played().journal;
    let mut fresh = Play::start();
    let replaced = fresh.restore(&saved);
    assert_eq!(fresh.journal.rows, saved.rows);
    assert_eq!(fresh.journal.next_save_id, saved.next_save_id);
    assert_eq!(replaced.report.entities, saved.entities() as u64);
    assert!(replaced.report.dangling.is_empty(), "{:?}", replaced.report);
    assert!(replaced.report.overwritten.is_empty(), "{:?}", replaced.report);
    fresh.frame();
    fresh.frame();
    assert_eq!(fresh.delta().blocks, [], "nothing should have to settle");
}

#[test]
fn required_components_missing_from_an_old_checkpoint_are_kept() {
    let mut saved = played().journal;
    let known = Play::start().restore(&saved);
    assert_eq!(known.report.new_components, []);
    saved.rows.remove(BUILD);
    let mut fresh = Play::start();
    let new = fresh.restore(&saved).report.new_components;
    let unarmored = saved.of::<Health>().len() - saved.of::<Armor>().len();
    assert_eq!(new.len(), 1);
    assert_eq!((&*new[0].type_path, new[0].entities), (Armor::type_path(), unarmored as u64));
    assert_eq!(fresh.journal.of::<Armor>().len(), saved.of::<Health>().len());
}

#[test]
fn a_changed_world_is_restored_to_its_checkpoint() {
    let mut play = played();
    let saved = play.journal.clone();
    let player = play.single::<Player>();
    let world = play.world();
    world.despawn(player);
    world.resource_mut::<Score>().0 = 999;
    world.remove_resource::<Leader>();
    world.spawn((Health(500), Inventory(vec![9])));
    play.frame();
    play.delta();
    let replaced = play.restore(&saved);
    assert_eq!(play.journal.rows, saved.rows);
    assert!(replaced.report.extra.is_empty());
    assert_eq!(replaced.report.clearing.rounds, 1);
}

#[test]
fn any_world_is_restored_in_a_fresh_game() {
    for seed in 1..20 {
        let mut dice = Dice(seed * 0x9e37_79b9);
        let mut play = Play::start();
        let mut entities: Vec<Entity> = Vec::new();
        for number in 0..60 {
            let entity = play.world().spawn(Health(number)).id();
            if let Some(parent) = dice.pick(&entities)
                && dice.roll(3) > 0
            {
                play.world().entity_mut(entity).insert(ChildOf(parent));
            }
            if let Some(other) = dice.pick(&entities) {
                play.world()
                    .entity_mut(entity)
                    .insert((MemberOf(other), Target { strength: 1, targets: vec![other] }));
                play.world().entity_mut(other).insert(MemberOf(entity));
            }
            if dice.roll(4) == 0 {
                play.world().entity_mut(entity).remove::<Armor>();
            }
            entities.push(entity);
        }
        for _ in 0..10 {
            let doomed = dice.pick(&entities).unwrap();
            play.world().despawn(doomed);
        }
        play.full();
        play.journal.forget_outside_targets();
        let mut fresh = Play::start();
        fresh.restore(&play.journal);
        assert_eq!(fresh.journal.rows, play.journal.rows, "seed {seed}");
    }
}

#[test]
fn observers_see_whole_entities() {
    let saved = played().journal;
    let mut app = game();
    type Whole<'w, 's> = Query<
        'w,
        's,
        (&'static Health, &'static Target, Option<&'static ChildOf>),
        Allow<Disabled>,
    >;
    app.add_observer(|added: On<Add<Health>>, all: Whole| {
        // Panics unless the neighbour came along.
        let (health, target, parent) = all.get(added.entity).unwrap();
        assert!(health.0 == 1 || parent.is_some());
        assert!(!target.targets.is_empty());
    });
    let mut fresh = Play::of(app);
    fresh.restore(&saved);
    assert_eq!(fresh.journal.rows, saved.rows);
}

#[test]
fn entities_spawned_by_observers_of_a_restore_are_removed() {
    let mut app = game();
    app.add_observer(
        |removed: On<Remove<Health>>, mut commands: Commands, mut score: ResMut<Score>| {
            let _ = removed;
            score.0 += 1;
            commands.spawn((Name::new("loot"), Saved));
        },
    );
    app.insert_resource(Score(0));
    let mut play = Play::of(app);
    furnish(play.world());
    play.full();
    let saved = play.journal.clone();
    let replaced = play.restore(&saved);
    assert_eq!(play.journal.rows, saved.rows);
    assert_eq!(replaced.report.clearing.rounds, 2);
    assert!(replaced.report.extra.is_empty(), "{:?}", replaced.report.extra);
    assert_eq!(*play.world().resource::<Score>(), Score(77));
}

#[test]
fn clearing_gives_up_on_entities_that_respawn_endlessly() {
    let mut app = game();
    app.add_observer(|_: On<Remove<Player>>, mut commands: Commands| {
        commands.spawn(Player);
    });
    let mut play = Play::of(app);
    play.full();
    let saved = play.journal.clone();
    play.world().spawn(Player);
    let report = play.restore(&saved).report;
    assert_eq!(report.clearing.left, 1);
    assert_eq!(report.extra.len(), 1);
    assert_eq!(report.extra[0].type_path.as_deref(), Some(Player::type_path()));
}

#[test]
fn a_resource_that_observers_change_is_as_saved() {
    let saved = played().journal;
    let mut app = game();
    app.init_resource::<Score>();
    app.add_observer(|_: On<Add<Health>>, mut score: ResMut<Score>| score.0 += 1);
    let mut fresh = Play::of(app);
    let report = fresh.restore(&saved).report;
    assert_eq!(*fresh.world().resource::<Score>(), Score(77));
    assert_eq!(report.overwritten, [Score::type_path()]);
}

#[test]
fn values_that_observers_change_are_as_saved() {
    let saved = played().journal;
    let mut app = game();
    app.add_observer(|added: On<Add<Health>>, mut armor: Query<&mut Armor>| {
        for mut armor in &mut armor {
            armor.0 += 100;
        }
        let _ = added;
    });
    // And one that adds a component.
    app.add_observer(|added: On<Add<Burning>>, mut commands: Commands| {
        commands.entity(added.entity).insert(Inventory(vec![0]));
    });
    let mut fresh = Play::of(app);
    let report = fresh.restore(&saved).report;
    assert_eq!(fresh.journal.rows.get(Armor::type_path()), saved.rows.get(Armor::type_path()));
    assert!(report.overwritten.contains(&Armor::type_path().to_owned()), "{report:?}");
    assert_eq!(fresh.journal.values::<Inventory>(), saved.values::<Inventory>());
}

#[test]
fn references_without_target_are_named() {
    let mut play = Play::start();
    let scenery = play.world().spawn(Name::new("scenery")).id();
    let target = Target { strength: 1, targets: vec![Entity::PLACEHOLDER; 0] };
    let with_target = Target { targets: vec![scenery], ..target };
    play.world().spawn((Health(1), with_target, ChildOf(scenery)));
    play.world().spawn((Health(2), MemberOf(scenery)));
    play.world().insert_resource(Leader(scenery));
    play.full();
    let saved = play.journal.clone();
    let mut fresh = Play::start();
    let report = fresh.restore(&saved).report;
    let found: Vec<_> = report
        .dangling
        .iter()
        .map(|reference| {
            (&*reference.type_path, reference.field.as_deref(), reference.is_relationship)
        })
        .collect();
    assert_eq!(report.dangling_total, 4);
    assert!(found.contains(&(CHILD_OF, None, true)), "{found:?}");
    assert!(found.contains(&(MemberOf::type_path(), None, true)), "{found:?}");
    assert!(found.contains(&(Target::type_path(), Some(".targets[0]"), false)), "{found:?}");
    assert!(found.contains(&(Leader::type_path(), None, false)), "{found:?}");
    assert!(report.overwritten.is_empty(), "{report:?}");
    let entity = fresh.single::<Target>();
    assert_eq!(fresh.world().get::<Target>(entity).unwrap().targets, [Entity::PLACEHOLDER]);
    assert!(!fresh.world().entity(entity).contains::<ChildOf>());
}

#[test]
fn a_placeholder_reference_is_restored_as_a_placeholder() {
    let mut play = Play::start();
    play.world().insert_resource(Leader(Entity::PLACEHOLDER));
    play.full();
    let saved = play.journal.clone();
    let scenery = play.world().spawn(Name::new("scenery")).id();
    play.world().insert_resource(Leader(scenery));
    play.restore(&saved);
    assert_eq!(*play.world().resource::<Leader>(), Leader(Entity::PLACEHOLDER));
}

#[test]
fn entities_spawned_before_the_plugin_are_replaced_too() {
    let early = || {
        let mut app = App::new();
        app.world_mut().spawn((Player, Health(1)));
        app.register_type::<Health>();
        Play::of(app)
    };
    let mut play = early();
    play.full();
    let saved = play.journal.clone();
    // Of the type that doesn't bring its marker along any more, and not captured yet.
    play.world().spawn(Health(2));
    for play in [&mut play, &mut early()] {
        let report = play.restore(&saved).report;
        assert_eq!(play.journal.rows, saved.rows);
        assert!(report.extra.is_empty(), "{:?}", report.extra);
    }
}

#[test]
fn an_extra_entity_of_an_early_spawned_type_is_reported() {
    let mut app = App::new();
    app.world_mut().spawn(Inventory(vec![1]));
    app.register_type::<Health>().register_type::<Inventory>();
    app.add_observer(|_: On<Add<Health>>, mut commands: Commands| {
        commands.spawn(Inventory(vec![2]));
    });
    let mut play = Play::of(app);
    play.world().spawn(Health(1));
    play.full();
    let saved = play.journal.clone();
    let report = play.restore(&saved).report;
    assert_eq!(report.extra.len(), 1, "{report:?}");
    assert_eq!(report.extra[0].type_path.as_deref(), Some(Inventory::type_path()));
}

#[test]
fn a_type_unknown_to_the_checkpoint_is_not_changed() {
    let mut saved = played().journal;
    for path in [Score::type_path(), Armor::type_path()] {
        saved.rows.remove(path);
        saved.types.retain(|known| known != path);
    }
    let mut fresh = Play::start();
    fresh.world().insert_resource(Score(5));
    fresh.restore(&saved);
    assert_eq!(*fresh.world().resource::<Score>(), Score(5));
    assert_eq!(fresh.journal.of::<Armor>().len(), fresh.journal.of::<Health>().len());
}

#[test]
fn a_resource_that_was_absent_is_removed() {
    let mut play = Play::start();
    play.full();
    let saved = play.journal.clone();
    play.world().insert_resource(Score(5));
    play.restore(&saved);
    assert!(!play.world().contains_resource::<Score>());
}

#[test]
fn states_are_restored_and_entities_keep_their_state_scope() {
    let mut app = game();
    app.add_systems(OnEnter(Game::Playing), |mut commands: Commands| {
        commands.spawn((Player, DespawnOnExit(Game::Playing)));
    });
    let mut play = Play::of(app);
    play.world().resource_mut::<NextState<Game>>().set(Game::Playing);
    play.frame();
    play.world().resource_mut::<NextState<Phase>>().set(Phase::Night);
    play.world().spawn((Health(1), DespawnOnExit(Phase::Night)));
    play.frame();
    play.full();
    let saved = play.journal.clone();
    for start in [Game::Menu, Game::Playing, Game::Won] {
        play.world().resource_mut::<NextState<Game>>().set(start);
        play.frame();
        let report = play.restore(&saved).report;
        assert_eq!(play.journal.rows, saved.rows, "from {start:?}");
        assert!(report.extra.is_empty());
        play.frame();
        play.frame();
        assert_eq!(*play.world().resource::<State<Phase>>().get(), Phase::Night);
        assert_eq!(
            play.delta().blocks,
            [],
            "from {start:?}: no second level, and no entity despawned"
        );
    }
    play.world().resource_mut::<NextState<Game>>().set(Game::Menu);
    play.frame();
    play.delta();
    assert_eq!(play.journal.entities(), 0, "the scopes should work again");
}

#[test]
fn a_pending_transition_is_pending_again() {
    let mut play = Play::start();
    play.world().resource_mut::<NextState<Game>>().set(Game::Playing);
    play.full();
    let saved = play.journal.clone();
    let mut fresh = Play::start();
    fresh.restore(&saved);
    assert_eq!(*fresh.world().resource::<State<Game>>().get(), Game::Menu);
    fresh.frame();
    assert_eq!(*fresh.world().resource::<State<Game>>().get(), Game::Playing);
}

#[test]
fn an_extra_entity_spawned_by_an_observer_is_reported_by_type() {
    let saved = played().journal;
    let mut app = game();
    app.add_observer(|_: On<Add<Inventory>>, mut commands: Commands| {
        commands.spawn((Player, Health(1), Name::new("double")));
    });
    let mut fresh = Play::of(app);
    let report = fresh.restore(&saved).report;
    assert_eq!(report.extra.len(), 1);
    assert_eq!(report.extra[0].type_path.as_deref(), Some(Player::type_path()));
    assert_eq!(report.extra[0].entities, 1);
}

#[test]
fn an_observer_may_despawn_what_is_restored() {
    let saved = played().journal;
    let mut app = game();
    app.add_observer(|added: On<Add<Look>>, mut commands: Commands| {
        commands.entity(added.entity).despawn();
    });
    let mut fresh = Play::of(app);
    let report = fresh.restore(&saved).report;
    assert_eq!(report.despawned_again, 1);
    assert_eq!(report.dangling_total, 4, "its children have no parent");
    assert_eq!(report.entities + 1, saved.entities() as u64);
}

#[test]
fn hierarchies_of_saved_and_unsaved_entities_are_restored() {
    let mut play = Play::start();
    let scenery = play.world().spawn(Name::new("scenery")).id();
    let saved_child = play.world().spawn((Health(1), ChildOf(scenery))).id();
    let camera = play.world().spawn((Name::new("camera"), ChildOf(saved_child))).id();
    play.world().spawn((Health(2), ChildOf(camera)));
    let bullet = play.world().spawn(DespawnOnRestore).id();
    play.full();
    let saved = play.journal.clone();
    let report = play.restore(&saved).report;
    assert_eq!(report.entities, 2);
    assert!(play.world().get_entity(scenery).is_ok());
    assert!(play.world().get_entity(camera).is_err());
    assert!(play.world().get_entity(bullet).is_err());
}

#[test]
fn disabled_entities_are_replaced_too() {
    let mut play = Play::start();
    play.world().spawn((Health(1), Disabled));
    play.full();
    let saved = play.journal.clone();
    let replaced = play.restore(&saved);
    assert_eq!(play.journal.rows, saved.rows);
    assert!(play.world().entity(replaced.seeds[0].0).contains::<Disabled>());
    assert!(replaced.report.extra.is_empty());
}

#[test]
fn images_and_captures_travel_between_threads() {
    fn travels<T: Send + Sync + 'static>() {}
    travels::<WorldImage>();
    travels::<crate::capture::Capture>();
    travels::<crate::capture::Encoder>();
    travels::<crate::capture::Recorder>();
}

#[test]
fn saving_needs_no_registration_order() {
    let mut app = App::new();
    app.save_component::<Name>().save_state::<Game>();
    app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin)).init_state::<Game>();
    let mut play = Play::of(app);
    play.world().spawn((Saved, Name::new("x")));
    play.full();
    assert_eq!(play.journal.values::<Name>().len(), 1);
}

#[derive(Resource, TypePath, MapEntities, Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Squad {
    #[entities]
    target: Option<Entity>,
    kills: u32,
}

#[test]
fn a_resource_beside_a_reference_to_nobody_is_not_left_as_observers_changed_it() {
    let squad_game = || {
        let mut app = game();
        app.save_resource::<Squad>();
        app
    };
    let mut play = Play::of(squad_game());
    play.world().spawn(Health(1));
    let unsaved = play.world().spawn_empty().id();
    play.world().insert_resource(Squad { target: Some(unsaved), kills: 7 });
    play.full();
    let saved = play.journal.clone();
    let mut app = squad_game();
    app.add_observer(|_: On<Add<Health>>, squad: Option<ResMut<Squad>>| {
        squad.into_iter().for_each(|mut squad| squad.kills += 1);
    });
    let mut fresh = Play::of(app);
    let report = fresh.restore(&saved).report;
    assert_eq!(fresh.world().resource::<Squad>().kills, 7);
    assert_eq!(report.overwritten, [Squad::type_path()]);
    assert_eq!(report.dangling.len(), 1, "it refers to nobody: {report:?}");
}
