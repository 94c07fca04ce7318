//! Plays a tape in the game's own app, which has a window and runs as it always does.
//!
//! The app's runner hands out one frame after the other. Instead of the game's schedules, such a frame runs the replay,
//! which plays as many recorded frames as are due. For that it needs an app of its own, as in a replay without a window:
//! it has the other half of the game's, what draws, and is lent the world meanwhile. So each recorded frame is one frame
//! of the game, drawn and all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::app::{App, AppExit, Plugin, PluginsState, SubApp, SubApps};
use bevy::ecs::schedule::{Schedule, ScheduleLabel, SingleThreadedExecutor};
use bevy::ecs::world::{Mut, World};
use bevy_session_journal::MemoryDisk;
use bevy_session_journal::internal::model::clock::instant;
use tracing::error;

use super::idle::idle_schedule;
use super::pace::Pace;
use super::playback::{Playback, ReplayManner, ReplayStep};
use super::played::{Build, Played};
use super::watched::{Asked, ReplayPaused, WatchStage, WatchedReplay};
use super::{Replay, ReplayError};
use crate::SessionPlugin;
use crate::saved::panic_message;
use crate::testing::listen_in;

/// The longest wait for the next recorded frame. The window answers its user meanwhile: it draws a frame in which nothing is
/// played, which forgets which components were removed. At a recording's own speed that hardly comes.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// The wait before each frame of the window while nothing is played.
const REST: Duration = Duration::from_millis(10);
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
    /// window refreshes. It pauses by itself before the last frame of the tape, which may be the one that panics.
    ///
    /// While nothing is played, the window draws frames in which the game's own schedules don't run, but for those that
    /// [`ReplayPaused`] names: in a pause, and every 100 milliseconds while the next recorded frame isn't due, as at a slow
    /// speed. Each of them forgets which components were removed, so systems that read
    /// [`RemovedComponents`](bevy::ecs::lifecycle::RemovedComponents) miss those of the recorded frame before.
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
            .add_schedule(idle_schedule())
            .add_schedule(shown_schedule())
            .insert_resource(WatchedReplay::of(&self, manner));
        let drawing = SubApps::default();
        let opening = Opening { replay: self, build, manner, disk, drawing };
        app.world_mut().insert_non_send(Watching::Opening(Box::new(opening)));
        take_over_when_complete(&mut app);
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

/// Takes the app over from its runner once its plugins are complete, which the runner sees to, unless the game has.
fn take_over_when_complete(app: &mut App) {
    match app.plugins_state() {
        PluginsState::Adding | PluginsState::Ready => {
            app.add_plugins(TakeOver);
        }
        PluginsState::Finished => {
            app.cleanup();
            take_over(app);
        }
        PluginsState::Cleaned => take_over(app),
    }
}

struct TakeOver;

impl Plugin for TakeOver {
    fn build(&self, _: &mut App) {}

    fn cleanup(&self, app: &mut App) {
        // Their turn is after this, and they are gone by then.
        app.sub_apps_mut().sub_apps.values_mut().for_each(SubApp::cleanup);
        take_over(app);
    }
}

/// Hands the sub-apps, which draw, to the replay's app; the runner keeps the world.
fn take_over(app: &mut App) {
    let drawing = std::mem::take(&mut app.sub_apps_mut().sub_apps);
    app.main_mut().update_schedule = Some(Shown.intern());
    if let Some(mut watching) = app.world_mut().get_non_send_mut::<Watching>()
        && let Watching::Opening(opening) = &mut *watching
    {
        opening.drawing.sub_apps = drawing;
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
    stage: WatchStage,
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
        let mut open = Open {
            playback,
            pace: Pace::default(),
            at: instant(),
            has_stopped: false,
            stage: WatchStage::Opening,
        };
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
        self.playback.begin_frame_of_window();
        std::mem::swap(world, self.playback.world());
        work(self);
        std::mem::swap(world, self.playback.world());
    }

    fn view(&mut self) -> Mut<'_, WatchedReplay> {
        self.playback.watched()
    }

    fn show_result(&mut self, played: Result<WatchStage, ReplayError>) {
        self.stage = match (played, self.playback.panicked()) {
            (Ok(stage), _) if stage.is_over() => stage,
            (Err(ReplayError::Over) | Ok(_), Some(message)) => {
                WatchStage::Panicked { message: message.to_owned() }
            }
            (Err(error), _) => {
                error!(%error, "the replay stops at an error");
                WatchStage::Failed { error }
            }
            (Ok(stage), None) => stage,
        };
        let (stage, position) = (self.stage.clone(), self.playback.play_time());
        let out_of_step = self.playback.out_of_step();
        let unreadable = self.playback.unreadable_inputs().to_vec();
        let mut view = self.view();
        (view.stage, view.position) = (stage, position);
        (view.out_of_step, view.unreadable) = (out_of_step, unreadable);
    }

    fn play(&mut self) -> Result<WatchStage, ReplayError> {
        let mut view = self.view();
        let (asked, is_paused) = (view.asked.take(), view.is_paused);
        let can_play = matches!(self.stage, WatchStage::Playing);
        match asked {
            Some(Asked::Seek(to)) if !self.stage.is_over() => self.seek(to),
            Some(Asked::Step) if can_play => self.step(),
            None if can_play && !is_paused && !self.stops_before_next() => self.play_due(),
            None if can_play && !is_paused => {
                self.has_stopped = true;
                self.view().is_paused = true;
                Ok(self.rest())
            }
            _ => Ok(self.rest()),
        }
    }

    fn seek(&mut self, to: Duration) -> Result<WatchStage, ReplayError> {
        self.has_stopped = false;
        self.playback.seek(to)?;
        self.compare()?;
        self.restart_clock();
        Ok(WatchStage::Playing)
    }

    /// Plays nothing, and leaves the processor to others.
    fn rest(&mut self) -> WatchStage {
        if self.view().speed.is_some() {
            std::thread::sleep(REST);
        }
        self.idle();
        self.restart_clock();
        self.stage.clone()
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

    /// Returns true before the last frame of the tape, if it hasn't paused there yet.
    fn stops_before_next(&self) -> bool {
        self.playback.is_before_last_frame() && !self.has_stopped
    }

    /// Plays a frame, or goes to a checkpoint where none can be played.
    fn step(&mut self) -> Result<WatchStage, ReplayError> {
        match self.playback.step()? {
            ReplayStep::Frame => {}
            ReplayStep::Keyframe(reached) => self.view().note(*reached),
            ReplayStep::Panicked { message } => return Ok(WatchStage::Panicked { message }),
            ReplayStep::End => {
                self.idle();
                return Ok(WatchStage::AtEnd);
            }
        }
        self.compare()?;
        Ok(WatchStage::Playing)
    }

    /// Compares the world with a checkpoint as soon as it was played up to it: that is no frame of its own. What differs
    /// stays on the screen until the next frame, which continues from what was recorded.
    fn compare(&mut self) -> Result<(), ReplayError> {
        if self.playback.is_before_comparison()
            && let ReplayStep::Keyframe(reached) = self.playback.step()?
        {
            self.view().note(*reached);
        }
        Ok(())
    }

    /// Draws what is there, without a recorded frame.
    fn idle(&mut self) {
        // Systems that need what a panic took along panic as well.
        let idle = catch_unwind(AssertUnwindSafe(|| self.playback.idle()));
        if let Err(panic) = idle {
            let panic = panic_message(&*panic);
            error!(panic, "the game panicked while its replay was paused: the app exits");
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
