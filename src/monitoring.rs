//! The basis for monitoring a running game: measurements of the plugin, restraints on it, and the
//! log on its way to reports and files.
//!
//! The package `bevy_session_ops` is built on it: figures, health, alerts, metrics and logs. A game
//! that already has a monitoring system can connect it here instead.
//! [`SessionPlugin`](crate::SessionPlugin) inserts nothing of this module, and what isn't inserted
//! costs nothing.
//!
//! | resource | who writes it | what it does |
//! | --- | --- | --- |
//! | [`Measurements`] | the plugin, once a frame | the durations of operations, the writer's queue, the free space on the disk |
//! | [`Restraints`] | the monitoring system | fewer checkpoints, less history, a smaller budget of captures, or no new sessions for a while |
//! | [`StandingAlerts`] | the monitoring system | the alerts in the record of this process, for the next start |
//! | [`PlayedNow`] | the plugin, before it sends the notification of a change | the session and chapter that a line of a log belongs to |
//! | [`KeptLog`], [`KeptLogFiles`] | the logging layer | the lines of the log that go into reports, and into files |

mod measurements;
mod operation;
mod played_now;
pub mod policies;
mod restraints;
mod standing_alerts;
mod written_logs;

pub use bevy_session_journal::internal::disk::process::{LogBounds, LogQueue, LogWords, RecentLog};
pub use bevy_session_journal::internal::write::Surroundings;
pub use bevy_session_journal::{PanicInfo, StandingAlert};
pub use measurements::{Measurements, WriterLoad};
pub use operation::SessionOperation;
pub use played_now::{Played, PlayedNow};
pub use restraints::Restraints;
pub use standing_alerts::StandingAlerts;
pub use written_logs::{KeptLog, KeptLogFiles};
