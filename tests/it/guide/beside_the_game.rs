//! Objectives, crew, notes and insights, which are in a package of their own.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::stage::*;
use crate::common::*;

mod objectives {
    include!("samples/town.rs");

    use crate::common::*;

    pub fn dig(app: &mut App, wells: usize) {
        for _ in 0..wells {
            app.world_mut().run_system_cached(a_well_is_dug).unwrap();
            frames(app, 2);
        }
    }

    pub fn add(app: &mut App) {
        game(app);
    }
}

mod reward {
    include!("samples/reward.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }

    pub fn gold(app: &App) -> u32 {
        app.world().resource::<Gold>().0
    }
}

mod rows {
    include!("samples/objective_rows.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }

    /// The keys of the rows.
    pub fn keys(app: &App) -> Vec<String> {
        let rows = app.world().resource::<Objectives>().list();
        rows.into_iter().map(|row| row.key.to_string()).collect()
    }
}

#[test]
fn three_wells_found_the_town_of_the_page_and_its_reward_is_paid_once() {
    let disk = MemoryDisk::default();
    let add = |app: &mut App| {
        objectives::add(app);
        reward::add(app);
        rows::add(app);
    };
    let mut app = game_on(&disk, add);
    let drawn = said(|| {
        start(&mut app, "Founded");
        frames(&mut app, 2);
    });
    assert_said(&drawn, "  [0/3] Dig three wells");
    assert_said(&drawn, "  [needs town/well] An inn");
    assert_eq!(rows::keys(&app), ["town", "town/inn", "town/well"], "the voyage is hidden");
    assert_eq!(reward::gold(&app), 0);
    objectives::dig(&mut app, 2);
    assert_eq!(reward::gold(&app), 0, "two wells are no town");
    assert_said(&said(|| objectives::dig(&mut app, 1)), "[x] Found a town");
    assert_eq!(reward::gold(&app), 100, "the inn is optional");
    assert!(rows::keys(&app).contains(&"sail".to_owned()));
    seconds(&mut app, 6.0);
    let mut app = recovered(&disk, add);
    frames(&mut app, 3);
    assert_eq!(reward::gold(&app), 100);
}

#[test]
fn the_reward_of_the_page_is_for_the_town_and_not_for_its_wells() {
    use bevy_session_play::{Objective, ObjectiveCommandsExt, ObjectivesExt};

    let mut app = game_on(&MemoryDisk::default(), |app| {
        objectives::add(app);
        reward::add(app);
        app.add_objectives([Objective::new("town/gate")]);
    });
    start(&mut app, "Founded");
    frames(&mut app, 2);
    objectives::dig(&mut app, 3);
    assert_eq!(reward::gold(&app), 0, "the gate isn't there");
    request(&mut app, |commands| commands.objectives().complete("town/gate"));
    frames(&mut app, 2);
    assert_eq!(reward::gold(&app), 100);
}

mod village {
    use bevy_session_play::ObjectiveStanding;

    include!("samples/village.rs");

    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;

    #[test]
    fn the_conditions_of_the_page_complete_and_fail_its_objective() {
        for (village, expected) in [
            (Village { houses: 10, burnt: false }, ObjectiveStanding::Completed),
            (Village { houses: 9, burnt: true }, ObjectiveStanding::Failed),
            (Village { houses: 9, burnt: false }, ObjectiveStanding::Open),
        ] {
            let mut app = game_on(&MemoryDisk::default(), |app| {
                app.insert_resource(village);
                game(app);
            });
            start(&mut app, "Village");
            frames(&mut app, 3);
            let objectives = app.world().resource::<bevy_session_play::Objectives>();
            let houses = objectives.get("town/houses").unwrap();
            assert_eq!(houses.standing(), expected);
            assert_eq!(houses.expected(), Some(std::time::Duration::from_secs(900)));
        }
    }
}

mod crew {
    include!("samples/crew_joins.rs");

    use crate::common::*;

    pub fn add(app: &mut App) {
        game(app);
    }

    pub fn join_again(app: &mut App) {
        app.world_mut().run_system_cached(sit_down).unwrap();
        frames(app, 2);
    }
}

mod characters {
    include!("samples/crew_characters.rs");

    pub fn add(app: &mut App) {
        game(app);
    }

