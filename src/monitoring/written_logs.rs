//! An app's log, on its way to reports and files.

use bevy::prelude::*;

use super::{LogQueue, RecentLog};

/// The newest lines of the log. [Reports](crate::library::LibraryCommands::report) include them if
/// this resource exists when the app is finished.
///
/// Once a second, and at a panic, they are written to a file beside the process record, without a
/// sync. So a report of the last run has them too, even after `kill -9`.
/// `bevy_session_ops::recent_log` inserts this and is the layer that fills it.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::monitoring::{KeptLog, RecentLog};
///
/// let log = RecentLog::default();
/// App::new().insert_resource(KeptLog(log.clone()));
/// // Wherever the game logs, on any thread:
/// log.add(jiff::Timestamp::UNIX_EPOCH, "WARN hop: the door is stuck");
/// ```
#[derive(Resource, Clone, Debug)]
pub struct KeptLog(pub RecentLog);

/// Lines on their way to the files of this process's log, below `logs` in the directory of state.
/// They are written if this resource exists when the app is finished: by the writer's thread within
/// a second, and by a panic at once.
///
/// `bevy_session_ops::session_log` inserts it and is the layer that fills it.
#[derive(Resource, Clone, Debug)]
pub struct KeptLogFiles(pub LogQueue);
