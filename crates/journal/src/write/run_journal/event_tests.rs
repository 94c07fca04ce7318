//! Events are written beside the checkpoints, which never wait for them.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use super::tests::{NOW, checkpoint, journal as journal_of, save, turn};
use super::*;
use crate::disk::{DirectoryStore, Layout, MemoryDisk, Operation};
use crate::format::{
    EventBatch, EventColumn, EventFrame, EventMoment, EventPrivacy, EventSource, EventType,
    RecordedEvent,
};
use crate::model::session::FailureCause;
use crate::read::recovery::{EventQuery, EventReading};
use crate::write::{EventStart, EventsDropCause};

fn event_type() -> EventType {
    EventType {
        path: Arc::from("game::Looted"),
        version: 0,
        source: EventSource::Message,
        privacy: EventPrivacy::Shared,
    }
}

fn batch(sequences: impl IntoIterator<Item = u64>, bytes: usize) -> EventBatch {
    let mut column = EventColumn::new(event_type());
    // A payload that can't be packed.
    sequences
        .into_iter()
        .for_each(|number| column.push(number, &crate::format::sample::noise(bytes, number)));
    EventBatch { moment: EventMoment::default(), columns: vec![column], durable: false }
}

fn record(journal: &mut RunJournal, batch: &EventBatch) -> Vec<News> {
    let mut reports = Vec::new();
    journal.record_events(batch, NOW, &mut reports);
    turn(journal, NOW, &mut reports);
    reports
}

fn through(counter: u64, base: Option<u64>, events_through: u64) -> PendingCheckpoint {
    let mut checkpoint = checkpoint(counter, base, 10);
    checkpoint.commit.events_through = events_through;
    checkpoint
}

fn event_files(disk: &MemoryDisk) -> Vec<PathBuf> {
    let is_of_events = |path: &PathBuf| path.extension().is_some_and(|it| it == "events");
    disk.paths().into_iter().filter(is_of_events).collect()
}

/// The numbers on the newest line.
fn there(disk: &MemoryDisk) -> Vec<u64> {
    let layout =
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
    let store = DirectoryStore::new(Arc::new(disk.clone()), layout);
    let session = crate::format::sample::session();
    let query = EventQuery { newest_first: false, limit: 1000, ..EventQuery::of(session) };
    let mut reading = EventReading::new(query, None);
    while let Ok(Some(_)) = reading.step(&store) {}
    reading.finish().1.events.iter().map(|event| event.sequence).collect()
}

#[test]
fn events_are_not_written_before_the_first_checkpoint() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    record(&mut journal, &batch(1..=3, 10));
    assert_eq!(event_files(&disk), Vec::<PathBuf>::new());
    save(&mut journal, through(1, None, 0));
    record(&mut journal, &batch(4..=4, 10));
    assert_eq!(there(&disk), [1, 2, 3, 4]);
}

#[test]
fn events_are_durable_before_the_checkpoint_that_names_them() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    let mut reports = Vec::new();
    journal.record_events(&batch(1..=3, 10), NOW, &mut reports);
    save(&mut journal, through(1, None, 3));
    assert!(!journal.events.is_waiting());
    assert_eq!(there(&disk), [1, 2, 3]);
    // The first sync is that of the events.
    let disk = MemoryDisk::default();
    let mut again = journal_of(&disk);
    again.record_events(&batch(1..=3, 10), NOW, &mut reports);
    disk.fail_next(Operation::Sync, ErrorKind::Other);
    let reports = save(&mut again, through(1, None, 3));
    assert!(matches!(reports[..], [News::EventsFailed { .. }, News::Saved(_)]), "{reports:?}");
}

#[test]
fn checkpoints_are_saved_while_events_fail_and_events_retried() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    save(&mut journal, through(1, None, 0));
    let file = Layout { data: "data".into(), state: "state".into(), profile: "default".into() };
    let header = journal.header(0, None, NOW);
    let directory = file.session(header.session);
    let path = directory.join(format!("{}-000000.events", header.run));
    disk.refuse_writes(&path, ErrorKind::StorageFull);
    let reports = record(&mut journal, &batch(1..=2, 10));
    assert!(matches!(reports[..], [News::EventsFailed { .. }]), "{reports:?}");
    let reports = save(&mut journal, through(2, Some(1), 2));
    assert!(matches!(reports[..], [News::Saved(_)]), "{reports:?}");
    assert!(record(&mut journal, &batch(3..=3, 10)).is_empty(), "it waits before it tries again");

    disk.heal();
    let later = Moment { elapsed: Duration::from_secs(10), ..NOW };
    let mut reports = Vec::new();
    turn(&mut journal, later, &mut reports);
    assert_eq!(there(&disk), [1, 2, 3], "{reports:?}");
}

