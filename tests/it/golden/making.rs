//! Plays the sessions that golden files are made of.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::chapters::{ChapterOutcome, InChapter, InnerChapters, NewChapter};
use bevy_session::ends::Leaving;
use bevy_session::external::Operation;
use bevy_session::library::Archived;
use bevy_session::prelude::*;
use bevy_session::{
    CheckpointKind, LeaveCause, MemoryDisk, SessionCommands, SessionId, SessionUpdate, Ticket,
};

use super::{Health, Looted, MemberOf, Relic, Target, Whispered, game, golden};
use crate::common::{Phase, Score, frames, received, request, seconds};

/// Runs of the session that was resumed again and again: more than a header names.
const RUNS: u32 = 70;

/// A disk with everything that the format has: forks, slots, attachments, carried rows, archives,
/// lineages longer than a header, records of every kind.
pub fn make() -> MemoryDisk {
    let disk = MemoryDisk::default();
    relics(&disk);
    let disk = again_and_again(&disk);
    let disk = forked(&disk);
    let disk = declined(&disk);
    let disk = rewound(&disk);
    edited(&disk);
    in_chapters(&disk);
    let disk = recorded(&disk);
    let disk = taken_back(&disk);
    on_the_shelf(&disk);
    forgotten(&disk.snapshot())
}

/// A session with chapters within each other, open and ended, and what belongs to them.
fn in_chapters(disk: &MemoryDisk) {
    let mut app = game(disk, true);
    begin(&mut app, "Chapters");
    let chapter = |app: &mut App, chapter| {
        let mut id = None;
        request(app, |commands| id = Some(commands.session().chapters().begin(chapter)));
        seconds(app, 2.0);
        id.expect("it is drawn at once")
    };
    let act = NewChapter::named("Act 1").kind("act").field("mission", "tower").unwrap();
    let act = chapter(&mut app, act);
    chapter(&mut app, NewChapter::named("Mission 1").inner(InnerChapters::EndAlike));
    request(&mut app, |commands| {
        commands.session().chapters().end_current(ChapterOutcome::Completed);
    });
    chapter(&mut app, NewChapter::named("Mission 2"));
    app.world_mut().spawn((Name::new("Guard"), Health(7), InChapter(act)));
    checkpoint(&mut app, "within");
    seconds(&mut app, 6.0);
    close(&mut app);
}

/// More runs with something that happened than have a file each, and events that no checkpoint holds. It
/// ends with a crash.
fn recorded(disk: &MemoryDisk) -> MemoryDisk {
    let loot = |app: &mut App, gold| {
        app.world_mut().write_message(Looted(gold));
        app.world_mut().write_message(Whispered(format!("{gold} under the oak")));
        frames(app, 2);
    };
    let mut app = game(disk, true);
    hero(&mut app, 40);
    let session = begin(&mut app, "Looters");
    loot(&mut app, 1);
    close(&mut app);
    drop(app);
    for run in 2..=12 {
        let mut app = game(disk, true);
        request(&mut app, |commands| commands.session().continue_session(session));
        frames(&mut app, 6);
        if run == 3 {
            let chapter = NewChapter::named("The oak");
            request(&mut app, |commands| {
                commands.session().chapters().begin(chapter);
            });
            frames(&mut app, 2);
        }
        loot(&mut app, run);
        seconds(&mut app, if run == 12 { 30.0 } else { 2.0 });
        if run < 12 {
            close(&mut app);
        } else {
            loot(&mut app, 100);
        }
    }
    let gathered = |path: &&PathBuf| {
        path.to_string_lossy().contains(&session.to_string())
            && path.extension().is_some_and(|it| it == "events")
    };
    let files = disk.paths().iter().filter(gathered).count();
    assert!((2..=6).contains(&files), "what happened in 12 runs is in {files} files");
    disk.snapshot()
}

/// A player who goes back twice, and takes the second time back. It ends with a crash.
fn taken_back(disk: &MemoryDisk) -> MemoryDisk {
    let mut app = game(disk, true);
    hero(&mut app, 20);
    begin(&mut app, "Back and forth");
    for health in 21..=23 {
        set_health(&mut app, health);
        checkpoint(&mut app, &format!("at {health}"));
        seconds(&mut app, 6.0);
    }
    for ago in [8, 1] {
        request(&mut app, |commands| {
            commands.session().rewind(RewindTo::Ago(Duration::from_secs(ago)));
        });
        frames(&mut app, 8);
        set_health(&mut app, 30 + u32::try_from(ago).unwrap());
        seconds(&mut app, 6.0);
    }
    request(&mut app, |commands| commands.session().rewind(RewindTo::BeforeRewind));
    frames(&mut app, 8);
    set_health(&mut app, 50);
    seconds(&mut app, 6.0);
    disk.snapshot()
}

