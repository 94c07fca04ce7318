//! Hands the figures to the recorder that the program has installed for the `metrics` crate.
//!
//! The recorder is asked for with each value, so one that is installed late gets what comes from then on.
//! Keys are static: without a recorder a value costs a call that does nothing.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::monitoring::SessionOperation;
use bevy_session::{CheckpointKind, SessionLast};
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_gauge};
use metrics::{describe_histogram, gauge, histogram};

use super::alerting::SessionAlerts;
use super::health::SessionHealth;
use super::session_figures::SessionFigures;
use super::window::to_float;
use super::{alerting, health};

/// Time between two reports of what is as it is.
const BETWEEN_REPORTS: Duration = Duration::from_secs(1);
/// The time within which deaths are counted.
const RECENT_DEATHS: Duration = Duration::from_secs(600);
/// After so many of them it is said once more what the metrics mean, for a recorder that is installed late.
const BETWEEN_DESCRIPTIONS: u32 = 60;

/// A metric of an operation, with labels that are known when this is compiled.
macro_rules! of_operation {
    ($operation:expr, $metric:ident, $name:literal $(, $key:literal => $value:literal)*) => {
        match $operation {
            SessionOperation::Capture => $metric!($name, "operation" => "capture" $(, $key => $value)*),
            SessionOperation::Checkpoint => $metric!($name, "operation" => "checkpoint" $(, $key => $value)*),
            SessionOperation::Restore => $metric!($name, "operation" => "restore" $(, $key => $value)*),
            SessionOperation::Start => $metric!($name, "operation" => "start" $(, $key => $value)*),
            SessionOperation::Listing => $metric!($name, "operation" => "listing" $(, $key => $value)*),
            SessionOperation::Slot => $metric!($name, "operation" => "slot" $(, $key => $value)*),
            SessionOperation::Archive => $metric!($name, "operation" => "archive" $(, $key => $value)*),
            SessionOperation::Retention => $metric!($name, "operation" => "retention" $(, $key => $value)*),
            SessionOperation::EventPage => $metric!($name, "operation" => "event_page" $(, $key => $value)*),
            SessionOperation::Report => $metric!($name, "operation" => "report" $(, $key => $value)*),
            SessionOperation::Attachment => $metric!($name, "operation" => "attachment" $(, $key => $value)*),
            SessionOperation::Request => $metric!($name, "operation" => "request" $(, $key => $value)*),
        }
    };
}

/// A counter of checkpoints of a kind.
macro_rules! of_kind {
    ($kind:expr, $result:literal) => {
        match $kind {
            Some(CheckpointKind::Auto) => of_kind!(@ "auto", $result),
            Some(CheckpointKind::Manual) => of_kind!(@ "manual", $result),
            Some(CheckpointKind::Quick) => of_kind!(@ "quick", $result),
            Some(CheckpointKind::State) => of_kind!(@ "state", $result),
            Some(CheckpointKind::Pause) => of_kind!(@ "pause", $result),
            Some(CheckpointKind::Exit) => of_kind!(@ "exit", $result),
            Some(CheckpointKind::Opening) => of_kind!(@ "opening", $result),
            Some(CheckpointKind::Rewind) => of_kind!(@ "rewind", $result),
            _ => of_kind!(@ "unknown", $result),
        }
    };
    (@ $kind:literal, $result:literal) => {
        counter!("bevy_session_checkpoints_total", "kind" => $kind, "result" => $result)
    };
}

pub(super) fn add(app: &mut App) {
    app.add_systems(SessionLast, report.after(alerting::watch).after(health::look));
}

/// Counts an operation; `None` if it failed.
pub(super) fn count(operation: SessionOperation, took: Option<Duration>) {
    let Some(took) = took else {
        return failed(operation).increment(1);
    };
    done(operation).increment(1);
    durations(operation).record(took.as_secs_f64());
}

