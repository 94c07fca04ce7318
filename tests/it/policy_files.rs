//! Policies of an operator in a file: what they set, and what is said of a file that can't be read.

// Feature: An operator's file sets settings, retention and alerts; errors have line and column.
// Page: guide/servers.md#policies

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::{CaptureBudget, Patience};
use bevy_session::library::{Keep, LeftAs, Retention, StorageSettings};
use bevy_session::monitoring::policies::{
    PoliciesExt, PoliciesRejected, PolicyBytes, PolicyError, PolicySection, PolicyTime,
    SessionPolicies,
};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreLosses;
use bevy_session::rules::SessionRulesExt;
use bevy_session::{CheckpointCaptured, CheckpointKind, MemoryDisk, RequestError};
use serde::Deserialize;

use crate::common::*;

const FILE: &str = "policies.ron";
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All that the section `settings` can have.
const SETTINGS: &str = r#"// Of the night shift.
(
    settings: (
        interval: "30s",
        autosave: false,
        recovery: automatic,
        recovery_age: "never",
        probation: "2min",
        max_bytes_per_second: "256KiB",
        minimum_gap: "0s",
        capture_budget: (frame: "50ms", share: 0.02),
        losses: refuse,
        exit_slot: true,
        trust_index: "7days",
        verbose: true,
        storage: (
            max_session_bytes: "128MiB",
            max_total_bytes: 4_000_000,
            max_named_checkpoints: 500,
            max_branches: 0,
            trash: "never",
            cleanup: "2h",
            unanswered_crashes: "30days",
            reserve_bytes: 0,
            audit: true,
        ),
        patience: (exit: "10s", suspend: "500ms", restore: "1min", external: "2min"),
    ),
    retention: (
        closed: (newest: 20),
        completed: (within: "90days", newest: 3, daily: 2, weekly: 1),
        total_bytes: "8GiB",
        let_go: archive(with_world),
    ),
)
"#;

fn listening(app: &mut App) {
    listen::<PoliciesRejected>(app);
    listen::<RequestRejected>(app);
    listen::<CheckpointCaptured>(app);
    listen::<SessionRestored>(app);
}

/// A game that follows a file on the disk.
fn governed(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_with(plugin(disk).policies(FILE), |app| {
        listening(app);
        add(app);
    });
    frames(&mut app, 2);
    app
}

fn disk_with(text: &str) -> MemoryDisk {
    let disk = MemoryDisk::default();
    disk.put(FILE.as_ref(), text.as_bytes());
    disk
}

/// The error of a text.
fn error_of(text: impl AsRef<[u8]>) -> PolicyError {
    let disk = MemoryDisk::default();
    disk.put(FILE.as_ref(), text.as_ref());
    let app = governed(&disk, |_| {});
    let error = app.world().resource::<SessionPolicies>().error().cloned();
    error.unwrap_or_else(|| panic!("{} is read", String::from_utf8_lossy(text.as_ref())))
}

