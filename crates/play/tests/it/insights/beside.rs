//! The time of frames while lessons are made of ten thousand sessions with a million attempts. Only with Bevy's feature
//! `multi_threaded` is there a thread for a task: `cargo test --release -p bevy_session_play --features
//! bevy/multi_threaded --test it -- --ignored --nocapture frames_beside_lessons`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::digests::{Digested, HistoryLosses, SessionsDigested};
use bevy_session::testing::TestGame;
use bevy_session_play::*;
use jiff::Timestamp;

use super::planted::Dice;
use super::{planted, refreshed};

const SESSIONS: u128 = 10_000;
const CHANGES: usize = 40;

type Known = Arc<Digested<SessionInsights>>;

fn session(number: u128, dice: &mut Dice) -> Known {
    let mut session = SessionInsights::default();
    let started = Timestamp::from_second(1_700_000_000 + dice.below(20_000_000) as i64).unwrap();
    session.about.player = Some(["Ann", "Ben", "Cleo"][dice.below(3) as usize].to_owned());
    session.about.scenario = ["meadow", "frontier"][dice.below(2) as usize].to_owned();
    session.about.updated = Some(started);
    session.times.play = Duration::from_secs(60 + dice.below(7000));
    session.deaths = dice.below(9) as u32;
    session.said.choices.insert("opening".to_owned(), dice.below(5).to_string());
    for figure in ["gold", "quality", "reach"] {
        session.said.figures.insert(figure.to_owned(), dice.below(1000) as f64);
    }
    let mut record = SkillRecord::default();
    (0..100).for_each(|_| record.take(started, Attempt::new(dice.below(5) > 1)));
    session.skills.insert("parry".to_owned(), record);
    for level in ["one", "two", "three"] {
        let mut chapter = ChapterInsights::default();
        (chapter.begun, chapter.completed) = (1, dice.below(2) as u32);
        session.chapters.insert(level.to_owned(), chapter);
    }
    let id: SessionId = format!("{number:032x}").parse().unwrap();
    Arc::new(Digested::new(id, session, HistoryLosses::default()))
}

/// The processor time of the main thread in each of some frames, and how long each took, with as much time between them
/// as between frames of a game. Where other programs are busy, only the former says what a frame costs.
#[derive(Default)]
struct Frames {
    spent: Vec<Duration>,
    took: Vec<Duration>,
}

fn spent_by_this_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Frames {
    fn pass(&mut self, app: &mut App) {
        let (begun, spent) = (Instant::now(), spent_by_this_thread());
        app.update();
        self.spent.push(spent_by_this_thread() - spent);
        self.took.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }

    #[expect(clippy::print_stdout, reason = "these are figures")]
    fn tell(self, what: &str) {
        let count = self.spent.len();
        for (of_what, mut times) in [("spent", self.spent), ("took", self.took)] {
            times.sort();
            let of = |share: f64| times[((count - 1) as f64 * share) as usize];
            println!(
                "{count} frames {what} {of_what} {:.0?} in the middle, {:.0?} of 95 in 100, {:.0?} of 99, {:.0?} at most",
                of(0.5),
                of(0.95),
                of(0.99),
                of(1.0),
            );
        }
    }
}

#[test]
#[ignore = "takes figures, of an optimised build"]
#[expect(clippy::print_stdout, reason = "these are figures")]
fn frames_beside_lessons() {
    let mut game = TestGame::new(planted::build);
    refreshed(&mut game);
    let app = game.app_mut();
    let answers = app.world().resource::<Messages<SessionsDigested>>();
    let digested = answers.get_cursor().read(answers).last().unwrap().clone();
    let mut dice = Dice(36);
    let mut sessions: Vec<Known> =
        (1..=SESSIONS).map(|number| session(number, &mut dice)).collect();
    let (mut without, mut with, mut took) = (Frames::default(), Frames::default(), Vec::new());
    for change in 0..=CHANGES {
        if change > 0 {
            let place = dice.below(SESSIONS as u64) as usize;
            sessions[place] = session(place as u128 + 1, &mut dice);
        }
        (0..50).for_each(|_| without.pass(app));
        app.world_mut().resource_mut::<Messages<LessonsLearnt>>().clear();
        let known = sessions.iter().cloned().collect();
        app.world_mut().resource_mut::<SessionsInsights>().sessions = known;
        let begun = Instant::now();
        app.world_mut().trigger(digested.clone());
        loop {
            with.pass(app);
            if !app.world().resource::<Messages<LessonsLearnt>>().is_empty() {
                break;
            }
        }
        took.push(begun.elapsed());
        assert_eq!(app.world().resource::<SessionsLessons>().sessions, sessions.len());
    }
    let first = took.remove(0);
    took.sort();
    println!(
        "lessons from nothing after {first:.1?}, after one changed {:.1?} in the middle, frames of a millisecond included",
        took[took.len() / 2]
    );
    without.tell("without lessons being made");
    with.tell("with them");
}
