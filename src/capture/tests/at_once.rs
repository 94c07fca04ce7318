//! Values that are encoded in the world, and those that have to be copied all the same.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use super::assert_journal_is_the_world;
use crate::ReflectSaved;
use crate::capture::test_kit::*;
use crate::capture::{Capture, CaptureScope, EncodeFailureReason};

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
            "slow" => wait(Duration::from_millis(1)),
            _ => {}
        }
        Letter { text: &self.text, to: self.to }.serialize(serializer)
    }
}

fn wait(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        spin_loop();
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

/// Tries ten times: where the machine takes the processor away while a value is measured, it counts as
/// slow.
fn in_one_of_ten(is_so: impl Fn() -> bool) -> bool {
    (0..10).any(|_| is_so())
}

#[test]
fn small_values_with_heap_are_encoded_without_a_copy() {
    let _counting = counting();
    assert!(in_one_of_ten(|| {
        let mut play = post();
        let letters = (0..100).map(|number| Letter::new(format!("number {number}")));
        let letters: Vec<Entity> = play.world().spawn_batch(letters).collect();
        let full = cloned_and_written(&mut play, CaptureScope::Full);
        assert_eq!(play.journal.values::<Letter>().len(), 100);
        for letter in letters.iter().step_by(10) {
            play.world().get_mut::<Letter>(*letter).unwrap().text.push('!');
        }
        let delta = cloned_and_written(&mut play, CaptureScope::Delta);
        assert_journal_is_the_world(&mut play);
        (full, delta) == ((0, 100), (0, 10))
    }));
}

#[test]
fn a_reference_that_reflection_does_not_see_is_saved_as_one() {
    let _counting = counting();
    assert!(in_one_of_ten(|| {
        let mut play = post();
        let reader = play.world().spawn(Health(1)).id();
        play.world().spawn(Letter::new("to nobody"));
        play.world().spawn(Letter { text: "to a reader".to_owned(), to: Some(reader) });
        let first = cloned_and_written(&mut play, CaptureScope::Full);
        let journal = play.journal.clone();
        // Its type is copied from now on.
        let second = cloned_and_written(&mut play, CaptureScope::Full);
        assert_eq!(play.journal.rows, journal.rows);

        play.restore(&journal);
        let world = play.world();
        let reader_now = world.query_filtered::<Entity, With<Health>>().single(world).unwrap();
        assert_ne!(reader_now, reader, "the restore spawns another one");
        let mut letters = world.query::<&Letter>();
        let to: Vec<_> = letters.iter(world).filter_map(|letter| letter.to).collect();
        assert_eq!(to, [reader_now]);
        (first, second) == ((0, 2), (2, 0))
    }));
}

#[test]
fn a_value_that_is_refused_among_encoded_ones_loses_its_row_only() {
    let _counting = counting();
    let mut play = post();
    let texts = ["one", "two", "refused", "three", "four"];
    let letters: Vec<Entity> = play.world().spawn_batch(texts.map(Letter::new)).collect();
    let capture = play.record(CaptureScope::Full);
    let encoded = play.encoder.encode(capture);
    let failed: Vec<_> = encoded.failures.iter().map(|failure| failure.entity).collect();
    assert_eq!(failed, [Some(letters[2])]);
    let rows = encoded.blocks.iter().filter(|block| *block.type_path == *Letter::type_path());
    assert_eq!(rows.map(|block| block.ids().len()).sum::<usize>(), 4);
    play.world().entity_mut(letters[2]).insert(Letter::new("accepted"));
    play.full();
    let saved = play.journal.values::<Letter>().into_iter().map(|letter| letter.text);
    assert_eq!(saved.collect::<Vec<_>>(), ["one", "two", "accepted", "three", "four"]);
}

#[test]
fn a_panic_while_a_value_is_encoded_in_the_world_is_reported_as_one_of_its_copy() {
    let _counting = counting();
    assert!(in_one_of_ten(|| {
        let mut play = post();
        play.world().spawn_batch(["one", "panicking", "two"].map(Letter::new)).for_each(drop);
        play.world().spawn(Health(1));
        let capture = play.record(CaptureScope::Full);
        let encoded = play.encoder.encode(capture);
        assert_eq!(encoded.failures[0].reason, EncodeFailureReason::Panicked("never".into()));
        assert_eq!(encoded.incomplete, [Letter::type_path()]);
        assert!(encoded.blocks.iter().any(|block| *block.type_path == *Health::type_path()));
        // From then on nothing of it runs in the game's frame.
        counted(&mut play, CaptureScope::Full).1 == (3, 0)
    }));
}

#[test]
fn values_that_are_large_or_slow_to_encode_are_copied() {
    let _counting = counting();
    for text in ["x".repeat(1_000), "slow".to_owned()] {
        let mut play = post();
        let letters = vec![text.clone(); 100].into_iter().map(Letter::new);
        play.world().spawn_batch(letters).for_each(drop);
        let written: Vec<usize> = (0..5)
            .map(|_| {
                let (cloned, written) = cloned_and_written(&mut play, CaptureScope::Full);
                assert!(cloned + written >= 100, "{}: {cloned}, {written}", &text[..4]);
                written
            })
            .collect();
        assert!(written[0] <= 10, "{}: {written:?}", &text[..4]);
        assert_eq!(written[3..], [0, 0], "{}: it isn't tried for ever", &text[..4]);
        assert_eq!(play.journal.values::<Letter>(), vec![Letter::new(text); 100]);
    }
}

#[test]
fn a_value_that_cannot_be_read_again_is_saved_and_its_type_copied() {
    #[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize)]
    #[reflect(Component, Saved)]
    struct OneWay(String);
    impl<'de> Deserialize<'de> for OneWay {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
        play.world().spawn_batch(vec![OneWay(text.to_owned()); 3]).for_each(drop);
        for _ in 0..2 {
            let encoded = play.full();
            assert!(encoded.failures.is_empty(), "{:?}", encoded.failures);
            let rows = play.journal.blocks().into_iter();
            let rows = rows.filter(|block| *block.type_path == *OneWay::type_path());
            assert_eq!(rows.map(|block| block.ids().len()).sum::<usize>(), 3);
        }
    }
}
