//! The metrics that a recorder of the `metrics` crate gets.

// Feature: Metrics, rules for Prometheus and a dashboard work with a plain exporter.
// Page: guide/metrics.md

use std::fs;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session_ops::{
    LifecycleEvent, LifecycleSink, LifecycleSinkError, LifecycleSinkPlugin, SessionFigures,
    SessionOperation,
};
use metrics::with_local_recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use serde_json::Value;

use crate::common::*;
use crate::figures::{do_everything, measured};

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().build_recorder()
}

/// The value of a metric, if the recorder has it.
fn value(recorder: &PrometheusRecorder, metric: &str) -> Option<f64> {
    let text = recorder.handle().render();
    let line =
        text.lines().find(|line| line.strip_prefix(metric).is_some_and(|it| it.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

fn checkpoints(app: &App) -> u64 {
    let figures = app.world().resource::<SessionFigures>();
    figures.operation(SessionOperation::Checkpoint).count()
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn each_operation_has_its_metrics_under_its_name() {
    let recorder = recorder();
    let app = with_local_recorder(&recorder, || {
        let mut app = measured(&MemoryDisk::default(), |_| {});
        do_everything(&mut app);
        long(&mut app, 2);
        app
    });
    let figures = app.world().resource::<SessionFigures>();
    for operation in SessionOperation::ALL.iter().copied() {
        let (name, counted) = (operation.name(), figures.operation(operation));
        let of = |result: &str| {
            let labels = format!("{{operation=\"{name}\",result=\"{result}\"}}");
            value(&recorder, &format!("bevy_session_operations_total{labels}")).unwrap_or_default()
        };
        assert_eq!(of("ok"), counted.count() as f64, "{name}");
        assert_eq!(of("error"), counted.errors() as f64, "{name}");
        let durations =
            format!("bevy_session_operation_duration_seconds_count{{operation=\"{name}\"}}");
        assert_eq!(
            value(&recorder, &durations).unwrap_or_default(),
            counted.count() as f64,
            "{name}"
        );
    }
    let quick = "bevy_session_checkpoints_total{kind=\"quick\",result=\"ok\"}";
    assert_eq!(value(&recorder, quick), Some(2.0), "of the quick save, and of the report");
    assert_eq!(value(&recorder, "bevy_session_sessions{state=\"archived\"}"), Some(1.0));
    assert_eq!(value(&recorder, "bevy_session_degraded"), Some(0.0));
    let text = recorder.handle().render();
    let names = text.lines().filter(|line| line.starts_with("# TYPE "));
    let described = text.lines().filter(|line| line.starts_with("# HELP ")).count();
    assert_eq!(names.count(), described, "all are described: {text}");
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn a_late_recorder_gets_later_counts_only() {
    let mut app = measured(&MemoryDisk::default(), |_| {});
    start(&mut app, "Campaign");
    long(&mut app, 10);
    let before = checkpoints(&app);
    assert!(before > 5);
    let recorder = recorder();
    with_local_recorder(&recorder, || long(&mut app, 5));
    let auto = "bevy_session_checkpoints_total{kind=\"auto\",result=\"ok\"}";
    assert_eq!(value(&recorder, auto), Some((checkpoints(&app) - before) as f64));
    assert_eq!(value(&recorder, "bevy_session_sessions{state=\"active\"}"), Some(1.0));
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn counters_of_two_apps_in_one_process_are_added_up() {
    let recorder = recorder();
    let (first, second) = with_local_recorder(&recorder, || {
        let mut first = measured(&MemoryDisk::default(), |_| {});
        let mut second = measured(&MemoryDisk::default(), |_| {});
        start(&mut first, "East");
        long(&mut first, 5);
        long(&mut second, 5);
        (first, second)
    });
    let ok = "bevy_session_operations_total{operation=\"checkpoint\",result=\"ok\"}";
    assert_eq!(value(&recorder, ok), Some((checkpoints(&first) + checkpoints(&second)) as f64));
    // What is as it is, is that of the app that spoke last.
    assert_eq!(value(&recorder, "bevy_session_sessions{state=\"active\"}"), Some(0.0));
}

/// A sink that takes nothing.
struct Refuses;

impl LifecycleSink for Refuses {
    fn deliver(&mut self, _: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        Err("not now".into())
    }
}

#[test]
fn lifecycle_events_are_counted_by_result() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        let mut app = measured(&MemoryDisk::default(), |app| {
            let patience = Duration::from_secs(300);
            app.add_plugins(LifecycleSinkPlugin::new(Refuses).exit_waits(patience));
        });
        start(&mut app, "Campaign");
        app.world_mut().write_message(AppExit::Success);
        app.update();
    });
    let of = |result: &str| {
        let metric = format!("bevy_session_lifecycle_events_total{{result=\"{result}\"}}");
        value(&recorder, &metric)
    };
    let counted = (of("ok"), of("error"), of("dropped"));
    assert_eq!(counted, (Some(0.0), Some(2.0), Some(0.0)), "started and closed");
}

/// The expressions of the alert rules and of the dashboard's panels.
fn expressions() -> Vec<String> {
    let file = |name: &str| fs::read_to_string(root().join("docs/operations").join(name)).unwrap();
    let rules = file("alerts.yml");
    let rules = rules.split("expr: ").skip(1).map(|rule| {
        let is_next = |line: &str| line.starts_with("for:") || line.starts_with("labels:");
        let lines = rule.lines().map(str::trim).take_while(|line| !is_next(line));
        lines.collect::<Vec<_>>().join(" ")
    });
    let dashboard: Value = serde_json::from_str(&file("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    rules.chain(targets.map(|target| target["expr"].as_str().unwrap().to_owned())).collect()
}

/// The metrics that an expression asks for: names, and the labels in their braces.
fn asked(expression: &str) -> Vec<(String, String)> {
    let asked = expression.split("bevy_session_").skip(1).map(|after| {
        let name: String =
            after.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        let braces = after[name.len()..].strip_prefix('{').and_then(|it| it.split_once('}'));
        (format!("bevy_session_{name}"), braces.map_or("", |(labels, _)| labels).to_owned())
    });
    asked.collect()
}

/// An exporter in which nobody has set buckets serves durations as summaries.
#[test]
fn each_rule_and_panel_has_an_answer_from_a_plain_exporter() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        let mut app = measured(&MemoryDisk::default(), |_| {});
        do_everything(&mut app);
        long(&mut app, 2);
    });
    let text = recorder.handle().render();
    let code = include_str!("../../src/metrics.rs");
    let is_served = |(name, labels): &(String, String)| {
        let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        let quantile = labels.split(',').find(|label| label.starts_with("quantile="));
        // What nothing has happened of yet isn't served yet.
        code.contains(&format!("\"{name}\""))
            && quantile.is_none_or(|quantile| lines.clone().any(|line| line.contains(quantile)))
    };
    let expressions = expressions();
    assert!(expressions.len() > 20, "{expressions:#?}");
    for expression in expressions {
        let mut alternatives = expression.split(" or ").map(asked);
        let is_answered = alternatives.any(|asked| asked.iter().all(is_served));
        assert!(is_answered, "a plain exporter has nothing for {expression}\n{text}");
    }
}
