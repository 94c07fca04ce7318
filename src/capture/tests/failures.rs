//! Values that the game's code fails to write, and values that no capture has seen.

use bevy::prelude::*;
use bevy_session_journal::internal::format::ENTITIES;
use serde::{Deserialize, Serialize, Serializer};

use crate::capture::test_kit::*;
use crate::capture::{CaptureScope, EncodeFailureReason};
use crate::{ReflectSaved, SaveKey};

#[derive(Component, Reflect, Clone, PartialEq, Debug, Deserialize)]
#[reflect(Component, Saved)]
enum Moody {
    Well,
    Refusing,
    Panicking,
}

impl Serialize for Moody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Well => serializer.serialize_str("Well"),
            Self::Refusing => Err(serde::ser::Error::custom("not today")),
            Self::Panicking => panic!("never"),
        }
    }
}

fn moody_play() -> Play {
    let mut app = game();
    app.register_type::<Moody>();
    Play::of(app)
}

#[test]
fn a_value_that_cannot_be_encoded_loses_its_row_only() {
    let mut play = moody_play();
    play.world().spawn((Moody::Well, Health(1)));
    let refusing = play.world().spawn((Moody::Refusing, Health(2))).id();
    let encoded = play.record(CaptureScope::Full);
    let encoded = play.encoder.encode(encoded);
    assert_eq!(encoded.failures.len(), 1);
    assert_eq!(encoded.failures[0].entity, Some(refusing));
    assert!(matches!(encoded.failures[0].reason, EncodeFailureReason::Value(_)));
    assert_eq!(encoded.incomplete, [Moody::type_path()]);
    let rows = |path: &str| {
        let blocks = encoded.blocks.iter().filter(|block| *block.type_path == *path);
        blocks.map(|block| block.ids().len()).sum::<usize>()
    };
    assert_eq!((rows(Moody::type_path()), rows(Health::type_path())), (1, 2));
    // It counts as captured, so it is no drift; and the type is whole again with the next full capture.
    play.world().entity_mut(refusing).insert(Moody::Well);
    let delta = play.record(CaptureScope::Delta);
    let delta = play.encoder.encode(delta);
    assert!(delta.drift.is_empty());
    assert_eq!(delta.incomplete, [Moody::type_path()]);
    assert!(play.full().incomplete.is_empty());
}

#[test]
fn a_type_that_panics_while_encoding_affects_no_other() {
    let mut play = moody_play();
    play.world().spawn((Moody::Panicking, Health(1), Target { strength: 1, targets: vec![] }));
    let capture = play.record(CaptureScope::Full);
    let encoded = play.encoder.encode(capture);
    assert_eq!(encoded.failures[0].reason, EncodeFailureReason::Panicked("never".into()));
    assert_eq!(encoded.incomplete, [Moody::type_path()]);
    assert!(encoded.blocks.iter().any(|block| *block.type_path == *Target::type_path()));
}

#[test]
fn references_that_there_is_no_room_for_are_blamed_on_no_row_that_has_none() {
    let mut play = Play::start();
    play.world().spawn(Health(1));
    play.full();
    // An event names more entities that aren't saved than are kept.
    play.encoder.name_entities(|names| {
        for index in 0..70_000 {
            names.get_mapped(Entity::from_raw_u32((1 << 20) + index).unwrap());
        }
    });
    play.world().spawn(SaveKey::new("the root of a level"));
    play.world().spawn(Health(2));
    let delta = play.record(CaptureScope::Delta);
    let delta = play.encoder.encode(delta);
    assert!(delta.failures.is_empty(), "{:?}", delta.failures);
    assert!(delta.incomplete.is_empty(), "{:?}", delta.incomplete);
}

#[test]
fn a_removal_that_was_never_seen_is_noticed_and_repaired() {
    let mut play = Play::start();
    let first = play.world().spawn((Health(1), Burning(1))).id();
    let second = play.world().spawn(Health(2)).id();
    play.full();
    play.world().entity_mut(first).remove::<Burning>();
    play.world().despawn(second);
    play.world().clear_trackers();
    play.world().clear_trackers();
    let capture = play.record(CaptureScope::Delta);
    let drift = play.encoder.encode(capture).facts.drift;
    assert!(drift.iter().any(|drifted| drifted.type_path == ENTITIES), "{drift:?}");
    assert!(drift.iter().any(|drifted| drifted.type_path == Burning::type_path()), "{drift:?}");
    play.full();
    assert!(play.delta().drift.is_empty());
    assert_eq!(play.journal.entities(), 1);
}