#[test]
fn the_oldest_events_over_the_memory_limit_are_dropped_and_reported() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    save(&mut journal, through(1, None, 0));
    disk.fail_always(Operation::Create, ErrorKind::StorageFull);
    let mut lost = 0;
    for number in 1..=100 {
        for news in record(&mut journal, &batch([number], 200)) {
            if let News::EventsDropped { count, cause: EventsDropCause::Disk(_) } = news {
                lost += count;
            }
        }
    }
    disk.heal();
    let later = Moment { elapsed: Duration::from_secs(100), ..NOW };
    turn(&mut journal, later, &mut Vec::new());
    let there = there(&disk);
    assert!(lost > 10 && !there.is_empty());
    assert_eq!(there, (lost + 1..=100).collect::<Vec<_>>(), "the oldest should go");
}

#[test]
fn events_of_a_file_whose_sync_failed_are_written_again() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    save(&mut journal, through(1, None, 0));
    record(&mut journal, &batch(1..=3, 10));
    disk.fail_next(Operation::Sync, ErrorKind::Other);
    let durable = EventBatch { durable: true, ..batch(4..=4, 10) };
    let reports = record(&mut journal, &durable);
    assert!(matches!(reports[..], [News::EventsFailed { .. }]), "{reports:?}");
    assert_eq!(there(&disk), [1, 2, 3, 4], "the death of the process costs nothing");
    let later = Moment { elapsed: Duration::from_secs(10), ..NOW };
    turn(&mut journal, later, &mut Vec::new());
    assert_eq!(there(&disk), [1, 2, 3, 4]);
    assert_eq!(event_files(&disk).len(), 1, "the one that failed is of no use any more");
}

#[test]
fn events_handed_out_again_are_durable_before_the_first_checkpoint() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    let moment = EventMoment { frame: 9, ..EventMoment::default() };
    let event = |sequence| RecordedEvent {
        sequence,
        moment,
        event_type: event_type(),
        data: vec![sequence as u8],
    };
    let replayed = vec![event(5), event(6)];
    let start = EventStart { replayed, ..EventStart::default() };
    journal.begin_events(start, &mut Vec::new());
    // Neither of them is in the checkpoint, and the first sync is theirs all the same.
    disk.fail_next(Operation::Sync, ErrorKind::Other);
    let reports = save(&mut journal, through(1, None, 4));
    assert!(matches!(reports[..], [News::EventsFailed { .. }, News::Saved(_)]), "{reports:?}");
    let later = Moment { elapsed: Duration::from_secs(10), ..NOW };
    journal.record_events(&batch([9], 10), NOW, &mut Vec::new());
    turn(&mut journal, later, &mut Vec::new());
    assert_eq!(there(&disk), [5, 6, 9]);
    let reports = record(&mut journal, &batch([7], 10));
    let is_out_of_order = matches!(
        reports[..],
        [News::EventsDropped { count: 1, cause: EventsDropCause::OutOfOrder }]
    );
    assert!(is_out_of_order, "{reports:?}");
}

#[test]
fn an_event_that_is_too_large_is_dropped_alone() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    save(&mut journal, through(1, None, 0));
    let mut large = batch([1], 10);
    large.columns[0].push(2, &vec![0; crate::model::ids::limits::EVENT_BYTES + 1]);
    let reports = record(&mut journal, &large);
    let [News::EventsDropped { count: 1, cause: EventsDropCause::TooLarge { type_path } }] =
        &reports[..]
    else {
        panic!("{reports:?}")
    };
    assert_eq!(&**type_path, "game::Looted");
    assert_eq!(there(&disk), [1]);
}

/// Memory has room for 8 KiB in tests.
#[test]
fn more_events_than_fit_in_memory_in_one_turn_are_all_written() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    save(&mut journal, through(1, None, 0));
    let mut reports = Vec::new();
    for number in 0..20 {
        let batch = batch(number * 10 + 1..=number * 10 + 10, 200);
        journal.record_events(&batch, NOW, &mut reports);
    }
    journal.record_events(&batch(201..=300, 200), NOW, &mut reports);
    turn(&mut journal, NOW, &mut reports);
    assert!(reports.is_empty(), "{reports:?}");
    assert_eq!(there(&disk), (1..=300).collect::<Vec<_>>());
}