    /// The number of characters.
    pub fn count(app: &mut App) -> usize {
        let world = app.world_mut();
        world.query::<&PlayedBy>().iter(world).count()
    }
}

#[test]
fn the_player_of_the_page_hosts_the_session_and_keeps_one_character() {
    use bevy_session_play::{Crew, CrewCommandsExt};

    let disk = MemoryDisk::default();
    let add = |app: &mut App| {
        crew::add(app);
        characters::add(app);
    };
    let mut app = game_on(&disk, add);
    start(&mut app, "Settled");
    frames(&mut app, 3);
    assert_eq!(characters::count(&mut app), 1);
    crew::join_again(&mut app);
    assert_eq!(characters::count(&mut app), 1);
    request(&mut app, |commands| commands.crew().invite("steam:7"));
    frames(&mut app, 3);
    assert_eq!(characters::count(&mut app), 1, "who is invited isn't here");
    seconds(&mut app, 6.0);
    let mut app = recovered(&disk, add);
    frames(&mut app, 3);
    let crew = app.world().resource::<Crew>();
    let here: Vec<_> = crew.here().map(|it| it.name()).collect();
    assert_eq!(here, ["Ann"], "who is at this keyboard joins again");
    assert_eq!(crew.host().map(|it| it.name()), Some("Ann"));
    assert_eq!(characters::count(&mut app), 1);
}

mod rights {
    include!("samples/rights.rs");

    use crate::common::*;

    pub fn add(app: &mut App) {
        rules(app);
    }

    pub fn pause(app: &mut App) {
        app.world_mut().run_system_cached(pause_was_pressed).unwrap();
        frames(app, 3);
    }

    pub const DOCTOR: Role = MEDIC;
}

#[expect(clippy::print_stdout, reason = "the page prints deeds")]
mod deeds {
    include!("samples/deeds.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }
}

#[test]
fn a_player_of_the_page_may_not_pause_and_the_request_is_logged() {
    use bevy_session::events::EventsRead;
    use bevy_session_play::{
        Crew, CrewChange, CrewCommandsExt, CrewDeed, CrewPlugin, DeedOutcome, Right, Rights,
    };

    let mut app = game_on(&MemoryDisk::default(), |app| {
        app.add_plugins(CrewPlugin);
        rights::add(app);
        deeds::add(app);
        listen::<EventsRead>(app);
    });
    start(&mut app, "Governed");
    request(&mut app, |commands| {
        let mut crew = commands.crew();
        // The first one hosts.
        crew.join("steam:2");
        crew.join("steam:1");
        crew.join("steam:7");
        crew.set_role("steam:7", rights::DOCTOR);
    });
    frames(&mut app, 3);
    let (crew, table) = (app.world().resource::<Crew>(), app.world().resource::<Rights>());
    assert!(crew.may("steam:7", Right::Load, table).is_ok());
    rights::pause(&mut app);
    assert_eq!(rejected(&app).len(), 1);
    request(&mut app, |commands| commands.session().by("steam:1").pause());
    frames(&mut app, 4);
    let page = received::<EventsRead>(&app).pop().unwrap().result.unwrap();
    let types: Vec<&str> = page.events.iter().map(|event| &*event.event_type.path).collect();
    assert!(types.contains(&CrewChange::TYPE_PATH), "{types:?}");
    let deeds = page.events.iter().filter_map(|event| event.decode::<CrewDeed>().ok());
    // The administrator's is noted as well.
    let refused = deeds.filter(|deed| matches!(deed.outcome, DeedOutcome::Refused { .. }));
    assert_eq!(refused.count(), 1);
}

#[expect(clippy::print_stdout, reason = "the page prints notes")]
mod pinned {
    include!("samples/pin.rs");

    pub fn add(app: &mut App) {
        game(app);
    }

    pub fn write(app: &mut App) {
        app.world_mut().run_system_cached(pin).unwrap();
        crate::common::frames(app, 3);
    }
}

mod photographed {
    include!("samples/photograph.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }

    pub fn photograph_now(app: &mut App) {
        app.world_mut().trigger(PictureTaken { png: vec![1, 2, 3] });
        crate::common::frames(app, 4);
    }
}

mod bookmarked {
    include!("samples/bookmarks.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }
}

#[test]
fn the_notes_of_the_page_have_a_photo_and_a_bookmark_to_which_the_game_returns() {
    use bevy_session_play::{CrewCommandsExt, Note, NoteOn, Notes};

    let mut app = game_on(&MemoryDisk::default(), |app| {
        app.init_resource::<Score>();
        pinned::add(app);
        photographed::add(app);
        bookmarked::add(app);
    });
    start(&mut app, "Noted");
    request(&mut app, |commands| commands.crew().join("steam:7"));
    frames(&mut app, 3);
    pinned::write(&mut app);
    pinned::write(&mut app);
    photographed::photograph_now(&mut app);
    let notes = app.world().resource::<Notes>();
    let (first, note) = (notes.iter().next().unwrap(), notes.iter().next_back().unwrap());
    assert!(note.text().contains("@Ann"));
    let is_there =
        matches!(note.on(), NoteOn::Place { map, at } if map == "valley" && at.x == 12.0);
    assert!(is_there, "{:?}", note.on());
    let session = app.world().resource::<CurrentSession>();
    let photos = |of: &Note| notes.attachments(of.id(), session).count();
    assert_eq!((photos(first), photos(note)), (0, 1));

    for score in [7, 9] {
        app.insert_resource(Score(score));
        press(&mut app, KeyCode::KeyB);
    }
    assert_eq!(app.world().resource::<Notes>().iter().count(), 4);
    app.insert_resource(Score(8));
    press(&mut app, KeyCode::KeyR);
    assert_eq!(app.world().resource::<Score>().0, 9, "the newest of two");
    assert!(rejected(&app).is_empty(), "{:?}", rejected(&app));
}

mod insights {
    include!("samples/deaths.rs");

