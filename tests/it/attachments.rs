//! Bytes of the game's own beside checkpoints and in slots.

// Feature: Pictures and other bytes are attached to checkpoints and slots.
// Page: guide/slots.md#thumbnails-and-other-attachments

use bevy::prelude::*;
use bevy_session::attachments::{AttachmentError, AttachmentOf, AttachmentRead, AttachmentSaved};
use bevy_session::external::Operation;
use bevy_session::library::StorageSettings;
use bevy_session::prelude::*;
use bevy_session::{CheckpointId, MemoryDisk, RequestError};

use crate::common::*;
use crate::slots::*;

fn picture_game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen_to_slots(app);
        listen::<AttachmentSaved>(app);
        listen::<AttachmentRead>(app);
    })
}

fn attach(app: &mut App, checkpoint: CheckpointId, name: &str, bytes: &[u8]) {
    let bytes = bytes.to_vec();
    request(app, |commands| commands.session().attachments().attach(checkpoint, name, bytes));
    frames(app, 4);
}

fn read(app: &mut App, of: AttachmentOf, name: &str) -> Result<Vec<u8>, AttachmentError> {
    request(app, |commands| commands.session().attachments().read(of, name));
    frames(app, 3);
    let read = received::<AttachmentRead>(app).pop().expect("it should be answered");
    assert_eq!((read.of, &*read.name), (of, name));
    read.result.map(|attachment| attachment.bytes().to_vec())
}

fn checkpoint(app: &mut App) -> CheckpointId {
    request(app, |commands| commands.session().checkpoint("named"));
    frames(app, 3);
    received::<CheckpointSaved>(app).pop().unwrap().checkpoint
}

#[test]
fn attachments_count_as_bytes_of_their_session() {
    let disk = MemoryDisk::default();
    let mut app = picture_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    let checkpoint = checkpoint(&mut app);
    attach(&mut app, checkpoint, "thumbnail", &[7; 100_000]);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let bytes = |app: &App| app.world().resource::<SessionCatalog>().get(session).unwrap().bytes;
    let here = bytes(&app);
    let mut next = picture_game(&disk.snapshot());
    frames(&mut next, 2);
    assert!(here > 100_000, "{here}");
    assert_eq!(bytes(&next), here, "the next start should count the same");
}

#[test]
fn a_thumbnail_is_found_again_beside_its_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = picture_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    let checkpoint = checkpoint(&mut app);
    attach(&mut app, checkpoint, "thumbnail", b"a picture");
    attach(&mut app, checkpoint, "mods", b"none");
    attach(&mut app, checkpoint, "thumbnail", b"a better picture");
    assert_eq!(
        received::<AttachmentSaved>(&app).len(),
        3,
        "{:?}",
        received::<RequestRejected>(&app)
    );
    let thumbnail =
        |app: &App| app.world().resource::<SessionCatalog>().get(session).unwrap().thumbnail;
    assert_eq!(thumbnail(&app), Some(checkpoint));
    seconds(&mut app, 6.0);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let mut app = picture_game(&disk.snapshot());
    frames(&mut app, 2);
    assert_eq!(thumbnail(&app), Some(checkpoint), "a listing should say so");
    let of = AttachmentOf::Checkpoint { session, checkpoint };
    assert_eq!(read(&mut app, of, "thumbnail").unwrap(), b"a better picture");
    assert_eq!(read(&mut app, of, "mods").unwrap(), b"none");
    assert_eq!(read(&mut app, of, "music"), Err(AttachmentError::Missing));
}

#[test]
fn a_slot_has_the_attachments_of_its_checkpoint_also_those_that_come_late() {
    let disk = MemoryDisk::default();
    let mut app = picture_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    // In the very frame of the save, before anything is durable …
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Boss")));
    app.update();
    let opening = received::<CheckpointSaved>(&app)[0].checkpoint;
    let early = CheckpointId { counter: opening.counter + 1, ..opening };
    attach(&mut app, early, "mods", b"none");
    // … and long after the slot was made.
    let slot = received::<SlotSaved>(&app).pop().unwrap().slot;
    assert!(!slot.thumbnail);
    seconds(&mut app, 2.0);
    attach(&mut app, slot.checkpoint, "thumbnail", b"a late picture");
    let entry = app.world().resource::<SessionCatalog>().slot(slot.id).unwrap().clone();
    assert!(entry.thumbnail, "it is still the same slot, with a picture now");
    assert_eq!(slot_files(&disk).len(), 1);
    assert_eq!(received::<SlotSaved>(&app).len(), 1, "no one saved again");
    drop(app);

    // The slot alone, on another machine; renamed and copied there.
    let other = MemoryDisk::default();
    other.take_from(&disk, std::path::Path::new("sessions/data"));
    other.remove_all(std::path::Path::new("sessions/data/profiles/default/sessions"));
    let mut app = picture_game(&other);
    request(&mut app, |commands| commands.session().slots().rename(slot.id, "Renamed"));
    request(&mut app, |commands| commands.session().slots().copy(slot.id, "Copied"));
    frames(&mut app, 4);
    let slots = app.world().resource::<SessionCatalog>().slots().to_vec();
    assert_eq!(slots.len(), 2);
    for slot in slots {
        assert!(slot.thumbnail, "{}", slot.name);
        let of = AttachmentOf::Slot(slot.id);
        assert_eq!(read(&mut app, of, "thumbnail").unwrap(), b"a late picture");
        assert_eq!(read(&mut app, of, "mods").unwrap(), b"none");
    }
    set_health(&mut app, 9);
    load(&mut app, slot.id);
    assert_eq!(health(&mut app), 1);
}

