//! The commands: what each takes, what it does, and what it waits for before it is answered.
//!
//! To add one, write its function and put it into [`COMMANDS`]. If it waits for something that no
//! other command has waited for, [`News`] gets a variant.

use std::path::PathBuf;
use std::process;
use std::time::Duration;

use bevy::diagnostic::FrameCount;
use bevy::prelude::*;
use bevy_session::chapters::{ChapterId, ChapterOutcome, NewChapter};
use bevy_session::checkpoints::{WorldFork, WorldForksExt};
use bevy_session::events::{EventPage, EventQuery};
use bevy_session::library::{Archived, SessionQuery};
use bevy_session::prelude::*;
use bevy_session::replica::{ReplicaOwner, ReplicaSessions};
use bevy_session::reports::Report;
use bevy_session::scenarios::Scenario;
use bevy_session::slots::SlotId;
use bevy_session::{CheckpointId, SessionCommands, SessionId, SessionUpdate, Ticket};
use bevy_session_play::{NewNote, NoteCommandsExt, NoteId, Objectives};
use serde_json::{Map, Value, json};

use super::insights::{insights, skill, story, suggest};
use super::keeping::{asking, audit, cleanup, erase, export_player, players};
use super::news::{Moment, News, Return};
use super::suspend::Suspending;
use crate::colony::Colony;
use crate::digest::Digest;
use crate::options::Options;
use crate::replica::machine;

/// The outcomes of a chapter.
const OUTCOMES: &str = "completed, failed or abandoned";

/// All of them.
pub const COMMANDS: &[Command] = &[
    Command { verb: "checkpoint", takes: Takes::Text("a label"), begin: checkpoint },
    Command { verb: "save", takes: Takes::Text("a name"), begin: save },
    Command { verb: "load", takes: Takes::Text("a name"), begin: load },
    Command { verb: "protect", takes: Takes::Text("a name"), begin: protect },
    Command { verb: "unprotect", takes: Takes::Text("a name"), begin: unprotect },
    Command { verb: "chapter", takes: Takes::Text("a name"), begin: chapter },
    Command { verb: "end-chapter", takes: Takes::Text(OUTCOMES), begin: end_chapter },
    Command { verb: "rewind", takes: Takes::Text("seconds"), begin: rewind },
    Command { verb: "undo-rewind", takes: Takes::Nothing, begin: undo_rewind },
    Command { verb: "fork-world", takes: Takes::Nothing, begin: fork_world },
    Command { verb: "return", takes: Takes::Nothing, begin: return_to_fork },
    Command { verb: "hash", takes: Takes::Nothing, begin: hash },
    Command { verb: "pause", takes: Takes::Nothing, begin: pause },
    Command { verb: "resume", takes: Takes::Nothing, begin: resume },
    Command { verb: "sessions", takes: Takes::Nothing, begin: sessions },
    Command { verb: "rename", takes: Takes::Text("a session's id and a name"), begin: rename },
    Command { verb: "archive", takes: Takes::Text("a session's id"), begin: archive },
    Command { verb: "unarchive", takes: Takes::Text("a session's id"), begin: unarchive },
    Command { verb: "delete", takes: Takes::Text("a session's id"), begin: delete },
    Command { verb: "undelete", takes: Takes::Text("a session's id"), begin: undelete },
    Command { verb: "draft", takes: Takes::Text("a name"), begin: draft },
    Command { verb: "scenario", takes: Takes::Text("a path"), begin: scenario },
    Command { verb: "tag", takes: Takes::Text("a tag"), begin: tag },
    Command { verb: "search", takes: Takes::Text("words"), begin: search },
    Command { verb: "objectives", takes: Takes::Nothing, begin: objectives },
    Command { verb: "note", takes: Takes::Text("a text"), begin: note },
    Command { verb: "insights", takes: Takes::Nothing, begin: insights },
    Command { verb: "story", takes: Takes::Nothing, begin: story },
    Command { verb: "skill", takes: Takes::Text("a skill's name"), begin: skill },
    Command { verb: "suggestions", takes: Takes::Nothing, begin: suggest },
    Command { verb: "slots", takes: Takes::Nothing, begin: slots },
    Command { verb: "events", takes: Takes::Text("a number"), begin: events },
    Command { verb: "report", takes: Takes::Text("a path"), begin: report },
    Command { verb: "players", takes: Takes::Nothing, begin: players },
    Command {
        verb: "export-player",
        takes: Takes::Text("a player's name and a path"),
        begin: export_player,
    },
    Command { verb: "erase", takes: Takes::Text("a player's name"), begin: erase },
    Command { verb: "audit", takes: Takes::Text("a number"), begin: audit },
    Command { verb: "cleanup", takes: Takes::Nothing, begin: cleanup },
    Command { verb: "drain", takes: Takes::Nothing, begin: drain },
    Command { verb: "replica-sessions", takes: Takes::Nothing, begin: replica_sessions },
    Command { verb: "close", takes: Takes::Nothing, begin: close },
    Command { verb: "die", takes: Takes::Text("panic, abort, kill, exit or suspend"), begin: die },
];

