//! The log: which events are recorded, with which numbers and moments, and how it is read.

// Feature: Messages, events and inputs are recorded, and read by type, number and play time.
// Page: guide/recorded-events.md

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::chapters::NewChapter;
use bevy_session::events::{
    EventLoss, EventPage, EventQuery, EventSource, EventValidation, EventsDropped, EventsRead,
    EventsValidated, LifecycleEvent, RecordInputs, RecordedEvent, RecordingExt, SessionEvents,
};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId};
use serde::{Deserialize, Serialize};

use super::game::*;
use crate::common::*;

fn reading_game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_on(disk, |app| {
        listen::<EventsRead>(app);
        listen::<EventsValidated>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointFailed>(app);
        app.record_messages::<Looted>().record_events::<Defeated>().map_entities();
        add(app);
    })
}

fn read(app: &mut App, query: EventQuery) -> EventPage {
    request(app, |commands| commands.session().events().read(query));
    frames(app, 4);
    let read = received::<EventsRead>(app).pop().expect("the query is answered");
    read.result.expect("the events can be read")
}

fn of_game(session: SessionId) -> EventQuery {
    let types = vec![Looted::type_path().to_owned()];
    EventQuery { types, newest_first: false, ..EventQuery::of(session) }
}

fn items(page: &EventPage) -> Vec<String> {
    page.events.iter().map(|event| event.decode::<Looted>().unwrap().item).collect()
}

#[test]
fn events_are_read_by_type_number_and_play_time_in_pages_from_either_end() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    start(&mut app, "Dungeon");
    let id = session(&app);
    for number in 0..10 {
        loot(&mut app, &number.to_string());
        seconds(&mut app, 1.0);
    }
    let all = read(&mut app, EventQuery { counts_all: true, ..of_game(id) });
    assert_eq!(items(&all).concat(), "0123456789");
    assert_eq!((all.total, all.next), (Some(10), None));
    let rises = |events: &[RecordedEvent]| events.is_sorted_by(|a, b| a.sequence < b.sequence);
    assert!(rises(&all.events));
    let play_times: Vec<Duration> = all.events.iter().map(|event| event.moment.play_time).collect();
    assert!(play_times.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_secs(1)));
    assert!(all.events.windows(2).all(|pair| pair[1].moment.frame == pair[0].moment.frame + 10));

    let newest = EventQuery { newest_first: true, limit: 4, ..of_game(id) };
    let first = read(&mut app, newest.clone());
    assert_eq!(items(&first).concat(), "9876");
    let second = read(&mut app, EventQuery { after: first.next, ..newest.clone() });
    assert_eq!(items(&second).concat(), "5432");
    let third = read(&mut app, EventQuery { after: second.next, ..newest });
    assert_eq!((items(&third).concat(), third.next), ("10".to_owned(), None));

    let span = all.events[3].sequence..=all.events[5].sequence;
    let page = read(&mut app, EventQuery { sequences: Some(span), ..of_game(id) });
    assert_eq!(items(&page).concat(), "345");
    let played = play_times[7]..=Duration::MAX;
    let page = read(&mut app, EventQuery { play_time: Some(played), ..of_game(id) });
    assert_eq!(items(&page).concat(), "789");
    let shown = app.world().resource::<SessionEvents>();
    assert_eq!(items(&shown.page).concat(), "789", "what a UI shows");
}

#[test]
fn lifecycle_events_are_recorded_with_status_and_trigger() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    start(&mut app, "Dungeon");
    let id = session(&app);
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().resume());
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().close("bedtime"));
    frames(&mut app, 3);
    let mut app = reading_game(&disk, |_| {});
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 4);
    let page = read(&mut app, EventQuery { newest_first: false, ..EventQuery::of(id) });
    assert!(page.events.iter().all(|event| event.event_type.source == EventSource::Lifecycle));
    assert!(page.events.iter().all(|event| &*event.event_type.path == LifecycleEvent::TYPE_PATH));
    let told: Vec<String> = page
        .events
        .iter()
        .map(|event| event.decode::<LifecycleEvent>().unwrap())
        .map(|event| {
            let word = |text: &Option<String>| text.clone().unwrap_or_default();
            let details = word(&event.details);
            format!(
                "{} {}>{} {:?} {details}",
                event.subtype,
                word(&event.previous),
                word(&event.status),
                event.trigger
            )
        })
        .collect();
    assert_eq!(told[0], "started >active Player ");
    assert_eq!(told[1], "state_changed Menu>Playing State Phase");
    assert_eq!(told[2], "paused active>paused Player ");
    assert_eq!(told[3], "resumed paused>active Player ");
    assert_eq!(told[4], "closed active>closed Player bedtime");
    assert!(told[5].starts_with("continued >active Player "), "{told:#?}");
}

