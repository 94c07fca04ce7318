//! Insights as a game sees them: by the public API, on a game that is played, killed and recovered.

#[cfg(unix)]
mod beside;
mod numbers;
mod oracle;
mod planted;
mod taught;

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::chapters::NewChapter;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::digests::{Digested, SessionsDigested};
use bevy_session::events::{EventQuery, EventsRead};
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;

use self::oracle::Oracle;
use self::planted::{Died, Looted, game, plant};

/// All that is known, once it is up to date.
pub fn refreshed(game: &mut TestGame) -> SessionsInsights {
    let answered = |game: &TestGame| {
        let answers = game.app().world().resource::<Messages<SessionsDigested>>();
        answers.get_cursor().read(answers).count()
    };
    game.request(|commands| commands.session().library().find()).frames(3);
    game.world().resource_mut::<Messages<SessionsDigested>>().clear();
    game.request(|commands| commands.insights().refresh());
    for _ in 0..10_000 {
        game.frames(1);
        if answered(game) > 0 {
            return game.app().world().resource::<SessionsInsights>().clone();
        }
    }
    panic!("insights don't come");
}

/// All that a session has recorded, as a game exports it.
fn events(game: &mut TestGame, session: SessionId) -> Vec<bevy_session::events::RecordedEvent> {
    let query = EventQuery { limit: 1_000_000, newest_first: false, ..EventQuery::of(session) };
    game.world().resource_mut::<Messages<EventsRead>>().clear();
    game.request(|commands| commands.session().events().read(query));
    for _ in 0..1_000 {
        game.frames(1);
        let messages = game.app().world().resource::<Messages<EventsRead>>();
        if let Some(read) = messages.get_cursor().read(messages).last() {
            return read.result.clone().unwrap().events;
        }
    }
    panic!("the events aren't read");
}

fn all(insights: &SessionsInsights) -> InsightsReport {
    InsightsReport::of(insights.sessions.iter())
}

// Feature: Times, endings, deaths, funnels and calendars are computed from recorded sessions.
// Page: guide/insights.md#read-them
#[test]
fn each_figure_is_what_a_plain_computation_over_the_exported_events_gives() {
    let mut game = game();
    plant(&mut game, 24);
    let insights = refreshed(&mut game);
    assert_eq!(insights.sessions.len(), 24);
    let mut oracles = Vec::new();
    for digested in insights.sessions.iter() {
        assert!(digested.is_complete());
        let exported = events(&mut game, digested.session);
        let catalog = game.app().world().resource::<SessionCatalog>();
        let entry = catalog.get(digested.session).unwrap().clone();
        let oracle = Oracle { events: exported, entry };
        oracle.compare(&digested.value);
        oracles.push(oracle);
    }
    oracle::compare_all(&oracles, &all(&insights));
    // The history was worth it.
    let report = all(&insights);
    assert!(report.deaths > 20 && report.loads > 3 && report.rewinds > 3, "{report:?}");
    assert!(
        report.endings.crashes["killed"] > 5 && report.times.lost > Duration::from_secs(1),
        "{report:?}"
    );
    assert!(report.times.paused > Duration::from_secs(10) && !report.places.is_empty());
    assert!(
        report
            .endings
            .crash_free
            .known()
            .is_some_and(|share| share.value > 0.0 && share.value < 1.0)
    );
}

#[test]
fn insights_include_the_played_session_up_to_now() {
    let mut game = game();
    let session = game.start(NewSession::named("Now")).unwrap();
    game.frames(5);
    game.world().write_message(Looted);
    game.frames(2);
    let counted = |insights: &SessionsInsights| {
        insights.sessions.get(session).unwrap().value.events.values().sum::<u64>()
    };
    assert_eq!(counted(&refreshed(&mut game)), 1);
    game.world().write_message(Looted);
    game.frames(2);
    assert_eq!(counted(&refreshed(&mut game)), 2);
}

#[test]
fn one_session_gives_sums_and_no_rates() {
    let mut game = game();
    plant(&mut game, 1);
    let report = all(&refreshed(&mut game));
    assert_eq!(report.sessions, 1);
    assert!(report.times.play > Duration::ZERO);
    let nothing = Figure::Insufficient { have: 1, need: 20 };
    assert_eq!(report.endings.crash_free, nothing);
    assert!(report.times.length.known().is_none() && report.endings.success.known().is_none());
    assert!(report.calendar.weeks.values().all(|week| week.crash_free == nothing));
    assert_eq!(UnusualSession::among(refreshed(&mut game).sessions.iter()), []);
    assert_eq!(all(&SessionsInsights::default()).sessions, 0);
}