/// Something that can be asked for.
pub struct Command {
    pub verb: &'static str,
    pub takes: Takes,
    pub begin: fn(&mut World, &str) -> Result<Begun, String>,
}

/// The argument, after the first space.
pub enum Takes {
    Nothing,
    /// Any text that isn't empty, and what it is.
    Text(&'static str),
}

/// The state of a command once it has begun.
pub enum Begun {
    Done(Fields),
    /// Looks at what happens until it has an answer.
    Waiting(Watch),
    /// The process dies of this, so the answer comes before it.
    Dying(fn(&mut World)),
}

/// Asked with everything that happens while the command is under way, until it gives an answer.
pub type Watch = Box<dyn FnMut(&News, &mut World) -> Option<Answer> + Send + Sync>;
/// The fields of an answer, or why there are none.
pub type Answer = Result<Fields, String>;
/// The fields of an answer.
pub type Fields = Map<String, Value>;

impl Takes {
    /// The argument, if it is one that is taken.
    pub fn check<'a>(&self, given: &'a str) -> Result<&'a str, String> {
        match self {
            Self::Nothing if !given.is_empty() => Err(format!("it takes nothing, not {given:?}")),
            Self::Text(what) if given.is_empty() => Err(format!("it takes {what} after a space")),
            _ => Ok(given),
        }
    }
}

fn checkpoint(world: &mut World, label: &str) -> Result<Begun, String> {
    let ticket = world.commands().session().checkpoint(label);
    let mut captured: Option<Moment> = None;
    Ok(until(move |news, _| match news {
        News::Saved(checkpoint) => {
            let answer = saved_through(*checkpoint, captured.as_ref()?)?;
            Some(answer.map(|fields| with_ticket(fields, ticket)))
        }
        news => follow(news, &mut captured),
    }))
}

fn save(world: &mut World, name: &str) -> Result<Begun, String> {
    let ticket = world.commands().session().slots().save(SaveSlot::manual(name).overwrite());
    let mut captured: Option<Moment> = None;
    let mut is_durable = false;
    Ok(until(move |news, _| match news {
        News::Saved(checkpoint) => {
            is_durable |= captured.as_ref().is_some_and(|moment| moment.checkpoint == *checkpoint);
            None
        }
        // It is a later one that failed while the slot is being made.
        News::NotSaved { .. } if is_durable => None,
        News::SlotSaved { checkpoint } => {
            let moment = captured.as_ref().filter(|moment| moment.checkpoint == *checkpoint)?;
            Some(done_at(moment).map(|fields| with_ticket(fields, ticket)))
        }
        News::SlotNotSaved(why) => Some(Err(why.clone())),
        news => follow(news, &mut captured),
    }))
}

/// The fields of an answer to a request, with its ticket.
fn with_ticket(mut fields: Fields, ticket: Ticket) -> Fields {
    fields.insert("ticket".to_owned(), json!(ticket.to_string()));
    fields
}