#[test]
fn an_invalid_attachment_is_refused() {
    let mut app = picture_game(&MemoryDisk::default());
    let session = start_as(&mut app, "Campaign", "Ann");
    let checkpoint = checkpoint(&mut app);
    let long = "x".repeat(41);
    for name in ["", "Thumbnail", "a/b", "..", "a b", "ä", &long] {
        attach(&mut app, checkpoint, name, b"x");
        assert_eq!(last_rejection(&app), RequestError::Attachment(AttachmentError::BadName));
        request(&mut app, |commands| {
            commands
                .session()
                .attachments()
                .read(AttachmentOf::Checkpoint { session, checkpoint }, name);
        });
        frames(&mut app, 3);
        assert_eq!(last_rejection(&app), RequestError::Attachment(AttachmentError::BadName));
    }
    let limit = 1 << 20;
    attach(&mut app, checkpoint, "large", &vec![1; limit + 1]);
    let too_large = AttachmentError::TooLarge { bytes: limit + 1, limit };
    assert_eq!(last_rejection(&app), RequestError::Attachment(too_large));
    for unknown in [
        CheckpointId { counter: 1000, ..checkpoint },
        CheckpointId { run: bevy_session::checkpoints::RunId(1), counter: 1 },
    ] {
        attach(&mut app, unknown, "x", b"x");
        let expected = RequestError::Attachment(AttachmentError::UnknownCheckpoint);
        assert_eq!(last_rejection(&app), expected);
    }
    assert!(received::<AttachmentSaved>(&app).is_empty());
    attach(&mut app, checkpoint, "large", &vec![1; limit]);
    assert_eq!(received::<AttachmentSaved>(&app).len(), 1, "the limit itself is allowed");
}

#[test]
fn an_attachment_that_cannot_be_written_fails_alone() {
    let disk = MemoryDisk::default();
    let mut app = picture_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    let checkpoint = checkpoint(&mut app);
    disk.fail_always(Operation::Replace, std::io::ErrorKind::StorageFull);
    attach(&mut app, checkpoint, "thumbnail", b"x");
    assert!(matches!(
        last_rejection(&app),
        RequestError::Attachment(AttachmentError::Disk(cause))
            if cause.io_kind() == Some(std::io::ErrorKind::StorageFull)
    ));
    disk.heal();
    assert!(received::<CheckpointFailed>(&app).is_empty());
    attach(&mut app, checkpoint, "thumbnail", b"x");
    assert_eq!(received::<AttachmentSaved>(&app).len(), 1);
}

#[test]
fn a_damaged_attachment_is_reported_and_its_slot_and_checkpoint_are_fine() {
    let disk = MemoryDisk::default();
    let mut app = picture_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    let slot = save(&mut app, SaveSlot::manual("Boss"));
    attach(&mut app, slot.checkpoint, "thumbnail", &[7; 5000]);
    let is_attachment =
        |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "attachment");
    let file = disk.paths().into_iter().find(is_attachment).unwrap();
    disk.corrupt(&file, 60, 0xff);
    let beside = AttachmentOf::Checkpoint { session, checkpoint: slot.checkpoint };
    let damaged = AttachmentError::Damaged { path: file };
    assert_eq!(read(&mut app, beside, "thumbnail"), Err(damaged));
    let in_slot = AttachmentOf::Slot(slot.id);
    assert_eq!(read(&mut app, in_slot, "thumbnail").unwrap(), [7; 5000]);
    request(&mut app, |commands| commands.session().slots().delete(slot.id));
    frames(&mut app, 3);
    assert_eq!(read(&mut app, in_slot, "thumbnail"), Err(AttachmentError::UnknownSlot));
}

#[test]
fn attachments_are_removed_with_their_checkpoints() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings {
        storage: StorageSettings { max_session_bytes: 1, ..StorageSettings::default() },
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&disk).settings(settings), |app| {
        listen_to_slots(app);
        listen::<AttachmentSaved>(app);
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    let session = start_as(&mut app, "Campaign", "Ann");
    for _ in 0..20 {
        long(&mut app, 60);
        let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
        attach(&mut app, newest, "thumbnail", b"a picture");
    }
    assert!(received::<AttachmentSaved>(&app).len() >= 15);
    let attachments = |disk: &MemoryDisk| {
        let is_one =
            |path: &&std::path::PathBuf| path.extension().is_some_and(|it| it == "attachment");
        disk.paths().iter().filter(is_one).count()
    };
    assert!((1..=8).contains(&attachments(&disk)), "{}", attachments(&disk));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().purge(session));
    frames(&mut app, 3);
    assert_eq!(attachments(&disk), 0);
}
