//! Events that are handed out again after a crash, and those that aren't.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::events::{
    EventQuery, EventsDropped, EventsRead, EventsReplayed, LifecycleEvent, RecordingExt,
};
use bevy_session::prelude::*;
use bevy_session::types::Migrations;
use serde::{Deserialize, Serialize};

use super::game::*;
use crate::common::*;

// Feature: Events that no checkpoint holds are sent once more after a crash.
// Page: guide/recorded-events.md#after-a-crash
#[test]
fn events_after_the_checkpoint_are_handed_out_again_in_order() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    loot(&mut app, "before");
    frames(&mut app, 1);
    checkpoint(&mut app);
    for item in ["sword", "shield", "crown"] {
        loot(&mut app, item);
        frames(&mut app, 1);
    }
    assert_eq!(score(&app), 40);

    let (_, app) = crash_and_recover(&disk, id);
    assert_eq!(looted(&app), ["sword", "shield", "crown"]);
    assert_eq!(score(&app), 40, "10 from the checkpoint, and 30 once more");
    let replayed = received::<EventsReplayed>(&app);
    assert_eq!(replayed.len(), 1);
    assert_eq!((replayed[0].session, replayed[0].events), (id, 3));
}

#[test]
fn events_that_are_not_replayed_are_lost_with_their_moments() {
    let disk = MemoryDisk::default();
    let game = |disk: &MemoryDisk| {
        game_on(disk, |app| {
            app.record_messages::<Looted>();
            listen::<EventsRead>(app);
        })
    };
    let read = |app: &mut App, id| {
        request(app, |commands| commands.session().events().read(EventQuery::of(id)));
        frames(app, 4);
        let read = received::<EventsRead>(app).pop().expect("it is answered");
        let events = read.result.expect("they can be read").events;
        let looted = events.iter().filter_map(|it| it.decode::<Looted>().ok());
        looted.map(|it| it.item).collect::<Vec<_>>()
    };
    let mut app = game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    loot(&mut app, "sword");
    frames(&mut app, 1);
    checkpoint(&mut app);
    loot(&mut app, "shield");
    frames(&mut app, 4);
    assert_eq!(read(&mut app, id), ["shield", "sword"], "the newest first");
    let mut app = game(&disk.snapshot());
    recover(&mut app, id);
    assert_eq!((looted(&app).len(), score(&app)), (0, 10), "as at the checkpoint");
    assert_eq!(read(&mut app, id), ["sword"]);
}

/// The writer may answer in any step of a frame.
#[test]
fn events_right_after_a_recovery_are_recorded_with_any_writer_delay() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    checkpoint(&mut app);
    loot(&mut app, "sword");
    frames(&mut app, 1);
    let crashed = disk.snapshot();
    for delay in 1..=6 {
        let plugin = plugin(&crashed.snapshot()).writer_delay(delay);
        let mut app = game_of(plugin, |app| {
            app.record_messages::<Looted>().replay_after_restore();
            listen::<EventsRead>(app);
        });
        frames(&mut app, 8);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        while app.world().get_resource::<CurrentSession>().is_none() {
            frames(&mut app, 1);
        }
        loot(&mut app, "shield");
        frames(&mut app, 10);
        assert_eq!(looted(&app), ["sword", "shield"], "after {delay} turns");
        request(&mut app, |commands| commands.session().events().read(EventQuery::of(id)));
        frames(&mut app, 10);
        let read = received::<EventsRead>(&app).pop().expect("it is answered");
        let events = read.result.expect("it can be read").events;
        let items: Vec<String> =
            events.iter().filter_map(|it| it.decode::<Looted>().ok()).map(|it| it.item).collect();
        assert_eq!(items, ["shield", "sword"], "after {delay} turns, the newest first");
        assert_eq!(received::<EventsDropped>(&app).len(), 0);
    }
}