/// Remembers the checkpoint that was captured for a command, and whether it failed.
fn follow(news: &News, captured: &mut Option<Moment>) -> Option<Answer> {
    match (news, &captured) {
        (News::Captured(moment), None) => *captured = Some(moment.clone()),
        // It could not even be captured.
        (News::NotSaved { why, .. }, None) => return Some(Err(why.clone())),
        (News::NotSaved { checkpoint, why }, Some(moment)) if reaches(*checkpoint, moment) => {
            return Some(Err(why.clone()));
        }
        _ => {}
    }
    None
}

fn saved_through(checkpoint: CheckpointId, captured: &Moment) -> Option<Answer> {
    if checkpoint == captured.checkpoint {
        return Some(done_at(captured));
    }
    let wanted = captured.checkpoint.counter;
    let came_instead = format!("checkpoint {} came instead of {wanted}", checkpoint.counter);
    reaches(checkpoint, captured).then_some(Err(came_instead))
}

/// True if a checkpoint is this one, or a later one of the same run.
fn reaches(checkpoint: CheckpointId, moment: &Moment) -> bool {
    let CheckpointId { run, counter } = moment.checkpoint;
    checkpoint.run == run && checkpoint.counter >= counter
}

/// Answered when the checkpoint is durable with which the loaded colony goes on, so that no crash
/// undoes what was answered.
fn load(world: &mut World, name: &str) -> Result<Begun, String> {
    let slot = slot_named(world, name)?;
    world.commands().session().slots().load(slot);
    Ok(until_restored(came_back))
}

fn protect(world: &mut World, name: &str) -> Result<Begun, String> {
    let slot = slot_named(world, name)?;
    let ticket = world.commands().session().slots().protect(slot);
    Ok(until_finished(ticket))
}

fn unprotect(world: &mut World, name: &str) -> Result<Begun, String> {
    let slot = slot_named(world, name)?;
    let ticket = world.commands().session().slots().unprotect(slot);
    Ok(until_finished(ticket))
}

fn slot_named(world: &World, name: &str) -> Result<SlotId, String> {
    let player = world.get_resource::<CurrentSession>().and_then(CurrentSession::player);
    let slot = world.resource::<SessionCatalog>().slot_named(player, name);
    Ok(slot.ok_or_else(|| format!("there is no slot {name:?}"))?.id)
}

/// Waits until a request is done.
fn until_finished(ticket: Ticket) -> Begun {
    until(move |news, _| match news {
        News::Finished(finished) if *finished == ticket => Some(Ok(Fields::new())),
        _ => None,
    })
}

/// Goes back by so many seconds of play.
fn rewind(world: &mut World, seconds: &str) -> Result<Begun, String> {
    let ago = seconds.parse().ok().and_then(|ago| Duration::try_from_secs_f64(ago).ok());
    let ago = ago.ok_or_else(|| format!("it takes seconds, not {seconds:?}"))?;
    let hash = hash_of(world)?;
    world.commands().session().rewind(RewindTo::Ago(ago));
    Ok(until_restored(move |restored| {
        let mut answer = came_back(restored)?;
        let left =
            restored.left.map(|left| json!({ "checkpoint": left.counter, "hash": hash.clone() }));
        answer.insert("left".to_owned(), left.unwrap_or_default());
        Ok(answer)
    }))
}

fn undo_rewind(world: &mut World, _: &str) -> Result<Begun, String> {
    world.commands().session().rewind(RewindTo::BeforeRewind);
    Ok(until_restored(came_back))
}

/// The moment that was forked last.
#[derive(Resource)]
struct LastFork(WorldFork);

/// Keeps this moment, to which `return` leads.
fn fork_world(world: &mut World, _: &str) -> Result<Begun, String> {
    let fork = world.commands().fork_world();
    let mut captured: Option<Moment> = None;
    Ok(until(move |news, world| match news {
        News::Saved(checkpoint) => {
            let answer = saved_through(*checkpoint, captured.as_ref()?)?;
            world.insert_resource(LastFork(fork));
            Some(answer)
        }
        news => follow(news, &mut captured),
    }))
}

