//! Alerts and limits in the policy file of an operator.

// Feature: An operator's file sets settings, retention and alerts; errors have line and column.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::checkpoints::CurrentPace;
use bevy_session::monitoring::policies::{PolicyError, SessionPolicies};
use bevy_session::prelude::*;
use bevy_session_ops::{
    Alert, AlertResponse, AlertsExt, Code, SessionAlertRaised, SessionAlerts, SessionFiguresPlugin,
    SessionHealth, SessionOperation,
};

use crate::common::*;

const FILE: &str = "policies.ron";
const SECOND: Duration = Duration::from_secs(1);

/// A game that is watched, and follows this text.
fn governed(text: &str, add: impl FnOnce(&mut App)) -> App {
    let disk = MemoryDisk::default();
    disk.put(FILE.as_ref(), text.as_bytes());
    let mut app = game_with(plugin(&disk).interval(SECOND).policies(FILE), |app| {
        app.add_plugins(SessionFiguresPlugin)
            .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        listen::<SessionAlertRaised>(app);
        add(app);
    });
    frames(&mut app, 2);
    app
}

fn error_of(app: &App) -> Option<&PolicyError> {
    app.world().resource::<SessionPolicies>().error()
}

fn alerts_of(app: &App) -> Vec<Alert> {
    app.world().resource::<SessionAlerts>().alerts().cloned().collect()
}

#[test]
fn a_policy_file_can_have_every_alert_and_response() {
    let text = r#"(alerts: [
        (when: errors_above(0.01), over: "5min", at_least: 20),
        (when: errors_of_above("archive", 0.5)),
        (when: p95_above("checkpoint", "250ms"), then: [stretch(4.0)]),
        (when: index_hits_below(0.7)),
        (when: stale_locks_above(5)),
        (when: disk_left_below("512MiB")),
        (when: checkpoint_age_above("1min")),
        (when: crashes_above(0.1)),
        (when: memory_above("6GiB"), over: "10min", then: [refuse_sessions, close_session]),
        (when: session_bytes_above(200_000_000), then: [thin_history("64MiB")]),
        (when: play_time_above("12h"), then: [close_session]),
        (when: entities_above(500_000), then: [limit_captures("1ms"), stretch(2.0)]),
        (when: deaths_above(2), over: "1h"),
        (when: replica_lag_above("30s")),
    ])"#;
    let app = governed(text, |_| {});
    assert_eq!(error_of(&app), None);
    let (minute, hour) = (60 * SECOND, 3600 * SECOND);
    let slow = Alert::p95_above(SessionOperation::Checkpoint, Duration::from_millis(250));
    let memory = Alert::memory_above(6 << 30).over(10 * minute);
    let expected = [
        Alert::errors_above(0.01).over(5 * minute).at_least(20),
        Alert::errors_of_above(SessionOperation::Archive, 0.5),
        slow.then(AlertResponse::Stretch(4.0)),
        Alert::index_hits_below(0.7),
        Alert::stale_locks_above(5),
        Alert::disk_left_below(512 << 20),
        Alert::checkpoint_age_above(minute),
        Alert::crashes_above(0.1),
        memory.then(AlertResponse::RefuseSessions).then(AlertResponse::CloseSession),
        Alert::session_bytes_above(200_000_000).then(AlertResponse::ThinHistory(64 << 20)),
        Alert::play_time_above(12 * hour).then(AlertResponse::CloseSession),
        Alert::entities_above(500_000)
            .then(AlertResponse::LimitCaptures(Duration::from_millis(1)))
            .then(AlertResponse::Stretch(2.0)),
        Alert::deaths_above(2).over(hour),
        Alert::replica_lag_above(30 * SECOND),
    ];
    assert_eq!(alerts_of(&app), expected);
}

