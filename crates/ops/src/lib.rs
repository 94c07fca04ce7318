#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod alert;
mod alerting;
mod closing;
mod collecting;
mod counting;
mod diagnostics;
mod health;
mod histogram;
mod level;
mod lifecycle_sink;
mod measure;
#[cfg(feature = "metrics")]
mod metrics;
mod operation;
mod policies;
mod reading;
#[cfg(feature = "log")]
mod recent_log;
mod response;
mod session_figures;
#[cfg(feature = "log")]
mod session_log;
mod standing;
mod systemd;
mod trouble;
mod window;

use bevy::prelude::*;
use bevy_session::monitoring::policies::PoliciesExt;
use bevy_session::monitoring::{Measurements, Restraints, StandingAlerts};
use bevy_session::{SessionLast, SessionSystems};

pub use bevy_session::hints::{Code, Weight};
pub use bevy_session::monitoring::{SessionOperation, WriterLoad};

pub use alert::{Alert, AlertError};
pub use alerting::{AlertsExt, SessionAlertCleared, SessionAlertRaised, SessionAlerts};
pub use diagnostics::SessionDiagnosticsPlugin;
pub use health::{HealthFinding, SessionHealth};
pub use level::AlertLevel;
#[cfg(feature = "log")]
pub use lifecycle_sink::JsonLines;
pub use lifecycle_sink::{
    LifecycleChange, LifecycleDeliveries, LifecycleEvent, LifecycleSink, LifecycleSinkError,
    LifecycleSinkFailed, LifecycleSinkPlugin,
};
pub use measure::AlertMeasure;
pub use operation::OperationFigures;
#[cfg(feature = "log")]
pub use recent_log::recent_log;
pub use response::AlertResponse;
pub use session_figures::{
    LockFigures, PlayedFigures, ProcessFigures, SessionCounts, SessionFigures,
};
#[cfg(feature = "log")]
pub use session_log::{SessionLog, session_log};
pub use systemd::SystemdPlugin;
pub use window::{Window, WindowFigures};

/// Keeps [`SessionFigures`] and [`SessionHealth`] up to date, and raises and clears alerts
/// ([`AlertsExt::raise_session_alert`]).
///
/// Added beside [`SessionPlugin`](bevy_session::SessionPlugin), before or after it. About every ten seconds the
/// writer's thread asks the disk how much room is left and the system what the process takes. With the
/// feature `metrics` everything is also handed to the recorder that the program has installed for the
/// `metrics` crate.
///
/// It reads the section `alerts` of an operator's [file](bevy_session::monitoring::policies): a list of alerts, each of which replaces the
/// code's alert of the same [measure](AlertMeasure). `when` is one of [`Alert`]'s constructors, `over` and `at_least` are its
/// methods, and `then` lists [responses](AlertResponse), all in lower case:
/// `(when: p95_above("checkpoint", "250ms"), over: "5min", then: [stretch(4.0), close_session])`. It clears at four fifths of the
/// level, or five fourths.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionFiguresPlugin;

impl Plugin for SessionFiguresPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Measurements>()
            .init_resource::<SessionFigures>()
            .init_resource::<SessionHealth>()
            .init_resource::<SessionAlerts>()
            .init_resource::<trouble::Trouble>()
            .init_resource::<Restraints>()
            .init_resource::<StandingAlerts>()
            .add_message::<SessionAlertRaised>()
            .add_message::<SessionAlertCleared>()
            .init_schedule(SessionLast)
            .read_policy_section::<policies::AlertsSection>()
            .add_systems(
                SessionLast,
                (
                    collecting::turn,
                    collecting::collect,
                    collecting::collect_trouble,
                    collecting::deaths::collect,
                    collecting::replica::collect,
                    collecting::count_listed,
                    alerting::watch,
                    response::respond,
                    closing::close_session,
                    health::look,
                )
                    .chain()
                    .after(SessionSystems::Run),
            );
        #[cfg(feature = "metrics")]
        metrics::add(app);
    }
}

/// The pages of the guide, whose examples are tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/guide/monitoring.md")]
    struct Monitoring;

    #[doc = include_str!("../../../docs/guide/metrics.md")]
    struct Metrics;

    #[doc = include_str!("../../../docs/guide/log-files.md")]
    struct LogFiles;
}