#[test]
fn settings_of_the_file_override_those_of_the_code() {
    let settings = |settings: SessionSettings, text: &str| {
        let plugin = plugin(&disk_with(text)).settings(settings).policies(FILE);
        let app = game_with(plugin, |_| {});
        assert_eq!(app.world().resource::<SessionPolicies>().error(), None);
        assert_eq!(app.world().resource::<SessionPolicies>().file(), Path::new(FILE));
        app.world().resource::<SessionSettings>().clone()
    };
    let whole = SessionSettings {
        interval: 30 * SECOND,
        autosave: false,
        recovery: RecoveryPolicy::Automatic,
        recovery_age: None,
        probation: 120 * SECOND,
        max_bytes_per_second: 256 << 10,
        minimum_gap: Duration::ZERO,
        capture_budget: Some(CaptureBudget { frame: Duration::from_millis(50), share: 0.02 }),
        losses: RestoreLosses::Refuse,
        exit_slot: true,
        trust_index: 7 * DAY,
        verbose: true,
        storage: StorageSettings {
            max_session_bytes: 128 << 20,
            max_total_bytes: 4_000_000,
            max_named_checkpoints: 500,
            max_branches: 0,
            trash: None,
            cleanup: Some(7_200 * SECOND),
            unanswered_crashes: Some(30 * DAY),
            reserve_bytes: 0,
            audit: true,
            ..default()
        },
        patience: Patience {
            exit: 10 * SECOND,
            suspend: SECOND / 2,
            restore: 60 * SECOND,
            external: 120 * SECOND,
        },
        ..default()
    };
    assert_eq!(settings(SessionSettings::default(), SETTINGS), whole);
    let code = SessionSettings { interval: 9 * SECOND, exit_slot: true, ..default() };
    for nothing in ["()", "(settings: ())", "\u{feff}(settings: (storage: ()), retention: ())\n"] {
        assert_eq!(settings(code.clone(), nothing), code, "{nothing}");
    }
    let one = settings(code.clone(), r#"(settings: (patience: (exit: "7s")))"#);
    let mut expected = code;
    expected.patience.exit = 7 * SECOND;
    assert_eq!(one, expected);
}

#[test]
fn the_file_of_the_colony_can_be_read() {
    let app = governed(&disk_with(include_str!("../../examples/headless/policies.ron")), |_| {});
    assert_eq!(app.world().resource::<SessionPolicies>().error(), None);
    assert_eq!(app.world().resource::<SessionSettings>().interval, 10 * SECOND);
}

#[test]
fn the_interval_of_the_file_applies_to_checkpoints() {
    let automatic = |text: &str| {
        let mut app = governed(&disk_with(text), |app| {
            app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        });
        start(&mut app, "Paced");
        seconds(&mut app, 41.0);
        let captured = received::<CheckpointCaptured>(&app).into_iter();
        captured.filter(|it| it.kind == CheckpointKind::Auto).count()
    };
    assert_eq!(automatic(r#"(settings: (interval: "10s"))"#), 4);
    assert_eq!(automatic(r#"(settings: (interval: "20s"))"#), 2);
    assert_eq!(automatic(r#"(settings: (interval: "10s", autosave: false))"#), 0);
}

/// A disk with five sessions that were closed, and the file.
fn disk_of_five(text: &str) -> MemoryDisk {
    let disk = disk_with(text);
    let mut app = game(&disk);
    for name in ["One", "Two", "Three", "Four", "Five"] {
        app.world_mut().spawn(Health(1));
        start(&mut app, name);
        seconds(&mut app, 2.0);
        close(&mut app);
        seconds(&mut app, 2.0);
    }
    disk.snapshot()
}

/// Sessions that are in the trash two days later, once something was played.
fn in_trash(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> usize {
    let began: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let plugin = plugin(disk).clock_from(began + 2 * DAY).policies(FILE);
    let mut app = game_with(plugin, add);
    frames(&mut app, 10);
    start(&mut app, "Something");
    long(&mut app, 10);
    frames(&mut app, 60);
    let sessions = app.world().resource::<SessionCatalog>().sessions();
    assert_eq!(sessions.len(), 6);
    sessions.iter().filter(|entry| entry.session.place.is_in_trash()).count()
}

#[test]
fn rules_of_retention_in_the_file_take_the_place_of_the_codes() {
    let strict = || Retention::default().keep(LeftAs::Closed, Keep::newest_of(1));
    let mild = disk_of_five("(retention: (closed: (newest: 100)))");
    let prune = |app: &mut App| {
        app.prune_sessions(strict());
    };
    assert_eq!(in_trash(&mild, prune), 0, "the operator keeps them");
    let none = disk_of_five("(settings: ())");
    // The one that was left last goes by no rule, and the newest of the others stays by it.
    assert_eq!(in_trash(&none, prune), 3, "the code's rules");
    let strict_file = disk_of_five("(retention: (closed: (newest: 1)))");
    assert_eq!(in_trash(&strict_file, |_| {}), 3, "the file's rules, without any of the code");
}

// Feature: With a policy file that can't be read nothing is played or touched.
// Page: guide/servers.md#policies
#[test]
fn with_unreadable_policies_nothing_is_played_or_changed() {
    let disk = disk_with("(settings: (recovery: automatic, interval: \"5 parsecs\"))");
    let mut app = game(&disk);
    app.world_mut().spawn(Health(3));
    start(&mut app, "Crashed");
    let crashed = disk.snapshot();
    let paths = crashed.paths();
    let mut app = governed(&crashed, |_| {});
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("New"));
        commands.session().start_or_continue(NewSession::named("Crashed"));
        commands.session().library().find();
    });
    seconds(&mut app, 5.0);
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 3);
    for rejected in rejected {
        let RequestError::PoliciesUnreadable { error } = &rejected.error else {
            panic!("{:?}", rejected.error);
        };
        assert!(error.starts_with("policies.ron:1:") && error.contains("5 parsecs"), "{error}");
    }
    let [told] = &*received::<PoliciesRejected>(&app) else { panic!("it is said once") };
    assert_eq!(Some(&told.error), app.world().resource::<SessionPolicies>().error());
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert_eq!(crashed.paths(), paths);
    let interval = app.world().resource::<SessionSettings>().interval;
    assert_eq!(interval, SessionSettings::default().interval, "nothing of the file counts");
    drop(app);

    crashed.put(FILE.as_ref(), b"(settings: (recovery: automatic, interval: \"5s\"))");
    let mut app = governed(&crashed, |_| {});
    frames(&mut app, 12);
    assert_eq!(received::<SessionRestored>(&app).len(), 1, "a start finds it corrected");
    assert!(received::<PoliciesRejected>(&app).is_empty());
}

#[test]
fn a_policy_error_has_its_line_and_column_and_the_known_words() {
    let cases = [
        (
            "(\n    setting: (interval: \"30s\"),\n)",
            2,
            5,
            "`setting`; known are `settings`, `retention`",
        ),
        ("(\n  settings: (\n    intervals: \"5s\",\n  ),\n)", 3, 5, "`interval`, `autosave`"),
        ("(settings: (),\n settings: ())", 2, 2, "the section `settings` is there twice"),
        ("(settings: (storage: (\n  bin: \"never\")))", 2, 3, "`trash`"),
        ("(retention: (\nlost: (newest: 1)))", 2, 1, "`declined_crash`"),
        ("(\n  alerts: [],\n)", 2, 3, "no plugin of this app reads a section `alerts`"),
    ];
    for (text, expected_line, expected_column, words) in cases {
        let error = error_of(text);
        let PolicyError::Invalid { file, line, column, message } = &error else {
            panic!("{error}");
        };
        assert_eq!(file, Path::new(FILE));
        assert_eq!((*line, *column), (expected_line, expected_column), "{error}");
        assert!(message.contains(words), "{words}: {message}");
        assert!(error.to_string().starts_with(&format!("{FILE}:{line}:{column}: ")), "{error}");
    }
}

#[test]
fn invalid_values_of_a_policy_file_are_refused_with_their_line() {
    let cases = [
        ("settings: (\ninterval: \"0s\")", "above zero"),
        ("settings: (\ninterval: 30)", ""),
        ("settings: (\ninterval: \"-5s\")", "such as \"90s\""),
        ("settings: (\nmax_bytes_per_second: 0)", "more than 0 bytes"),
        ("settings: (\nmax_bytes_per_second: -5)", "a number of bytes"),
        ("settings: (\nmax_bytes_per_second: \"5 loads\")", "\"5 loads\""),
        ("settings: (\ncapture_budget: (share: 1.5))", "above 0 and up to 1"),
        ("settings: (\ncapture_budget: (share: NaN))", "above 0 and up to 1"),
        ("settings: (\nstorage: (max_branches: -1))", ""),
        ("settings: (\nstorage: (trash: \"soon\"))", "or \"never\""),
        ("settings: (\nrecovery: sometimes)", "`automatic`"),
        ("settings: (\nautosave: 1)", ""),
        ("retention: (\nclosed: ())", "a rule keeps something"),
        ("retention: (\nlet_go: archive(nothing))", "`with_world`"),
    ];
    for (section, words) in cases {
        let error = error_of(format!("({section})"));
        let PolicyError::Invalid { line: 2, message, .. } = &error else {
            panic!("{section}: {error}");
        };
        assert!(message.contains(words), "{section}: {message}");
    }
}

#[test]
fn a_file_that_is_torn_anywhere_is_refused() {
    let whole = SETTINGS.trim_end();
    let lines = whole.lines().count();
    for length in (0..whole.len()).step_by(13).chain([whole.len() - 1]) {
        let error = error_of(&whole[..length]);
        let PolicyError::Invalid { line, .. } = error else { panic!("{length}: {error}") };
        assert!((1..=lines).contains(&line), "{length}: {error}");
    }
    let twice = format!("{whole}\n{whole}");
    assert!(matches!(error_of(twice), PolicyError::Invalid { .. }));
}

#[test]
fn a_file_that_is_missing_no_text_or_far_too_large_is_refused() {
    let disk = MemoryDisk::default();
    let app = governed(&disk, |_| {});
    let error = app.world().resource::<SessionPolicies>().error().unwrap();
    assert!(matches!(error, PolicyError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains(FILE), "{error}");
    assert!(disk.paths().is_empty());
    let error = error_of(b"(\n\xff)");
    assert!(matches!(error, PolicyError::NotText { line: 2, .. }), "{error}");
    let error = error_of(" ".repeat((1 << 20) + 1));
    assert!(matches!(error, PolicyError::Unreadable { .. }), "{error}");
}

#[test]
fn a_file_that_is_read_only_is_read() {
    let disk = disk_with("(settings: (interval: \"7s\"))");
    disk.refuse_writes(FILE.as_ref(), ErrorKind::PermissionDenied);
    let app = governed(&disk, |_| {});
    assert_eq!(app.world().resource::<SessionSettings>().interval, 7 * SECOND);

    let place = tempfile::tempdir().unwrap();
    let file = place.path().join(FILE);
    fs::write(&file, "(settings: (interval: \"8s\"))").unwrap();
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    let plugin = SessionPlugin::new("Tests", "Game").directory(place.path().join("sessions"));
    let app = game_with(plugin.manual_writer().policies(&file), |_| {});
    assert_eq!(app.world().resource::<SessionPolicies>().error(), None);
    assert_eq!(app.world().resource::<SessionSettings>().interval, 8 * SECOND);
}

#[derive(Resource, PartialEq, Debug)]
struct Night {
    length: Duration,
    bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename = "night", deny_unknown_fields)]
struct NightSection {
    length: PolicyTime,
    bytes: PolicyBytes,
}

impl PolicySection for NightSection {
    const NAME: &'static str = "night";

    fn apply(self, world: &mut World) {
        world.insert_resource(Night { length: self.length.0, bytes: self.bytes.0 });
    }
}

#[test]
fn a_custom_section_is_read_with_the_others_or_not_at_all() {
    let read = |text: &str| {
        let mut app = governed(&disk_with(text), |app| {
            app.read_policy_section::<NightSection>().read_policy_section::<NightSection>();
        });
        let error = app.world().resource::<SessionPolicies>().error().map(ToString::to_string);
        (app.world_mut().remove_resource::<Night>(), error)
    };
    let night = r#"night: (length: "8h", bytes: "1KiB")"#;
    let expected = Night { length: 8 * 3600 * SECOND, bytes: 1024 };
    assert_eq!(read(&format!("({night}, settings: ())")), (Some(expected), None));
    assert_eq!(read("()"), (None, None));
    let (nothing, error) = read(&format!("({night},\n settings: (loud: true))"));
    assert_eq!(nothing, None, "all of it counts, or nothing");
    assert!(error.unwrap().starts_with("policies.ron:2:"));
    let (_, error) = read("(\n night: (\n  length: \"8h\", byte: 5))");
    let error = error.unwrap();
    assert!(error.starts_with("policies.ron:3:17: ") && error.contains("`bytes`"), "{error}");
}
