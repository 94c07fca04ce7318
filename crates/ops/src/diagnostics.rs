//! Durations and sizes of checkpoints, among Bevy's own diagnostics.

use bevy::diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic};
use bevy::prelude::*;
use bevy_session::{CheckpointCaptured, CheckpointSaved, CurrentSession};

/// Puts what checkpoints take into Bevy's [`DiagnosticsStore`](bevy::diagnostic::DiagnosticsStore), where
/// [`LogDiagnosticsPlugin`](bevy::diagnostic::LogDiagnosticsPlugin) and overlays look.
///
/// It needs [`SessionPlugin`](bevy_session::SessionPlugin) and nothing else. For percentiles, errors and alerts there is
/// [`SessionFiguresPlugin`](super::SessionFiguresPlugin).
///
/// ```
/// use bevy::diagnostic::{DiagnosticsPlugin, DiagnosticsStore};
/// use bevy::prelude::*;
/// use bevy_session_ops::SessionDiagnosticsPlugin;
/// use bevy_session::prelude::*;
///
/// fn overlay(diagnostics: Res<DiagnosticsStore>) {
///     let capture = diagnostics.get(&SessionDiagnosticsPlugin::CAPTURE);
///     if let Some(milliseconds) = capture.and_then(|capture| capture.average()) {
///         println!("{milliseconds:.2} ms");
///     }
/// }
///
/// let mut app = App::new();
/// app.add_plugins((
///     MinimalPlugins,
///     DiagnosticsPlugin,
///     SessionPlugin::new("Studio", "Hop").in_memory(),
///     SessionDiagnosticsPlugin,
/// ))
/// .add_systems(Update, overlay);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionDiagnosticsPlugin;

impl SessionDiagnosticsPlugin {
    /// Milliseconds of the main thread that the capture of a checkpoint took.
    pub const CAPTURE: DiagnosticPath = DiagnosticPath::const_new("session/capture");

    /// Milliseconds from the hand-over of a checkpoint to the end of its sync.
    pub const WRITE: DiagnosticPath = DiagnosticPath::const_new("session/write");

    /// KiB that a checkpoint took on disk.
    pub const SIZE: DiagnosticPath = DiagnosticPath::const_new("session/size");

    /// Seconds of play that a crash would cost, in each frame in which a session is played.
    pub const AT_RISK: DiagnosticPath = DiagnosticPath::const_new("session/at_risk");
}

impl Plugin for SessionDiagnosticsPlugin {
    fn build(&self, app: &mut App) {
        app.register_diagnostic(Diagnostic::new(Self::CAPTURE).with_suffix("ms"))
            .register_diagnostic(Diagnostic::new(Self::WRITE).with_suffix("ms"))
            .register_diagnostic(Diagnostic::new(Self::SIZE).with_suffix("KiB"))
            .register_diagnostic(Diagnostic::new(Self::AT_RISK).with_suffix("s"))
            .add_observer(measure_capture)
            .add_observer(measure_checkpoint)
            .add_systems(Last, measure_risk.run_if(resource_exists::<CurrentSession>));
    }
}

fn measure_capture(captured: On<CheckpointCaptured>, mut diagnostics: Diagnostics) {
    let milliseconds = || captured.capture_time.as_secs_f64() * 1000.0;
    diagnostics.add_measurement(&SessionDiagnosticsPlugin::CAPTURE, milliseconds);
}

fn measure_checkpoint(saved: On<CheckpointSaved>, mut diagnostics: Diagnostics) {
    let milliseconds = || saved.write_time.as_secs_f64() * 1000.0;
    diagnostics.add_measurement(&SessionDiagnosticsPlugin::WRITE, milliseconds);
    diagnostics.add_measurement(&SessionDiagnosticsPlugin::SIZE, || saved.bytes as f64 / 1024.0);
}

fn measure_risk(session: Res<CurrentSession>, mut diagnostics: Diagnostics) {
    let seconds = || session.at_risk().as_secs_f64();
    diagnostics.add_measurement(&SessionDiagnosticsPlugin::AT_RISK, seconds);
}
