//! Bytes of the game's own that go with a session and not with its world.

// Feature: Bytes are attached to a session itself, in versions and with a quota.
// Page: guide/slots.md#what-is-attached-to-a-session

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::attachments::{
    AttachmentError, AttachmentOf, AttachmentQuota, AttachmentRead, SessionAttachmentRemoved,
    SessionAttachmentSaved,
};
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;
use crate::slots::start_as;

fn drawing_game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionAttachmentSaved>(app);
        listen::<SessionAttachmentRemoved>(app);
        listen::<AttachmentRead>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        listen::<CheckpointSaved>(app);
    })
}

/// Attaches something, and says which version it is.
fn attach(app: &mut App, name: &str, bytes: &[u8]) -> Option<u32> {
    let before = received::<SessionAttachmentSaved>(app).len();
    let (called, bytes) = (name.to_owned(), bytes.to_vec());
    request(app, |commands| commands.session().attachments().attach_to_session(called, bytes));
    frames(app, 4);
    let saved = received::<SessionAttachmentSaved>(app);
    let saved = saved.get(before)?;
    assert_eq!(saved.attachment.name, name);
    Some(saved.attachment.version)
}

fn read(
    app: &mut App,
    session: SessionId,
    name: &str,
    version: Option<u32>,
) -> Result<Vec<u8>, AttachmentError> {
    let of = AttachmentOf::Session { session, version };
    request(app, |commands| commands.session().attachments().read(of, name));
    frames(app, 3);
    let read = received::<AttachmentRead>(app).pop().expect("it should be answered");
    assert_eq!((read.of, &*read.name), (of, name));
    read.result.map(|attachment| attachment.bytes().to_vec())
}

fn versions(app: &App, name: &str) -> Vec<u32> {
    let session = app.world().resource::<CurrentSession>();
    session.attachments(name).map(|listed| listed.version).collect()
}

fn refusal(app: &App) -> Option<RequestError> {
    received::<RequestRejected>(app).pop().map(|rejected| rejected.error)
}

#[test]
fn a_map_that_players_draw_survives_a_crash_with_what_was_drawn_before() {
    let disk = MemoryDisk::default();
    let mut app = drawing_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    for (number, drawing) in [b"one", b"two", b"six"].iter().enumerate() {
        assert_eq!(attach(&mut app, "map", *drawing), Some(number as u32 + 1));
    }
    assert_eq!(attach(&mut app, "map", b"ten"), Some(4));
    assert_eq!(versions(&app, "map"), [2, 3, 4], "three are kept");

    let mut app = drawing_game(&disk.snapshot());
    frames(&mut app, 2);
    request(&mut app, move |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
    assert_eq!(versions(&app, "map"), [2, 3, 4]);
    assert_eq!(read(&mut app, session, "map", None).as_deref(), Ok(&b"ten"[..]));
    assert_eq!(read(&mut app, session, "map", Some(2)).as_deref(), Ok(&b"two"[..]));
    assert_eq!(read(&mut app, session, "map", Some(1)), Err(AttachmentError::Missing));
    assert_eq!(read(&mut app, session, "song", None), Err(AttachmentError::Missing));
}

#[test]
fn a_session_attachment_survives_a_rewind_and_is_removed_in_all_versions() {
    let disk = MemoryDisk::default();
    let mut app = drawing_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    seconds(&mut app, 3.0);
    request(&mut app, |commands| commands.session().checkpoint("here"));
    seconds(&mut app, 3.0);
    attach(&mut app, "map", b"one");
    attach(&mut app, "map", b"two");
    request(&mut app, |commands| commands.session().rewind(RewindTo::Ago(Duration::from_secs(4))));
    frames(&mut app, 10);
    assert_eq!(received::<SessionRestored>(&app).len(), 1, "{:?}", refusal(&app));
    assert_eq!(versions(&app, "map"), [1, 2]);

    request(&mut app, |commands| commands.session().attachments().detach("map"));
    frames(&mut app, 4);
    assert_eq!(received::<SessionAttachmentRemoved>(&app).pop().unwrap().name, "map");
    assert!(versions(&app, "map").is_empty());
    assert_eq!(read(&mut app, session, "map", None), Err(AttachmentError::Missing));
    request(&mut app, |commands| commands.session().attachments().detach("map"));
    frames(&mut app, 4);
    assert_eq!(refusal(&app), Some(RequestError::Attachment(AttachmentError::Missing)));
}

#[test]
fn attachments_over_the_limits_are_refused_and_change_nothing() {
    let disk = MemoryDisk::default();
    let mut app = drawing_game(&disk);
    let settings = &mut app.world_mut().resource_mut::<SessionSettings>();
    settings.storage.attachments = AttachmentQuota::default().bytes(5_000).versions(2);
    let session = start_as(&mut app, "Campaign", "Ann");
    assert_eq!(attach(&mut app, "map", &[1; 2_000]), Some(1));
    assert_eq!(attach(&mut app, "song", &[2; 2_000]), Some(1));
    assert_eq!(attach(&mut app, "photo", &[3; 2_000]), None);
    let Some(RequestError::Attachment(AttachmentError::OverQuota { bytes, quota })) = refusal(&app)
    else {
        panic!("{:?}", refusal(&app));
    };
    assert!(bytes > 6_000 && quota == 5_000, "{bytes} of {quota}");
    assert_eq!(read(&mut app, session, "map", None), Ok(vec![1; 2_000]));
    assert_eq!(attach(&mut app, "map", &[4; 2_500]), Some(2), "an older version makes room");
    assert_eq!(versions(&app, "map"), [2]);

    for name in ["", "Map", "a/b", &"x".repeat(41)] {
        assert_eq!(attach(&mut app, name, b"x"), None, "{name}");
        assert_eq!(refusal(&app), Some(RequestError::Attachment(AttachmentError::BadName)));
    }
    assert_eq!(attach(&mut app, "large", &vec![0; (1 << 20) + 1]), None);
    let is_too_large = matches!(
        refusal(&app),
        Some(RequestError::Attachment(AttachmentError::TooLarge { limit: 1_048_576, .. }))
    );
    assert!(is_too_large, "{:?}", refusal(&app));
}

#[test]
fn attaching_without_a_session_or_a_writable_disk_is_rejected() {
    let disk = MemoryDisk::default();
    let mut app = drawing_game(&disk);
    frames(&mut app, 2);
    assert_eq!(attach(&mut app, "map", b"one"), None);
    assert_eq!(refusal(&app), Some(RequestError::NoSession));

    // Nothing of the session can be written, so there is nothing that it could go with.
    disk.fail_always(Operation::Append, std::io::ErrorKind::Other);
    disk.fail_always(Operation::Create, std::io::ErrorKind::Other);
    start_as(&mut app, "Campaign", "Ann");
    assert_eq!(attach(&mut app, "map", b"one"), None);
    assert!(received::<CheckpointSaved>(&app).is_empty());
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    long(&mut app, 120);
    assert_eq!(refusal(&app), Some(RequestError::Attachment(AttachmentError::NotSaved)));
}
