//! Files as the first build of each format version wrote them, and the worlds that are in them.
//!
//! What a player saved once must be read to the same world by every later build. So these files are
//! never written again: a change of the format that breaks one is a new version, which gets files of
//! its own. They are made with
//! `BEVY_SESSION_GOLDEN=write cargo test --test it golden::write -- --ignored`.

// Feature: Files of each version of the format are read and replayed; newer ones are left alone.
// Page: FORMAT.md#versions

pub mod engines;
mod making;
mod replayed;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::attachments::{AttachmentOf, AttachmentRead};
use bevy_session::chapters::InChapter;
use bevy_session::events::{EventQuery, EventsRead, RecordingExt};
use bevy_session::library::{LinkTarget, SessionEntry};
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, RestoreLossReason};
use bevy_session::slots::SlotKind;
use bevy_session::{CheckpointId, MemoryDisk, RecoveryFailed, SessionId};
use serde::{Deserialize, Serialize};

use crate::common::{Phase, Score, frames, game_with, listen, plugin, received, request, root};

/// The version that this build writes.
const NEWEST: &str = "1.3";

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[type_path = "golden"]
#[type_name = "Health"]
struct Health(u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[type_path = "golden"]
#[type_name = "Target"]
struct Target(#[entities] Entity);

/// A relationship of the game's own, whose order is saved.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[relationship(relationship_target = Crew)]
#[reflect(Component, Saved)]
#[type_path = "golden"]
#[type_name = "MemberOf"]
struct MemberOf(Entity);

#[derive(Component, Reflect, Debug, Default)]
#[relationship_target(relationship = MemberOf)]
struct Crew(Vec<Entity>);

/// Not every build of the game knows it.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component)]
#[type_path = "golden"]
#[type_name = "Relic"]
struct Relic(String);

/// It is recorded, and what no checkpoint holds is handed out again after a crash.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[type_path = "golden"]
#[type_name = "Looted"]
struct Looted(u32);

/// It is recorded, and stays on this machine.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[type_path = "golden"]
#[type_name = "Whispered"]
struct Whispered(String);

fn game(disk: &MemoryDisk, knows_relics: bool) -> App {
    let mut app = game_with(plugin(disk), |app| {
        app.register_type::<MemberOf>();
        if knows_relics {
            app.register_type::<Relic>().save_component::<Relic>();
        }
        listen::<SessionRestored>(app);
        listen::<SessionsFound>(app);
        listen::<RecoveryFailed>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointSaved>(app);
        listen::<CorruptionDetected>(app);
        listen::<AttachmentRead>(app);
        listen::<SlotSaved>(app);
        listen::<EventsRead>(app);
        app.add_message::<Looted>().record_messages::<Looted>().replay_after_restore();
        app.add_message::<Whispered>().record_messages::<Whispered>().private();
        // What a level places each time.
        app.world_mut().spawn((Name::new("Door"), Health(1), SaveKey::new("door")));
        app.world_mut().spawn((Name::new("Coin"), Health(1), SaveKey::new("coin")));
    });
    frames(&mut app, 3);
    app
}

fn golden(version: &str) -> PathBuf {
    root().join("tests/golden").join(version)
}

/// A disk with the files of a version.
fn disk_of(version: &str) -> MemoryDisk {
    fn fill(disk: &MemoryDisk, directory: &Path, root: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fill(disk, &path, root);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                disk.put(path.strip_prefix(root).unwrap(), &bytes);
            }
        }
    }
    let root = golden(version).join("files");
    let disk = MemoryDisk::default();
    fill(&disk, &root, &root);
    disk
}

