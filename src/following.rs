//! A world that follows a session which another process plays.

mod notifications;
mod reader;
mod reading;
mod wanted;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::disk::Layout;
use bevy_session_journal::replica::ReplicaStore;
use bevy_session_journal::{CheckpointId, SessionId, SessionStatus};

pub(crate) use self::notifications::register as register_follower_notifications;
pub use self::notifications::{Followed, FollowedLeft, FollowerStalled};
use self::reading::Reading;
pub(crate) use self::world::follow;

/// Has the world follow a session that another process plays: each of its checkpoints is put into this world, soon after it was
/// taken, onto the entities that are there. For spectators, for screens that show a match, and for servers that stand by.
///
/// Insert it as a resource while no session is played. The session is read from the plugin's [replica](crate::SessionPlugin::replica),
/// on a thread of its own; nothing is claimed, and nothing is written. [`Followed`] says which checkpoint the world
/// has now, and [`FollowedSession`] is there while it has one, so what makes the world go on should only run without it:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::SessionId;
/// use bevy_session::prelude::*;
/// use bevy_session::replica::{FollowedSession, MemoryReplica, Replica, SessionFollower};
///
/// # let session = SessionId::random();
/// # fn fight() {}
/// let mut app = App::new();
/// app.add_plugins((
///     MinimalPlugins,
///     SessionPlugin::new("Studio", "Arena").replica(Replica::new(MemoryReplica::default())),
/// ))
/// .insert_resource(SessionFollower::of(session))
/// .add_systems(Update, fight.run_if(not(resource_exists::<FollowedSession>)));
/// ```
///
/// Where entities came from it is written as for a rewind [in place](crate::RestoreManner::InPlace), the first time by spawning all of
/// them. It goes by itself when this process plays a session; removing it, in an observer of its notifications as well, stops following,
/// and leaves the world as it is.
#[derive(Resource, Debug)]
pub struct SessionFollower {
    session: SessionId,
    place: Place,
    interval: Duration,
    takes_over: bool,
    /// It has asked for the session, whose owner is silent.
    has_asked: bool,
    progress: Progress,
}

/// The progress of a follower.
#[derive(Debug)]
enum Progress {
    /// It hasn't begun.
    New,
    Reads(Reading),
    /// Its news are being put into the world. Whoever removes or replaces it meanwhile has ended it.
    Tells,
    /// Nothing will ever be read again.
    Over,
}

/// Where a followed session is.
#[derive(Debug)]
enum Place {
    /// In the plugin's replica.
    Replica,
    /// In a store of its own.
    Store(Arc<dyn ReplicaStore>),
    /// Where a process of this machine writes it.
    Directory(PathBuf),
}

impl SessionFollower {
    /// Follows a session in the plugin's replica. It may not be there yet.
    #[must_use]
    pub fn of(session: SessionId) -> Self {
        Self {
            session,
            place: Place::Replica,
            interval: Duration::from_millis(50),
            takes_over: false,
            has_asked: false,
            progress: Progress::New,
        }
    }

    /// Follows it where a process of this machine writes it: the directory that
    /// [`SessionPlugin::directory`](crate::SessionPlugin::directory) was given there.
    #[must_use]
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.place = Place::Directory(directory.into());
        self
    }

    /// Follows it in this store, and not in the plugin's replica: as a spectator of what somebody has shared, such as the
    /// `SharedSession` of `bevy_session_postgres` or `bevy_session_objects`. Nothing else is asked of the store, and sessions that
    /// this process plays don't go there.
    #[must_use]
    pub fn in_store(mut self, store: impl ReplicaStore + 'static) -> Self {
        self.place = Place::Store(Arc::new(store));
        self
    }

    /// Sets the time between two looks if the first found nothing. 50 milliseconds by default.
    #[must_use]
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Stands by: once the owner of the session was silent for its lease, this process claims it and plays on, as
    /// [`recover`](crate::SessionCommands::recover) does. A session whose owner has left it in good order is left alone, and
    /// [`FollowedLeft`] says so.
    #[must_use]
    pub fn standing_by(mut self) -> Self {
        self.takes_over = true;
        self
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }
}

/// The session that the world follows. There from its first checkpoint on, until this process plays a session, or
/// [`SessionFollower`] is removed.
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct FollowedSession {
    /// The session.
    pub session: SessionId,
    /// The checkpoint that the world has.
    pub checkpoint: CheckpointId,
    /// Time played until then.
    pub play_time: Duration,
    /// The status in which its owner left it; `None` while it is played, and if the owner has died.
    pub left: Option<SessionStatus>,
}

/// The part of the plugin's configuration that a follower needs.
#[derive(Resource, Clone, Debug)]
pub(crate) struct FollowerPlace {
    /// Which game's sessions are followed.
    pub game: String,
    /// Where files are below a directory.
    pub layout: Layout,
    /// A test drives what would be a thread.
    pub is_driven: bool,
}
