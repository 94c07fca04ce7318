//! The types that are saved, and the marking of their entities.

use std::collections::{BTreeMap, BTreeSet};

use bevy::prelude::*;
use bevy_session_journal::internal::format::Rows;
use serde::{Deserialize, Serialize};

use super::assert_journal_is_the_world;
use crate::capture::test_kit::*;
use crate::capture::{SessionAppExt, TypeProblemReason};
use crate::saved::{BUILD, Saved};

#[test]
fn entities_that_were_spawned_too_early_are_adopted() {
    let mut app = App::new();
    let early = app.world_mut().spawn(Health(1)).id();
    app.register_type::<Health>();
    let mut play = Play::of(app);
    let late = play.world().spawn(Health(2)).id();
    play.full();
    assert_eq!(play.journal.values::<Health>(), [Health(1), Health(2)]);
    assert!(play.world().entity(early).contains::<Saved>());
    assert!(play.world().entity(late).contains::<Saved>());
    play.world().spawn(Health(3));
    play.delta();
    assert_eq!(play.journal.entities(), 3);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn resources_never_carry_the_marker() {
    let mut app = game();
    app.insert_resource(Score(1)).save_component::<Score>();
    let mut play = Play::of(app);
    let score = play.world().component_id::<Score>().unwrap();
    let entity = play.world().resource_entities().get(score).unwrap();
    assert!(!play.world().entity(entity).contains::<Saved>());
    play.world().entity_mut(entity).insert(Saved);
    let encoded = play.full();
    assert_eq!(encoded.entities, 0, "not even if the game marks one");
    assert_eq!(play.journal.values::<Score>(), [Score(1)]);
}

#[test]
fn registering_twice_is_registering_once() {
    let mut app = game();
    app.save_component::<Name>().save_component::<Health>().save_state::<Game>();
    let types = Play::of(app).types;
    let single = Play::start().types;
    assert_eq!(format!("{types:?}"), format!("{single:?}"));
    assert!(types.problems().is_empty());
    assert_eq!((types.resource_count(), types.state_count()), (2, 2));
}

#[test]
fn types_that_cannot_be_saved_are_problems() {
    mod other {
        use super::*;
        #[derive(Component, Clone, Serialize, Deserialize)]
        pub struct Impostor;
        impl TypePath for Impostor {
            fn type_path() -> &'static str {
                Health::type_path()
            }
            fn short_type_path() -> &'static str {
                "Health"
            }
        }
    }
    #[derive(
        States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    struct Forgotten;
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[relationship(relationship_target = Fans)]
    struct FanOf(Entity);
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[relationship_target(relationship = FanOf)]
    struct Fans(Vec<Entity>);
    let mut app = game();
    app.save_component::<other::Impostor>()
        .save_state::<Forgotten>()
        .save_component::<FanOf>()
        .save_component::<Fans>();
    let play = Play::of(app);
    let reasons: Vec<_> = play.types.problems().iter().map(|problem| problem.reason).collect();
    assert_eq!(reasons.len(), 3, "{:?}", play.types.problems());
    for reason in [
        TypeProblemReason::PathTaken,
        TypeProblemReason::StateNotAdded,
        TypeProblemReason::RelationshipTarget,
    ] {
        assert!(reasons.contains(&reason), "{reason:?}");
    }
}

#[test]
fn types_called_as_what_the_journal_keeps_are_problems() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "bevy_session"]
    struct Clock;
    let mut app = game();
    app.save_component::<Clock>();
    let play = Play::of(app);
    let [problem] = play.types.problems() else { panic!("{:?}", play.types.problems()) };
    assert_eq!(
        (&*problem.type_path, problem.reason),
        ("bevy_session::Clock", TypeProblemReason::PathTaken)
    );
}

/// The marks that the journal's checkpoint has, as a program reads them that doesn't know the game.
fn marks(play: &mut Play) -> [BTreeSet<String>; 2] {
    #[derive(Deserialize, Default)]
    struct Marks {
        #[serde(default)]
        personal: BTreeMap<String, BTreeSet<String>>,
    }
    play.full();
    let blocks = play.journal.blocks();
    let build = blocks.iter().find(|block| *block.type_path == *BUILD).unwrap();
    let Rows::Values(rows) = &build.rows else { panic!("a value") };
    let marks: Marks = rmp_serde::from_slice(rows.value(0).unwrap()).unwrap();
    ["types", "fields"].map(|name| marks.personal.get(name).cloned().unwrap_or_default())
}

// Feature: Saved types and fields that are marked as personal are left out of exports for others.
// Page: guide/what-is-saved.md
#[test]
fn marks_of_personal_data_are_in_full_checkpoints() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    struct Unsaved;
    assert_eq!(marks(&mut Play::start()), [BTreeSet::new(), BTreeSet::new()], "nothing is marked");
    let mut app = game();
    app.personal::<Health>()
        .personal::<Score>()
        .personal::<Leader>()
        .personal::<Unsaved>()
        .rename_saved::<Health>("old::Hp")
        .personal_field("home town");
    let [types, fields] = marks(&mut Play::of(app));
    let marked = [Health::type_path(), Score::type_path(), Leader::type_path(), "old::Hp"];
    assert_eq!(types, BTreeSet::from(marked.map(str::to_owned)));
    assert_eq!(fields, BTreeSet::from(["home town".to_owned()]));
}

#[test]
fn a_component_saved_as_another_type_is_personal_if_either_is_marked() {
    #[derive(Component, TypePath)]
    struct Face(u32);
    #[derive(TypePath, Serialize, Deserialize)]
    struct FaceFile(u32);
    let with = |mark: fn(&mut App)| {
        let mut app = game();
        app.save_component_as(|face: &Face| FaceFile(face.0), |file, _| Face(file.0));
        mark(&mut app);
        let [types, _] = marks(&mut Play::of(app));
        types
    };
    let written = BTreeSet::from([FaceFile::type_path().to_owned()]);
    assert_eq!(with(|app| _ = app.personal::<Face>()), written);
    assert_eq!(with(|app| _ = app.personal::<FaceFile>()), written);
    assert_eq!(with(|_| {}), BTreeSet::new());
}
