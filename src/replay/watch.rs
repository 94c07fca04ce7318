//! Plays a tape in the game's own app, which has a window and runs as it always does.
//!
//! The app's runner hands out one frame after the other. Instead of the game's schedules, such a frame runs the replay,
//! which plays as many recorded frames as are due. For that it needs an app of its own, as in a replay without a window:
//! it has the other half of the game's, what draws, and is lent the world meanwhile. So each recorded frame is one frame
//! of the game, drawn and all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::app::{App, AppExit, Plugin, SubApp, SubApps};
use bevy::ecs::schedule::{Schedule, ScheduleLabel, SingleThreadedExecutor};
use bevy::ecs::world::{Mut, World};
use bevy_session_journal::MemoryDisk;
use bevy_session_journal::internal::model::clock::instant;

use super::idle::idle_schedule;
use super::pace::Pace;
use super::playback::{Playback, ReplayManner, ReplayStep};
use super::played::{Build, Played};
use super::watched::{Asked, ReplayPaused, WatchStage, WatchedReplay};
use super::{Replay, ReplayError};
use crate::SessionPlugin;
use crate::testing::listen_in;

/// The longest wait for the next recorded frame. The window answers its user meanwhile.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// The longest real time for which recorded frames are played in one frame of the window.
const LONGEST_FRAME: Duration = Duration::from_millis(50);

impl Replay {
    /// Makes the game's app, with its window, that plays the recording before one's eyes when it is run.
    ///
    /// `build` makes the app as for [`play`](Self::play), and may add `DefaultPlugins`. It should leave out systems that
    /// start or resume sessions, and those by which the player's keys change the game other than by recorded inputs, such as
    /// a pause menu. Requests to the replay, and what it has come to, are in the resource [`WatchedReplay`]. Plugins that
    /// draw belong into `build`: none can be added to the app that is returned.
    ///
    /// Recorded frames are played at the recording's speed, each with its recorded duration and drawn, however often the
    /// window refreshes. While it is paused, the game's own schedules don't run, but for those that
    /// [`ReplayPaused`] names; removals of components that happened in the frame before are seen by no one after a pause. It
    /// pauses by itself before the last frame of the tape, which may be the one that panics.
    ///
    /// ```no_run
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::replay::{Replay, ReplayError, ReplayManner};
    ///
    /// fn build(session: SessionPlugin) -> App {
    ///     let mut app = App::new();
    ///     app.add_plugins((DefaultPlugins, session));
    ///     app
    /// }
    ///
    /// # fn main() -> Result<(), ReplayError> {
    /// Replay::open("report.tar")?.watch(build, ReplayManner::Exact).run();
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(
        self,
        build: impl Fn(SessionPlugin) -> App + 'static,
        manner: ReplayManner,
    ) -> App {
        let build: Build = Arc::new(build);
        let disk = MemoryDisk::default();
        let mut app = build(Played::plugin(disk.clone()));
        listen_in(&mut app);
        app.init_schedule(ReplayPaused)
            .add_schedule(shown_schedule())
            .insert_resource(WatchedReplay::of(&self));
        let drawing = SubApps::default();
        let opening = Opening { replay: self, build, manner, disk, drawing };
        app.world_mut().insert_non_send(Watching::Opening(Box::new(opening)));
        app.add_plugins(TakeOver);
        app
    }
}

/// A frame of the window.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shown;

fn shown_schedule() -> Schedule {
    let mut schedule = Schedule::new(Shown);
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.add_systems(show);
    schedule
}

/// Takes the app over from its runner, once its plugins are complete.
struct TakeOver;

impl Plugin for TakeOver {
    fn build(&self, app: &mut App) {
        app.add_schedule(idle_schedule());
    }

    /// Hands the sub-apps, which draw, to the replay's app; the runner keeps the world.
    fn cleanup(&self, app: &mut App) {
        let mut drawing = std::mem::take(&mut app.sub_apps_mut().sub_apps);
        drawing.values_mut().for_each(SubApp::cleanup);
        app.main_mut().update_schedule = Some(Shown.intern());
        if let Some(mut watching) = app.world_mut().get_non_send_mut::<Watching>()
            && let Watching::Opening(opening) = &mut *watching
        {
            opening.drawing.sub_apps = drawing;
        }
    }
}

/// The replay of an app, beside its world.
enum Watching {
    Opening(Box<Opening>),
    Open(Box<Open>),
}

struct Opening {
    replay: Replay,
    build: Build,
    manner: ReplayManner,
    disk: MemoryDisk,
    drawing: SubApps,
}

struct Open {
    playback: Playback,
    pace: Pace,
    /// The moment up to which recorded time is due.
    at: Instant,
    /// True if it has paused by itself before the last frame.
    has_stopped: bool,
}

/// A frame of the window.
fn show(world: &mut World) {
    let Some(watching) = world.remove_non_send::<Watching>() else { return };
    let open = match watching {
        Watching::Opening(opening) => Box::new(opening.open(world)),
        Watching::Open(mut open) => {
            open.frame(world);
            open
        }
    };
    world.insert_non_send(Watching::Open(open));
}

