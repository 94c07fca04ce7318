//! `--stdin`: does what a program outside asks for, one command after the other, and answers each
//! once its effect is there.
//!
//! A game has no need of this. [`commands`] is the one place to add a command.
//!
//! Commands are done one at a time and in order, from the moment at which a session is taken up. A label or name is everything
//! after the first space, as it is. Whatever can't be done, is unknown or malformed is answered with `"ok": false` and an
//! `error`, and changes nothing; so is a save that the disk refuses. The end of the input is no command: the colony lives on
//! until `--seconds`. A line is UTF-8 and has 64 KiB at most. The driving program has to read the output: each line is written
//! before the next thing happens. An answer to a load is restored and durable; one to a save, a chapter, a note, a report, or a
//! change of a slot, a session or a player is durable.
//!
//! | command | what the answer has beside `command` and `ok` | |
//! | --- | --- | --- |
//! | `checkpoint LABEL` | `checkpoint`, `hash`, `ticket` | the `captured` line with that number and ticket came before |
//! | `save NAME` | `checkpoint`, `hash`, `ticket` | into a slot of that name, replacing the one that was there |
//! | `load NAME` | `checkpoint`, `hash` | of the slot; the colony lives on from there |
//! | `protect NAME`, `unprotect NAME` | | a slot that `save` refuses to replace, until it is unprotected |
//! | `chapter NAME`, `end-chapter completed`, `… failed`, `… abandoned` | `chapter` | its id; what ends is the innermost that is open |
//! | `rewind SECONDS` | `checkpoint`, `hash`, `left` with `checkpoint` and `hash` | back by so much play, a fraction allowed: to the newest checkpoint that is at least that old, or the oldest. `left` is what was captured before, or the last checkpoint if nothing had changed since |
//! | `undo-rewind` | `checkpoint`, `hash` | as in `left` of the rewind that it undoes, also after a kill and a restart |
//! | `hash` | `frame`, `hash` | of the colony as it is now |
//! | `pause`, `resume` | | |
//! | `drain` | | answered when all is in the replica and the colony is free for another machine; the process ends with 0. So does a `SIGTERM` |
//! | `replica-sessions` | `sessions` as of `sessions`, each with `owner` | of the replica; `owner` is a machine's name or `null` |
//! | `sessions` | `sessions`, each with `id`, `name`, `status`, `play_s` | `status` as in `SessionStatus`, in small letters |
//! | `rename ID NAME` | | of a session that isn't played |
//! | `delete ID`, `undelete ID`, `archive ID`, `unarchive ID` | | a session that isn't played goes into the trash or the archive, or comes back |
//! | `skill NAME` | `attempts`, `rate`, `low`, `high` | of the session's player in all sessions; the last three are `null` for fewer than 20 attempts. The colony has `mining`: whether a vein was dug out that somebody had claimed |
//! | `suggestions` | `suggestions`: [{`kind`, `what`, `reason`, `why`}] | `reason` in words, `why` as data |
//! | `insights` | `insights`, an object: `sessions`, `incomplete`, `play_s`, `paused_s`, `lost_s`, `crashes` by cause, `deaths`, `places` ([column, row, deaths]), `loads`, `rewinds`, `events`, `objectives`; `crash_free` and `success`, each with `value` and `samples` | of all sessions, also the one that is played; a `value` is `null` for fewer than 20 samples |
//! | `story` | `text` | the story so far of the session that is played, a line for each sentence |
//! | `objectives` | `objectives`, each with `key`, `state`, `progress` | `open`, `completed`, `failed` or `locked`; from 0 to 1. What was answered outlives a kill |
//! | `note TEXT` | `id`, a number | a note about the session |
//! | `slots` | `slots`, each with `name`, `checkpoint`, `bytes` | the newest first |
//! | `events N` | `total`, `events`, each with `sequence`, `type`, `play_s`, `data`, and `mined` | the newest N of the session, the oldest of them first. `mined` is the colony's own count of veins that were dug out: the log has as many `Mined` |
//! | `report PATH` | `bytes` | a report of this moment, which `--open PATH` takes up |
//! | `players` | `players`, each with `name`, `sessions` | those whose sessions are listed |
//! | `export-player NAME PATH` | `bytes` | everything that is kept of a player, in a file |
//! | `erase NAME` | `receipt` with `files`, `bytes`, `sessions`, `slots`, and `remaining`, sentences | of a player whose session isn't played. If another process plays one of theirs, `ok` is `false`: everything else is gone, and that one goes with the first cleanup after it |
//! | `cleanup` | `archived`, `trashed`, `removed`, `failed`, numbers | by the game's rules, of which the colony has none |
//! | `audit N` | `total`, `entries`, each with `at`, `who`, `what`, `session` | the newest N, the oldest of them first; `total` are kept. `who` is the player of `--player`, else `game` |
//! | `close` | | the process ends with 0 |
//! | `die panic`, `die abort`, `die kill`, `die exit` | | answered just before it dies |
//! | `die suspend` | | answered first. Then what a phone does: the message of a suspend, as winit sends it, and `SIGKILL` after that frame. `{"event":"suspended","checkpoint":12}` comes in between, if that checkpoint, the newest, is on disk |

