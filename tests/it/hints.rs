//! Nothing succeeds in silence: what keeps the plugin from doing what a game expects is said.

// Feature: Hints say, once, what keeps the plugin from doing what the game expects.
// Page: guide/hints.md

use bevy::prelude::*;
use bevy_session::doctor::{Doctor, Finding};
use bevy_session::hints::{HintGiven, SessionHint, SessionHints};
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreLossReason, RestoreLosses};
use bevy_session::testing::{RecoverError, TestGame};
use bevy_session::{MemoryDisk, SessionRestored, SessionStarted};
use serde::{Deserialize, Serialize};

use crate::common::{
    Health, Inventory, Phase, accept, frames, game_with, listen, plugin, received, request,
    seconds, start,
};

fn build(add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<HintGiven>(app);
        add(app);
    })
}

fn hints(app: &mut App) -> Vec<SessionHint> {
    frames(app, 2);
    received::<HintGiven>(app).into_iter().map(|given| given.hint).collect()
}

fn standing(app: &App) -> Vec<SessionHint> {
    app.world().resource::<SessionHints>().iter().cloned().collect()
}

fn begin(app: &mut App) {
    request(app, |commands| commands.session().start(NewSession::named("Hinted")));
    frames(app, 2);
}

fn enter(app: &mut App, phase: Phase) {
    app.world_mut().resource_mut::<NextState<Phase>>().set(phase);
    frames(app, 1);
}

fn is_gate(hint: &SessionHint) -> bool {
    matches!(hint, SessionHint::GateStaysShut { .. })
}

#[test]
fn a_gate_that_stays_closed_gives_one_hint_until_it_opens() {
    let mut app = build(|app| {
        app.checkpoint_session_while(in_state(Phase::Playing).and_then(|| true));
    });
    app.world_mut().spawn(Health(1));
    begin(&mut app);
    seconds(&mut app, 25.0);
    assert_eq!(hints(&mut app), []);
    seconds(&mut app, 60.0);
    let given = hints(&mut app);
    let [SessionHint::GateStaysShut { conditions, .. }] = &given[..] else { panic!("{given:?}") };
    assert!(conditions.len() == 1 && conditions[0].contains("in_state"), "{conditions:?}");
    assert!(given[0].to_string().contains("checkpoint_session_while"), "{}", given[0]);
    assert_eq!(standing(&app), given);
    let found = Doctor::default().examine(&mut app).findings;
    assert!(found.contains(&Finding::Hint(given[0].clone())), "{found:?}");

    enter(&mut app, Phase::Playing);
    frames(&mut app, 1);
    assert_eq!(standing(&app), []);
}

#[test]
fn a_pause_gives_no_hint_about_a_closed_gate() {
    let mut app = build(|app| {
        app.checkpoint_session_while(in_state(Phase::Playing)).pause_session_in(Phase::Menu);
    });
    app.world_mut().spawn(Health(1));
    enter(&mut app, Phase::Playing);
    start(&mut app, "Paused");
    enter(&mut app, Phase::Menu);
    seconds(&mut app, 90.0);
    assert_eq!(hints(&mut app), []);
}

#[test]
fn the_doctor_and_the_kit_name_a_gate_that_is_shut() {
    let mut test = TestGame::new(|plugin| {
        game_with(plugin, |app| {
            app.checkpoint_session_while(in_state(Phase::Playing));
        })
    });
    test.world().spawn(Health(1));
    test.start(NewSession::named("Shut")).unwrap();
    let found = Doctor::default().examine(test.app_mut()).findings;
    let names_gate = |finding: &Finding| matches!(finding, Finding::Hint(hint) if is_gate(hint));
    assert!(found.iter().any(names_gate), "{found:?}");
    let error = test.checkpoint("never").unwrap_err();
    let RecoverError::GateShut(hint) = &error else { panic!("{error}") };
    assert!(is_gate(hint) && error.to_string().contains("in_state"), "{error}");
}

#[test]
fn a_condition_that_cannot_run_gives_a_hint_at_once() {
    #[derive(Resource)]
    struct Forgotten;
    fn level_is_loaded(_: Res<Forgotten>) -> bool {
        true
    }
    let mut app = build(|app| {
        app.checkpoint_session_while(level_is_loaded);
    });
    begin(&mut app);
    let given = hints(&mut app);
    let [SessionHint::ConditionFailed { condition, error }] = &given[..] else {
        panic!("{given:?}")
    };
    assert!(condition.contains("level_is_loaded"), "{condition}");
    assert!(error.contains("does not exist"), "{error}");
    app.insert_resource(Forgotten);
    frames(&mut app, 2);
    assert!(app.world().resource::<CurrentSession>().last_checkpoint().is_some());
}