/// Answered when the checkpoint is durable with which the colony goes on from there.
fn return_to_fork(world: &mut World, _: &str) -> Result<Begun, String> {
    let fork = world.get_resource::<LastFork>().ok_or("no moment was forked")?.0;
    world.commands().return_to(fork);
    Ok(until_restored(came_back))
}

/// The answer of a restore: the moment that came back, and the changes to the world.
fn came_back(back: &Return) -> Answer {
    let mut answer = done_at(&back.moment)?;
    answer.insert("in_place".to_owned(), back.in_place.into());
    answer.insert("written".to_owned(), back.written.into());
    answer.insert("spawned".to_owned(), back.spawned.into());
    answer.insert("despawned".to_owned(), back.despawned.into());
    Ok(answer)
}

/// Waits until a restored colony's first checkpoint is durable. What is answered then comes of what
/// was restored.
fn until_restored(answer: impl Fn(&Return) -> Answer + Send + Sync + 'static) -> Begun {
    let mut restored: Option<Return> = None;
    let mut opening: Option<Moment> = None;
    until(move |news, _| match (news, &restored, &opening) {
        (News::Restored(back), ..) => {
            restored = Some(back.clone());
            None
        }
        (News::NotRestored(why), ..) => Some(Err(why.clone())),
        (News::Captured(moment), Some(_), None) => {
            opening = Some(moment.clone());
            None
        }
        (News::Saved(checkpoint), Some(restored), Some(opening)) => {
            reaches(*checkpoint, opening).then(|| answer(restored))
        }
        (News::NotSaved { checkpoint, why }, Some(_), Some(opening)) => {
            let why = format!("it is restored, but what follows isn't safe: {why}");
            reaches(*checkpoint, opening).then_some(Err(why))
        }
        _ => None,
    })
}

fn chapter(world: &mut World, name: &str) -> Result<Begun, String> {
    let chapter = world.commands().session().chapters().begin(NewChapter::named(name));
    Ok(once_kept(chapter))
}

fn end_chapter(world: &mut World, how: &str) -> Result<Begun, String> {
    let outcome = match how {
        "completed" => ChapterOutcome::Completed,
        "failed" => ChapterOutcome::Failed,
        "abandoned" => ChapterOutcome::Abandoned,
        _ => return Err(format!("a chapter ends {OUTCOMES}, not {how:?}")),
    };
    let current = world.get_resource::<CurrentSession>();
    let chapter = current.and_then(|current| current.chapters().current());
    let chapter = chapter.ok_or("no chapter is open")?.id;
    world.commands().session().chapters().end(chapter, outcome);
    Ok(once_kept(chapter))
}

/// Answered when the checkpoint is durable that says of a chapter that it has begun, or ended.
fn once_kept(chapter: ChapterId) -> Begun {
    let mut has_happened = false;
    let mut captured: Option<Moment> = None;
    until(move |news, _| match news {
        News::Chapter(which) => {
            has_happened |= *which == chapter;
            None
        }
        _ if !has_happened => None,
        News::Saved(checkpoint) => reaches(*checkpoint, captured.as_ref()?)
            .then(|| Ok(fields([("chapter", json!(chapter.to_string()))]))),
        news => follow(news, &mut captured),
    })
}

fn hash(world: &mut World, _: &str) -> Result<Begun, String> {
    let hash = hash_of(world)?;
    let frame = world.resource::<FrameCount>().0;
    Ok(Begun::Done(fields([("frame", json!(frame)), ("hash", json!(hash))])))
}

/// The hash of the colony as it is now.
fn hash_of(world: &mut World) -> Result<String, String> {
    let hash = world.run_system_cached(|digest: Digest| digest.text());
    hash.map_err(|error| error.to_string())
}

fn pause(world: &mut World, _: &str) -> Result<Begun, String> {
    world.commands().session().pause();
    Ok(until(|news, _| matches!(news, News::Paused).then(|| Ok(Fields::new()))))
}

fn resume(world: &mut World, _: &str) -> Result<Begun, String> {
    world.commands().session().resume();
    Ok(until(|news, _| matches!(news, News::Resumed).then(|| Ok(Fields::new()))))
}