#[test]
fn an_alert_of_the_file_replaces_that_of_the_code() {
    let text = r#"(alerts: [(when: entities_above(100), then: [stretch(4.0)])])"#;
    let mut app = governed(text, |app| {
        app.raise_session_alert(Alert::entities_above(100_000)).unwrap();
        app.raise_session_alert(Alert::stale_locks_above(5)).unwrap();
    });
    assert_eq!(alerts_of(&app).len(), 2, "the code's other alert stays");
    start(&mut app, "Spawner");
    app.world_mut().spawn_batch((0..101).map(Health)).for_each(drop);
    long(&mut app, 4);
    let raised = received::<SessionAlertRaised>(&app).into_iter().map(|raised| raised.code);
    assert_eq!(raised.collect::<Vec<_>>(), [Code::ManyEntities]);
    assert_eq!(app.world().resource::<CurrentPace>().interval, 4 * SECOND);
}

#[test]
fn an_invalid_alert_is_refused_with_its_line_and_no_alert_of_the_file_counts() {
    let cases = [
        ("(when: errors_above(2.0))", "a share must be between 0 and 1"),
        ("(when: errors_above(1.0))", "can never be passed"),
        ("(when: heat_above(90))", "`memory_above`"),
        ("(when: errors_of_above(\"baking\", 0.5))", "\"baking\"; known are capture, checkpoint"),
        ("(when: memory_above(\"much\"))", "256MiB"),
        ("(when: errors_above(0.5), over: \"20min\")", "15 minutes"),
        ("(when: errors_above(0.5), at_least: 0)", "at least one sample"),
        ("(when: play_time_above(\"1h\"), then: [stretch(0.5)])", "no effect"),
        ("(when: play_time_above(\"1h\"), then: [limit_captures(\"0s\")])", "no effect"),
        ("(when: play_time_above(\"1h\"), then: [explode])", "`close_session`"),
        ("(when: play_time_above(\"1h\"), level: 3)", "`at_least`"),
        ("(over: \"1h\")", "`when`"),
        ("(when: stale_locks_above(9))", "two alerts watch the same figure"),
    ];
    for (alert, words) in cases {
        let text = format!("(\n  alerts: [\n    (when: stale_locks_above(5)),\n    {alert}],\n)");
        let app = governed(&text, |app| {
            app.raise_session_alert(Alert::stale_locks_above(7)).unwrap();
        });
        let error = error_of(&app).unwrap_or_else(|| panic!("{alert} is read"));
        let PolicyError::Invalid { line: 4, message, .. } = error else {
            panic!("{alert}: {error}");
        };
        assert!(message.contains(words), "{alert}: {message}");
        assert_eq!(alerts_of(&app), [Alert::stale_locks_above(7)], "nothing of the file counts");
    }
}

#[test]
fn health_is_degraded_by_policies_that_cannot_be_read() {
    let mut app = governed("(alert: [])", |_| {});
    frames(&mut app, 3);
    let health = app.world().resource::<SessionHealth>();
    assert!(health.is_degraded(), "{health:?}");
    let finding = health.findings().iter().find(|it| it.code == Code::PoliciesUnreadable).unwrap();
    assert!(finding.what.contains("policies.ron:1:2: "), "{}", finding.what);
    assert!(finding.what.contains("`alerts`"), "{}", finding.what);
    let app = governed("(alerts: [])", |_| {});
    assert!(!app.world().resource::<SessionHealth>().has(Code::PoliciesUnreadable));
}

/// The blocks of RON in a text, without what stands before each of its lines.
fn blocks(text: &str, before: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.strip_prefix(before).unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let blocks = text.split("```ron\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_files_of_the_documents_can_be_read() {
    let of_page = blocks(include_str!("../../../../docs/guide/servers.md"), "");
    let of_module = blocks(include_str!("../../../../src/monitoring/policies.rs"), "//! ");
    assert_eq!((of_page.len(), of_module.len()), (1, 1));
    for text in of_page.iter().chain(&of_module) {
        let app = governed(text, |_| {});
        assert_eq!(error_of(&app), None, "{text}");
        assert_ne!(app.world().resource::<SessionSettings>().interval, SECOND, "{text}");
        // The page's server doesn't have this package, without which nobody reads alerts.
        assert_eq!(alerts_of(&app).is_empty(), of_page.contains(text), "{text}");
    }
}