#[derive(States, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum NeverAdded {
    #[default]
    Menu,
    Playing,
}

#[test]
fn a_state_that_was_not_added_gives_a_hint_at_once() {
    let ways: [fn(&mut App); 4] = [
        |app| {
            app.pause_session_in(NeverAdded::Playing);
        },
        |app| {
            app.checkpoint_session_on_exit(NeverAdded::Playing);
        },
        |app| {
            app.close_session_on_enter(NeverAdded::Menu);
        },
        |app| {
            app.offer_recovery_in(NeverAdded::Menu);
        },
    ];
    for way in ways {
        let mut app = build(way);
        let given = hints(&mut app);
        let [SessionHint::StateNotAdded { state }] = &given[..] else { panic!("{given:?}") };
        assert!(state.ends_with("NeverAdded"), "{state}");
        assert!(given[0].to_string().contains("init_state::<NeverAdded>()"), "{}", given[0]);
    }
}

#[test]
fn a_state_that_is_not_there_is_named_with_the_gate_that_it_keeps_shut() {
    let ways: [fn(&mut App); 2] = [
        |app| {
            app.checkpoint_session_while(in_state(NeverAdded::Playing));
        },
        |app| {
            app.checkpoint_session_while(
                in_state(NeverAdded::Playing).or_else(in_state(NeverAdded::Menu)),
            );
        },
    ];
    for way in ways {
        let mut app = build(way);
        begin(&mut app);
        seconds(&mut app, 40.0);
        let given = hints(&mut app);
        // Where Bevy knows names, it is said at once as well.
        let hint = given.last().expect("a hint");
        let SessionHint::GateStaysShut { absent_state, .. } = hint else { panic!("{given:?}") };
        assert!(absent_state.as_ref().is_some_and(|state| state.ends_with("NeverAdded")));
        assert!(hint.to_string().contains("init_state::<NeverAdded>()"), "{hint}");
    }
}

#[test]
fn a_sub_state_that_does_not_exist_now_is_in_order() {
    #[derive(SubStates, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    #[source(Phase = Phase::Playing)]
    enum Turn {
        #[default]
        Mine,
    }
    let mut app = build(|app| {
        app.add_sub_state::<Turn>()
            .checkpoint_session_while(in_state(Turn::Mine))
            .checkpoint_session_on_exit(Turn::Mine);
    });
    assert_eq!(hints(&mut app), []);
}

#[test]
fn a_session_without_saved_entities_gives_a_hint_until_one_is_saved() {
    let mut app = build(|app| {
        app.save_component::<Transform>();
    });
    app.world_mut().spawn(Transform::default());
    begin(&mut app);
    seconds(&mut app, 12.0);
    let given = hints(&mut app);
    let [SessionHint::NoEntitySaved { types }] = &given[..] else { panic!("{given:?}") };
    assert!(types.iter().any(|path| path.ends_with("Transform")), "{types:?}");
    assert!(given[0].to_string().contains("spawn((Saved"), "{}", given[0]);
    app.world_mut().spawn((Saved, Transform::default()));
    seconds(&mut app, 6.0);
    assert_eq!(standing(&app), []);
}

#[test]
fn a_game_in_development_without_a_session_gets_a_hint_outside_the_menu() {
    let build = |add: fn(&mut App)| {
        game_with(plugin(&MemoryDisk::default()).development(true), |app| {
            listen::<HintGiven>(app);
            add(app);
        })
    };
    let mut app = build(|_| {});
    seconds(&mut app, 40.0);
    assert_eq!(hints(&mut app), [SessionHint::NoSessionStarted]);
    begin(&mut app);
    assert_eq!(standing(&app), []);

    let mut app = build(|app| {
        app.offer_recovery_in(Phase::Menu);
    });
    seconds(&mut app, 90.0);
    assert_eq!(hints(&mut app), []);
    enter(&mut app, Phase::Playing);
    seconds(&mut app, 40.0);
    assert_eq!(hints(&mut app), [SessionHint::NoSessionStarted]);
}