#[test]
fn events_are_recorded_during_a_pause_and_not_in_the_menu() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    loot(&mut app, "menu");
    frames(&mut app, 2);
    start(&mut app, "Dungeon");
    let id = session(&app);
    request(&mut app, |commands| commands.session().pause());
    app.world_mut().resource_mut::<Time<Virtual>>().pause();
    for number in 0..5 {
        loot(&mut app, &number.to_string());
        frames(&mut app, 3);
    }
    let page = read(&mut app, of_game(id));
    assert_eq!(items(&page).concat(), "01234");
}

#[test]
fn more_than_a_frame_may_have_is_dropped_and_counted_and_the_rest_is_recorded() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    start(&mut app, "Dungeon");
    let id = session(&app);
    for _ in 0..100_000 {
        loot(&mut app, "coin");
    }
    frames(&mut app, 2);
    let dropped = received::<EventsDropped>(&app);
    assert_eq!(dropped.iter().map(|dropped| dropped.count).sum::<u64>(), 100_000 - 65_536);
    assert_eq!(dropped[0].type_path.as_deref(), Some(Looted::type_path()));
    assert!(matches!(dropped[0].cause, EventLoss::TooMany));
    checkpoint(&mut app);
    let page = read(&mut app, EventQuery { counts_all: true, limit: 1, ..of_game(id) });
    assert_eq!(page.total, Some(65_536));
}

/// A value that its own code doesn't write.
#[derive(Message, TypePath, Clone, Deserialize)]
struct Stubborn(u32);

impl Serialize for Stubborn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            1 => Err(serde::ser::Error::custom("no")),
            2 => panic!("not this one"),
            number => serializer.serialize_u32(number),
        }
    }
}

#[test]
fn an_event_that_cannot_be_written_is_dropped_alone() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |app| {
        app.add_message::<Stubborn>().record_messages::<Stubborn>();
    });
    start(&mut app, "Dungeon");
    let id = session(&app);
    for number in 0..5 {
        app.world_mut().write_message(Stubborn(number));
    }
    frames(&mut app, 3);
    let types = vec![Stubborn::type_path().to_owned()];
    let page = read(&mut app, EventQuery { types, newest_first: false, ..EventQuery::of(id) });
    let written: Vec<u32> = page.events.iter().map(|event| event.decode().unwrap()).collect();
    assert_eq!(written, [0, 3, 4]);
    let dropped = received::<EventsDropped>(&app);
    assert_eq!((dropped.len(), dropped[0].count), (1, 2));
    assert!(matches!(&dropped[0].cause, EventLoss::Unwritable(message) if message == "no"));
    assert!(received::<CheckpointFailed>(&app).is_empty());
}

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Walk(i32);

#[test]
fn inputs_have_the_tick_in_which_they_were_read() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |app| {
        app.add_message::<Walk>().record_inputs::<Walk>(FixedUpdate);
        app.insert_resource(Time::<Fixed>::from_seconds(0.05));
        app.add_systems(
            FixedUpdate,
            (|mut walks: MessageWriter<Walk>, mut step: Local<i32>| {
                *step += 1;
                walks.write(Walk(*step));
            })
            .before(RecordInputs),
        );
    });
    start(&mut app, "Dungeon");
    let id = session(&app);
    frames(&mut app, 3);
    let types = vec![Walk::type_path().to_owned()];
    let page = read(&mut app, EventQuery { types, newest_first: false, ..EventQuery::of(id) });
    assert!(page.events.len() >= 6, "two ticks a frame");
    for event in &page.events {
        assert_eq!(event.event_type.source, EventSource::Input);
        let Walk(step) = event.decode().unwrap();
        assert_eq!(event.moment.tick, u64::try_from(step).unwrap());
    }
    let steps = page.events.iter().map(|event| event.moment.tick);
    assert!(steps.is_sorted_by(|a, b| *b == a + 1));
}

