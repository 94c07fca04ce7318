//! The types that are saved, and the marking of their entities.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::assert_journal_is_the_world;
use crate::capture::test_kit::*;
use crate::capture::{SessionAppExt, TypeProblemReason};
use crate::saved::Saved;

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
fn what_can_not_be_saved_is_a_problem_and_no_panic() {
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