impl Opening {
    fn open(self, world: &mut World) -> Open {
        let Self { replay, build, manner, disk, drawing } = self;
        let played = Played::lent(drawing, disk);
        let playback = Playback::new(replay, build, played, manner);
        let mut open = Open { playback, pace: Pace::default(), at: instant(), has_stopped: false };
        open.lent(world, |open| {
            let opened = open.playback.begin_lent().map(|()| WatchStage::Playing);
            open.show_result(opened);
        });
        open
    }
}

impl Open {
    fn frame(&mut self, world: &mut World) {
        self.lent(world, |open| {
            let played = open.play();
            open.show_result(played);
        });
    }

    /// Works with the world of the window.
    fn lent(&mut self, world: &mut World, work: impl FnOnce(&mut Self)) {
        std::mem::swap(world, self.playback.world());
        work(self);
        std::mem::swap(world, self.playback.world());
    }

    fn view(&mut self) -> Mut<'_, WatchedReplay> {
        self.playback.world().resource_mut::<WatchedReplay>()
    }

    fn show_result(&mut self, played: Result<WatchStage, ReplayError>) {
        let stage = match (played, self.playback.over()) {
            (Err(ReplayError::Over) | Ok(_), Some(message)) => {
                WatchStage::Panicked { message: message.to_owned() }
            }
            (Err(error), _) => WatchStage::Failed { error },
            (Ok(stage), None) => stage,
        };
        let position = self.playback.play_time();
        let mut view = self.view();
        (view.stage, view.position) = (stage, position);
    }

    fn play(&mut self) -> Result<WatchStage, ReplayError> {
        let mut view = self.view();
        let stage = view.stage.clone();
        let (asked, is_paused) = (view.asked.take(), view.is_paused);
        let can_play = !matches!(stage, WatchStage::Panicked { .. } | WatchStage::Failed { .. });
        match asked.filter(|_| can_play) {
            Some(Asked::Seek(to)) => {
                self.has_stopped = false;
                self.restart_clock();
                self.playback.seek(to)?;
                Ok(WatchStage::Playing)
            }
            Some(Asked::Step) => self.step(),
            None if is_paused || !matches!(stage, WatchStage::Playing) => {
                self.idle();
                self.restart_clock();
                Ok(stage)
            }
            None if self.stops_here() => Ok(stage),
            None => self.play_due(),
        }
    }

    /// Pauses before the last frame, once.
    fn stops_here(&mut self) -> bool {
        let stops = self.playback.is_before_last_frame() && !self.has_stopped;
        if stops {
            self.has_stopped = true;
            self.view().is_paused = true;
            self.idle();
        }
        stops
    }

    /// Plays the frames that are due.
    fn play_due(&mut self) -> Result<WatchStage, ReplayError> {
        let Some(speed) = self.view().speed else { return self.step() };
        self.pass(speed);
        let wait = self.pace.until(self.playback.next_delta(), speed);
        std::thread::sleep(wait.min(LONGEST_WAIT));
        self.pass(speed);
        let begun = self.at;
        let mut stage = None;
        while self.pace.take(self.playback.next_delta()) {
            let now = self.step()?;
            let is_playing = matches!(now, WatchStage::Playing);
            stage = Some(now);
            let view = self.view();
            if !is_playing || view.is_paused || view.asked.is_some() || self.stops_before_next() {
                break;
            }
            if instant().saturating_duration_since(begun) > LONGEST_FRAME {
                self.restart_clock();
                break;
            }
        }
        Ok(stage.unwrap_or_else(|| {
            self.idle();
            WatchStage::Playing
        }))
    }

    fn stops_before_next(&self) -> bool {
        self.playback.is_before_last_frame() && !self.has_stopped
    }

    /// Plays a frame, or goes to a checkpoint where none can be played.
    fn step(&mut self) -> Result<WatchStage, ReplayError> {
        loop {
            match self.playback.step()? {
                ReplayStep::Keyframe(reached) => {
                    let is_compared = reached.frames > 0;
                    self.view().note(*reached);
                    if is_compared {
                        continue;
                    }
                    return Ok(WatchStage::Playing);
                }
                ReplayStep::Panicked { message } => return Ok(WatchStage::Panicked { message }),
                ReplayStep::End => {
                    self.idle();
                    return Ok(WatchStage::AtEnd);
                }
                _ => return Ok(WatchStage::Playing),
            }
        }
    }

    /// Draws what is there, without a recorded frame.
    fn idle(&mut self) {
        // Systems that need what a panic took along panic as well.
        let idle = catch_unwind(AssertUnwindSafe(|| self.playback.idle()));
        if idle.is_err() {
            self.playback.world().write_message(AppExit::error());
        }
    }

    fn pass(&mut self, speed: f32) {
        let now = instant();
        self.pace.pass(now.saturating_duration_since(self.at), speed);
        self.at = now;
    }

    fn restart_clock(&mut self) {
        self.pace.reset();
        self.at = instant();
    }
}
