//! Values that steps bring to the form of today.

// Feature: Old values are migrated, type by type or as a whole checkpoint.
// Page: guide/versions.md

use super::*;

#[test]
fn components_resources_and_states_are_migrated_over_all_versions_at_once() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, v2::types);
    assert_eq!(report.losses, []);
    assert_eq!(report.overwritten, [] as [String; 0], "migrated values should be as saved");
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
    let world = app.world_mut();
    assert_eq!(world.resource::<v2::Wallet>().balance, -2);
    let level = v2::Place::Level { number: 3 };
    assert_eq!(*world.resource::<State<v2::Place>>().get(), level);
    assert_eq!(world.query::<&DespawnOnExit<v2::Place>>().single(world).unwrap().0, level);
    world.resource_mut::<NextState<v2::Place>>().set(v2::Place::Menu);
    frames(&mut app, 1);
    assert_eq!(values::<v2::Health>(&mut app).len(), 2, "the scope should work again");
}

#[test]
fn a_chain_gives_the_same_at_once_and_build_by_build() {
    let (disk, id) = played_by_the_first_build();
    let (disk, report) = through(&disk, id, v1::types);
    assert_eq!(report.losses, []);
    let (mut app, report) = taken_up(&disk, id, v2::types);
    assert_eq!(report.losses, []);
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
}

#[test]
fn the_new_form_is_written_under_the_new_name() {
    let (disk, id) = played_by_the_first_build();
    let (disk, _) = through(&disk, id, v2::types);
    // A build that knows neither the old names nor the old forms.
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.init_state::<v2::Place>()
            .save_component::<v2::Health>()
            .migrate_saved(Migrations::<v2::Health>::since(2))
            .save_resource::<v2::Wallet>()
            .migrate_saved(Migrations::<v2::Wallet>::since(1))
            .save_state::<v2::Place>()
            .migrate_saved(Migrations::<v2::Place>::since(1));
    });
    assert_eq!(report.losses, []);
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
}

#[test]
fn observers_that_change_migrated_values_are_put_right() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, |app| {
        v2::types(app);
        app.add_observer(|_: On<Add<v2::Health>>, mut healths: Query<&mut v2::Health>| {
            healths.iter_mut().for_each(|mut health| health.share = 1.0);
        });
        app.add_observer(|_: On<Add<v2::Health>>, mut wallet: ResMut<v2::Wallet>| {
            wallet.balance += 1;
        });
    });
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
    assert_eq!(app.world().resource::<v2::Wallet>().balance, -2);
    assert_eq!(report.overwritten, ["hop::combat::Health", "hop::trade::Wallet"]);
}

/// A group of entities, which was one leader until the second build.
mod party {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Party"]
    pub struct Old {
        #[entities]
        pub leader: Entity,
    }

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Party"]
    pub struct New {
        #[entities]
        pub members: Vec<Entity>,
    }
}

#[test]
fn references_come_through_a_migration() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_component::<party::Old>();
    });
    let leader = app.world_mut().spawn(Health(1)).id();
    app.world_mut().spawn((Health(2), party::Old { leader }));
    start(&mut app, "Party");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_component::<party::New>().migrate_saved(
            Migrations::since(0).then(|old: party::Old| party::New { members: vec![old.leader] }),
        );
    });
    assert_eq!((report.losses.len(), report.dangling_total), (0, 0));
    let members = values::<party::New>(&mut app).remove(0).members;
    assert_eq!(app.world().get::<Health>(members[0]), Some(&Health(1)));
}

/// Without serde, which reflection writes.
mod reflected {
    use super::*;

    #[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
    #[reflect(Component, Default)]
    #[type_path = "hop"]
    #[type_name = "Look"]
    pub struct Old {
        pub hue: f32,
    }

    #[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
    #[reflect(Component, Default)]
    #[type_path = "hop"]
    #[type_name = "Look"]
    pub struct New {
        pub degrees: u32,
    }
}

#[test]
fn reflected_types_are_migrated() {
    #[derive(Deserialize)]
    struct OldLook {
        hue: f32,
    }
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_reflected::<reflected::Old>();
    });
    app.world_mut().spawn((Health(1), reflected::Old { hue: 0.5 }));
    start(&mut app, "Looks");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_reflected::<reflected::New>().migrate_saved(Migrations::since(0).then(
            |old: OldLook| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.5")]
                reflected::New { degrees: (old.hue * 360.0) as u32 }
            },
        ));
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<reflected::New>(&mut app), [reflected::New { degrees: 180 }]);
}

#[test]
fn types_marked_as_saved_can_be_migrated() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |_| {});
    app.world_mut().spawn(Health(1));
    app.world_mut().resource_mut::<Score>().0 = 5;
    start(&mut app, "Marked");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.migrate_saved(Migrations::since(0).then(|old: u32| Health(old * 10)))
            .migrate_saved(Migrations::since(0).then(|old: Score| Score(old.0 * 100)));
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<Health>(&mut app), [Health(10)]);
    assert_eq!(app.world().resource::<Score>().0, 500);
}

#[test]
fn a_resource_that_was_absent_under_its_old_name_is_removed() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, v0::types);
    app.world_mut().spawn((Health(1), v0::Health(1.0)));
    start(&mut app, "Poor");
    let id = app.world().resource::<CurrentSession>().id();
    let (app, _) = taken_up(&disk.snapshot(), id, |app| {
        v2::types(app);
        app.insert_resource(v2::Wallet { balance: 1 });
    });
    assert!(app.world().get_resource::<v2::Wallet>().is_none());
}

#[test]
fn a_value_under_the_current_name_overrides_one_under_an_older_name() {
    let (disk, id) = played_by_the_first_build();
    // A build that doesn't know yet that the type was renamed gives one entity a new value.
    let own: Types = |app| {
        app.save_component::<v2::Health>().migrate_saved(v2::health());
    };
    let (mut app, _) = taken_up(&disk, id, own);
    let world = app.world_mut();
    let mut all = world.query::<(Entity, &Health)>();
    let second = all.iter(world).find(|(_, health)| health.0 == 2).unwrap().0;
    world.entity_mut(second).insert(v2::Health { share: 0.9, max: 10.0 });
    request(&mut app, |commands| commands.session().checkpoint("both names"));
    frames(&mut app, 3);
    let (mut app, report) = taken_up(&disk.snapshot(), id, v2::types);
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, [0.4, 0.9, 0.6]);
}