#[test]
fn a_release_without_a_session_gets_a_hint_once_something_would_be_saved() {
    let mut app = build(|_| {});
    // Somebody reads the menu.
    seconds(&mut app, 90.0);
    assert_eq!(hints(&mut app), []);
    app.world_mut().spawn(Health(1));
    seconds(&mut app, 70.0);
    assert_eq!(hints(&mut app), [SessionHint::NoSessionStarted]);

    let mut app = build(|_| {});
    app.world_mut().spawn(Health(1));
    start(&mut app, "Played");
    seconds(&mut app, 70.0);
    assert_eq!(hints(&mut app), []);
}

#[test]
fn a_refused_second_instance_gets_no_hint_about_a_missing_session() {
    let disk = MemoryDisk::default();
    let build = || {
        game_with(plugin(&disk), |app| {
            listen::<HintGiven>(app);
            listen::<RequestRejected>(app);
        })
    };
    let world = || NewSession::named("World");
    let mut first = build();
    request(&mut first, |commands| commands.session().start_or_continue(world()));
    frames(&mut first, 4);
    let mut second = build();
    second.world_mut().spawn(Health(1));
    request(&mut second, |commands| commands.session().start_or_continue(world()));
    seconds(&mut second, 70.0);
    assert_eq!(received::<RequestRejected>(&second).len(), 1);
    assert_eq!(hints(&mut second), []);
}

#[test]
fn calls_made_too_late_give_hints_and_have_no_effect() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    struct Late;
    let mut app = build(|_| {});
    app.save_component::<Late>()
        .save_component::<Name>() // known from before
        .checkpoint_session_while(in_state(Phase::Playing))
        .restore_session_in(Phase::Playing)
        .checkpoint_session_on_exit(Phase::Playing)
        .checkpoint_session_on_enter(Phase::Playing)
        .rename_saved::<Health>("old::Health");
    let calls: Vec<String> = hints(&mut app)
        .into_iter()
        .map(|hint| match hint {
            SessionHint::CalledTooLate { call } => call,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(calls.len(), 6, "{calls:?}");
    assert_eq!(calls[0], "save_component::<Late>()");
    assert!(calls[1].starts_with("checkpoint_session_while(in_state<"), "{}", calls[1]);
    assert_eq!(calls[2], "restore_session_in(Playing)");
    assert_eq!(calls[4], "checkpoint_session_on_enter(Playing)");
    app.world_mut().spawn((Health(1), Late));
    start(&mut app, "Ungated");
}

#[test]
fn a_well_made_game_gets_no_hint() {
    let mut app = build(|app| {
        app.checkpoint_session_while(in_state(Phase::Playing))
            .restore_session_in(Phase::Playing)
            .close_session_on_enter(Phase::Menu);
    });
    app.world_mut().spawn(Health(1));
    enter(&mut app, Phase::Playing);
    start(&mut app, "Well");
    seconds(&mut app, 60.0);
    assert_eq!(hints(&mut app), []);
}

#[test]
fn an_unmapped_entity_gives_a_hint_in_development_and_release() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Hunts {
        #[entities]
        prey: Entity,
        owners: Vec<Entity>,
    }
    let play = |is_development| {
        let disk = MemoryDisk::default();
        let mut app = game_with(plugin(&disk).development(is_development), listen::<HintGiven>);
        let prey = app.world_mut().spawn(Health(1)).id();
        app.world_mut().spawn(Hunts { prey, owners: vec![prey] });
        start(&mut app, "Hunt");
        seconds(&mut app, 6.0);
        hints(&mut app)
    };
    for is_development in [false, true] {
        let given = play(is_development);
        let [SessionHint::EntityNotMapped { type_path, field }] = &given[..] else {
            panic!("{given:?}")
        };
        assert!(type_path.ends_with("Hunts") && field == ".owners[]", "{type_path} {field}");
    }
}

/// Before the field was marked, and after.
mod builds {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "hints"]
    #[type_name = "Follows"]
    pub struct Unmapped {
        pub whom: Entity,
    }

    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component)]
    #[type_path = "hints"]
    #[type_name = "Follows"]
    pub struct Mapped {
        #[entities]
        pub whom: Entity,
    }
}

