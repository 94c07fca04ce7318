//! What the plugin does in figures, whether it is well, and alerts when it isn't: for operators of servers,
//! and for developers.
//!
//! Beside the core, and not in the prelude: a game that doesn't add [`SessionFiguresPlugin`] pays nothing
//! for it. The guide has a page about it, `docs/guide/monitoring.md`, and `docs/RUNBOOK.md` a section for
//! each code.
//!
//! ```
//! use std::time::Duration;
//!
//! use bevy::prelude::*;
//! use bevy_session::figures::{Alert, AlertsExt, SessionAlertRaised, SessionFiguresPlugin};
//! use bevy_session::prelude::*;
//!
//! let mut app = App::new();
//! app.add_plugins((
//!     MinimalPlugins,
//!     SessionPlugin::new("Studio", "Hop").in_memory(),
//!     SessionFiguresPlugin,
//! ))
//! .raise(Alert::errors_above(0.01).over(Duration::from_secs(300)).clears_below(0.005))?
//! .add_observer(|alert: On<SessionAlertRaised>| {
//!     warn!("{}: {}; {}", alert.code, alert.what, alert.code.advice());
//! });
//! # Ok::<(), bevy_session::figures::AlertError>(())
//! ```

mod alert;
mod alerting;
mod codes;
mod collecting;
mod counting;
mod diagnostics;
mod health;
mod histogram;
mod level;
mod measure;
#[cfg(feature = "metrics")]
mod metrics;
mod operation;
mod reading;
mod response;
mod session_figures;
mod standing;
mod trouble;
mod window;

use bevy::prelude::*;

pub use crate::lifecycle::{SessionOperation, WriterLoad};
pub use alert::{Alert, AlertError};
pub use alerting::{AlertsExt, SessionAlertCleared, SessionAlertRaised, SessionAlerts};
pub use codes::HealthCode;
pub use diagnostics::SessionDiagnosticsPlugin;
pub use health::{HealthFinding, SessionHealth};
pub use level::AlertLevel;
pub use measure::AlertMeasure;
pub use operation::OperationFigures;
pub use response::AlertResponse;
pub use session_figures::{
    LockFigures, PlayedFigures, ProcessFigures, SessionCounts, SessionFigures,
};
pub use window::{Window, WindowFigures};

use crate::lifecycle::{Measured, Restraints};
use crate::plugin::{SessionLast, SessionSystems};

/// Keeps [`SessionFigures`] and [`SessionHealth`] up to date, and raises and clears alerts
/// ([`AlertsExt::raise`]).
///
/// Added beside [`SessionPlugin`](crate::SessionPlugin), before or after it. About every ten seconds the
/// writer's thread asks the disk how much room is left and the system what the process takes. With the
/// feature `metrics` everything is also handed to the recorder that the program has installed for the
/// `metrics` crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionFiguresPlugin;

impl Plugin for SessionFiguresPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Measured>()
            .init_resource::<SessionFigures>()
            .init_resource::<SessionHealth>()
            .init_resource::<SessionAlerts>()
            .init_resource::<trouble::Trouble>()
            .init_resource::<Restraints>()
            .add_message::<SessionAlertRaised>()
            .add_message::<SessionAlertCleared>()
            .init_schedule(SessionLast)
            .add_systems(
                SessionLast,
                (
                    collecting::turn,
                    collecting::collect,
                    collecting::collect_trouble,
                    collecting::count_listed,
                    alerting::watch,
                    response::respond,
                    standing::hand_over,
                    health::look,
                )
                    .chain()
                    .after(SessionSystems::Run),
            );
        #[cfg(feature = "metrics")]
        metrics::add(app);
    }
}