#[test]
fn a_clock_jump_of_a_century_makes_no_pause_and_loses_no_play() {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    let mut game = game();
    let session = game.start(NewSession::named("Long")).unwrap();
    game.seconds(2.0);
    game.request(|commands| commands.session().pause()).frames(2);
    game.checkpoint("before").unwrap();
    game.advance_clock(CENTURY).crash_and_restart().recover().unwrap();
    game.request(|commands| commands.session().resume()).frames(2);
    game.seconds(2.0);
    game.advance_clock(CENTURY).exit_and_restart().continue_newest().unwrap();
    game.seconds(1.0);
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
    let insights = refreshed(&mut game);
    let value = &insights.sessions.get(session).unwrap().value;
    assert!(value.times.paused < Duration::from_secs(1), "{:?}", value.times.paused);
    assert_eq!(value.times.days.values().sum::<Duration>(), value.times.play);
    assert_eq!(value.times.hours.values().sum::<Duration>(), value.times.play);
    assert_eq!(value.times.stretches.iter().sum::<Duration>(), value.times.play);
    assert!(value.times.days.len() <= 3, "{:?}", value.times.days);
}

#[test]
fn insights_of_damaged_sessions_are_partial_and_marked_incomplete() {
    let mut game = game();
    plant(&mut game, 24);
    let before = refreshed(&mut game);
    let disk = game.disk().clone();
    let is_of_events =
        |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "events");
    let files: Vec<_> = disk.paths().into_iter().filter(is_of_events).collect();
    let is_of = |digested: &Digested<SessionInsights>, path: &std::path::Path| {
        path.to_string_lossy().contains(&digested.session.to_string())
    };
    let damaged: Vec<SessionId> = before.sessions.iter().step_by(2).map(|it| it.session).collect();
    for digested in before.sessions.iter().filter(|it| damaged.contains(&it.session)) {
        let of_session = files.iter().filter(|path| is_of(digested, path));
        for path in of_session {
            let length = disk.content(path).unwrap().len();
            disk.corrupt(path, length * 2 / 3, 0x40);
        }
    }
    game.exit_and_restart();
    let after = refreshed(&mut game);
    let report = all(&after);
    assert_eq!((report.sessions, report.incomplete), (24, damaged.len()));
    for (before, after) in before.sessions.iter().zip(after.sessions.iter()) {
        assert_eq!(before.session, after.session);
        assert_eq!(after.is_complete(), !damaged.contains(&after.session));
        assert!(after.value.deaths <= before.value.deaths);
        assert_eq!(after.value.times.play, before.value.times.play, "a listing says that");
        if after.is_complete() {
            assert_eq!(after.value, before.value);
        }
    }
}

#[test]
fn a_session_that_has_ended_is_among_the_insights_without_being_asked_for() {
    let mut game = game();
    let closed = game.start(NewSession::named("Put aside")).unwrap();
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(100);
    assert!(game.app().world().resource::<SessionsInsights>().sessions.is_empty());
    let ended = game.start(NewSession::named("Done")).unwrap();
    game.seconds(2.0);
    game.request(|commands| commands.session().end(EndReason::Completed, LeaveCause::Player))
        .frames(100);
    let insights = game.app().world().resource::<SessionsInsights>().clone();
    assert!(insights.sessions.get(ended).unwrap().value.times.play >= Duration::from_secs(2));
    assert!(insights.sessions.get(closed).is_some());

    let is_known = |game: &TestGame, session| {
        game.app().world().resource::<SessionsInsights>().sessions.get(session).is_some()
    };
    let soon = game.start(NewSession::named("Short")).unwrap();
    game.request(|commands| commands.session().end(EndReason::Failed, LeaveCause::Player));
    game.seconds(30.0);
    assert!(!is_known(&game, soon), "once a minute is enough");
    game.seconds(40.0);
    assert!(is_known(&game, soon));

    game.world().resource_mut::<Consent>().withdraw(Purpose::Insights);
    game.start(NewSession::named("Private")).unwrap();
    game.request(|commands| commands.session().end(EndReason::Completed, LeaveCause::Player))
        .frames(100);
    assert!(game.app().world().resource::<SessionsInsights>().sessions.is_empty());
}

// Feature: Without consent to insights nothing is gathered, and what was is removed.
// Page: guide/insights.md#consent
#[test]
fn without_consent_no_insights_are_gathered_and_old_ones_are_removed() {
    let mut game = game();
    plant(&mut game, 2);
    assert_eq!(refreshed(&mut game).sessions.len(), 2);
    game.exit_and_restart();
    let is_digest = |path: &std::path::PathBuf| path.to_string_lossy().contains("insights");
    let kept = |game: &TestGame| game.disk().paths().into_iter().filter(is_digest).count();
    assert_eq!(kept(&game), 1);
    game.world().resource_mut::<Consent>().withdraw(Purpose::Insights);
    game.frames(5);
    assert_eq!(kept(&game), 0);
    let session = game.start(NewSession::named("Private")).unwrap();
    game.request(|commands| {
        let mut insights = commands.insights();
        insights.thumbs_up();
        insights.refresh();
    });
    game.frames(20);
    assert!(game.app().world().resource::<SessionsInsights>().sessions.is_empty());
    let marks = events(&mut game, session);
    let marks = marks.iter().filter(|it| &*it.event_type.path == InsightMark::TYPE_PATH);
    assert_eq!(marks.count(), 0);
    game.exit_and_restart();
    assert_eq!(kept(&game), 0);
    assert!(!game.app().world().resource::<Consent>().is_given(Purpose::Insights), "it is kept");
    game.world().resource_mut::<Consent>().give(Purpose::Insights);
    game.frames(5);
    assert_eq!(refreshed(&mut game).sessions.len(), 3, "the player agrees again");
}

