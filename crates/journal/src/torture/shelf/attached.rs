//! The attachments of a session itself: each version is there once it was acknowledged, and nothing comes back.

use std::path::Path;

use super::crashes::after_power_cuts;
use super::faults::after_each_fault;
use super::{again, closed, go_on, stored};
use crate::disk::simulated_disk::{Fault, FaultKind, SimulatedDisk};
use crate::disk::{
    DirectoryStore, Disk, Fate, MemoryDisk, RepairedKind, SessionRepair, StoredSession,
};
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, Attachment, AttachmentError, AttachmentQuota, AttachmentVersion, RestoreFrom,
    RestoreReason, ShelfMove,
};
use crate::read::recovery::Timeline;
use crate::torture::{Action, Play};
use crate::write::{News, Order, SessionAttachmentOrder};

const MAP: &str = "map";
const ROOM: AttachmentQuota = AttachmentQuota { bytes: 4000, versions: 2 };

/// Bytes that say which ones they are.
fn drawing(number: u8) -> Vec<u8> {
    vec![number; 900 + usize::from(number)]
}

/// A session that was played before and is played on.
fn played() -> (Play, SessionId) {
    let (mut play, session) = closed();
    go_on(&mut play);
    play.perform(&[Action::Auto, Action::Settle]);
    (play, session)
}

fn order(
    play: &mut Play,
    order: SessionAttachmentOrder,
) -> Result<Vec<AttachmentVersion>, AttachmentError> {
    let now = play.now;
    let mut news = play.game.order(Order::SessionAttachment { order, ticket: Ticket::new() }, now);
    for _ in 0..1000 {
        let answer = news.into_iter().find_map(|news| match news {
            News::SessionAttachment { result, .. } => Some(result),
            _ => None,
        });
        if let Some(result) = answer {
            return result;
        }
        news = play.game.turn(now);
    }
    panic!("it should be reported");
}

fn attach(
    play: &mut Play,
    (name, bytes): (&str, Vec<u8>),
    quota: AttachmentQuota,
) -> Result<Vec<(String, u32)>, AttachmentError> {
    let session = play.played().unwrap();
    let attachment = Attachment::new(name.to_owned(), bytes);
    let listed = order(play, SessionAttachmentOrder::Attach { session, attachment, quota })?;
    assert_eq!(versions(&play.game.local.store, session), keys(&listed), "as it was reported");
    Ok(keys(&listed))
}

fn detach(play: &mut Play, name: &str) -> Result<Vec<(String, u32)>, AttachmentError> {
    let session = play.played().unwrap();
    let name = name.to_owned();
    order(play, SessionAttachmentOrder::Detach { session, name }).map(|listed| keys(&listed))
}

fn keys(listed: &[AttachmentVersion]) -> Vec<(String, u32)> {
    listed.iter().map(|listed| (listed.name.clone(), listed.version)).collect()
}

fn versions(store: &DirectoryStore, session: SessionId) -> Vec<(String, u32)> {
    keys(&store.session_attachments(session).unwrap())
}

