//! Worlds that are played with the self-test on: nothing drifts unless the test makes it.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;

use super::churn::Churn;
use super::figures::Figures;
use super::game::Variant;
use super::portrait::saved_entities;
use super::{Random, play_all, seeds, tell};
use crate::capture::DriftedType;
use crate::capture::test_kit::*;
use crate::checkpoints::CheckpointDrifted;
use crate::{
    CheckpointCaptured, CurrentSession, NewSession, RestoreFrom, RestoreManner, RewindTo,
    SessionCommandsExt, SessionPlugin, SessionRestored, SessionSettings,
};

const FRAME: Duration = Duration::from_millis(100);
/// The number of frames that each seed plays.
const FRAMES: u64 = 20;
/// The least number of deltas that an ordinary run tests.
const LEAST_TESTED: u64 = 1_000;
/// The least number of changes without a trace that it makes.
const LEAST_BYPASSED: u64 = 60;

#[derive(Resource, Default)]
struct Reported {
    tested: u64,
    restored: u64,
    drifted: Vec<DriftedType>,
}

/// A game of this variant that tests every checkpoint, and takes one in each frame.
fn app(variant: Variant) -> App {
    let settings = SessionSettings {
        interval: FRAME,
        max_bytes_per_second: u64::MAX,
        self_test: NonZeroU32::new(1),
        ..SessionSettings::default()
    };
    let mut app = variant.app();
    let plugin = SessionPlugin::new("Tests", "Worlds").in_memory().settings(settings);
    app.add_plugins(plugin.clock_from(jiff::Timestamp::UNIX_EPOCH))
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
        .init_resource::<Reported>()
        .add_observer(|captured: On<CheckpointCaptured>, mut reported: ResMut<Reported>| {
            reported.tested += u64::from(!captured.full);
        })
        .add_observer(|_: On<SessionRestored>, mut reported: ResMut<Reported>| {
            reported.restored += 1;
        })
        .add_observer(|drifted: On<CheckpointDrifted>, mut reported: ResMut<Reported>| {
            reported.drifted.extend(drifted.types.clone());
        });
    app.finish();
    app.cleanup();
    app.update();
    app.world_mut().commands().session().start(NewSession::named("Tested"));
    app.update();
    app
}

/// Plays a seed, and changes one value without a trace at its end. Returns true if there was one.
fn play(seed: u64) -> (Reported, bool) {
    let mut app = app(Variant::of(seed));
    // All variants go back in both ways.
    let in_place = (seed / 4).is_multiple_of(2);
    app.insert_resource(if in_place { RestoreManner::InPlace } else { RestoreManner::Respawn });
    let mut churn = Churn::new(Random::new(seed));
    let mut figures = Figures::default();
    for _ in 0..FRAMES {
        for _ in 0..churn.random.below(9) {
            churn.step(app.world_mut(), &mut figures);
        }
        if churn.random.one_in(5) {
            churn.change_a_state(app.world_mut());
        }
        if churn.random.one_in(10)
            && let Some(session) = app.world().get_resource::<CurrentSession>()
        {
            let session = session.id();
            let mut commands = app.world_mut().commands();
            match churn.random.below(3) {
                0 => commands.session().recover(session, RestoreFrom::Latest),
                1 => commands.session().rewind(RewindTo::Ago(FRAME * 3)),
                _ => commands.session().rewind(RewindTo::BeforeRewind),
            };
            app.world_mut().flush();
        }
        app.update();
        let reported = app.world().resource::<Reported>();
        assert_eq!(reported.drifted, [], "nothing was changed behind change detection's back");
    }
    // What was asked for last is done, and every entity has been captured.
    (0..4).for_each(|_| app.update());
    let bypassed = change_without_a_trace(app.world_mut());
    app.world_mut().spawn(Name::new("something that shows")).insert(crate::Saved);
    (0..3).for_each(|_| app.update());
    let reported = app.world_mut().remove_resource::<Reported>().unwrap_or_default();
    let named: Vec<_> =
        reported.drifted.iter().map(|drifted| (&*drifted.type_path, drifted.rows)).collect();
    let expected: Vec<_> = bypassed.iter().map(|type_path| (*type_path, 1)).collect();
    assert_eq!(named, expected);
    (reported, bypassed.is_some())
}

/// Changes the first value that there is, and returns its type.
fn change_without_a_trace(world: &mut World) -> Option<&'static str> {
    let saved: Vec<Entity> = saved_entities(world).map(|entity| entity.id()).collect();
    for entity in saved {
        let mut entity = world.entity_mut(entity);
        if let Some(mut target) = entity.get_mut::<Target>() {
            target.bypass_change_detection().strength += 1;
            return Some(Target::type_path());
        }
        if let Some(mut burning) = entity.get_mut::<Burning>() {
            burning.bypass_change_detection().0 += 1;
            return Some(Burning::type_path());
        }
        if let Some(mut armor) = entity.get_mut::<Armor>() {
            armor.bypass_change_detection().0 += 1;
            return Some(Armor::type_path());
        }
    }
    None
}

#[test]
fn the_self_test_names_what_drifted_and_nothing_else_in_any_world() {
    let begun = Instant::now();
    let [tested, restored, bypassed] = play_all(|seed| {
        let (reported, bypassed) = play(seed);
        [reported.tested, reported.restored, u64::from(bypassed)]
    })
    .into_iter()
    .fold([0; 3], |sum, one| std::array::from_fn(|place| sum[place] + one[place]));
    tell(&format!(
        "self-tests: {tested} deltas, {restored} restores between them, {bypassed} changes \
         without a trace in {:?}",
        begun.elapsed()
    ));
    if seeds().count() as u64 >= super::SEEDS {
        assert!(tested >= LEAST_TESTED, "{tested} tested deltas are too few");
        assert!(bypassed >= LEAST_BYPASSED, "{bypassed} changes without a trace are too few");
    }
}
