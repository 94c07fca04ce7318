//! Rows that come and go, and other builds of the program that read them.

use std::collections::BTreeMap;

use bevy_session_journal::{
    CheckpointKind, Codec, Event, JournalError, NewSession, RequestError, RestoreFrom, RowReader,
    RowWriter, SaveId, SavedType, Scope, VersionFit,
};

use crate::notes::{
    Capture, Image, MARK, Machine, Notes, TEXT, capture, checkpoint, events, saved, start,
};

#[test]
fn rows_and_entities_come_and_go() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    let [first, second, third] = [SaveId(2), SaveId(3), SaveId(4)];
    let marks =
        |ids: &[SaveId]| -> BTreeMap<SaveId, bool> { ids.iter().map(|id| (*id, true)).collect() };
    run.checkpoint(CheckpointKind::Auto, |_| Capture {
        marks: marks(&[first, second]),
        ..capture(&["one", "two"])
    });
    saved(&mut run);
    run.checkpoint(CheckpointKind::Auto, |_| Capture {
        texts: BTreeMap::from([(third, "three".to_owned())]),
        unmarked: vec![first],
        gone: vec![second],
        ..Capture::default()
    });
    saved(&mut run);
    // Gone and back in one capture: what comes back is a new entity, without the rows that it had.
    let last = run.close(|_| Capture {
        texts: BTreeMap::from([(third, "back".to_owned())]),
        gone: vec![third],
        marks: marks(&[first]),
        ..Capture::default()
    });
    assert!(last.is_ok());
    let restored = journal.restore(session, RestoreFrom::Latest).unwrap();
    let expected = Image {
        texts: BTreeMap::from([(first, "one".to_owned()), (third, "back".to_owned())]),
        marks: marks(&[first]),
    };
    assert_eq!(*restored.image(), expected);
    assert_eq!(restored.next_id(), SaveId(5));
}

#[test]
fn the_number_of_entities_is_counted() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = start(&mut journal, &["one", "two", "three"]);
    run.checkpoint(CheckpointKind::Auto, |_| Capture {
        gone: vec![SaveId(3), SaveId(99)],
        ..Capture::default()
    });
    saved(&mut run);
    let found = machine.after_a_kill().open().detect().unwrap();
    let counts: Vec<u64> = found[0].offers[0].checkpoints.iter().map(|it| it.entities).collect();
    assert_eq!(counts, [2, 3]);
}

#[test]
fn rows_unknown_to_a_build_are_restored_by_one_that_knows_them() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    // The last one is of an entity that has nothing else.
    let marks = BTreeMap::from([2, 3, 9].map(|id| (SaveId(id), true)));
    run.close(|_| Capture { marks: marks.clone(), ..capture(&["one", "two"]) }).unwrap();
    drop(journal);

    let mut older = machine.options().open(Notes(vec![TEXT])).unwrap();
    assert_eq!(older.detect().unwrap()[0].entry.as_ref().unwrap().fit, VersionFit::Lossy);
    let (image, mut run) = older.restore(session, RestoreFrom::Latest).unwrap().go_on();
    assert!(image.marks.is_empty(), "this build knows no marks");
    checkpoint(&mut run, Scope::Everything, &["one", "two"]);
    events(&mut run);
    run.close(|_| Capture { gone: vec![SaveId(3)], ..Capture::default() }).unwrap();
    drop(older);

    let mut journal = machine.open();
    assert_eq!(journal.detect().unwrap()[0].entry.as_ref().unwrap().fit, VersionFit::Exact);
    let restored = journal.restore(session, RestoreFrom::Latest).unwrap();
    assert_eq!(restored.image().marks, BTreeMap::from([(SaveId(2), true), (SaveId(9), true)]));
}

/// The texts as a later build of the program writes them.
const NEWER_TEXT: SavedType = TEXT.version(1);

/// That later build.
struct Later;

impl Codec for Later {
    type Capture = ();
    type Image = Vec<u32>;

    fn types(&self) -> &[SavedType] {
        &[NEWER_TEXT]
    }

    fn encode(&self, (): (), rows: &mut RowWriter) {
        rows.put(NEWER_TEXT, SaveId::FIRST, &("text", "language"));
    }

    /// The versions of the rows.
    fn decode(&self, rows: &mut RowReader<'_>) -> Vec<u32> {
        let mut versions = Vec::new();
        while let Some(row) = rows.next_row() {
            assert!(row.is(TEXT) && row.is(NEWER_TEXT), "{}", row.path());
            versions.push(row.version());
        }
        versions
    }
}

#[test]
fn a_later_build_reads_rows_of_an_earlier_version() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    run.close(|_| capture(&["one", "two"])).unwrap();
    let mut later = machine.options().open(Later).unwrap();
    assert_eq!(later.detect().unwrap()[0].entry.as_ref().unwrap().fit, VersionFit::Migratable);
    assert_eq!(*later.restore(session, RestoreFrom::Latest).unwrap().image(), [0, 0]);
}

#[test]
fn an_earlier_build_refuses_rows_of_a_later_version() {
    let machine = Machine::new();
    let mut later = machine.options().open(Later).unwrap();
    let run = later.start(NewSession::named("Notes"));
    let session = run.session();
    run.close(|_| ()).unwrap();
    let mut journal = machine.open();
    assert_eq!(journal.detect().unwrap()[0].entry.as_ref().unwrap().fit, VersionFit::Newer);
    let refused = journal.restore(session, RestoreFrom::Latest).unwrap_err();
    let types = vec!["notes::Text".to_owned()];
    assert_eq!(refused, JournalError::Refused(RequestError::WouldLose { types }));
    assert!(later.restore(session, RestoreFrom::Latest).is_ok(), "its lock should be let go");
}

#[test]
fn a_later_version_that_a_build_carried_along_is_refused_like_any_other() {
    let machine = Machine::new();
    let mut later = machine.options().open(Later).unwrap();
    let run = later.start(NewSession::named("Notes"));
    let session = run.session();
    run.close(|_| ()).unwrap();
    drop(later);
    // This build knows nothing of texts.
    let mut other = machine.options().open(Notes(vec![MARK])).unwrap();
    let (_, run) = other.restore(session, RestoreFrom::Latest).unwrap().go_on();
    run.close(|_| Capture::default()).unwrap();
    drop(other);
    let refused = machine.open().restore(session, RestoreFrom::Latest).unwrap_err();
    let types = vec!["notes::Text".to_owned()];
    assert_eq!(refused, JournalError::Refused(RequestError::WouldLose { types }));
}

#[test]
fn a_checkpoint_with_an_id_that_no_row_can_have_is_not_acknowledged() {
    for id in [1, 1 << 32, 7 << 32] {
        let machine = Machine::new();
        let mut journal = machine.open();
        let mut run = start(&mut journal, &["one"]);
        let session = run.session();
        run.checkpoint(CheckpointKind::Auto, |_| Capture {
            marks: BTreeMap::from([(SaveId(id), true)]),
            ..capture(&["one"])
        });
        let heard = events(&mut run);
        let failed = heard.iter().any(|event| matches!(event, Event::Failed { .. }));
        let saved = heard.iter().any(|event| matches!(event, Event::Saved(_)));
        assert!(failed && !saved, "{id}: {heard:?}");
        drop(run);
        let restored = journal.restore(session, RestoreFrom::Latest).unwrap();
        assert_eq!(restored.image().texts.len(), 1, "what was saved before is there");
    }
}