/// Everything that is saved of a world, in words.
fn portrait(app: &mut App) -> String {
    let world = app.world_mut();
    let name_of = |entity: Entity| {
        world.get::<Name>(entity).map_or_else(|| "nobody".to_owned(), |name| name.to_string())
    };
    let mut lines = BTreeSet::new();
    for entity in world.iter_entities().filter(|entity| entity.contains::<Health>()) {
        let mut line = format!("{}: {:?}", name_of(entity.id()), entity.get::<Health>().unwrap());
        if entity.contains::<InChapter>() {
            line += ", in a chapter";
        }
        if let Some(relic) = entity.get::<Relic>() {
            write!(line, ", {relic:?}").unwrap();
        }
        if let Some(target) = entity.get::<Target>() {
            write!(line, ", aims at {}", name_of(target.0)).unwrap();
        }
        if let Some(parent) = entity.get::<ChildOf>() {
            write!(line, ", child of {}", name_of(parent.parent())).unwrap();
        }
        if let Some(crew) = entity.get::<Crew>() {
            let crew: Vec<String> = crew.iter().map(name_of).collect();
            write!(line, ", leads {}", crew.join(" and ")).unwrap();
        }
        if let Some(children) = entity.get::<Children>() {
            let children: Vec<String> = children.iter().map(name_of).collect();
            write!(line, ", parent of {}", children.join(" and ")).unwrap();
        }
        lines.insert(line);
    }
    let phase = world.resource::<State<Phase>>().get();
    let current = world.resource::<CurrentSession>();
    let mission = current.get::<String>("mission").unwrap_or_default();
    let play_time = current.play_time().as_secs();
    let mut portrait =
        format!("  {:?}, {phase:?}, mission {mission:?}, ", world.resource::<Score>());
    writeln!(portrait, "played for {play_time} s").unwrap();
    lines.iter().for_each(|line| writeln!(portrait, "  {line}").unwrap());
    let chapters = current.chapters();
    for chapter in chapters.open().iter().chain(chapters.ended()) {
        let (name, end) = (&chapter.name, chapter.end.map(|end| end.outcome));
        let total = chapters.total(chapter.id).unwrap_or_default();
        let (played, checkpoints) = (total.play_time.as_millis(), total.checkpoints);
        let mission = chapter.fields.get::<String>("mission");
        writeln!(
            portrait,
            "  chapter {name:?}: {end:?}, {played} ms, {checkpoints} checkpoints, {mission:?}"
        )
        .unwrap();
    }
    portrait
}

/// The world of a checkpoint, in words, as a game without relics and one with them finds it.
fn restored(disk: &MemoryDisk, session: SessionId, from: RestoreFrom) -> String {
    let mut portraits = [true, false].map(|knows_relics| {
        let mut app = game(&disk.snapshot(), knows_relics);
        match from {
            RestoreFrom::Slot(slot) => {
                request(&mut app, |commands| commands.session().slots().load(slot));
            }
            _ => request(&mut app, |commands| commands.session().recover(session, from)),
        }
        for _ in 0..20 {
            if !app.world().contains_resource::<CurrentSession>() {
                frames(&mut app, 1);
            }
        }
        // Before more time passes.
        let is_back = app.world().contains_resource::<CurrentSession>();
        let seen = if is_back { portrait(&mut app) } else { Default::default() };
        frames(&mut app, 1);
        let Some(restored) = received::<SessionRestored>(&app).pop() else {
            let failed = received::<RecoveryFailed>(&app)
                .into_iter()
                .map(|rejected| rejected.error.to_string());
            let rejected = received::<RequestRejected>(&app)
                .into_iter()
                .map(|rejected| rejected.error.to_string());
            return format!("  {:?}\n", failed.chain(rejected).collect::<Vec<_>>());
        };
        let mut portrait = format!("  checkpoint {}\n{seen}", restored.checkpoint);
        for loss in &restored.report.losses {
            assert_eq!(loss.reason, RestoreLossReason::UnknownType);
            writeln!(portrait, "  kept for others: {}", loss.type_path).unwrap();
        }
        portrait
    });
    if portraits[0] == portraits[1] {
        return std::mem::take(&mut portraits[0]);
    }
    portraits.join("  without relics:\n")
}

