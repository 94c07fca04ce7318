//! The lessons of sessions, as a game sees them: skills, choices, scores, focus, suggestions, and consent.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;
use serde::{Deserialize, Serialize};

use super::{events, refreshed};
use crate::common::app_with;

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Struck {
    was_parried: bool,
}

fn weights() -> Weights {
    Weights::default().weigh("productivity", 2.0).weigh("quality", 1.0)
}

fn build(session: SessionPlugin) -> App {
    app_with(session, |app| {
        app.add_plugins((CrewPlugin, NotesPlugin));
        let parry = Skill::new("parry").formerly("block");
        app.skill(parry.drawn_from(|struck: &Struck| Some(Attempt::new(struck.was_parried))))
            // It is declared already.
            .skill("parry")
            .insights(Insights::default().counts::<Struck>().score("flow", weights()))
            // After the insights.
            .skill(Skill::new("aim").mastered_with(3, 4));
    })
}

/// The lessons of all sessions, once they are up to date.
fn lessons(game: &mut TestGame) -> SessionsLessons {
    refreshed(game);
    game.world().resource_mut::<Messages<LessonsLearnt>>().clear();
    game.request(|commands| commands.insights().refresh());
    for _ in 0..100_000 {
        game.frames(1);
        if !game.app().world().resource::<Messages<LessonsLearnt>>().is_empty() {
            return game.app().world().resource::<SessionsLessons>().clone();
        }
        std::thread::yield_now();
    }
    panic!("the lessons don't come");
}

fn try_to(game: &mut TestGame, skill: &str, succeeded: impl Fn(usize) -> bool, times: usize) {
    for number in 0..times {
        let attempt = Attempt::new(succeeded(number));
        game.request(|commands| commands.insights().attempt(skill, attempt)).frames(1);
    }
}

fn close(game: &mut TestGame) {
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
}

#[test]
fn a_skill_is_learnt_by_attempts_that_are_recorded_drawn_and_called_by_an_older_name() {
    let mut game = TestGame::new(build);
    game.start(NewSession::named("One").player("Ann")).unwrap();
    try_to(&mut game, "block", |_| false, 20);
    for _ in 0..20 {
        game.world().write_message(Struck { was_parried: true });
        game.frames(1);
    }
    try_to(&mut game, "parry", |_| true, 20);
    try_to(&mut game, "aim", |number| number >= 3, 7);
    close(&mut game);
    let lessons = lessons(&mut game);
    let parry = lessons.skill(Some("Ann"), "parry").unwrap();
    assert_eq!(parry.attempts, Tally { succeeded: 40, all: 60 });
    let rate = parry.rate.known().unwrap();
    assert!((rate.value - 2.0 / 3.0).abs() < 1e-12 && rate.low > 0.5 && rate.high < 0.8);
    assert_eq!(parry.mastered_after, Some(28), "8 of the last 10");
    assert!(parry.better.known().unwrap().matters, "{:?}", parry.better);
    assert_eq!(parry.curve.len(), 3);
    let aim = lessons.skill(Some("Ann"), "aim").unwrap();
    assert_eq!(aim.rate, Figure::Insufficient { have: 7, need: 20 });
    assert_eq!(aim.mastered_after, Some(6), "3 of the last 4");
    assert!(lessons.skill(Some("Ben"), "parry").is_none());
    assert!(lessons.skill(None, "block").is_none(), "it is called parry today");
}

#[test]
fn attempts_survive_a_crash_and_those_of_a_left_branch_do_not_count() {
    let mut game = TestGame::new(build);
    game.start(NewSession::named("One").player("Ann")).unwrap();
    try_to(&mut game, "parry", |_| true, 10);
    game.checkpoint("before").unwrap();
    game.crash_and_restart().recover().unwrap();
    game.frames(2);
    try_to(&mut game, "parry", |_| true, 5);
    let ago = Duration::from_millis(100);
    game.checkpoint("now").unwrap();
    try_to(&mut game, "parry", |_| true, 30);
    game.request(|commands| commands.session().rewind(RewindTo::Ago(ago))).frames(6);
    close(&mut game);
    let attempts = lessons(&mut game).skill(Some("Ann"), "parry").unwrap().attempts.all;
    assert!((15..=45).contains(&attempts), "{attempts}");
}

// Feature: Scores weigh figures, and scores by other weights aren't compared.
// Page: guide/learning.md#figures-scores-and-suggestions
#[test]
fn a_score_is_made_by_the_weights_that_the_session_was_played_with() {
    let mut game = TestGame::new(build);
    let session = game.start(NewSession::named("One")).unwrap();
    game.frames(2);
    game.request(|commands| {
        let mut insights = commands.insights();
        insights.figure("productivity", 60.0);
        insights.figure("quality", f64::NAN);
        insights.figure("quality", 90.0);
        insights.chose("opening", "king");
    });
    game.frames(2);
    close(&mut game);
    let insights = refreshed(&mut game);
    let value = &insights.sessions.get(session).unwrap().value;
    assert_eq!(value.score("flow"), Some(70.0));
    assert_eq!(value.score_by("flow", &weights()), Some(70.0));
    assert_eq!(value.score_by("flow", &weights().weigh("quality", 5.0)), None, "others");
    assert_eq!(value.said.choices["opening"], "king");
}