/// A game that was killed, started again and recovered: what it heard of hints since.
fn hints_after_a_crash(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> Vec<SessionHint> {
    let mut app = game_with(plugin(&disk.snapshot()), |app| {
        listen::<HintGiven>(app);
        listen::<SessionRestored>(app);
        add(app);
    });
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(&mut app, 15.0);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    hints(&mut app)
}

/// The disk of a game that is killed after its first checkpoint.
fn killed(add: impl FnOnce(&mut App), spawn: impl FnOnce(&mut World)) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), add);
    spawn(app.world_mut());
    start(&mut app, "Killed");
    disk.snapshot()
}

#[test]
fn values_that_were_saved_before_their_field_was_mapped_are_named() {
    let spawn = |world: &mut World| {
        let whom = world.spawn(Health(1)).id();
        world.spawn((Health(2), builds::Unmapped { whom }));
    };
    let old = killed(
        |app| {
            app.save_component::<builds::Unmapped>();
        },
        spawn,
    );
    let given = hints_after_a_crash(&old, |app| {
        app.register_type::<builds::Mapped>().save_component::<builds::Mapped>();
    });
    let [SessionHint::SavedUnmapped { type_path, field }] = &given[..] else { panic!("{given:?}") };
    assert_eq!((&**type_path, field.as_deref()), ("hints::Follows", Some(".whom")));
    assert!(given[0].to_string().contains("SessionRestored"), "{}", given[0]);
}

#[test]
fn an_entity_restored_without_its_parent_gives_a_hint() {
    let disk = killed(
        |_| {},
        |world| {
            let level = world.spawn_empty().id();
            world.spawn((Health(1), ChildOf(level)));
            world.spawn((Health(2), ChildOf(level)));
        },
    );
    let given = hints_after_a_crash(&disk, |_| {});
    let [SessionHint::LinkNotRestored { type_path, entities }] = &given[..] else {
        panic!("{given:?}")
    };
    assert_eq!((&**type_path, *entities), ("bevy_ecs::hierarchy::ChildOf", 2));
    assert!(given[0].to_string().contains("`SaveKey`"), "{}", given[0]);
}

#[test]
fn losses_behind_many_dead_references_give_hints() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    struct Remembers {
        #[entities]
        whom: Entity,
    }
    let disk = killed(
        |app| {
            app.save_component::<Remembers>().save_component::<builds::Unmapped>();
        },
        |world| {
            let whom = world.spawn(Health(1)).id();
            for number in 0..100 {
                world.spawn((Health(number), Remembers { whom }));
            }
            let level = world.spawn_empty().id();
            for number in 0..3 {
                world.spawn((Health(number), ChildOf(level)));
                world.spawn((Health(number), builds::Unmapped { whom: level }));
            }
            world.despawn(whom);
        },
    );
    let given = hints_after_a_crash(&disk, |app| {
        app.save_component::<Remembers>();
        app.register_type::<builds::Mapped>().save_component::<builds::Mapped>();
    });
    let [parent, unmapped] = &given[..] else { panic!("{given:?}") };
    let type_path = "bevy_ecs::hierarchy::ChildOf".to_owned();
    assert_eq!(*parent, SessionHint::LinkNotRestored { type_path, entities: 3 });
    assert!(parent.to_string().starts_with("3 or more restored entities"), "{parent}");
    let (type_path, field) = ("hints::Follows".to_owned(), Some(".whom".to_owned()));
    assert_eq!(*unmapped, SessionHint::SavedUnmapped { type_path, field });
}

#[test]
fn valid_and_dead_references_give_no_hint() {
    fn add(app: &mut App) {
        app.save_component::<builds::Mapped>();
        app.add_systems(Startup, |mut commands: Commands| {
            commands.spawn(SaveKey::new("level"));
        });
    }
    let disk = killed(add, |world| {
        let level = world.query_filtered::<Entity, With<SaveKey>>().single(world).unwrap();
        let dead = world.spawn(Health(9)).id();
        let parent = world.spawn((Health(1), ChildOf(level))).id();
        world.spawn((Health(2), ChildOf(parent), builds::Mapped { whom: parent }));
        world.spawn((Health(3), builds::Mapped { whom: dead }));
        world.spawn((Health(4), builds::Mapped { whom: Entity::PLACEHOLDER }));
        world.despawn(dead);
    });
    assert_eq!(hints_after_a_crash(&disk, add), []);
}