/// The entry of a session in a list, since version 1.1.
fn as_listed(entry: &SessionEntry) -> String {
    let mut text = String::new();
    let said = entry.left.as_ref().map(|left| (left.cause.name(), &left.words));
    if let Some((cause, words)) = said.filter(|(_, words)| !words.is_empty()) {
        writeln!(text, " left by {cause}: {words}").unwrap();
    }
    if let Some(mission) = entry.summary.fields.get::<String>("mission") {
        writeln!(text, " listed with mission {mission:?} in {:?}", entry.summary.states).unwrap();
    }
    text += &on_the_shelf(entry);
    for chapter in &entry.summary.chapters {
        writeln!(text, " listed in chapter {:?}", chapter.name).unwrap();
    }
    text
}

/// Where a session stands among others, and by what it is found, since version 1.3.
fn on_the_shelf(entry: &SessionEntry) -> String {
    let mut text = String::new();
    let session = &entry.session;
    let place = match session.place {
        place if place.is_archived() => "archive",
        place if place.is_in_trash() => "trash",
        _ => "",
    };
    if !place.is_empty() {
        writeln!(text, " in the {place}, without a world: {}", entry.without_world).unwrap();
    }
    if session.draft {
        writeln!(text, " a draft").unwrap();
    }
    let tags: Vec<&str> = session.tags.iter().collect();
    if session.pinned || session.expected.is_some() || !tags.is_empty() {
        let (pinned, expected) = (session.pinned, session.expected);
        writeln!(text, " {tags:?}, pinned: {pinned}, expected: {expected:?}").unwrap();
    }
    for link in session.links.iter().filter(|link| matches!(link.to, LinkTarget::Text(_))) {
        writeln!(text, " {}: {:?}", link.relation, link.to).unwrap();
    }
    text
}

/// Everything that is on a disk, in words.
fn everything(disk: &MemoryDisk) -> String {
    let mut app = game(&disk.snapshot(), true);
    let damaged: Vec<_> = received::<CorruptionDetected>(&app);
    let failed: Vec<_> = received::<RecoveryFailed>(&app);
    assert!(damaged.is_empty() && failed.is_empty(), "{damaged:?} {failed:?}");
    let mut text = String::new();
    let mut sessions = app.world().resource::<SessionCatalog>().sessions().to_vec();
    sessions.sort_by(|a, b| a.session.name.cmp(&b.session.name));
    for entry in sessions {
        let (session, newest) = (entry.session.id, entry.newest.unwrap());
        writeln!(
            text,
            "session {:?} of {:?}: {:?}, {}, fits: {:?}, played for {} s",
            entry.session.name,
            entry.session.player,
            entry.status,
            if entry.declined { "declined" } else { "wanted" },
            entry.fit,
            entry.play_time.as_secs(),
        )
        .unwrap();
        text += &as_listed(&entry);
        let offers = app.world().resource::<RecoveryOffers>();
        let offers: Vec<_> = offers.of(session).cloned().collect();
        for offer in &offers {
            let ids = offer.checkpoints.iter().map(|checkpoint| {
                let label = checkpoint.label.clone().unwrap_or_default();
                format!("{} {:?} {label:?}", checkpoint.id, checkpoint.kind)
            });
            writeln!(text, " offers {} checkpoints", offer.checkpoints.len()).unwrap();
            ids.for_each(|line| writeln!(text, "  {line}").unwrap());
        }
        let offered = offers.iter().flat_map(|offer| offer.checkpoints.iter().step_by(9));
        let mut looked_at: Vec<CheckpointId> = offered.map(|checkpoint| checkpoint.id).collect();
        looked_at.push(newest);
        looked_at.dedup();
        for id in looked_at {
            text += &restored(disk, session, RestoreFrom::Checkpoint(id));
        }
        let before_rewind = restored(disk, session, RestoreFrom::BeforeRewind);
        if before_rewind.contains("checkpoint") {
            writeln!(text, " before the rewind\n{before_rewind}").unwrap();
        }
        text += &happened(&mut app, session);
        let thumbnail = entry.thumbnail.map(|checkpoint| {
            read_attachment(&mut app, AttachmentOf::Checkpoint { session, checkpoint })
        });
        writeln!(text, " thumbnail {thumbnail:?}").unwrap();
    }
    let mut slots = app.world().resource::<SessionCatalog>().slots().to_vec();
    slots.sort_by(|a, b| (a.kind as u8, &a.name).cmp(&(b.kind as u8, &b.name)));
    for slot in slots {
        let kind: SlotKind = slot.kind;
        writeln!(text, "slot {:?} {kind:?} of {:?}", slot.name, slot.session.name).unwrap();
        text += &restored(disk, slot.session.id, RestoreFrom::Slot(slot.id));
        if slot.thumbnail {
            let thumbnail = read_attachment(&mut app, AttachmentOf::Slot(slot.id));
            writeln!(text, " thumbnail {thumbnail:?}").unwrap();
        }
    }
    text
}

