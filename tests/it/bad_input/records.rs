//! Files beside the journal, damaged or missing: cards, process records, host ids.

use std::path::Path;

use bevy_session::recovery::HowItEnded;

use super::*;

#[test]
fn a_damaged_session_card_changes_nothing() {
    let (disk, id) = killed_game();
    let card = files(&disk, "session.ron").remove(0);
    for offset in 0..disk.content(&card).unwrap().len() {
        disk.corrupt(&card, offset, 0x2a);
    }
    assert_eq!(recover(&disk.snapshot(), id).1, Some((4, 4)));
    disk.remove_all(&card);
    assert_eq!(recover(&disk, id).1, Some((4, 4)));
}

#[test]
fn a_missing_or_damaged_process_record_counts_as_abnormal() {
    let (disk, id) = killed_game();
    let record = files(&disk, ".record").remove(0);
    let damaged = disk.snapshot();
    damaged.corrupt(&record, 30, 0xff);
    let missing = disk.snapshot();
    missing.remove_all(&record);
    for disk in [damaged, missing] {
        let (app, state) = recover(&disk, id);
        let offer = &received::<RecoveryAvailable>(&app)[0].offer;
        assert!(matches!(offer.cause, HowItEnded::Abnormal { .. }));
        assert_eq!(offer.died_at, None);
        assert_eq!(state, Some((4, 4)));
    }
}

#[test]
fn with_a_missing_or_damaged_host_id_a_session_counts_as_local() {
    let (disk, id) = killed_game();
    let is_host = |path: &PathBuf| path.ends_with(Path::new("state").join("host"));
    let host = disk.paths().into_iter().find(is_host).unwrap();
    let damaged = disk.snapshot();
    damaged.corrupt(&host, 10, 0xff);
    let missing = disk.snapshot();
    missing.remove_all(&host);
    for disk in [damaged, missing] {
        let (app, state) = recover(&disk, id);
        let cause = received::<RecoveryAvailable>(&app)[0].offer.cause.clone();
        assert!(matches!(cause, HowItEnded::Abnormal { .. }), "{cause:?}");
        assert_eq!(state, Some((4, 4)));
    }
}

#[test]
fn a_session_from_another_machine_is_offered_as_elsewhere() {
    let (disk, id) = killed_game();
    // Only the journals travel; the other machine has a separate state directory.
    let other = MemoryDisk::default();
    drop(listening_game(&other));
    let sessions = Path::new("sessions");
    let travelled = disk.snapshot();
    travelled.remove_all(&sessions.join("state"));
    travelled.take_from(&other, &sessions.join("state"));
    let (app, state) = recover(&travelled, id);
    assert_eq!(received::<RecoveryAvailable>(&app)[0].offer.cause, HowItEnded::Elsewhere);
    assert_eq!(state, Some((4, 4)));
}