/// A level without keys, in which nothing but `Health` is saved.
fn spawn_level(mut commands: Commands) {
    for number in 1..4 {
        commands.spawn((Health(number), Transform::from_xyz(5.0, number as f32, 0.0)));
    }
}

#[test]
fn components_missing_after_a_restore_give_a_hint() {
    fn add(app: &mut App) {
        app.add_systems(Startup, spawn_level);
    }
    let disk = killed(add, |_| {});
    let given = hints_after_a_crash(&disk, add);
    let [SessionHint::NotPutBack { saved, components }] = &given[..] else { panic!("{given:?}") };
    assert!(saved.len() == 1 && saved[0].ends_with("Health"), "{saved:?}");
    assert_eq!(components[..], ["bevy_transform::components::transform::Transform"]);
    let text = given[0].to_string();
    assert!(text.contains("save_component::<Transform>()"), "{text}");
    assert!(text.contains("On<Add<Health>>"), "{text}");
}

#[test]
fn lost_children_give_a_hint() {
    fn grow(mut commands: Commands) {
        commands.spawn((Health(1), children![Name::new("plant"), Name::new("plant")]));
    }
    let unsaved: fn(&mut App) = |app| {
        app.add_systems(Startup, grow);
    };
    let disk = killed(unsaved, |_| {});
    let given = hints_after_a_crash(&disk, unsaved);
    let [SessionHint::NotPutBack { components, .. }] = &given[..] else { panic!("{given:?}") };
    assert_eq!(components[..], ["bevy_ecs::hierarchy::Children"]);
    let saved: fn(&mut App) = |app| {
        app.add_systems(Startup, |mut commands: Commands| {
            commands.spawn((Health(1), children![Health(2)]));
        });
    };
    let added: fn(&mut App) = |app| {
        app.add_systems(Startup, grow);
        app.add_observer(|added: On<Add<Health>>, mut commands: Commands| {
            commands.entity(added.entity).with_child(Name::new("plant"));
        });
    };
    for add in [saved, added] {
        let disk = killed(add, |_| {});
        assert_eq!(hints_after_a_crash(&disk, add), []);
    }
}

#[test]
fn a_lost_place_gives_a_hint_although_there_is_a_transform() {
    fn add(app: &mut App) {
        app.add_systems(Startup, spawn_level);
        app.add_observer(|added: On<Add<Health>>, mut commands: Commands| {
            commands.entity(added.entity).insert_if_new(Transform::IDENTITY);
        });
    }
    let disk = killed(add, |_| {});
    let given = hints_after_a_crash(&disk, add);
    assert!(matches!(&given[..], [SessionHint::NotPutBack { .. }]), "{given:?}");
}

#[test]
fn saved_re_added_and_ignored_components_give_no_hint() {
    /// Gone once it was shown.
    #[derive(Component, Reflect)]
    #[reflect(Component)]
    struct Appears(f32);
    let saves: fn(&mut App) = |app| {
        app.save_component::<Transform>();
        app.add_systems(
            Startup,
            (spawn_level, |mut commands: Commands| {
                commands.spawn((
                    Health(9),
                    Inventory::default(),
                    Transform::IDENTITY,
                    Appears(1.0),
                ));
            }),
        );
    };
    let puts_back: fn(&mut App) = |app| {
        app.add_systems(Startup, spawn_level);
        // Some frames later, as where a picture has to be loaded first.
        app.add_systems(
            Update,
            |bare: Query<(Entity, &Health), Without<Transform>>, mut commands: Commands| {
                for (entity, health) in &bare {
                    commands.entity(entity).insert(Transform::from_xyz(5.0, health.0 as f32, 0.0));
                }
            },
        );
    };
    let ignores: fn(&mut App) = |app| {
        app.add_systems(Startup, spawn_level);
        app.add_plugins(
            Doctor::default().ignore::<Transform>().ignore::<Phase>().after_frames(10_000),
        );
    };
    for add in [saves, puts_back, ignores] {
        let disk = killed(add, |_| {});
        assert_eq!(hints_after_a_crash(&disk, add), []);
    }
}

/// A state that isn't saved: the game itself enters it when a session was restored.
#[derive(States, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum Scene {
    #[default]
    Title,
    Level,
}

fn enter_level(_: On<SessionRestored>, mut next: ResMut<NextState<Scene>>) {
    next.set(Scene::Level);
}

fn with_scenes(app: &mut App) {
    app.init_state::<Scene>().add_observer(enter_level);
}