#[test]
fn one_type_can_be_recorded_as_events_and_as_inputs() {
    #[derive(Message, Event, TypePath, Clone, Serialize, Deserialize)]
    struct Both(u32);
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |app| {
        app.add_message::<Both>().record_inputs::<Both>(FixedUpdate);
        app.record_inputs::<Both>(Update);
        app.record_events::<Both>();
    });
    start(&mut app, "Dungeon");
    app.world_mut().trigger(Both(1));
    app.world_mut().write_message(Both(2));
    frames(&mut app, 3);
    let types = vec![Both::type_path().to_owned()];
    let query = EventQuery { types, ..of_game(session(&app)) };
    let page = read(&mut app, query);
    let mut found: Vec<_> = page
        .events
        .iter()
        .map(|event| (event.event_type.source, event.decode::<Both>().unwrap().0))
        .collect();
    found.sort_by_key(|(_, number)| *number);
    assert_eq!(found, [(EventSource::Event, 1), (EventSource::Input, 2)]);
}

#[test]
fn a_validation_reads_all_recorded_events() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    start(&mut app, "Dungeon");
    let id = session(&app);
    loot(&mut app, "sword");
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().events().validate(id));
    frames(&mut app, 3);
    let validated = received::<EventsValidated>(&app).pop().expect("it is answered");
    let EventValidation { files, events, .. } = validated.result.clone().unwrap();
    assert!(files >= 1 && events >= 2, "{validated:?}");
    assert!(validated.result.unwrap().is_whole());
}

#[test]
fn events_of_an_unknown_session_are_refused() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    let unknown: SessionId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
    request(&mut app, |commands| commands.session().events().read(EventQuery::of(unknown)));
    frames(&mut app, 3);
    let read = received::<EventsRead>(&app).pop().expect("it is answered");
    assert!(read.result.is_err());
}

#[test]
fn events_belong_to_the_chapter_in_which_they_happen_and_a_rewind_leads_to_its_begin() {
    let disk = MemoryDisk::default();
    let mut app = reading_game(&disk, |_| {});
    start(&mut app, "Dungeon");
    let id = session(&app);
    loot(&mut app, "outside");
    frames(&mut app, 1);
    let mut chapter = None;
    request(&mut app, |commands| {
        chapter = Some(commands.session().chapters().begin(NewChapter::named("Crypt")));
    });
    let chapter = chapter.unwrap();
    frames(&mut app, 2);
    let before = score(&app);
    for item in ["sword", "shield"] {
        loot(&mut app, item);
        frames(&mut app, 2);
    }
    let page = read(&mut app, EventQuery { chapter: Some(chapter.0), ..of_game(id) });
    assert_eq!(items(&page), ["sword", "shield"]);
    let chapters = app.world().resource::<CurrentSession>().chapters();
    let events = chapters.get(chapter).unwrap().own.events;
    assert!(events >= 2, "{events}");

    request(&mut app, |commands| commands.session().rewind(RewindTo::Chapter(chapter)));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(score(&app), before, "as it was when the chapter began");
    let page = read(&mut app, EventQuery { chapter: Some(chapter.0), ..of_game(id) });
    assert!(
        items(&page).is_empty(),
        "what was looted since belongs to the branch: {:?}",
        items(&page)
    );
    let chapters = app.world().resource::<CurrentSession>().chapters();
    assert_eq!(chapters.current().map(|current| current.id), Some(chapter), "it is open and begun");

    let unknown = bevy_session::chapters::ChapterId(1);
    request(&mut app, |commands| commands.session().rewind(RewindTo::Chapter(unknown)));
    frames(&mut app, 2);
    let rejected = received::<RequestRejected>(&app).pop().unwrap();
    assert!(rejected.error.to_string().contains("no chapter"), "{}", rejected.error);
}