fn sessions(world: &mut World, _: &str) -> Result<Begun, String> {
    let current = world.get_resource::<CurrentSession>();
    let catalog = world.resource::<SessionCatalog>();
    let sessions = catalog.sessions().iter().map(|entry| {
        // What is being played changes all the time; the catalogue knows how it was left.
        let current = current.filter(|current| current.id() == entry.session.id);
        let name = current.map_or(&*entry.session.name, CurrentSession::name);
        let status = current.map_or(entry.status, CurrentSession::status);
        let play_time = current.map_or(entry.play_time, CurrentSession::play_time);
        json!({
            "id": entry.session.id.to_string(),
            "name": name,
            "status": format!("{status:?}").to_lowercase(),
            "play_s": play_time.as_secs_f64(),
        })
    });
    Ok(Begun::Done(fields([("sessions", sessions.collect())])))
}

fn archive(world: &mut World, id: &str) -> Result<Begun, String> {
    shelve(world, id, |commands, session| commands.library().archive(session, Archived::WithWorld))
}

fn unarchive(world: &mut World, id: &str) -> Result<Begun, String> {
    shelve(world, id, |commands, session| commands.library().unarchive(session))
}

fn delete(world: &mut World, id: &str) -> Result<Begun, String> {
    shelve(world, id, |commands, session| commands.library().delete(session))
}

fn undelete(world: &mut World, id: &str) -> Result<Begun, String> {
    shelve(world, id, |commands, session| commands.library().undelete(session))
}

/// Gives a session that isn't played another name.
fn rename(world: &mut World, what: &str) -> Result<Begun, String> {
    let (id, name) = what.split_once(' ').ok_or("it takes a name after the session's id")?;
    let session = other_session(world, id)?;
    let update = SessionUpdate::default().name(name);
    world.commands().session().library().update(session, update);
    Ok(until(move |news, _| match news {
        News::Updated(updated) => (*updated == session).then(|| Ok(Fields::new())),
        _ => None,
    }))
}

/// A session that isn't the one that is played.
fn other_session(world: &World, id: &str) -> Result<SessionId, String> {
    let session = id.parse().map_err(|_| format!("{id:?} is no session's id"))?;
    let current = world.get_resource::<CurrentSession>();
    match current.is_some_and(|current| current.id() == session) {
        true => Err("that session is played".to_owned()),
        false => Ok(session),
    }
}

/// Answered once it is durable that the session is somewhere else.
fn shelve(
    world: &mut World,
    id: &str,
    ask: fn(&mut SessionCommands, SessionId) -> Ticket,
) -> Result<Begun, String> {
    let session: SessionId = id.parse().map_err(|_| format!("{id:?} is no session's id"))?;
    asking(world, |commands| {
        ask(commands, session);
    });
    Ok(until(move |news, _| match news {
        News::Moved(moved) => (*moved == session).then(|| Ok(Fields::new())),
        _ => None,
    }))
}

/// Plans a session, which begins when it is continued.
fn draft(world: &mut World, name: &str) -> Result<Begun, String> {
    world.commands().session().library().draft(NewSession::named(name));
    Ok(until(|news, _| match news {
        News::Drafted(id) => Some(Ok(fields([("id", json!(id.to_string()))]))),
        _ => None,
    }))
}

/// Makes a scenario of the colony as it is now.
fn scenario(world: &mut World, path: &str) -> Result<Begun, String> {
    let current = world.get_resource::<CurrentSession>().ok_or("no session is played")?;
    let scenario = Scenario::like(current.metadata(), current.fields());
    let id = current.id();
    world.commands().session().library().save_as_scenario(id, scenario, path);
    Ok(until(|news, _| match news {
        News::ScenarioSaved { bytes } => Some(Ok(fields([("bytes", json!(bytes))]))),
        _ => None,
    }))
}

