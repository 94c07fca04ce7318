//! Sessions that a game wrote on each release of Bevy, with Bevy's own types in them. A build for either release reads
//! all of them, newer ones as well, to the world that the game began with.
//!
//! A release gets its files once, and they are never written again: on it,
//! `BEVY_SESSION_GOLDEN=write cargo test --test it golden::engines::write -- --ignored`.

// Feature: Bevy 0.19 and 0.20 read each other's sessions, and types that moved are known.
// Page: VERSIONS.md#types-of-bevys

use std::collections::BTreeSet;
use std::time::Duration;

use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy::time::Stopwatch;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use serde::{Deserialize, Serialize};

use super::{disk_of, golden, making};
use crate::common::{
    Phase, Score, frames, game_with, listen, long, plugin, recover_offered, start,
};

/// The release that this tree is for.
pub const OWN: &str = "bevy-0.20";

const ALL: [&str; 2] = ["bevy-0.19", "bevy-0.20"];

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[type_path = "golden"]
#[type_name = "Reload"]
struct Reload {
    timer: Timer,
    since: Stopwatch,
}

/// Saved under a path that has Bevy's in it.
#[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[type_path = "golden"]
#[type_name = "Zone"]
struct Zone<T>(T);

#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
#[type_path = "golden"]
#[type_name = "Voyage"]
struct Voyage {
    watch: Stopwatch,
    course: Quat,
    stops: Vec<Transform>,
}

fn game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionRestored>(app);
        app.register_type::<Reload>()
            .register_type::<Voyage>()
            .save_component::<Transform>()
            .save_component::<GlobalTransform>()
            .save_component::<Reload>()
            .save_component::<Zone<Circle>>()
            .save_resource::<Voyage>()
            .save_resource::<Score>()
            .init_resource::<Voyage>();
    })
}

/// A game with something of each type.
fn furnished(disk: &MemoryDisk) -> App {
    let mut app = game(disk);
    let world = app.world_mut();
    let place = Transform::from_xyz(1.5, -2.0, 0.25)
        .with_rotation(Quat::from_xyzw(0.0, 0.6, 0.0, 0.8))
        .with_scale(Vec3::new(1.0, 2.0, 0.5));
    let mut timer = Timer::new(Duration::from_millis(2500), TimerMode::Repeating);
    timer.tick(Duration::from_millis(700));
    let mut watch = Stopwatch::new();
    watch.tick(Duration::from_secs(90));
    watch.pause();
    let ship = world.spawn((Name::new("Ship"), Saved, place, GlobalTransform::from(place))).id();
    for (name, radius) in [("Mast", 0.5), ("Cannon", 2.25), ("Anchor", 4.0)] {
        world.spawn((Name::new(name), Saved, ChildOf(ship), Zone(Circle::new(radius))));
    }
    world.spawn((
        Name::new("Sleeper"),
        Disabled,
        Reload { timer, since: watch.clone() },
        Transform::IDENTITY,
    ));
    world.insert_resource(Score(12));
    world.insert_resource(Voyage { watch, course: place.rotation, stops: vec![place] });
    world.resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 2);
    app
}

/// All that is saved, in words.
fn portrait(app: &App) -> String {
    let world = app.world();
    let name_of = |entity| world.get::<Name>(entity).map(Name::as_str);
    let mut lines = BTreeSet::new();
    for entity in world.iter_entities().filter(|entity| entity.contains::<Saved>()) {
        let children = entity.get::<Children>();
        let children: Option<Vec<_>> = children.map(|list| list.iter().map(name_of).collect());
        lines.insert(format!(
            "{:?} {:?} {:?} disabled: {} {:?} {:?} {:?} {children:?}",
            entity.get::<Name>().map(Name::as_str),
            entity.get::<Transform>(),
            entity.get::<GlobalTransform>(),
            entity.contains::<Disabled>(),
            entity.get::<Reload>(),
            entity.get::<Zone<Circle>>(),
            entity.get::<ChildOf>().map(|parent| name_of(parent.parent())),
        ));
    }
    lines.insert(format!("{:?}", world.resource::<Score>()));
    lines.insert(format!("{:?}", world.resource::<Voyage>()));
    lines.insert(format!("{:?}", world.resource::<State<Phase>>().get()));
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

fn recovered(disk: &MemoryDisk) -> (App, RestoreReport) {
    let mut app = game(disk);
    let report = recover_offered(&mut app);
    (app, report)
}

#[test]
fn each_release_reads_the_sessions_of_all() {
    let begun = portrait(&furnished(&MemoryDisk::default()));
    assert_eq!(begun.lines().count(), 8, "{begun}");
    for release in ALL {
        let disk = disk_of(release);
        let (mut app, report) = recovered(&disk);
        assert!(report.losses.is_empty(), "{release}: {:?}", report.losses);
        assert_eq!(portrait(&app), begun, "a session of {release}");
        // What it writes on top is read as well.
        app.world_mut().resource_mut::<Score>().0 += 1;
        long(&mut app, 10);
        let gone_on = portrait(&app);
        assert_ne!(gone_on, begun);
        let (app, report) = recovered(&disk.snapshot());
        assert!(report.losses.is_empty(), "{release}, gone on: {:?}", report.losses);
        assert_eq!(portrait(&app), gone_on, "a session of {release} that went on here");
    }
}

#[test]
#[ignore = "writes the files of a new release of Bevy, once"]
fn write() {
    if std::env::var("BEVY_SESSION_GOLDEN").as_deref() != Ok("write") {
        return;
    }
    assert!(!golden(OWN).exists(), "the files of a release are never written again");
    let disk = MemoryDisk::default();
    let mut app = furnished(&disk);
    start(&mut app, "Voyage");
    long(&mut app, 10);
    making::keep(&disk.snapshot(), OWN);
}