/// Counts a checkpoint by its kind, and its bytes if it is durable.
pub(super) fn count_checkpoint(kind: Option<CheckpointKind>, bytes: Option<u64>) {
    match bytes {
        Some(bytes) => {
            of_kind!(kind, "ok").increment(1);
            counter!("bevy_session_checkpoint_bytes_total").increment(bytes);
        }
        None => of_kind!(kind, "error").increment(1),
    }
}

fn done(operation: SessionOperation) -> Counter {
    of_operation!(operation, counter, "bevy_session_operations_total", "result" => "ok")
}

fn failed(operation: SessionOperation) -> Counter {
    of_operation!(operation, counter, "bevy_session_operations_total", "result" => "error")
}

fn durations(operation: SessionOperation) -> Histogram {
    of_operation!(operation, histogram, "bevy_session_operation_duration_seconds")
}

/// The counters as of the last report.
#[derive(Default)]
struct Reported {
    at: Option<Duration>,
    times: u32,
    hits: u64,
    misses: u64,
    waits: u64,
    refusals: u64,
    lost: u64,
    dropped: u64,
}

/// Reports what is as it is, and what is counted elsewhere.
fn report(
    figures: Res<SessionFigures>,
    health: Res<SessionHealth>,
    alerts: Res<SessionAlerts>,
    time: Option<Res<Time<Real>>>,
    mut reported: Local<Reported>,
) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    if reported.at.is_some_and(|at| now.saturating_sub(at) < BETWEEN_REPORTS) {
        return;
    }
    reported.at = Some(now);
    if reported.times.is_multiple_of(BETWEEN_DESCRIPTIONS) {
        describe();
    }
    reported.times = reported.times.wrapping_add(1);
    report_sessions(&figures);
    report_surroundings(&figures);
    report_health(&health, &alerts);
    report_counted(&figures, &mut reported);
}

fn report_sessions(figures: &SessionFigures) {
    let sessions = figures.sessions();
    let active = sessions.active.saturating_sub(sessions.paused);
    gauge!("bevy_session_sessions", "state" => "active").set(to_float(active));
    gauge!("bevy_session_sessions", "state" => "paused").set(to_float(sessions.paused));
    gauge!("bevy_session_sessions", "state" => "archived").set(to_float(sessions.archived));
    gauge!("bevy_session_sessions", "state" => "trash").set(to_float(sessions.in_trash));
    gauge!("bevy_session_sessions", "state" => "crashed").set(to_float(sessions.crashed));
    gauge!("bevy_session_sessions", "state" => "damaged").set(to_float(sessions.damaged));
    gauge!("bevy_session_sessions_listed").set(to_float(sessions.all));
    let load = figures.load();
    gauge!("bevy_session_queue", "of" => "captures").set(to_float(load.captures as u64));
    gauge!("bevy_session_queue", "of" => "slots").set(to_float(load.slots as u64));
    gauge!("bevy_session_queue", "of" => "requests").set(to_float(load.requests as u64));
    let unsaved = figures.unsaved().unwrap_or_default();
    gauge!("bevy_session_unsaved_seconds").set(unsaved.as_secs_f64());
    let lag = figures.replica_lag().unwrap_or_default();
    gauge!("bevy_session_replica_lag_seconds").set(lag.as_secs_f64());
    gauge!("bevy_session_recent_deaths").set(to_float(figures.deaths_within(RECENT_DEATHS)));
}

fn report_surroundings(figures: &SessionFigures) {
    if let Some(left) = figures.disk_left() {
        gauge!("bevy_session_disk_left_bytes").set(to_float(left));
    }
    if let Some(stale) = figures.locks().stale {
        gauge!("bevy_session_stale_locks").set(f64::from(stale));
    }
    let process = figures.process();
    if let Some(memory) = process.memory {
        gauge!("bevy_session_process_memory_bytes").set(to_float(memory));
    }
    if let Some(busy) = process.busy {
        gauge!("bevy_session_process_busy_processors").set(busy);
    }
    if let Some(busy) = process.writer_busy {
        gauge!("bevy_session_writer_busy_processors").set(busy);
    }
}