/// Sessions that are found by what they say, that were put away in each way, and one that hasn't begun.
fn on_the_shelf(disk: &MemoryDisk) {
    let mut app = game(disk, true);
    let new = |name: &str| {
        let new = NewSession::named(name).player("Ben").tag("co-op").tag("hard");
        new.expected(Duration::from_secs(600))
    };
    let put_away =
        |app: &mut App, name: &str, how: fn(&mut SessionCommands, SessionId) -> Ticket| {
            request(app, |commands| commands.session().start(new(name)));
            frames(app, 4);
            let session = app.world().resource::<CurrentSession>().id();
            app.world_mut().resource_mut::<CurrentSession>().set("mission", name).unwrap();
            seconds(app, 6.0);
            close(app);
            request(app, |commands| how(&mut commands.session(), session));
            frames(app, 12);
        };
    hero(&mut app, 90);
    put_away(&mut app, "Kept", |commands, session| {
        let update = SessionUpdate::default().pin(true);
        commands.library().update(session, update.link("guide", "page 7"))
    });
    put_away(&mut app, "Put away", |commands, session| {
        commands.library().archive(session, Archived::WithWorld)
    });
    put_away(&mut app, "Remembered", |commands, session| {
        commands.library().archive(session, Archived::SummaryOnly)
    });
    put_away(&mut app, "Thrown away", |commands, session| commands.library().delete(session));
    let planned = new("Planned").field("mission", "next week").unwrap();
    let planned = planned.field("plan", &"x".repeat(20_000)).unwrap();
    request(&mut app, |commands| commands.session().library().draft(planned));
    frames(&mut app, 4);
    let places = app.world().resource::<SessionCatalog>().sessions().iter();
    let away = places.filter(|entry| !entry.session.place.is_open() || entry.session.draft);
    assert_eq!(away.count(), 4);
}

/// Writes what belongs to the golden files of this name.
pub fn keep(disk: &MemoryDisk, name: &str) {
    for path in disk.paths().into_iter().filter(|path| is_kept(path)) {
        let target = golden(name).join("files").join(&path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, disk.content(&path).unwrap()).unwrap();
    }
}

/// True if a file belongs to the golden ones. Locks and what processes said of themselves don't.
fn is_kept(path: &Path) -> bool {
    path.starts_with("sessions/data") || path.ends_with("state/host")
}

fn begin(app: &mut App, name: &str) -> SessionId {
    request(app, |commands| commands.session().start(NewSession::named(name).player("Ann")));
    frames(app, 4);
    app.world().resource::<CurrentSession>().id()
}

fn close(app: &mut App) {
    request(app, |commands| commands.session().close(LeaveCause::Player));
    frames(app, 4);
}

fn checkpoint(app: &mut App, label: &str) {
    let before = received::<CheckpointSaved>(app).len();
    request(app, |commands| commands.session().checkpoint(label));
    frames(app, 4);
    assert!(received::<CheckpointSaved>(app).len() > before, "{label}");
}

fn hero(app: &mut App, health: u32) -> Entity {
    let world = app.world_mut();
    let hero = world.spawn((Name::new("Hero"), Health(health))).id();
    let sword = world.spawn((Name::new("Sword"), Health(10), ChildOf(hero))).id();
    world.spawn((Name::new("Shield"), Health(20), ChildOf(hero)));
    world.spawn((Name::new("Wolf"), Health(5), Target(hero)));
    world.entity_mut(sword).insert(Target(hero));
    hero
}

fn named(app: &mut App, name: &str) -> Entity {
    let world = app.world_mut();
    let mut names = world.query::<(Entity, &Name)>();
    let mut found = names.iter(world).filter(|(_, known)| known.as_str() == name);
    found.next().expect("an entity of this name").0
}

fn set_health(app: &mut App, health: u32) {
    let hero = named(app, "Hero");
    app.world_mut().get_mut::<Health>(hero).expect("a hero has it").0 = health;
}

/// A build that knows relics, and one that doesn't and carries them; pauses, names, fields, states;
/// slots with attachments; a door of the level that was changed, and a coin that was taken.
fn relics(disk: &MemoryDisk) {
    let mut app = game(disk, true);
    let hero = hero(&mut app, 100);
    app.world_mut().entity_mut(hero).insert(Relic("Grail".to_owned()));
    let session = begin(&mut app, "Quest");
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    app.world_mut().resource_mut::<Score>().0 = 3;
    app.world_mut().resource_mut::<CurrentSession>().set("mission", &"bridge").unwrap();
    seconds(&mut app, 12.0);
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().resume());
    frames(&mut app, 3);
    close(&mut app);
    drop(app);

    let mut app = game(disk, false);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 6);
    set_health(&mut app, 90);
    let door = named(&mut app, "Door");
    app.world_mut().entity_mut(door).insert(Health(2));
    let coin = named(&mut app, "Coin");
    app.world_mut().despawn(coin);
    request(&mut app, |commands| {
        commands.session().update(SessionUpdate::default().name("Relics"));
    });
    seconds(&mut app, 6.0);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Before the bridge"))
    });
    frames(&mut app, 6);
    let slot = received::<SlotSaved>(&app).pop().unwrap().slot;
    let picture = b"a picture".to_vec();
    request(&mut app, |commands| {
        commands.session().attachments().attach(slot.checkpoint, "thumbnail", picture)
    });
    frames(&mut app, 6);
    set_health(&mut app, 80);
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 6);
    close(&mut app);
}