// Feature: After repeated deaths in one place, the game can give a hint.
// Page: guide/insights.md#help-after-deaths
#[test]
fn the_fifth_death_in_one_place_without_progress_gives_a_hint() {
    let mut game = game();
    game.start(NewSession::named("Hard")).unwrap();
    let hints = |game: &mut TestGame| {
        let mut hints = game.world().resource_mut::<Messages<FailureRepeated>>();
        hints.drain().map(|hint| (hint.place, hint.deaths)).collect::<Vec<_>>()
    };
    let die = |game: &mut TestGame, x: f32| {
        game.world().write_message(Died { x, y: 0.0 });
        game.frames(1);
    };
    (0..4).for_each(|_| die(&mut game, 5.0));
    die(&mut game, 500.0);
    assert_eq!(hints(&mut game), []);
    die(&mut game, 6.0);
    assert_eq!(hints(&mut game), [(Some(GridCell::new(0, 0)), 5)]);
    (0..4).for_each(|_| die(&mut game, 5.0));
    game.request(|commands| commands.objectives().complete("town/well")).frames(2);
    hints(&mut game);
    (0..4).for_each(|_| die(&mut game, 5.0));
    assert_eq!(hints(&mut game), []);
    die(&mut game, 5.0);
    assert_eq!(hints(&mut game), [(Some(GridCell::new(0, 0)), 5)]);
}

#[test]
fn a_session_is_unusual_by_the_median_of_its_player() {
    let mut game = game();
    for number in 0..21_u32 {
        game.start(NewSession::named("Run").player("Ann")).unwrap();
        game.frames(if number == 7 { 200 } else { 10 + number as usize % 3 });
        game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
    }
    game.start(NewSession::named("Run").player("Ben")).unwrap();
    game.frames(300);
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
    let insights = refreshed(&mut game);
    let unusual = UnusualSession::among(insights.sessions.iter());
    assert_eq!(unusual.len(), 1, "{unusual:?}");
    let longest =
        insights.sessions.iter().filter(|it| it.value.about.player.as_deref() == Some("Ann"));
    let longest = longest.max_by_key(|it| it.value.times.play).unwrap();
    assert_eq!((unusual[0].session, unusual[0].samples), (longest.session, 21));
    let players = InsightsReport::by(insights.sessions.iter(), |it| it.about.player.clone());
    assert_eq!((players["Ann"].sessions, players["Ben"].sessions), (21, 1));
}

// Feature: The story so far says who did what, and what is next, in two languages.
// Page: guide/insights.md#the-story-so-far
#[test]
fn the_story_so_far_is_told_in_two_languages() {
    let mut game = game();
    let session = NewSession::named("Frontier {play}").player("Ann\u{1b}[31m");
    let session = game.start(session).unwrap();
    game.seconds(1.0);
    game.request(|commands| _ = commands.session().chapters().begin(NewChapter::named("Act 1")));
    game.frames(2);
    (0..3).for_each(|_| {
        game.world().write_message(Died { x: 1.0, y: 1.0 });
        game.frames(1);
    });
    game.request(|commands| commands.objectives().complete("town/well")).frames(2);
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
    let insights = refreshed(&mut game);
    let story = story_so_far(insights.sessions.get(session).unwrap());
    assert_eq!(story.next.as_deref(), Some("sail"));
    let story = story.titled(|key| (key == "town/well").then(|| "Dig a well".to_owned()));
    let now = story.last_played.unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    let english = story.text(&StoryTexts::of_language("en-GB"), now + day * 22);
    let expected = "Ann[31m last played “Frontier {play}” 3 weeks ago, 0 min in all.\n\
        A new game began.\n“Act 1” began.\nThere were 3 deaths.\nDone: “Dig a well”.\n\
        Next: “sail”.";
    assert_eq!(english, expected);
    let german = story.text(&StoryTexts::of_language("de_DE"), now + day);
    let expected = "Ann[31m hat „Frontier {play}“ zuletzt gestern gespielt, insgesamt 0 Minuten.\n\
        Ein neues Spiel begann.\n„Act 1“ begann.\nEs gab 3 Tode.\nErledigt: „Dig a well“.\n\
        Als Nächstes: „sail“.";
    assert_eq!(german, expected);
    let set_back = story.text(&StoryTexts::english(), now - day);
    assert!(set_back.contains("some time ago"), "{set_back}");
}

#[test]
fn insights_are_of_the_current_profile_only() {
    let mut game = game();
    plant(&mut game, 2);
    assert_eq!(refreshed(&mut game).sessions.len(), 2);
    game.request(|commands| commands.session().library().use_profile("another")).frames(5);
    assert!(game.app().world().resource::<SessionsInsights>().sessions.is_empty());
    assert!(refreshed(&mut game).sessions.is_empty());
    game.request(|commands| commands.session().library().use_profile("default")).frames(5);
    assert_eq!(refreshed(&mut game).sessions.len(), 2);
}