#[test]
fn the_story_tells_what_was_learnt_in_notes_and_figures() {
    let mut game = TestGame::new(build);
    let session = game.start(NewSession::named("One").player("Ann")).unwrap();
    game.frames(2);
    game.request(|commands| {
        commands.notes().write(NewNote::new("Wait for the glint").learnt());
        commands.notes().write(NewNote::new("Buy bread"));
    });
    try_to(&mut game, "parry", |number| number >= 25, 50);
    close(&mut game);
    let insights = refreshed(&mut game);
    let story = story_so_far(insights.sessions.get(session).unwrap());
    let text = story.text(&StoryTexts::english(), jiff::Timestamp::now());
    assert!(text.contains("Learnt: Wait for the glint"), "{text}");
    assert!(text.contains("parry: from 0 % to 100 % of 50 attempts."), "{text}");
    assert!(!text.contains("bread"), "{text}");
    let german = story.text(&StoryTexts::german(), jiff::Timestamp::now());
    assert!(german.contains("parry: von 0 % auf 100 % von 50 Versuchen."), "{german}");
}

// Feature: Suggestions have reasons, and "not now" takes them back.
// Page: guide/learning.md#figures-scores-and-suggestions
#[test]
fn a_suggested_hint_has_its_reason_and_can_be_declined() {
    let mut game = TestGame::new(build);
    game.start(NewSession::named("One").player("Ann")).unwrap();
    try_to(&mut game, "parry", |number| number % 10 == 0, 60);
    lessons(&mut game);
    let hint = suggestions(game.app().world());
    let hint = hint.first().expect("parrying rarely succeeds");
    let parry = Suggested { kind: SuggestionKind::Hint, what: "parry".to_owned() };
    assert_eq!(hint.suggested, parry);
    let SuggestionReason::SkillIsLow { rate, samples } = hint.why else { panic!("{hint:?}") };
    assert!(rate.high < 0.5 && samples == 20, "{rate:?}");
    let words = StoryTexts::english().suggestion(hint, |_| Some("Parrying".to_owned()));
    assert!(words.starts_with("A hint for “Parrying”: of the last 20 attempts"), "{words}");
    let (shown, declined) = (parry.clone(), parry.clone());
    game.request(|commands| commands.insights().suggestion_shown(shown)).frames(1);
    game.request(|commands| commands.insights().suggestion_taken(parry)).frames(1);
    try_to(&mut game, "parry", |_| true, 60);
    game.request(|commands| commands.insights().not_now(declined)).frames(1);
    let lessons = lessons(&mut game);
    assert_eq!(suggestions(game.app().world()), []);
    let report = lessons.suggestions.first().unwrap();
    assert_eq!((report.shown, report.not_now), (1, 1));
    assert!(report.helped.known().unwrap().matters, "{:?}", report.helped);
    assert_eq!(report.taken, Figure::Insufficient { have: 1, need: 20 });
}

#[test]
fn no_insights_are_made_of_sessions_played_without_consent() {
    let mut game = TestGame::new(build);
    // Played before anything was withdrawn, and not to be seen either.
    let older = game.start(NewSession::named("Older").player("Ben")).unwrap();
    try_to(&mut game, "parry", |_| true, 3);
    close(&mut game);
    let mut consent = game.world().resource_mut::<Consent>();
    consent.set_player(Some("Ben"));
    consent.withdraw(Purpose::Insights);
    let private = game.start(NewSession::named("Private").player("Ben")).unwrap();
    try_to(&mut game, "parry", |_| true, 30);
    for _ in 0..30 {
        game.world().write_message(Struck { was_parried: true });
        game.frames(1);
    }
    let marks = events(&mut game, private);
    let marks = marks.iter().filter(|it| &*it.event_type.path == InsightMark::TYPE_PATH);
    assert_eq!(marks.count(), 0);
    close(&mut game);
    game.exit_and_restart();
    game.start(NewSession::named("Public").player("Ann")).unwrap();
    try_to(&mut game, "parry", |_| true, 30);
    close(&mut game);
    let lessons = lessons(&mut game);
    assert_eq!((lessons.sessions, lessons.withheld), (1, 2));
    assert!(lessons.skill(Some("Ben"), "parry").is_none());
    assert_eq!(lessons.skill(Some("Ann"), "parry").unwrap().attempts.all, 30);
    let withheld = refreshed(&mut game);
    let expected = SessionInsights::default();
    let value = &withheld.sessions.get(private).unwrap().value;
    assert!(withheld.sessions.get(older).unwrap().value.is_withheld);
    assert!(value.is_withheld && value.skills == expected.skills && value.about == expected.about);
}

// Feature: Focus and distractions are known from the windows.
// Page: guide/insights.md
#[test]
fn losses_of_window_focus_are_counted_as_distractions() {
    let mut game = TestGame::new(build);
    let session = game.start(NewSession::named("One")).unwrap();
    game.frames(2);
    let window = game.world().spawn_empty().id();
    let focus = |game: &mut TestGame, focused: bool| {
        game.world().write_message(bevy_window::WindowFocused { window, focused });
        game.frames(10);
    };
    focus(&mut game, true);
    focus(&mut game, false);
    focus(&mut game, true);
    game.request(|commands| commands.session().pause()).frames(3);
    game.request(|commands| commands.session().resume()).frames(10);
    close(&mut game);
    let insights = refreshed(&mut game);
    let times = &insights.sessions.get(session).unwrap().value.times;
    assert_eq!(times.distractions, 2, "{times:?}");
    assert!(times.unfocused > Duration::from_millis(800), "{times:?}");
    assert!(times.unfocused < Duration::from_millis(1300), "{times:?}");
    assert!(times.focus().unwrap() < 0.9 && times.longest_stretch() < Some(times.play));
}