fn report_health(health: &SessionHealth, alerts: &SessionAlerts) {
    let is_degraded = u8::from(health.is_degraded());
    gauge!("bevy_session_degraded").set(f64::from(is_degraded));
    let standing = u32::try_from(alerts.standing().count()).unwrap_or(u32::MAX);
    gauge!("bevy_session_alerts_raised").set(f64::from(standing));
}

fn report_counted(figures: &SessionFigures, reported: &mut Reported) {
    let add = |counter: Counter, now: u64, before: &mut u64| {
        counter.increment(now.saturating_sub(*before));
        *before = now;
    };
    let (index, locks) = (figures.index(), figures.locks());
    let hits = counter!("bevy_session_index_lookups_total", "result" => "hit");
    add(hits, index.hits, &mut reported.hits);
    let misses = counter!("bevy_session_index_lookups_total", "result" => "miss");
    add(misses, index.misses, &mut reported.misses);
    let waits = counter!("bevy_session_lock_waits_total");
    add(waits, locks.waits, &mut reported.waits);
    let refusals = counter!("bevy_session_lock_refusals_total");
    add(refusals, locks.refusals, &mut reported.refusals);
    add(counter!("bevy_session_locks_lost_total"), locks.lost, &mut reported.lost);
    let dropped = counter!("bevy_session_events_dropped_total");
    add(dropped, figures.events_dropped(), &mut reported.dropped);
}

/// Describes the metrics.
fn describe() {
    describe_counter!(
        "bevy_session_operations_total",
        "What the plugin did, by operation and result"
    );
    describe_histogram!(
        "bevy_session_operation_duration_seconds",
        Unit::Seconds,
        "How long operations took that were done"
    );
    describe_counter!("bevy_session_checkpoints_total", "Checkpoints, by kind and result");
    describe_counter!(
        "bevy_session_checkpoint_bytes_total",
        Unit::Bytes,
        "Bytes of checkpoints that became durable"
    );
    describe_gauge!("bevy_session_sessions", "Sessions on this machine, by state");
    describe_gauge!("bevy_session_sessions_listed", "All sessions on this machine");
    describe_gauge!("bevy_session_queue", "What waits for the writer, or for a request before it");
    describe_gauge!(
        "bevy_session_unsaved_seconds",
        Unit::Seconds,
        "For how long something has been captured that isn't durable"
    );
    describe_gauge!(
        "bevy_session_replica_lag_seconds",
        Unit::Seconds,
        "For how long something durable has been missing in the replica"
    );
    describe_gauge!(
        "bevy_session_recent_deaths",
        "Processes that died with the session within ten minutes"
    );
    describe_gauge!("bevy_session_disk_left_bytes", Unit::Bytes, "Room where sessions are");
    describe_gauge!("bevy_session_stale_locks", "Locks of processes that are gone");
    describe_gauge!("bevy_session_process_memory_bytes", Unit::Bytes, "Memory of the process");
    describe_gauge!("bevy_session_process_busy_processors", "Processors that it keeps busy");
    describe_gauge!(
        "bevy_session_writer_busy_processors",
        "The share of them that the plugin's writer has"
    );
    describe_gauge!("bevy_session_degraded", "1 if something is wrong, 0 otherwise");
    describe_gauge!("bevy_session_alerts_raised", "Alerts of the game that are raised");
    describe_counter!(
        "bevy_session_index_lookups_total",
        "Sessions that were known from the index, and that were read"
    );
    describe_counter!("bevy_session_lock_waits_total", "Starts that waited for a session's lock");
    describe_counter!("bevy_session_lock_refusals_total", "Requests for sessions played elsewhere");
    describe_counter!("bevy_session_locks_lost_total", "Sessions taken over by another process");
    describe_counter!("bevy_session_events_dropped_total", "Recorded events that were lost");
}
