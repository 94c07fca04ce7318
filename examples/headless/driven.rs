//! `--stdin`: does what a program outside asks for, one command after the other, and answers each
//! once its effect is there.
//!
//! A game has no need of this. [`commands`] is the one place to add a command.

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
