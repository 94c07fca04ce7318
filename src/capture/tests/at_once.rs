//! Values that are encoded in the world, and those that have to be copied all the same.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use super::assert_journal_is_the_world;
use crate::ReflectSaved;
use crate::capture::test_kit::*;
use crate::capture::{Capture, CaptureScope, EncodeFailureReason, Encoded};

/// Letters that were cloned and written, by any thread.
static CLONED: AtomicUsize = AtomicUsize::new(0);
static WRITTEN: AtomicUsize = AtomicUsize::new(0);
/// Held by the one test that counts.
static COUNTING: Mutex<()> = Mutex::new(());

/// A text that counts how often it is cloned and written, and may be difficult.
#[derive(Component, Reflect, PartialEq, Debug, Deserialize)]
#[reflect(Component, Saved)]
struct Letter {
    text: String,
    /// A reference that reflection doesn't see.
    #[reflect(ignore)]
    #[entities]
    to: Option<Entity>,
}

impl Letter {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), to: None }
    }
}

impl Clone for Letter {
    fn clone(&self) -> Self {
        CLONED.fetch_add(1, Ordering::Relaxed);
        Self { text: self.text.clone(), to: self.to }
    }
}

impl Serialize for Letter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Letter<'a> {
            text: &'a str,
            to: Option<Entity>,
        }
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        match &*self.text {
            "refused" => return Err(serde::ser::Error::custom("not today")),
            "panicking" => panic!("never"),
            _ => {}
        }
        Letter { text: &self.text, to: self.to }.serialize(serializer)
    }
}

fn post() -> Play {
    let mut app = game();
    app.register_type::<Letter>();
    Play::of(app)
}

/// A capture, and the letters that were cloned and written while it was taken.
fn counted(play: &mut Play, scope: CaptureScope) -> (Box<Capture>, (usize, usize)) {
    let counters = [&CLONED, &WRITTEN];
    counters.iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
    let capture = play.record(scope);
    let [cloned, written] = counters.map(|counter| counter.load(Ordering::Relaxed));
    (capture, (cloned, written))
}

/// Takes a checkpoint. Returns the number of letters that were cloned and written in the game's frame.
fn cloned_and_written(play: &mut Play, scope: CaptureScope) -> (usize, usize) {
    let (capture, counts) = counted(play, scope);
    let encoded = play.encoder.encode(capture);
    play.journal.fold(&encoded, scope == CaptureScope::Full);
    counts
}

fn counting() -> MutexGuard<'static, ()> {
    COUNTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Letters of which a trial copies 104, and writes eight of these once and the others twice.
const TRIED: (usize, usize) = (104, 200);

/// Letters of which one has this text, behind those of a trial.
fn letters_with(text: &str) -> Vec<Letter> {
    (0..110).map(|number| Letter::new(if number == 105 { text } else { "fine" })).collect()
}

fn rows_of<T: TypePath>(encoded: &Encoded) -> usize {
    let blocks = encoded.blocks.iter().filter(|block| *block.type_path == *T::type_path());
    blocks.map(|block| block.ids().len()).sum()
}

#[test]
fn small_values_with_heap_are_encoded_without_a_copy() {
    let _counting = counting();
    let mut play = post();
    let letters = (0..200).map(|number| Letter::new(format!("number {number}")));
    let letters: Vec<Entity> = play.world().spawn_batch(letters).collect();
    let (cloned, written) = cloned_and_written(&mut play, CaptureScope::Full);
    assert_eq!((cloned - TRIED.0, written - TRIED.1), (0, 200));
    assert_eq!(play.journal.values::<Letter>().len(), 200);
    for letter in letters.iter().step_by(20) {
        play.world().get_mut::<Letter>(*letter).unwrap().text.push('!');
    }
    assert_eq!(cloned_and_written(&mut play, CaptureScope::Delta), (0, 10));
    assert_journal_is_the_world(&mut play);
}

#[test]
fn a_reference_that_reflection_does_not_see_is_saved_as_one() {
    let _counting = counting();
    let mut play = post();
    let reader = play.world().spawn(Health(1)).id();
    play.world().spawn(Letter::new("to nobody"));
    play.world().spawn(Letter { text: "to a reader".to_owned(), to: Some(reader) });
    let encoded = play.full();
    assert!(encoded.incomplete.is_empty() && !encoded.is_unsure, "what was written is right");
    let journal = play.journal.clone();
    // Its type is copied from now on.
    assert_eq!(cloned_and_written(&mut play, CaptureScope::Full), (2, 0));
    assert_eq!(play.journal.rows, journal.rows);

    play.restore(&journal);
    let world = play.world();
    let reader_now = world.query_filtered::<Entity, With<Health>>().single(world).unwrap();
    assert_ne!(reader_now, reader, "the restore spawns another one");
    let mut letters = world.query::<&Letter>();
    let to: Vec<_> = letters.iter(world).filter_map(|letter| letter.to).collect();
    assert_eq!(to, [reader_now]);
}