mod commands;
mod insights;
mod keeping;
mod lines;
mod news;
mod suspend;

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::{SessionLast, SessionRestored, SessionSystems};
use crossbeam_channel::Receiver;

use self::commands::{Answer, Begun, COMMANDS, Watch};
use self::lines::Asked;
use self::news::News;
use crate::options::Options;
use crate::report::{Line, Reporter};

/// The share of a frame for commands that are answered at once.
const TURN: Duration = Duration::from_millis(8);

/// The commands that were read, and the one that isn't answered yet.
#[derive(Resource)]
pub struct Driver {
    asked: Receiver<Asked>,
    underway: Option<Underway>,
    /// Nothing that is captured from here on gets to the disk.
    writer_is_gone: bool,
}

/// A command that waits for its effect.
struct Underway {
    verb: String,
    watch: Watch,
}

impl Driver {
    /// Returns true if a command waits to be answered.
    pub fn is_underway(&self) -> bool {
        self.underway.is_some()
    }
}

pub fn plugin(app: &mut App) {
    if !app.world().resource::<Options>().stdin {
        return;
    }
    let asked = lines::of_standard_input();
    app.insert_resource(Driver { asked, underway: None, writer_is_gone: false })
        .add_plugins((news::plugin, suspend::plugin))
        .add_systems(
            SessionLast,
            (
                // What is asked for in this frame is done in this frame.
                obey.before(SessionSystems::Run).run_if(crate::has_begun).run_if(has_settled),
                give_up.after(SessionSystems::Run).run_if(on_message::<AppExit>),
            ),
        );
}

/// A run condition: true from the second frame after a restore. What a crash had cut off is handed out at the end of
/// the frame in which the colony came back, and is dealt with in the next one, so that commands see it done.
fn has_settled(mut restored: MessageReader<SessionRestored>, mut frames: Local<u8>) -> bool {
    let is_back = restored.read().count() > 0;
    *frames = if is_back { 0 } else { frames.saturating_add(1) };
    *frames >= 2
}

/// Begins commands until one has to wait.
fn obey(world: &mut World) {
    let begun = Instant::now();
    while begun.elapsed() < TURN {
        let driver = world.resource::<Driver>();
        if driver.is_underway() {
            return;
        }
        let Ok(asked) = driver.asked.try_recv() else { return };
        begin(world, asked);
    }
}

fn begin(world: &mut World, asked: Asked) {
    let Asked { verb, argument } = asked;
    let begun = argument.and_then(|argument| {
        let command = COMMANDS.iter().find(|command| command.verb == verb);
        let command = command.ok_or_else(|| format!("there is no command {verb:?}"))?;
        (command.begin)(world, command.takes.check(&argument)?)
    });
    world.flush();
    match begun {
        Ok(Begun::Done(fields)) => answer(world, verb, Ok(fields)),
        Ok(Begun::Dying(die)) => {
            answer(world, verb, Ok(commands::Fields::new()));
            die(world);
        }
        Ok(Begun::Waiting(watch)) => {
            world.resource_mut::<Driver>().underway = Some(Underway { verb, watch });
        }
        Err(why) => answer(world, verb, Err(why)),
    }
}

/// Lets the command that is under way know what happened.
fn hear(world: &mut World, news: &News) {
    let mut driver = world.resource_mut::<Driver>();
    driver.writer_is_gone |= matches!(news, News::WriterGone);
    let writer_is_gone = driver.writer_is_gone;
    let Some(mut underway) = driver.underway.take() else { return };
    let result = match news {
        News::Rejected(why) => Some(Err(why.clone())),
        News::SavingStopped => Some(Err("saving stopped".into())),
        News::Captured(_) | News::WriterGone if writer_is_gone => {
            Some(Err("the writer is gone, and nothing is saved any more".into()))
        }
        news => (underway.watch)(news, world),
    };
    match result {
        Some(result) => answer(world, underway.verb, result),
        None => world.resource_mut::<Driver>().underway = Some(underway),
    }
}

/// The process ends before the effect was seen.
fn give_up(world: &mut World) {
    if let Some(underway) = world.resource_mut::<Driver>().underway.take() {
        answer(world, underway.verb, Err("the colony was left before that was done".into()));
    }
}

fn answer(world: &World, verb: String, result: Answer) {
    let (error, fields) = match result {
        Ok(fields) => (None, fields),
        Err(error) => (Some(error), commands::Fields::new()),
    };
    let line = Line::Command { command: verb, ok: error.is_none(), error, fields };
    world.resource::<Reporter>().say(&line);
}
