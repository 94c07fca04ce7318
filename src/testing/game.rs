//! A game under test: it is started, killed and recovered within one process.

mod answers;
mod lent;

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session_journal::{CheckpointId, RequestError, RestoreFrom, SessionId};
use jiff::{SignedDuration, Timestamp};

use self::lent::Owner;
pub(crate) use self::lent::{begin_frame_of_owner, game_in_lent_world, listen_in, plugin_on};
use super::complete_app::complete;
use super::heard::Heard;
use super::recover_error::RecoverError;
use super::snapshot::SavedSnapshot;
use crate::external::Operation;
use crate::{
    CurrentSession, MemoryDisk, NewSession, RestoreManner, RewindTo, SessionCatalog,
    SessionCommandsExt, SessionPlugin, SessionRestored,
};

/// The duration of a frame, unless it is set otherwise.
const FRAME: Duration = Duration::from_millis(100);
/// The number of frames within which a first checkpoint is durable, if it can be taken at all.
const FRAMES_TO_SAVE: usize = 3;

/// A game under test: it is started, killed and recovered within one process, on a disk in memory
/// and with a clock that only frames move.
///
/// Each start builds a new app, so only saved data can survive. See the [module](crate::testing)
/// for an example.
pub struct TestGame {
    build: Box<dyn Fn(SessionPlugin) -> App>,
    /// The plugin of each start, without its disk and clock.
    plugin: SessionPlugin,
    app: App,
    owner: Owner,
    disk: MemoryDisk,
    disk_is_full: bool,
    frame: Duration,
    /// The clock when the app was started.
    started_at: Timestamp,
    /// The time that the player stays away at the next restart.
    away: Duration,
    /// The session that the test has started.
    started: Option<SessionId>,
}

impl fmt::Debug for TestGame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TestGame")
            .field("now", &self.now())
            .field("disk_is_full", &self.disk_is_full)
            .finish_non_exhaustive()
    }
}

impl TestGame {
    /// Starts the game on an empty disk, on the first of January 2026.
    ///
    /// `build` makes the game's app as the game does, with the given plugin in place of its own. It
    /// may configure that plugin further, except for where it saves. The new game completes the app
    /// and runs one frame. Time passes only with frames, 100 milliseconds each unless
    /// [`frame_time`](Self::frame_time) changes that.
    ///
    /// The app must work without a window: leave out plugins that need one, such as
    /// `DefaultPlugins`.
    #[must_use]
    pub fn new(build: impl Fn(SessionPlugin) -> App + 'static) -> Self {
        let plugin = SessionPlugin::new("Studio", "Game under test");
        Self::with(plugin, MemoryDisk::default(), build)
    }

    /// Starts the game on a disk, with this plugin.
    pub(crate) fn with(
        plugin: SessionPlugin,
        disk: MemoryDisk,
        build: impl Fn(SessionPlugin) -> App + 'static,
    ) -> Self {
        let mut game = Self {
            build: Box::new(build),
            plugin,
            app: App::empty(),
            owner: Owner::Game,
            disk,
            disk_is_full: false,
            frame: FRAME,
            started_at: first_start(),
            away: Duration::ZERO,
            started: None,
        };
        game.start_app();
        game
    }