#[test]
fn more_events_than_fit_in_memory_are_handed_out_again() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    let moment = EventMoment::default();
    let event = |sequence| {
        let data = crate::format::sample::noise(200, sequence);
        RecordedEvent { sequence, moment, event_type: event_type(), data }
    };
    let start = EventStart { replayed: (1..=100).map(event).collect(), ..EventStart::default() };
    let mut reports = Vec::new();
    journal.begin_events(start, &mut reports);
    journal.record_events(&batch([101], 10), NOW, &mut reports);
    save(&mut journal, through(1, None, 101));
    assert!(reports.is_empty(), "{reports:?}");
    assert_eq!(there(&disk), (1..=101).collect::<Vec<_>>());
}

/// An event that is neither on the disk nor reported as dropped was lost silently.
#[test]
fn after_any_fault_each_event_is_on_disk_or_counted_as_dropped() {
    for (operation, at) in [
        (Operation::Sync, 0),
        (Operation::Sync, 1),
        (Operation::Sync, 3),
        (Operation::Append, 1),
        (Operation::Append, 7),
        (Operation::Create, 0),
    ] {
        let disk = MemoryDisk::default();
        let mut journal = journal_of(&disk);
        save(&mut journal, through(1, None, 0));
        let mut reports = Vec::new();
        for number in 0..60 {
            if number % 10 == at {
                disk.fail_next(operation, ErrorKind::Other);
            }
            // A full disk belongs to checkpoints, and events wait in memory.
            journal.room.short_of =
                (number % 20 > 12).then(|| FailureCause::new(std::io::Error::other("full")));
            let batch = batch(number * 10 + 1..=number * 10 + 10, 100);
            let now = Moment { elapsed: Duration::from_secs(number * 2), ..NOW };
            journal.record_events(&batch, now, &mut reports);
            turn(&mut journal, now, &mut reports);
        }
        disk.heal();
        journal.room.short_of = None;
        turn(&mut journal, Moment { elapsed: Duration::from_secs(1000), ..NOW }, &mut reports);
        let dropped = reports.iter().map(|news| match news {
            News::EventsDropped { count, .. } => *count,
            _ => 0,
        });
        let (dropped, there) = (dropped.sum::<u64>(), there(&disk).len() as u64);
        assert!(there + dropped >= 600, "{operation:?} at {at}: {there} there, {dropped} counted");
    }
}

/// On a disk that refuses the header of a file and then its removal, the name is taken for good.
#[test]
fn events_go_to_another_file_if_one_can_be_neither_begun_nor_removed() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    save(&mut journal, through(1, None, 0));
    disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    disk.fail_always(Operation::Remove, ErrorKind::Other);
    let reports = record(&mut journal, &batch(1..=2, 10));
    assert!(matches!(reports[..], [News::EventsFailed { .. }]), "{reports:?}");
    assert_eq!(event_files(&disk).len(), 1, "it stays behind");
    disk.heal();
    let later = Moment { elapsed: Duration::from_secs(10), ..NOW };
    turn(&mut journal, later, &mut Vec::new());
    assert_eq!(there(&disk), [1, 2]);
}

#[test]
fn segments_of_a_recording_run_have_the_events_feature() {
    let disk = MemoryDisk::default();
    let mut journal = journal_of(&disk);
    assert_eq!(journal.header(0, None, NOW).optional_features, 0);
    journal.identity.records_events = true;
    assert_eq!(journal.header(0, None, NOW).optional_features, crate::format::FEATURE_EVENTS);
}

/// `cargo test --release -p bevy_session_journal --lib -- --ignored a_hundred_thousand_events --nocapture`
#[test]
#[ignore = "prints a figure"]
#[expect(clippy::print_stdout, reason = "the figure is what it is for")]
fn a_hundred_thousand_events_are_read_and_decoded() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Looted {
        item: String,
        amount: u32,
    }
    let mut payloads = Vec::new();
    for first in 0..1000_u64 {
        let mut column = EventColumn::new(event_type());
        for sequence in first * 100 + 1..=first * 100 + 100 {
            let looted = Looted { item: "gold".to_owned(), amount: sequence as u32 % 97 };
            column.push(sequence, &rmp_serde::to_vec_named(&looted).unwrap());
        }
        let (moment, columns) = (EventMoment::default(), vec![column]);
        let encoded = crate::format::encode_events(&EventBatch { moment, columns, durable: false });
        payloads.extend(encoded.payloads);
    }
    let begun = std::time::Instant::now();
    let mut amounts = 0;
    for payload in &payloads {
        let frame = EventFrame::decode(&payload.bytes).unwrap();
        for event in frame.events(|_| true) {
            amounts += u64::from(event.decode::<Looted>().unwrap().amount);
        }
    }
    println!("100,000 events decoded in {:?} ({amounts})", begun.elapsed());
}