/// More runs than a header names, each with a checkpoint that somebody asked for. The last one dies.
fn again_and_again(disk: &MemoryDisk) -> MemoryDisk {
    let mut app = game(disk, true);
    hero(&mut app, 1);
    let session = begin(&mut app, "Hundreds of evenings");
    close(&mut app);
    drop(app);
    for run in 1..=RUNS {
        let mut app = game(disk, true);
        request(&mut app, |commands| commands.session().continue_session(session));
        frames(&mut app, 6);
        set_health(&mut app, run);
        checkpoint(&mut app, &format!("evening {run}"));
        if run < RUNS {
            seconds(&mut app, 6.0);
            close(&mut app);
        } else {
            set_health(&mut app, 1000);
            seconds(&mut app, 6.0);
        }
    }
    disk.snapshot()
}

/// Two machines that went on without each other.
fn forked(disk: &MemoryDisk) -> MemoryDisk {
    let mut app = game(disk, true);
    hero(&mut app, 50);
    let session = begin(&mut app, "Two machines");
    close(&mut app);
    drop(app);
    let sides = [disk.snapshot(), disk.snapshot()];
    for (side, health) in sides.iter().zip([51, 52]) {
        let mut app = game(side, true);
        request(&mut app, |commands| commands.session().continue_session(session));
        frames(&mut app, 6);
        set_health(&mut app, health);
        seconds(&mut app, 6.0);
        close(&mut app);
    }
    let [left, right] = sides;
    left.take_from(&right, Path::new("sessions/data"));
    left
}

/// A crash that the player doesn't want back.
fn declined(disk: &MemoryDisk) -> MemoryDisk {
    let mut app = game(disk, true);
    hero(&mut app, 60);
    let session = begin(&mut app, "Unwanted");
    seconds(&mut app, 6.0);
    let disk = disk.snapshot();
    drop(app);
    let mut app = game(&disk, true);
    request(&mut app, |commands| commands.session().decline(session));
    frames(&mut app, 4);
    assert!(app.world().resource::<SessionCatalog>().get(session).unwrap().declined);
    drop(app);
    disk
}

/// A player with second thoughts, and a crew in a certain order. What was played before going back is a checkpoint as
/// well. It ends with a crash.
fn rewound(disk: &MemoryDisk) -> MemoryDisk {
    let mut app = game(disk, true);
    let captain = hero(&mut app, 30);
    for name in ["Cook", "Pilot", "Medic"] {
        app.world_mut().spawn((Name::new(name), Health(3)));
    }
    for name in ["Pilot", "Medic", "Cook"] {
        let member = named(&mut app, name);
        app.world_mut().entity_mut(member).insert(MemberOf(captain));
    }
    let session = begin(&mut app, "Second thoughts");
    checkpoint(&mut app, "before the storm");
    let before = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    set_health(&mut app, 31);
    seconds(&mut app, 6.0);
    set_health(&mut app, 32);
    request(&mut app, |commands| {
        commands.session().recover(session, RestoreFrom::Checkpoint(before));
    });
    frames(&mut app, 8);
    assert!(
        received::<CheckpointSaved>(&app).iter().any(|saved| saved.kind == CheckpointKind::Rewind)
    );
    set_health(&mut app, 33);
    seconds(&mut app, 6.0);
    disk.snapshot()
}

/// A session that was left with words of the game's own, and got another name and mission afterwards.
fn edited(disk: &MemoryDisk) {
    let mut app = game(disk, true);
    hero(&mut app, 80);
    let session = begin(&mut app, "Draft");
    app.world_mut().resource_mut::<CurrentSession>().set("mission", "the ford").unwrap();
    let leaving = Leaving::by(LeaveCause::Idle).saying("asleep at the desk");
    request(&mut app, |commands| commands.session().close(leaving));
    frames(&mut app, 4);
    let update = SessionUpdate::default().name("Fair copy").field("mission", "the hill").unwrap();
    request(&mut app, |commands| commands.session().library().update(session, update));
    frames(&mut app, 4);
}

/// A session that is half deleted.
fn forgotten(disk: &MemoryDisk) -> MemoryDisk {
    let mut app = game(disk, true);
    hero(&mut app, 70);
    let session = begin(&mut app, "Forgotten");
    close(&mut app);
    disk.fail_always(Operation::Remove, std::io::ErrorKind::PermissionDenied);
    request(&mut app, |commands| commands.session().library().purge(session));
    frames(&mut app, 4);
    drop(app);
    disk.snapshot()
}