    use crate::common::*;

    pub fn add(app: &mut App) {
        insights(app);
    }

    pub fn die(app: &mut App) {
        app.world_mut().write_message(Died { at: Vec2::new(70.0, 10.0) });
        app.world_mut().write_message(Looted);
        frames(app, 2);
    }
}

mod insights_page {
    use bevy::tasks::block_on;

    include!("samples/insights_page.rs");

    use crate::guide::stage::*;

    pub fn add(app: &mut App) {
        app.insert_state(Menu::Main);
        plugin(app);
    }

    /// Opens the page, and hands out its report and its line.
    pub fn opened(app: &mut App) -> (InsightsReport, String) {
        enter(app, Menu::Insights);
        crate::common::until(app, |app| app.world().contains_resource::<Report>());
        let Report(task) = app.world_mut().remove_resource::<Report>().unwrap();
        let report = block_on(task);
        let line = line(&report);
        (report, line)
    }
}

#[test]
fn the_page_of_insights_has_the_deaths_of_the_game_and_says_what_it_cannot_know() {
    let mut app = game_on(&MemoryDisk::default(), |app| {
        insights::add(app);
        insights_page::add(app);
    });
    start(&mut app, "Deadly");
    for _ in 0..3 {
        insights::die(&mut app);
    }
    seconds(&mut app, 2.0);
    close(&mut app);
    let (report, line) = insights_page::opened(&mut app);
    assert_eq!(report.deaths, 3);
    let places: Vec<_> = report.places.into_iter().collect();
    assert_eq!(places, [(bevy_session_play::GridCell::new(1, 0), 3)]);
    assert_eq!(line, "1 of 20 sessions: too few to say");
}

#[test]
fn the_page_of_insights_says_how_many_of_twenty_sessions_had_no_crash() {
    let mut app = game_on(&MemoryDisk::default(), |app| {
        insights::add(app);
        insights_page::add(app);
    });
    for _ in 0..20 {
        start(&mut app, "Calm");
        close(&mut app);
    }
    let (_, line) = insights_page::opened(&mut app);
    assert_eq!(line, "100.0 % of 20 without a crash");
}

mod aim {
    include!("samples/aim.rs");

    use crate::common::*;

    pub fn add(app: &mut App) {
        learning(app);
    }

    pub fn shoot(app: &mut App, has_hit: bool) {
        app.world_mut().run_system_cached_with(the_arrow_has_landed, (has_hit, 0.5)).unwrap();
        frames(app, 1);
    }
}

mod parry {
    include!("samples/parry.rs");

    use crate::common::*;

    pub fn add(app: &mut App) {
        learning(app);
    }

    pub fn strike(app: &mut App, was_parried: bool) {
        app.world_mut().write_message(Struck { was_parried });
        frames(app, 1);
    }
}

mod lessons {
    include!("samples/lessons.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }
}

/// The attempts at a skill that the game has learnt of, after they were made.
fn attempts(add: fn(&mut App), attempt: fn(&mut App, bool), skill: &str) -> (usize, usize) {
    use bevy_session_play::{
        InsightsCommandsExt, LessonsLearnt, SessionsInsights, SessionsLessons,
    };

    let mut app = game_on(&MemoryDisk::default(), |app| {
        add(app);
        lessons::add(app);
        listen::<LessonsLearnt>(app);
    });
    begin(&mut app, NewSession::named("Lesson").player("Ann"));
    for number in 0..12 {
        attempt(&mut app, number % 4 > 0);
    }
    seconds(&mut app, 2.0);
    close(&mut app);
    request(&mut app, |commands| commands.insights().refresh());
    let said = said(|| until(&mut app, |app| !received::<LessonsLearnt>(app).is_empty()));
    match skill {
        "aim" => {
            let insights = app.world().resource::<SessionsInsights>();
            let choices = &insights.sessions.iter().next().unwrap().value.said.choices;
            assert_eq!(choices.get("opening").map(String::as_str), Some("king's pawn"));
        }
        _ => assert_said(&said, "attempts: too few to say"),
    }
    let lessons = app.world().resource::<SessionsLessons>();
    let tally = lessons.skill(Some("Ann"), skill).unwrap().attempts;
    (tally.succeeded, tally.all)
}

#[test]
fn the_attempts_of_the_page_are_learnt_from_requests_and_events() {
    assert_eq!(attempts(aim::add, aim::shoot, "aim"), (9, 12));
    assert_eq!(attempts(parry::add, parry::strike, "parry"), (9, 12));
}