fn play_scene(world: &mut World) {
    world.resource_mut::<NextState<Scene>>().set(Scene::Level);
}

/// A hero and three heroes with bags.
fn spawn_heroes(mut commands: Commands) {
    commands.spawn(Health(7));
    for number in 1..4 {
        commands.spawn((Health(number), Inventory::default()));
    }
}

#[test]
fn a_level_that_is_spawned_beside_the_restored_one_gives_one_hint() {
    let add = |app: &mut App| {
        with_scenes(app);
        app.add_systems(OnEnter(Scene::Level), spawn_heroes);
    };
    let disk = killed(add, play_scene);
    let given = hints_after_a_crash(&disk, add);
    let [SessionHint::SpawnedTwice { saved, entities }] = &given[..] else { panic!("{given:?}") };
    let is_hero = saved.len() == 1 && *entities == 1;
    let has_bag = saved.len() == 2 && *entities == 3;
    assert!(is_hero || has_bag, "{saved:?}, {entities}");
    assert!(given[0].to_string().contains("`SaveKey`"), "{}", given[0]);

    // What was taken or killed before the crash comes again, too; the hero alone is twice.
    let hunted = killed(add, |world| {
        play_scene(world);
        world.add_observer(
            |_: On<SessionStarted>,
             bags: Query<Entity, With<Inventory>>,
             mut commands: Commands| {
                bags.iter().take(1).for_each(|entity| commands.entity(entity).despawn());
            },
        );
    });
    let given = hints_after_a_crash(&hunted, add);
    let [SessionHint::SpawnedTwice { saved, entities: 1 }] = &given[..] else {
        panic!("{given:?}")
    };
    assert_eq!(saved.len(), 1, "{saved:?}");
}

#[test]
fn a_level_that_is_spawned_once_gives_no_hint() {
    // The restore writes onto these.
    let keyed: fn(&mut App) = |app| {
        with_scenes(app);
        app.add_systems(OnEnter(Scene::Level), |mut commands: Commands| {
            for number in 1..4 {
                commands.spawn((Health(number), SaveKey::new(format!("hero_{number}"))));
            }
        });
    };
    let guarded: fn(&mut App) = |app| {
        with_scenes(app);
        let nobody_is_there = |heroes: Query<(), With<Health>>| heroes.is_empty();
        app.add_systems(OnEnter(Scene::Level), spawn_heroes.run_if(nobody_is_there));
    };
    // What was restored replaces these.
    let before_the_restore: fn(&mut App) = |app| {
        app.init_state::<Scene>()
            .restore_session_in(Scene::Level)
            .add_systems(OnEnter(Scene::Level), spawn_heroes)
            .add_systems(Update, |mut next: ResMut<NextState<Scene>>| {
                *next = NextState::PendingIfDifferent(Scene::Level);
            });
    };
    // The game despawns one of both.
    let tidied: fn(&mut App) = |app| {
        with_scenes(app);
        app.add_systems(OnEnter(Scene::Level), spawn_heroes);
        app.add_systems(Update, |heroes: Query<Entity, With<Health>>, mut commands: Commands| {
            heroes.iter().skip(4).for_each(|entity| commands.entity(entity).despawn());
        });
    };
    for add in [keyed, guarded, before_the_restore, tidied] {
        let disk = killed(add, play_scene);
        assert_eq!(hints_after_a_crash(&disk, add), []);
    }
}

#[test]
fn enemies_that_come_in_play_give_no_hint() {
    let spawn: fn(&mut World) = |world| {
        play_scene(world);
        world.run_system_cached(spawn_heroes).unwrap();
    };
    // As many of each as were restored, by a clock.
    let in_waves: fn(&mut App) = |app| {
        with_scenes(app);
        app.add_systems(Update, |time: Res<Time>, mut waves: Local<u32>, commands: Commands| {
            if time.elapsed_secs() > 3.0 * (*waves as f32 + 1.0) {
                *waves += 1;
                spawn_heroes(commands);
            }
        });
    };
    // With a state, some of a sort.
    let by_state: fn(&mut App) = |app| {
        with_scenes(app);
        app.add_systems(OnEnter(Scene::Level), |mut commands: Commands| {
            for number in 1..4 {
                commands.spawn((Health(number), Inventory::default()));
            }
        });
    };
    for add in [in_waves, by_state] {
        let disk = killed(with_scenes, spawn);
        assert_eq!(hints_after_a_crash(&disk, add), []);
    }
    // A second player, beside the only one.
    let alone: fn(&mut World) = |world| {
        play_scene(world);
        world.spawn(Health(7));
    };
    let joined: fn(&mut App) = |app| {
        with_scenes(app);
        app.add_systems(OnEnter(Scene::Level), |mut commands: Commands| {
            commands.spawn(Health(7));
        });
    };
    let disk = killed(with_scenes, alone);
    assert_eq!(hints_after_a_crash(&disk, joined), []);
}