/// The drawing in the map; `None` if there is none. A map that can't be read fails the test.
fn map(store: &DirectoryStore, session: SessionId) -> Option<u8> {
    match store.read_session_attachment(session, MAP, None) {
        Ok(read) => {
            let number = read.bytes()[0];
            assert_eq!(read.bytes(), drawing(number));
            Some(number)
        }
        Err(AttachmentError::Missing) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn older_versions_are_kept_as_far_as_there_is_room_and_the_newest_is_never_given_up() {
    let (mut play, session) = played();
    let quota = AttachmentQuota { versions: 3, ..ROOM };
    for number in 1..=3 {
        attach(&mut play, (MAP, drawing(number)), quota).unwrap();
    }
    let named = |versions: &[(&str, u32)]| -> Vec<(String, u32)> {
        versions.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
    };
    let store = &play.game.local.store;
    assert_eq!(versions(store, session), named(&[(MAP, 1), (MAP, 2), (MAP, 3)]));
    let second = store.read_session_attachment(session, MAP, Some(2)).unwrap();
    assert_eq!(second.bytes(), drawing(2));
    let stored = stored(store, session);
    assert!(stored.bytes_with_attachments() > stored.bytes() + 2700, "they count");
    assert_eq!(keys(&Timeline::of(&stored).attachments), versions(store, session));

    // A fourth of 900 bytes is more than 4000 with what stands around each: older ones make room.
    let kept = attach(&mut play, (MAP, drawing(4)), quota).unwrap();
    assert_eq!(kept, named(&[(MAP, 2), (MAP, 3), (MAP, 4)]));
    let kept = attach(&mut play, ("photo", vec![7; 2500]), quota).unwrap();
    assert_eq!(kept, named(&[(MAP, 4), ("photo", 1)]));
    let refused = attach(&mut play, ("other", vec![7; 900]), quota);
    let over = matches!(refused, Err(AttachmentError::OverQuota { quota: 4000, bytes: 4001.. }));
    assert!(over, "{refused:?}");
    assert_eq!(versions(&play.game.local.store, session), kept, "nothing has changed");
    assert_eq!(map(&play.game.local.store, session), Some(4));

    assert_eq!(detach(&mut play, MAP).unwrap(), named(&[("photo", 1)]));
    assert_eq!(detach(&mut play, MAP), Err(AttachmentError::Missing));
    assert_eq!(map(&play.game.local.store, session), None);
}

#[test]
fn a_power_cut_leaves_what_was_acknowledged_or_what_was_being_written() {
    let (mut play, session) = played();
    // The map after each number of steps.
    let mut owed = vec![(play.disk.position(), None)];
    let from = play.disk.position();
    for number in 1..=4 {
        attach(&mut play, (MAP, drawing(number)), ROOM).unwrap();
        owed.push((play.disk.position(), Some(number)));
    }
    detach(&mut play, MAP).unwrap();
    owed.push((play.disk.position(), None));
    attach(&mut play, (MAP, drawing(9)), ROOM).unwrap();
    owed.push((play.disk.position(), Some(9)));
    let mut cuts = 0;
    after_power_cuts(&play, from, |position, local| {
        cuts += 1;
        let found = map(&local.store, session);
        let done = owed.iter().rposition(|(at, _)| *at <= position).unwrap();
        let allowed: Vec<_> = owed[done..].iter().take(2).map(|(_, map)| *map).collect();
        assert!(allowed.contains(&found), "{found:?} of {allowed:?} after {position} steps");
        // The next change is right, after any interruption.
        let there = versions(&local.store, session).len();
        assert!(there <= 4, "{there} versions");
    });
    assert!(cuts > 100, "{cuts}");
}

#[test]
fn a_disk_fault_loses_no_earlier_attachment() {
    let (mut play, session) = played();
    attach(&mut play, (MAP, drawing(1)), ROOM).unwrap();
    attach(&mut play, (MAP, drawing(2)), ROOM).unwrap();
    play.perform(&[Action::Close]);
    let begin = || {
        let mut play = again(&play)();
        go_on(&mut play);
        play.perform(&[Action::Auto, Action::Settle]);
        play
    };
    let act = |play: &mut Play| {
        let added = attach_quietly(play, drawing(3));
        (added, detach_quietly(play))
    };
    let faults = after_each_fault(&[false, true], begin, act, |play, (added, gone), fault| {
        let found = map(&play.game.local.store, session);
        match (added, gone) {
            (_, Ok(_)) => assert_eq!(found, None, "{fault}"),
            // One that wasn't acknowledged may be there, as may one that wasn't removed.
            (Ok(_), Err(_)) => assert!([Some(3), None].contains(&found), "{found:?}: {fault}"),
            (Err(_), Err(_)) => assert!([Some(2), Some(3), None].contains(&found), "{fault}"),
        }
    });
    assert!(faults > 10, "{faults}");
}

fn attach_quietly(play: &mut Play, bytes: Vec<u8>) -> Result<(), AttachmentError> {
    let session = play.played().unwrap();
    let attachment = Attachment::new(MAP.to_owned(), bytes);
    order(play, SessionAttachmentOrder::Attach { session, attachment, quota: ROOM }).map(drop)
}

fn detach_quietly(play: &mut Play) -> Result<(), AttachmentError> {
    detach(play, MAP).map(drop)
}

#[test]
fn a_session_attachment_is_in_copies_and_summaries() {
    let (mut play, session) = played();
    attach(&mut play, (MAP, drawing(5)), ROOM).unwrap();
    play.perform(&[Action::Manual, Action::Auto, Action::Settle]);
    attach(&mut play, (MAP, drawing(6)), ROOM).unwrap();
    let oldest = Timeline::of(&stored(&play.game.local.store, session)).checkpoints[0].id;
    play.restore_from(RestoreFrom::Checkpoint(oldest), RestoreReason::Rewound);
    play.perform(&[Action::Auto, Action::Settle]);
    assert_eq!(map(&play.game.local.store, session), Some(6), "a rewind leaves it");
    play.perform(&[Action::Close]);

    let copy = play.copy(session, "Copy").unwrap().session.id;
    assert_eq!(versions(&play.game.local.store, copy), versions(&play.game.local.store, session));
    assert_eq!(map(&play.game.local.store, copy), Some(6), "a copy has it");
    play.pass(5);
    play.shelve(session, ShelfMove::Archive(Archived::SummaryOnly)).unwrap();
    assert_eq!(map(&play.game.local.store, session), Some(6), "the archive has it");
}

#[test]
fn an_attachment_waits_for_the_first_checkpoint() {
    use Action::{Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 3);
    let at = play.disk.operations().len();
    play.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: true });
    play.perform(&[Start]);
    let (session, now) = (play.played().unwrap(), play.now);
    let attachment = Attachment::new(MAP.to_owned(), drawing(1));
    let attach = SessionAttachmentOrder::Attach { session, attachment, quota: ROOM };
    let mut news =
        play.game.order(Order::SessionAttachment { order: attach, ticket: Ticket::new() }, now);
    news.extend((0..5).flat_map(|_| play.game.turn(now)));
    assert!(!news.iter().any(|news| matches!(news, News::SessionAttachment { .. })));
    play.disk.heal();
    play.pass(100);
    play.perform(&[Settle]);
    assert_eq!(map(&play.game.local.store, session), Some(1));
}