/// Answered when the checkpoint is durable with which the tag was written.
fn tag(world: &mut World, tag: &str) -> Result<Begun, String> {
    if tag.trim().is_empty() {
        return Err("a tag of nothing but space is none".to_owned());
    }
    world.commands().session().update(SessionUpdate::default().tag(tag));
    world.commands().session().checkpoint("tagged");
    let mut captured: Option<Moment> = None;
    Ok(until(move |news, _| match news {
        News::Saved(checkpoint) => {
            saved_through(*checkpoint, captured.as_ref()?).map(|saved| saved.map(|_| Fields::new()))
        }
        news => follow(news, &mut captured),
    }))
}

/// The sessions in which all words are found, the one that was played last first.
fn search(world: &mut World, words: &str) -> Result<Begun, String> {
    let catalog = world.resource::<SessionCatalog>();
    let found = catalog.query(&SessionQuery::default().search(words));
    let ids = found.entries.iter().map(|entry| json!(entry.session.id.to_string()));
    Ok(Begun::Done(fields([("ids", ids.collect())])))
}

/// The colony's objectives, with their progress.
fn objectives(world: &mut World, _: &str) -> Result<Begun, String> {
    let objectives = world.resource::<Objectives>().iter().map(|objective| {
        json!({
            "key": objective.key().as_str(),
            "state": objective.standing().word(),
            "progress": objective.progress(),
        })
    });
    Ok(Begun::Done(fields([("objectives", objectives.collect())])))
}

/// Writes a note about the session, and takes a checkpoint once it is there.
fn note(world: &mut World, text: &str) -> Result<Begun, String> {
    world.commands().notes().write(NewNote::new(text));
    let mut written: Option<NoteId> = None;
    let mut captured: Option<Moment> = None;
    Ok(until(move |news, world| match (news, written) {
        (News::Noted(note), _) => {
            written = Some(*note);
            world.commands().session().checkpoint("noted");
            None
        }
        // What is captured before is without it.
        (_, None) => None,
        (News::Saved(checkpoint), Some(note)) => {
            let saved = saved_through(*checkpoint, captured.as_ref()?)?;
            Some(saved.map(|_| fields([("id", json!(note.0))])))
        }
        (news, Some(_)) => follow(news, &mut captured),
    }))
}

fn slots(world: &mut World, _: &str) -> Result<Begun, String> {
    let slots = world.resource::<SessionCatalog>().slots().iter().map(|slot| {
        let checkpoint = slot.checkpoint.counter;
        json!({ "name": slot.name, "checkpoint": checkpoint, "bytes": slot.bytes })
    });
    Ok(Begun::Done(fields([("slots", slots.collect())])))
}

/// The newest events of the session, the oldest of them first.
fn events(world: &mut World, count: &str) -> Result<Begun, String> {
    let limit = count.parse().map_err(|_| format!("{count:?} is no number"))?;
    let session = world.get_resource::<CurrentSession>().ok_or("no session is played")?.id();
    // What was dug up to here is in the log that is read.
    let mined = world.get_resource::<Colony>().map(|colony| colony.mined);
    let query = EventQuery { limit, counts_all: true, ..EventQuery::of(session) };
    world.commands().session().events().read(query);
    Ok(until(move |news, _| match news {
        News::EventsRead(page) => {
            let page = page.as_ref().map_err(Clone::clone).and_then(describe_events);
            Some(page.map(|mut page| {
                page.insert("mined".to_owned(), json!(mined));
                page
            }))
        }
        _ => None,
    }))
}

fn describe_events(page: &EventPage) -> Answer {
    let events = page.events.iter().rev().map(|event| {
        let data: Value = event.decode().map_err(|error| error.to_string())?;
        Ok(json!({
            "sequence": event.sequence,
            "type": &*event.event_type.path,
            "play_s": event.moment.play_time.as_secs_f64(),
            "data": data,
        }))
    });
    let events: Value = events.collect::<Result<Vec<_>, String>>()?.into();
    Ok(fields([("total", json!(page.total)), ("events", events)]))
}

/// A report of this very moment.
fn report(world: &mut World, path: &str) -> Result<Begun, String> {
    asking(world, |commands| {
        commands.library().report(Report::now(), path);
    });
    let path = PathBuf::from(path);
    Ok(until(move |news, _| match news {
        News::ReportWritten { path: written, bytes } => {
            (*written == path).then(|| Ok(fields([("bytes", json!(bytes))])))
        }
        _ => None,
    }))
}