#[test]
fn accepting_without_an_offer_gives_one_hint() {
    let mut app = build(|_| {});
    frames(&mut app, 3);
    for _ in 0..3 {
        assert!(!accept(&mut app));
    }
    assert_eq!(hints(&mut app), [SessionHint::NothingToAccept]);
}

#[test]
fn a_start_beside_what_can_be_continued_gives_a_hint() {
    /// The hints of a start that calls `start` for this session after so many frames, when the last one was left like this.
    fn after(new: &NewSession, waits: usize, leave: fn(&mut App)) -> Vec<SessionHint> {
        let disk = MemoryDisk::default();
        let game = |disk: &MemoryDisk| {
            let mut app = game_with(plugin(disk), listen::<HintGiven>);
            frames(&mut app, waits);
            let new = new.clone();
            request(&mut app, |commands| commands.session().start(new));
            app
        };
        let mut app = game_with(plugin(&disk), |_| {});
        app.world_mut().spawn(Health(1));
        start(&mut app, "Run");
        leave(&mut app);
        frames(&mut app, 3);
        let mut app = game(&disk.snapshot());
        frames(&mut app, 60);
        assert!(app.world().contains_resource::<CurrentSession>());
        hints(&mut app)
    }
    let close: fn(&mut App) = |app| {
        request(app, |commands| commands.session().close(LeaveCause::Player));
    };
    let end: fn(&mut App) = |app| {
        request(app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    };
    let exit: fn(&mut App) = |app| {
        app.world_mut().write_message(AppExit::Success);
    };
    let run = NewSession::named("Run");
    let hint = SessionHint::StartedBeside { name: "Run".to_owned() };
    for leave in [close, exit, |_| {}] {
        assert_eq!(after(&run, 0, leave), std::slice::from_ref(&hint));
    }
    // A player has pressed a button, the session has ended, another one is meant, or another player's.
    assert_eq!(after(&run, 10, close), []);
    assert_eq!(after(&run, 0, end), []);
    assert_eq!(after(&NewSession::named("Walk"), 0, close), []);
    assert_eq!(after(&run.clone().player("Ann"), 0, close), []);
}

/// Can't be written where it is one of these.
#[derive(Component, Reflect, Clone, Deserialize)]
#[reflect(Component, Saved)]
struct Moody(u32);

const REFUSES: u32 = 13;
const PANICS: u32 = 14;

impl Serialize for Moody {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 != PANICS, "never");
        match self.0 {
            REFUSES => Err(serde::ser::Error::custom("not now")),
            value => serializer.serialize_u32(value),
        }
    }
}

#[test]
fn values_that_could_not_be_written_are_losses_of_the_restore_report() {
    for (value, missing) in [(REFUSES, 1), (PANICS, 2)] {
        let disk = MemoryDisk::default();
        let mut app = game_with(plugin(&disk), |_| {});
        // The panic takes those that come after it along.
        app.world_mut().spawn(Moody(value));
        app.world_mut().spawn(Moody(1));
        request(&mut app, |commands| commands.session().start(NewSession::named("Moody")));
        frames(&mut app, 3);
        let mut app = game_with(plugin(&disk.snapshot()), |app| {
            listen::<SessionRestored>(app);
            app.world_mut().resource_mut::<SessionSettings>().losses = RestoreLosses::Refuse;
        });
        frames(&mut app, 2);
        let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        frames(&mut app, 3);
        let report = received::<SessionRestored>(&app)[0].report.clone();
        let [loss] = &report.losses[..] else { panic!("{report:?}") };
        assert!(loss.type_path.ends_with("Moody"), "{loss:?}");
        assert_eq!((&loss.reason, loss.rows), (&RestoreLossReason::NotWritten, missing));
    }
}