#[test]
fn a_repair_copies_session_attachments_and_names_damaged_ones() {
    let (mut play, session) = played();
    attach(&mut play, (MAP, drawing(1)), ROOM).unwrap();
    attach(&mut play, ("photo", drawing(2)), ROOM).unwrap();
    play.perform(&[Action::Close]);
    let layout = play.game.local.store.layout();
    let path = layout.session_attachment(session, "photo", 1);
    let mut bytes = play.disk.read(&path, 1 << 20).unwrap();
    bytes[300] ^= 1;
    play.disk.replace(&path, &bytes).unwrap();
    let stored = stored(&play.game.local.store, session);
    let repair = SessionRepair::of(&play.disk, stored, None).unwrap();
    let attachments = repair.files().filter(|file| file.kind == RepairedKind::Attachment);
    let fates: Vec<(&str, Fate)> = attachments.map(|file| (&*file.name, file.fate)).collect();
    assert_eq!(
        fates,
        [("session-1-map.attachment", Fate::Whole), ("session-1-photo.attachment", Fate::Lost)]
    );
    let (copy, directory) = (MemoryDisk::default(), Path::new("copy/session"));
    repair.write(&copy, directory, Path::new("copy/slots")).unwrap();
    let copied = StoredSession::open(&copy, directory.to_owned(), session).unwrap();
    let [(_, read)] = &copied.check_attachments(&copy)[..] else { panic!("only the whole one") };
    assert!(read.is_ok());
}