/// The process ends by itself once the session is closed.
fn close(world: &mut World, _: &str) -> Result<Begun, String> {
    world.commands().session().close(LeaveCause::Player);
    Ok(until(|news, world| match news {
        News::Closed { complete: true } => {
            world.write_message(AppExit::Success);
            Some(Ok(Fields::new()))
        }
        // The exit with an error is on its way.
        News::Closed { complete: false } => Some(Err("the end isn't saved".into())),
        _ => None,
    }))
}

/// Leaves the colony to another machine: answered when all of it is in the replica, and nobody's.
fn drain(world: &mut World, _: &str) -> Result<Begun, String> {
    world.get_resource::<ReplicaSessions>().ok_or("there is no replica")?;
    world.commands().session().close(LeaveCause::Player);
    Ok(until(|news, world| match news {
        News::Released { complete: true } => {
            world.write_message(AppExit::Success);
            Some(Ok(Fields::new()))
        }
        News::Released { complete: false } => {
            world.write_message(AppExit::error());
            Some(Err("not all of it is in the replica".into()))
        }
        News::Closed { complete: false } => Some(Err("the end isn't saved".into())),
        _ => None,
    }))
}

fn replica_sessions(world: &mut World, _: &str) -> Result<Begun, String> {
    let mut replica = world.get_resource_mut::<ReplicaSessions>().ok_or("there is no replica")?;
    replica.look();
    Ok(until(|news, world| match news {
        News::ReplicaListed => Some(Ok(listed_in_replica(world))),
        News::ReplicaLost(why) => Some(Err(why.clone())),
        _ => None,
    }))
}

fn listed_in_replica(world: &World) -> Fields {
    let own = machine(world.resource::<Options>());
    let sessions = world.resource::<ReplicaSessions>().sessions().iter().map(|it| {
        let entry = it.entry.as_ref();
        let owner = match &it.owner {
            ReplicaOwner::ThisMachine => Some(own.as_str()),
            owner => owner.machine(),
        };
        json!({
            "id": it.session.to_string(),
            "name": entry.map(|entry| &entry.session.name),
            "status": entry.map(|entry| format!("{:?}", entry.status).to_lowercase()),
            "play_s": entry.map(|entry| entry.play_time.as_secs_f64()),
            "owner": owner,
        })
    });
    fields([("sessions", sessions.collect())])
}

fn die(_: &mut World, how: &str) -> Result<Begun, String> {
    match how {
        "panic" => Ok(Begun::Dying(|_| panic!("the command was to panic"))),
        "abort" => Ok(Begun::Dying(|_| process::abort())),
        "kill" => Ok(Begun::Dying(|_| kill())),
        "exit" => Ok(Begun::Dying(|_| process::exit(1))),
        "suspend" => Ok(Begun::Dying(|world| world.insert_resource(Suspending))),
        _ => Err(format!("there is no such way to die: {how:?}")),
    }
}

/// Kills this very process from outside.
pub fn kill() {
    let own = process::id().to_string();
    let (program, flags): (&str, &[&str]) =
        if cfg!(windows) { ("taskkill", &["/F", "/PID"]) } else { ("kill", &["-9"]) };
    let mut command = process::Command::new(program);
    // Its result would be no line of ours.
    let _ = command.args(flags).arg(own).stdout(process::Stdio::null()).status();
    // If there is no such program, the answer must not have been a lie.
    process::abort();
}

pub fn until(
    watch: impl FnMut(&News, &mut World) -> Option<Answer> + Send + Sync + 'static,
) -> Begun {
    Begun::Waiting(Box::new(watch))
}

#[expect(clippy::unnecessary_wraps, reason = "it is an answer")]
fn done_at(moment: &Moment) -> Answer {
    Ok(fields([("checkpoint", json!(moment.checkpoint.counter)), ("hash", json!(moment.hash))]))
}

pub fn fields<const COUNT: usize>(fields: [(&str, Value); COUNT]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