// Feature: The session's log says how its processes died.
// Page: guide/recorded-events.md
#[test]
fn a_slot_load_after_a_crash_logs_how_the_process_died() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("before")));
    frames(&mut app, 6);
    let crashed = disk.snapshot();
    drop(app);
    let mut app = game_of(plugin(&crashed), |app| {
        app.record_messages::<Looted>();
        listen::<EventsRead>(app);
    });
    frames(&mut app, 3);
    let slot = app.world().resource::<SessionCatalog>().slots()[0].id;
    request(&mut app, |commands| commands.session().slots().load(slot));
    frames(&mut app, 6);
    let types = vec![LifecycleEvent::TYPE_PATH.to_owned()];
    let query = EventQuery { types, ..EventQuery::of(id) };
    request(&mut app, |commands| commands.session().events().read(query));
    frames(&mut app, 4);
    let read = received::<EventsRead>(&app).pop().expect("it is answered");
    let events = read.result.expect("it can be read").events;
    let happened = events.iter().filter_map(|it| it.decode::<LifecycleEvent>().ok());
    let loaded: Vec<_> = happened.filter(|it| it.subtype == "loaded").collect();
    assert_eq!(loaded.len(), 1, "{events:?}");
    assert_eq!(loaded[0].deaths.len(), 1, "{loaded:?}");
    assert_eq!(loaded[0].cause.as_deref(), Some(&*loaded[0].deaths[0].cause));
}

#[test]
fn a_second_crash_hands_out_all_events_after_the_newest_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    loot(&mut app, "sword");
    frames(&mut app, 1);

    // No checkpoint is taken between the hand-out and the next crash, but for the one that opens the run.
    let (disk, mut app) = crash_and_recover(&disk, id);
    assert_eq!(looted(&app), ["sword"]);
    loot(&mut app, "shield");
    frames(&mut app, 1);
    assert_eq!(score(&app), 20);
    let (disk, mut app) = crash_and_recover(&disk, id);
    assert_eq!(looted(&app), ["sword", "shield"]);
    assert_eq!(score(&app), 20);

    // Now a checkpoint holds both.
    checkpoint(&mut app);
    loot(&mut app, "crown");
    frames(&mut app, 1);
    let (_, app) = crash_and_recover(&disk, id);
    assert_eq!(looted(&app), ["crown"]);
    assert_eq!(score(&app), 30);
}

#[test]
fn no_events_are_handed_out_after_a_close_a_rewind_or_an_older_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    checkpoint(&mut app);
    let older = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    loot(&mut app, "sword");
    frames(&mut app, 1);
    checkpoint(&mut app);
    loot(&mut app, "shield");
    frames(&mut app, 1);

    let mut crashed = recording_game(&disk.snapshot());
    frames(&mut crashed, 2);
    request(&mut crashed, |commands| {
        commands.session().recover(id, RestoreFrom::Checkpoint(older));
    });
    frames(&mut crashed, 4);
    assert_eq!((score(&crashed), looted(&crashed).len()), (0, 0), "an older checkpoint");

    app.world_mut().resource_mut::<Heard>().looted.clear();
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Checkpoint(older)));
    frames(&mut app, 4);
    assert_eq!((score(&app), looted(&app).len()), (0, 0), "a rewind");

    loot(&mut app, "crown");
    frames(&mut app, 1);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let mut next = recording_game(&disk);
    frames(&mut next, 2);
    request(&mut next, |commands| commands.session().continue_session(id));
    frames(&mut next, 4);
    assert_eq!((score(&next), looted(&next).len()), (10, 0), "a close");
    assert!(received::<EventsReplayed>(&next).is_empty());
}

#[test]
fn an_event_that_bubbles_is_recorded_once_and_happens_again_to_the_entity_that_it_was_about() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    let castle = app.world_mut().spawn((Health(1), Name::new("castle"))).id();
    let boss = app.world_mut().spawn((Health(9), Name::new("boss"), ChildOf(castle))).id();
    start(&mut app, "Dungeon");
    let id = session(&app);
    app.world_mut().trigger(Defeated { entity: boss, by: "Ada".to_owned() });
    frames(&mut app, 1);
    assert_eq!(app.world().resource::<Heard>().defeated.len(), 2, "at the boss and its castle");

    let (_, mut app) = crash_and_recover(&disk, id);
    let heard: Vec<(Entity, String)> = app.world().resource::<Heard>().defeated.clone();
    let names = heard
        .iter()
        .map(|(entity, by)| (app.world().get::<Name>(*entity).unwrap().as_str(), &**by));
    assert_eq!(names.collect::<Vec<_>>(), [("boss", "Ada"), ("castle", "Ada")]);
    let events = received::<EventsReplayed>(&app)[0].events;
    assert_eq!(events, 1);
    // It isn't recorded a second time.
    frames(&mut app, 2);
    assert_eq!(app.world().resource::<Heard>().defeated.len(), 2);
}