/// The events on the newest line of a session, since version 1.2.
fn happened(app: &mut App, session: SessionId) -> String {
    let query = EventQuery { newest_first: false, limit: 10_000, ..EventQuery::of(session) };
    request(app, |commands| commands.session().events().read(query));
    frames(app, 60);
    let read = received::<EventsRead>(app).pop().expect("the query is answered");
    let page = read.result.expect("the events can be read");
    assert_eq!(page.damaged_frames, 0);
    let mut text = String::new();
    for event in &page.events {
        let value = match &*event.event_type.path {
            "golden::Looted" => format!("{:?}", event.decode::<Looted>().unwrap()),
            "golden::Whispered" => format!("{:?}", event.decode::<Whispered>().unwrap()),
            // What there is of these grows.
            _ => continue,
        };
        let (number, privacy) = (event.sequence, event.event_type.privacy);
        let (chapter, played) =
            (event.moment.chapter.is_some(), event.moment.play_time.as_millis());
        writeln!(text, " {number} at {played} ms: {value}, {privacy:?}, in a chapter: {chapter}")
            .unwrap();
    }
    if !page.events.is_empty() {
        writeln!(text, " {} events", page.events.len()).unwrap();
    }
    text
}

fn read_attachment(app: &mut App, of: AttachmentOf) -> String {
    request(app, |commands| commands.session().attachments().read(of, "thumbnail"));
    frames(app, 3);
    let read = received::<AttachmentRead>(app).pop().expect("it should be answered");
    String::from_utf8_lossy(read.result.unwrap().bytes()).into_owned()
}

#[test]
fn every_version_is_read_to_the_same_worlds() {
    let versions = std::fs::read_dir(golden("")).unwrap();
    let versions: Vec<String> = versions
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("bevy-"))
        .collect();
    assert!(versions.iter().any(|version| version == NEWEST), "{versions:?}");
    for version in versions {
        let expected = std::fs::read_to_string(golden(&version).join("worlds.txt")).unwrap();
        let found = everything(&disk_of(&version));
        assert!(!expected.is_empty());
        for (number, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
            assert_eq!(found, expected, "version {version}, line {} of worlds.txt", number + 1);
        }
        assert_eq!(found.lines().count(), expected.lines().count(), "version {version}");
    }
}

#[test]
#[ignore = "writes the files of a new version, once"]
fn write() {
    if std::env::var("BEVY_SESSION_GOLDEN").as_deref() != Ok("write") {
        return;
    }
    assert!(!golden(NEWEST).exists(), "the files of a version are never written again");
    making::keep(&making::make(), NEWEST);
    std::fs::write(golden(NEWEST).join("worlds.txt"), everything(&disk_of(NEWEST))).unwrap();
}