    /// Sets the time that passes with each frame from now on, restarts included.
    pub fn frame_time(&mut self, frame: Duration) -> &mut Self {
        self.frame = frame;
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(frame));
        self
    }

    /// The running app.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The running app, to play: spawn, despawn, press keys, set states.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    /// The world of the running app.
    pub fn world(&mut self) -> &mut World {
        self.app.world_mut()
    }

    /// The disk that the game saves on. A test can let it fail, damage it or read it.
    #[must_use]
    pub fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    /// The clock. It moves with frames, and with [`advance_clock`](Self::advance_clock).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let played = self.app.world().get_resource::<Time<Real>>();
        later(self.started_at, played.map(Time::elapsed).unwrap_or_default())
    }

    /// Runs this many frames.
    pub fn frames(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            self.owner.run(&mut self.app);
        }
        self
    }

    /// Runs as many frames as take this long.
    pub fn seconds(&mut self, seconds: f32) -> &mut Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a test plays no more frames than fit"
        )]
        let frames = (seconds / self.frame.as_secs_f32()).ceil() as usize;
        self.frames(frames)
    }

    /// Adds to the time that the player stays away at the next restart: to test how an old session
    /// is offered. The running app doesn't notice it.
    pub fn advance_clock(&mut self, by: Duration) -> &mut Self {
        self.away = self.away.saturating_add(by);
        self
    }

    /// Makes requests, as a system of the game would. They are handled in the next frame.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// # use bevy_session::testing::TestGame;
    /// # let build = |plugin| {
    /// #     let mut app = App::new();
    /// #     app.add_plugins((MinimalPlugins, plugin));
    /// #     app
    /// # };
    /// let mut game = TestGame::new(build);
    /// game.request(|commands| commands.session().pause()).frames(1);
    /// ```
    pub fn request<R>(&mut self, ask: impl FnOnce(&mut Commands) -> R) -> &mut Self {
        let world = self.app.world_mut();
        ask(&mut world.commands());
        world.flush();
        self
    }

    /// Starts a session, and waits until its first checkpoint is durable, if the game's gates allow
    /// one. If the game started one itself, as with
    /// [`start_or_continue`](crate::SessionCommands::start_or_continue) in `Startup`, nothing is
    /// started, and its id is returned.
    ///
    /// # Errors
    ///
    /// [`RecoverError::Rejected`], [`RecoverError::NoPlugin`], or [`RecoverError::NoAnswer`] if the
    /// session didn't start.
    pub fn start(&mut self, session: NewSession) -> Result<SessionId, RecoverError> {
        let current = |game: &mut Self| {
            let session = game.app.world().get_resource::<CurrentSession>();
            session.map(|session| (session.id(), session.last_checkpoint()))
        };
        let before = current(self).map(|(id, _)| id);
        self.ask(|commands| commands.session().start(session))?;
        let started = self.wait(|game| current(game).filter(|(id, _)| Some(*id) != before));
        let id = match started {
            Ok((id, _)) => id,
            Err(RecoverError::Rejected(RequestError::SessionRunning { current }))
                if self.started != Some(current) =>
            {
                current
            }
            Err(error) => return Err(error),
        };
        self.started = Some(id);
        for _ in 0..FRAMES_TO_SAVE {
            if let Some((_, None)) = current(self) {
                self.frames(1);
            }
        }
        Ok(id)
    }

    /// Takes a checkpoint, and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`RecoverError::Rejected`], for example without a session. If it wasn't saved within 60
    /// frames, [`RecoverError::GateShut`] if a gate of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) is closed,
    /// and otherwise [`RecoverError::NoAnswer`]: for example if the disk is full.
    pub fn checkpoint(&mut self, label: &str) -> Result<CheckpointId, RecoverError> {
        Ok(answers::checkpoint(self, label, |_| ())?.0)
    }

    /// Takes a checkpoint, waits until it is durable, and returns what is saved as it was when the
    /// checkpoint was captured. The game plays on for a frame or more until then, so
    /// [`snapshot`](Self::snapshot) may have something newer.
    ///
    /// # Errors
    ///
    /// Those of [`checkpoint`](Self::checkpoint).
    pub fn checkpoint_and_snapshot(&mut self, label: &str) -> Result<SavedSnapshot, RecoverError> {
        Ok(answers::checkpoint(self, label, Self::snapshot)?.1)
    }

    /// Kills the game at this moment, as `kill -9` does, and starts it again.
    ///
    /// What wasn't written to the disk is gone.
    pub fn crash_and_restart(&mut self) -> &mut Self {
        self.disk = self.disk.snapshot();
        self.restart()
    }

    /// Quits the game as a player does, and starts it again.
    pub fn exit_and_restart(&mut self) -> &mut Self {
        self.app.world_mut().write_message(AppExit::Success);
        self.frames(1);
        self.restart()
    }

    fn restart(&mut self) -> &mut Self {
        self.started_at = later(self.now(), std::mem::take(&mut self.away));
        self.start_app();
        self
    }

    fn start_app(&mut self) {
        self.started = None;
        // The old one is gone before the next one is there.
        drop(std::mem::replace(&mut self.app, App::empty()));
        let plugin = self.plugin.clone().disk(self.disk.clone()).clock_from(self.started_at);
        self.app = (self.build)(plugin);
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(self.frame));
        Heard::listen(&mut self.app);
        complete(&mut self.app);
        if self.disk_is_full {
            self.fill_disk();
        }
        self.frames(1);
    }

    /// Recovers the session that crashed at its newest checkpoint, as a player does who accepts the
    /// offer.
    ///
    /// Waits until the game makes its offer, and through its loading screens. If the game answers
    /// by itself, this only waits.
    ///
    /// # Errors
    ///
    /// [`RecoverError`] has the reason, and names the gate if the restore waits for one.
    pub fn recover(&mut self) -> Result<SessionRestored, RecoverError> {
        self.recover_from(RestoreFrom::Latest)
    }

    /// Recovers from an older checkpoint than the newest. Otherwise like
    /// [`recover`](Self::recover).
    ///
    /// # Errors
    ///
    /// As [`recover`](Self::recover).
    pub fn recover_from(&mut self, from: RestoreFrom) -> Result<SessionRestored, RecoverError> {
        self.begin()?;
        if let Some(session) = self.wait_for_offer()? {
            self.ask(|commands| commands.session().recover(session, from))?;
        }
        self.wait_until_restored()
    }

    /// Rewinds the session that is played to one of its checkpoints, in this manner, and waits
    /// through the game's loading screens.
    ///
    /// What is saved comes back the same in either manner. What isn't saved stays where the restore
    /// is in place, so a game that chooses it looks for what belongs to the moment that was left:
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// # use bevy_session::testing::TestGame;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    /// # #[reflect(Component, Saved)]
    /// # struct Health(u32);
    /// # fn build(session: SessionPlugin) -> App {
    /// #     let mut app = App::new();
    /// #     app.add_plugins((MinimalPlugins, session));
    /// #     app
    /// # }
    /// # fn main() -> Result<(), bevy_session::testing::RecoverError> {
    /// let mut game = TestGame::new(build);
    /// game.start(NewSession::named("Campaign"))?;
    /// let hero = game.world().spawn(Health(80)).id();
    /// let checkpoint = game.checkpoint("before the fight")?;
    /// let before = game.snapshot();
    /// for manner in [RestoreManner::InPlace, RestoreManner::Respawn] {
    ///     game.world().entity_mut(hero).insert(Health(10));
    ///     game.seconds(1.0);
    ///     game.rewind(checkpoint, manner)?;
    ///     assert_eq!(before.differences(&game.snapshot()), []);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`recover`](Self::recover); [`RecoverError::Rejected`] if the session has no such checkpoint.
    pub fn rewind(
        &mut self,
        to: CheckpointId,
        manner: RestoreManner,
    ) -> Result<SessionRestored, RecoverError> {
        self.ask(|commands| commands.session().restoring(manner).rewind(RewindTo::Checkpoint(to)))?;
        self.wait_until_restored()
    }

    /// Continues the session that was left last, as a Continue button does.
    ///
    /// # Errors
    ///
    /// As [`recover`](Self::recover), and [`RecoverError::NothingToContinue`] if there is no session that can go on.
    pub fn continue_newest(&mut self) -> Result<SessionRestored, RecoverError> {
        self.begin()?;
        self.wait(|game| game.look(|parts| parts.start_up.sessions_are_known())?.then_some(()))?;
        let catalog = self.app.world().get_resource::<SessionCatalog>();
        let newest = catalog.and_then(SessionCatalog::newest_to_continue);
        let newest = newest.ok_or(RecoverError::NothingToContinue)?.session.id;
        self.ask(|commands| commands.session().continue_session(newest))?;
        self.wait_until_restored()
    }

    /// Lets the disk fail for lack of space, restarts included, until
    /// [`heal_disk`](Self::heal_disk).
    pub fn fill_disk(&mut self) -> &mut Self {
        self.disk_is_full = true;
        let writing =
            [Operation::Create, Operation::Append, Operation::CreateDirectory, Operation::Replace];
        for operation in writing {
            self.disk.fail_always(operation, ErrorKind::StorageFull);
        }
        self
    }

    /// Lets the disk work again.
    pub fn heal_disk(&mut self) -> &mut Self {
        self.disk_is_full = false;
        self.disk.heal();
        self
    }

    /// A snapshot of the saved data, to compare with another moment.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// # use bevy_session::testing::TestGame;
    /// # let build = |plugin| {
    /// #     let mut app = App::new();
    /// #     app.add_plugins((MinimalPlugins, plugin));
    /// #     app
    /// # };
    /// let mut game = TestGame::new(build);
    /// game.start(NewSession::named("Campaign"))?;
    /// // … play …
    /// let before = game.checkpoint_and_snapshot("here")?;
    /// game.crash_and_restart().recover()?;
    /// assert_eq!(before.differences(&game.snapshot()), []);
    /// # Ok::<(), bevy_session::testing::RecoverError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&mut self) -> SavedSnapshot {
        SavedSnapshot::of(self.app.world_mut())
    }

    /// The [`hash`](SavedSnapshot::hash) of [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn hash(&mut self) -> u64 {
        self.snapshot().hash()
    }
}

fn first_start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