#[test]
fn the_game_may_reject_or_rewrite_what_is_handed_out() {
    let disk = MemoryDisk::default();
    let mut app = recording_game(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    for item in ["sword", "cursed", "crown"] {
        loot(&mut app, item);
    }
    frames(&mut app, 1);
    let mut app = game_on(&disk.snapshot(), |app| {
        app.record_messages::<Looted>().replay_after_restore_as(|mut looted, event| {
            assert!(event.sequence > 0);
            looted.gold += 1;
            (looted.item != "cursed").then_some(looted)
        });
    });
    recover(&mut app, id);
    assert_eq!((looted(&app), score(&app)), (vec!["sword", "crown"], 22));
    let replayed = &received::<EventsReplayed>(&app)[0];
    assert_eq!((replayed.events, replayed.rejected), (2, 1));
}

mod older {
    use super::*;

    /// As it was once: under another name, and in another form.
    #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
    pub struct Found(pub String);

    /// Of a type that today's game doesn't know.
    #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
    pub struct Sold(pub String);
}

#[test]
fn events_of_older_builds_are_migrated_and_unknown_ones_fail_alone() {
    let disk = MemoryDisk::default();
    let mut app = game_on(&disk, |app| {
        app.add_message::<older::Found>().add_message::<older::Sold>();
        app.record_messages::<older::Found>();
        app.record_messages::<older::Sold>();
    });
    start(&mut app, "Dungeon");
    let id = session(&app);
    app.world_mut().write_message(older::Sold("horse".to_owned()));
    app.world_mut().write_message(older::Found("sword".to_owned()));
    frames(&mut app, 1);
    let disk_after = disk.snapshot();

    let mut app = game_on(&disk_after, |app| {
        app.record_messages::<Looted>()
            .renamed_from("it::recorded_events::after_a_crash::older::Found")
            .migrate(Migrations::since(0).then(|old: String| Looted { item: old, gold: 5 }))
            .replay_after_restore();
    });
    recover(&mut app, id);
    assert_eq!((looted(&app), score(&app)), (vec!["sword"], 5));

    // Without the migration it can't be read, which costs the event alone.
    let mut app = game_on(&disk.snapshot(), |app| {
        app.record_messages::<Looted>()
            .renamed_from("it::recorded_events::after_a_crash::older::Found")
            .replay_after_restore();
    });
    recover(&mut app, id);
    assert_eq!(looted(&app).len(), 0);
    assert_eq!(received::<EventsReplayed>(&app)[0].failed.values().sum::<u64>(), 1);
}

/// What was handed out is recorded once, however often the game dies before its next checkpoint.
#[test]
fn inputs_are_handed_out_once_after_each_of_many_crashes() {
    let build = |disk: &MemoryDisk| {
        game_on(disk, |app| {
            app.record_inputs::<Looted>(FixedUpdate).replay_after_restore();
        })
    };
    let mut disk = MemoryDisk::default();
    let mut app = build(&disk);
    start(&mut app, "Dungeon");
    let id = session(&app);
    loot(&mut app, "sword");
    frames(&mut app, 2);
    let mut expected = vec!["sword"];
    for item in ["shield", "crown", "ring"] {
        disk = disk.snapshot();
        app = build(&disk);
        recover(&mut app, id);
        assert_eq!(looted(&app), expected, "before the {item}");
        loot(&mut app, item);
        frames(&mut app, 2);
        expected.push(item);
    }
}