#[test]
fn a_value_that_is_refused_among_encoded_ones_loses_its_row_only() {
    let _counting = counting();
    let mut play = post();
    let letters: Vec<Entity> = play.world().spawn_batch(letters_with("refused")).collect();
    let (capture, (cloned, written)) = counted(&mut play, CaptureScope::Full);
    assert_eq!((cloned - TRIED.0, written - TRIED.1), (5, 106), "behind it all are copied");
    let encoded = play.encoder.encode(capture);
    let failed: Vec<_> = encoded.failures.iter().map(|failure| failure.entity).collect();
    assert_eq!(failed, [Some(letters[105])]);
    assert_eq!(rows_of::<Letter>(&encoded), 109);
    play.world().entity_mut(letters[105]).insert(Letter::new("accepted"));
    play.full();
    assert_eq!(play.journal.values::<Letter>(), letters_with("accepted"));
}

#[test]
fn a_panic_while_a_value_is_encoded_in_the_world_is_reported_as_one_of_its_copy() {
    let _counting = counting();
    let mut play = post();
    play.world().spawn_batch(letters_with("panicking")).for_each(drop);
    play.world().spawn(Health(1));
    let (capture, (cloned, written)) = counted(&mut play, CaptureScope::Full);
    assert_eq!((cloned - TRIED.0, written - TRIED.1), (5, 106));
    let encoded = play.encoder.encode(capture);
    assert_eq!(encoded.failures[0].reason, EncodeFailureReason::Panicked("never".into()));
    assert_eq!(encoded.incomplete, [Letter::type_path()]);
    assert_eq!(rows_of::<Health>(&encoded), 1);
    // From then on nothing of it runs in the game's frame.
    assert_eq!(counted(&mut play, CaptureScope::Full).1, (110, 0));
}

#[test]
fn large_values_are_copied_after_a_few_kilobytes_of_a_trial() {
    let _counting = counting();
    for length in [1_000, 1_000_000] {
        let mut play = post();
        let letters = vec![Letter::new("x".repeat(length)); 20];
        play.world().spawn_batch(letters.clone()).for_each(drop);
        for _ in 0..3 {
            let (cloned, written) = cloned_and_written(&mut play, CaptureScope::Full);
            assert!(cloned >= 20 && written <= 5, "{length}: {cloned} and {written}");
            assert_eq!(play.journal.values::<Letter>(), letters);
        }
    }
    // Among so many small ones that there would be room for it.
    let mut play = post();
    let mut letters = vec![Letter::new("small"); 1_000];
    letters.push(Letter::new("x".repeat(30_000)));
    play.world().spawn_batch(letters.clone()).for_each(drop);
    let (cloned, _) = cloned_and_written(&mut play, CaptureScope::Full);
    assert!(cloned > TRIED.0, "more than in a trial");
    assert_eq!(play.journal.values::<Letter>(), letters);
}

#[test]
fn a_value_that_cannot_be_read_again_is_saved_and_its_type_copied() {
    static READ: AtomicUsize = AtomicUsize::new(0);
    #[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize)]
    #[reflect(Component, Saved)]
    struct OneWay(String);
    impl<'de> Deserialize<'de> for OneWay {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            READ.fetch_add(1, Ordering::Relaxed);
            match &*String::deserialize(deserializer)? {
                "panicking" => panic!("never"),
                _ => Err(serde::de::Error::custom("no way back")),
            }
        }
    }
    for text in ["refused", "panicking"] {
        let mut app = game();
        app.register_type::<OneWay>();
        let mut play = Play::of(app);
        play.world().spawn_batch(vec![OneWay(text.to_owned()); 30]).for_each(drop);
        READ.store(0, Ordering::Relaxed);
        for is_unsure in [true, false] {
            let encoded = play.full();
            assert!(encoded.failures.is_empty(), "{:?}", encoded.failures);
            assert!(encoded.incomplete.is_empty());
            assert_eq!(encoded.is_unsure, is_unsure, "then it is copied");
            assert_eq!(rows_of::<OneWay>(&encoded), 30);
            // Each of them might panic.
            let read = if text == "panicking" { 1 } else { 30 };
            assert_eq!(READ.load(Ordering::Relaxed), read);
        }
    }
}
