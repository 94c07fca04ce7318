//! The figures of the plugin.

// Feature: Figures have counts, errors and percentiles, since the start and over windows.
// Page: guide/monitoring.md#figures
// Feature: The start of a session is timed, from its request until it can be saved.
// Page: guide/monitoring.md#figures

use std::io::ErrorKind;
use std::time::Duration;

use bevy::diagnostic::{DiagnosticPath, DiagnosticsPlugin, DiagnosticsStore};
use bevy::prelude::*;
use bevy_session::attachments::AttachmentOf;
use bevy_session::events::EventQuery;
use bevy_session::external::Operation;
use bevy_session::library::{Archived, SessionFeature, SessionQuery};
use bevy_session::prelude::*;
use bevy_session::reports::Report;
use bevy_session::{MemoryDisk, SessionSwitches, SessionUpdate};
use bevy_session_ops::{
    Code, SessionDiagnosticsPlugin, SessionFigures, SessionFiguresPlugin, SessionHealth,
    SessionOperation, Window,
};

use crate::common::*;

/// A game that is measured, and in which something changes in each frame.
pub fn measured(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk).interval(Duration::from_secs(1)), |app| {
        app.add_plugins(SessionFiguresPlugin)
            .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        add(app);
    })
}

fn figures(app: &App) -> &SessionFigures {
    app.world().resource::<SessionFigures>()
}

fn note(app: &mut App, operation: SessionOperation, took: Option<Duration>) {
    app.world_mut().resource_mut::<SessionFigures>().note(operation, took);
}

/// Numbers that look drawn, and are the same in each run.
fn drawn(count: u64) -> impl Iterator<Item = u64> {
    (1..=count).map(|number| {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
    })
}

#[test]
fn percentiles_are_those_of_a_plain_sort_to_a_sixteenth() {
    let mut app = measured(&MemoryDisk::default(), |_| {});
    let mut all: Vec<Duration> = drawn(5_000)
        // Most are short, and some are long.
        .map(|drawn| Duration::from_micros(drawn % 1_000 + (drawn % 97).pow(3)))
        .collect();
    for took in &all {
        note(&mut app, SessionOperation::Report, Some(*took));
    }
    all.sort_unstable();
    let report = figures(&app).operation(SessionOperation::Report);
    let lately = report.over(Window::OneMinute);
    assert_eq!((report.count(), lately.count), (5_000, 5_000));
    assert_eq!((report.maximum(), lately.maximum), (all.last().copied(), all.last().copied()));
    assert_eq!(report.total(), all.iter().sum());
    assert_eq!(lately.mean, Some(all.iter().sum::<Duration>() / 5_000));
    let measured = [
        (50, report.p50(), lately.p50),
        (95, report.p95(), lately.p95),
        (99, report.p99(), lately.p99),
    ];
    for (percent, ever, lately) in measured {
        let exact = all[5_000 * percent / 100 - 1];
        assert_eq!(ever, lately);
        let off = ever.unwrap().abs_diff(exact);
        assert!(off * 16 <= exact, "p{percent} is {ever:?} and should be {exact:?}");
    }
}

#[test]
fn durations_are_recorded_to_within_a_sixteenth() {
    let all = (0..3_000_u64).chain((3_000..33_000_000).step_by(9_973));
    for micros in all {
        let mut figures = SessionFigures::default();
        let took = Duration::from_micros(micros);
        // The longer one keeps the maximum out of it.
        for took in [took, Duration::from_secs(40)] {
            figures.note(SessionOperation::Restore, Some(took));
        }
        let median = figures.operation(SessionOperation::Restore).p50().unwrap();
        assert!(median.abs_diff(took) * 16 <= took, "{took:?} is known as {median:?}");
    }
    let mut figures = SessionFigures::default();
    figures.note(SessionOperation::Restore, Some(Duration::MAX));
    assert_eq!(figures.operation(SessionOperation::Restore).p99(), Some(Duration::MAX));
}

#[test]
fn windows_of_figures_expire_and_totals_do_not() {
    let mut app = measured(&MemoryDisk::default(), |_| {});
    let slot = SessionOperation::Slot;
    for _ in 0..30 {
        note(&mut app, slot, Some(Duration::from_millis(40)));
    }
    note(&mut app, slot, None);
    let counts = |app: &App| {
        let slots = figures(app).operation(slot);
        let of = |window| (slots.over(window).count, slots.over(window).errors);
        [of(Window::OneMinute), of(Window::FiveMinutes), of(Window::FifteenMinutes)]
    };
    assert_eq!(counts(&app), [(30, 1); 3]);
    let share = figures(&app).operation(slot).over(Window::OneMinute).error_share().unwrap();
    assert!((share - 1.0 / 31.0).abs() < 1e-9, "{share}");
    long(&mut app, 59);
    assert_eq!(counts(&app), [(30, 1); 3], "a minute is a minute at least");
    long(&mut app, 62);
    assert_eq!(counts(&app), [(0, 0), (30, 1), (30, 1)]);
    for _ in 0..10 {
        note(&mut app, slot, Some(Duration::from_millis(160)));
    }
    let minute = figures(&app).operation(slot).over(Window::OneMinute);
    let rate = minute.per_second();
    assert!((0.08..=0.17).contains(&rate), "{rate} in a second, of {:?}", minute.covers);
    long(&mut app, 250);
    assert_eq!(counts(&app), [(0, 0), (10, 0), (40, 1)]);
    let trend = figures(&app).operation(slot).trend().unwrap();
    assert!((trend - 160.0 / 70.0).abs() < 0.001, "it is getting slower: {trend}");
    long(&mut app, 1_300);
    assert_eq!(counts(&app), [(0, 0); 3]);
    let ever = figures(&app).operation(slot);
    assert_eq!((ever.count(), ever.errors()), (40, 1));
}

#[test]
fn captures_and_durable_checkpoints_are_counted_and_failures_are_errors() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    start(&mut app, "Campaign");
    long(&mut app, 20);
    // What was captured last becomes durable.
    frames(&mut app, 2);
    let (captures, checkpoints) = (SessionOperation::Capture, SessionOperation::Checkpoint);
    let count = |app: &App, operation| figures(app).operation(operation).count();
    let durable = count(&app, checkpoints);
    assert!(durable >= 15, "{durable}");
    assert_eq!(count(&app, captures), durable);
    assert!(figures(&app).bytes_written() > 0);
    assert_eq!(figures(&app).unsaved(), None);
    let health = app.world().resource::<SessionHealth>();
    assert!(!health.is_degraded(), "{health:?}");

    disk.fail_always(Operation::Append, ErrorKind::Other);
    disk.fail_always(Operation::Create, ErrorKind::Other);
    long(&mut app, 40);
    assert!(figures(&app).operation(checkpoints).errors() > 0);
    assert_eq!(count(&app, checkpoints), durable);
    let unsaved = figures(&app).unsaved().unwrap();
    assert!((30..=41).contains(&unsaved.as_secs()), "{unsaved:?}");
    let health = app.world().resource::<SessionHealth>();
    assert!(health.is_degraded() && health.has(Code::NothingDurable), "{health:?}");

    disk.heal();
    long(&mut app, 70);
    assert!(count(&app, checkpoints) > durable);
    frames(&mut app, 2);
    assert_eq!(figures(&app).unsaved(), None);
    assert!(!app.world().resource::<SessionHealth>().is_degraded());
}

#[test]
fn an_idle_game_has_no_unsaved_play() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.add_plugins(SessionFiguresPlugin);
    });
    start(&mut app, "Campaign");
    long(&mut app, 300);
    assert_eq!(figures(&app).unsaved(), None);
    assert_eq!(app.world().resource::<SessionHealth>().findings(), []);
}

/// Asks for one of each.
pub fn do_everything(app: &mut App) {
    let first = begin(app, NewSession::named("First"));
    close(app);
    let second = begin(app, NewSession::named("Second"));
    let checkpoint = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    request(app, move |commands| {
        let mut session = commands.session();
        session.library().find();
        session.slots().quick_save();
        session.library().archive(first, Archived::WithWorld);
        session.library().edit_all(SessionQuery::default(), SessionUpdate::default().tag("seen"));
        session.events().read(EventQuery::of(second));
        session.library().report(Report::now(), "report.tar");
        session
            .attachments()
            .read(AttachmentOf::Checkpoint { session: second, checkpoint }, "thumbnail");
        // There is no such slot.
        session.slots().load(bevy_session::slots::SlotId::random());
    });
    frames(app, 20);
    request(app, |commands| commands.session().slots().quick_load());
    frames(app, 20);
}

#[test]
fn each_operation_is_counted_as_success_or_error() {
    let mut app = measured(&MemoryDisk::default(), |_| {});
    do_everything(&mut app);
    for operation in SessionOperation::ALL.iter().copied() {
        let counted = figures(&app).operation(operation);
        let tried = counted.count() + counted.errors();
        assert!(tried > 0, "{} should be counted", operation.name());
        assert_eq!(counted.maximum().is_some(), counted.count() > 0, "{}", operation.name());
    }
    let errors = |operation| figures(&app).operation(operation).errors();
    assert_eq!(errors(SessionOperation::Attachment), 1, "there is no picture");
    assert!(errors(SessionOperation::Restore) >= 1 && errors(SessionOperation::Request) >= 1);
    assert_eq!(figures(&app).operation(SessionOperation::Restore).count(), 1);
}

/// True once the level that a session is played in is there.
#[derive(Resource, Default)]
struct Loaded(bool);

/// The number of starts that were timed, and of those that failed.
fn starts(app: &App) -> (u64, u64) {
    let starts = figures(app).operation(SessionOperation::Start);
    (starts.count(), starts.errors())
}

#[test]
fn a_start_is_timed_until_the_first_checkpoint_can_be_taken() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |app| {
        app.init_resource::<Loaded>().checkpoint_session_while(|loaded: Res<Loaded>| loaded.0);
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Left")));
    frames(&mut app, 5);
    assert!(app.world().contains_resource::<CurrentSession>());
    close(&mut app);
    assert_eq!(starts(&app), (0, 0), "its level was never there");
    request(&mut app, |commands| commands.session().start(NewSession::named("Played")));
    frames(&mut app, 5);
    assert_eq!(starts(&app), (0, 0), "its level is still loading");
    app.insert_resource(Loaded(true));
    frames(&mut app, 3);
    assert_eq!(starts(&app), (1, 0));
    request(&mut app, |commands| commands.session().start(NewSession::named("Beside it")));
    frames(&mut app, 3);
    assert_eq!(starts(&app), (1, 1), "another one is played");
}

#[test]
fn resuming_a_session_counts_as_a_start_and_a_rewind_does_not() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, listen::<SessionRestored>);
    let session = begin(&mut app, NewSession::named("Campaign"));
    long(&mut app, 5);
    assert_eq!(starts(&app), (1, 0));
    request(&mut app, |commands| {
        commands.session().rewind(RewindTo::Ago(Duration::from_secs(2)));
    });
    long(&mut app, 5);
    assert_eq!((received::<SessionRestored>(&app).len(), starts(&app)), (1, (1, 0)));
    close(&mut app);
    request(&mut app, move |commands| commands.session().continue_session(session));
    frames(&mut app, 5);
    assert_eq!(starts(&app), (2, 0));
    let continued = received::<SessionRestored>(&app).pop().unwrap();
    let longest = figures(&app).operation(SessionOperation::Start).maximum();
    assert!(longest >= Some(continued.elapsed), "{longest:?} has all of {continued:?}");

    let mut app = measured(&disk.snapshot(), listen::<SessionRestored>);
    recover_offered(&mut app);
    frames(&mut app, 3);
    assert_eq!(starts(&app), (1, 0));
}

#[test]
fn sessions_are_counted_by_place_and_status() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    let first = begin(&mut app, NewSession::named("Away"));
    close(&mut app);
    begin(&mut app, NewSession::named("Crashes"));
    let mut app = measured(&disk.snapshot(), |_| {});
    request(&mut app, move |commands| {
        commands.session().library().archive(first, Archived::WithWorld)
    });
    frames(&mut app, 10);
    begin(&mut app, NewSession::named("Played"));
    request(&mut app, |commands| commands.session().pause());
    long(&mut app, 3);
    let sessions = figures(&app).sessions();
    assert_eq!((sessions.all, sessions.archived, sessions.in_trash), (3, 1, 0));
    assert_eq!((sessions.active, sessions.paused, sessions.crashed), (1, 1, 1), "{sessions:?}");
    assert_eq!((sessions.left_lately, sessions.crashed_lately), (2, 1));
    assert_eq!(sessions.damaged, 0);
}

#[test]
fn figures_of_disk_and_process_are_read_where_available() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    frames(&mut app, 3);
    assert_eq!(figures(&app).disk_left(), None, "it can't be known");
    disk.leave_room_for(300 << 20);
    long(&mut app, 12);
    assert_eq!(figures(&app).disk_left().map(|left| left >> 20), Some(299));
    assert!(!app.world().resource::<SessionHealth>().has(Code::DiskFull));
    disk.leave_room_for(100 << 20);
    long(&mut app, 12);
    assert!(app.world().resource::<SessionHealth>().has(Code::DiskFull));
    let process = figures(&app).process();
    if cfg!(target_os = "linux") {
        assert!(process.memory.is_some_and(|memory| memory > 1 << 20), "{process:?}");
        assert!(process.cpu.is_some());
        // Here the main thread writes.
        assert!(process.writer_cpu.is_some_and(|writer| !writer.is_zero()), "{process:?}");
        assert!(process.writer_busy.is_some_and(|busy| busy > 0.0), "{process:?}");
    }
}

// Feature: Health has findings, each with a code and a section that explains it.
// Page: guide/monitoring.md#health
#[test]
fn a_session_without_anything_to_restore_degrades_health() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    begin(&mut app, NewSession::named("Lost"));
    let disk = disk.snapshot();
    let journals = disk.paths().into_iter();
    for path in journals.filter(|path| path.extension().is_some_and(|it| it == "journal")) {
        for offset in (200..disk.content(&path).unwrap().len()).step_by(20) {
            disk.corrupt(&path, offset, 1);
        }
    }
    let mut app = measured(&disk, |_| {});
    long(&mut app, 3);
    let health = app.world().resource::<SessionHealth>();
    assert!(health.is_degraded() && health.has(Code::SessionLost), "{health:?}");
    assert_eq!(figures(&app).sessions().damaged, 1);
}

#[test]
fn figures_take_less_than_64_kib_after_any_number_of_operations() {
    let taken = |count: u64| {
        let measured = allocation_counter::measure(|| {
            let mut figures = SessionFigures::default();
            for operation in SessionOperation::ALL.iter().copied() {
                for took in drawn(count) {
                    figures.note(operation, Some(Duration::from_micros(took)));
                }
            }
            std::mem::forget(figures);
        });
        usize::try_from(measured.bytes_current).unwrap() + size_of::<SessionFigures>()
    };
    assert_eq!(taken(1), taken(10_000));
    assert!(taken(1) < 64 << 10, "{} bytes", taken(1));
}

#[test]
fn diagnostics_of_bevy_have_the_cost_of_checkpoints() {
    let mut app =
        game_with(plugin(&MemoryDisk::default()).interval(Duration::from_secs(1)), |app| {
            app.add_plugins((DiagnosticsPlugin, SessionDiagnosticsPlugin))
                .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        });
    let measured = |app: &App, path: &DiagnosticPath| {
        let diagnostics = app.world().resource::<DiagnosticsStore>();
        let measured = diagnostics.get(path).expect("it should be registered");
        measured.values().copied().collect::<Vec<_>>()
    };
    seconds(&mut app, 1.0);
    assert!(measured(&app, &SessionDiagnosticsPlugin::AT_RISK).is_empty());
    start(&mut app, "Campaign");
    seconds(&mut app, 5.0);
    for path in [
        SessionDiagnosticsPlugin::CAPTURE,
        SessionDiagnosticsPlugin::WRITE,
        SessionDiagnosticsPlugin::SIZE,
    ] {
        let measured = measured(&app, &path);
        assert!((4..=8).contains(&measured.len()), "{path}: {measured:?}");
        assert!(measured.iter().all(|value| *value > 0.0), "{path}: {measured:?}");
    }
    let at_risk = measured(&app, &SessionDiagnosticsPlugin::AT_RISK);
    let most = at_risk.iter().copied().fold(0.0, f64::max);
    assert!((0.8..1.4).contains(&most), "{at_risk:?}");
}

#[test]
fn health_lists_switched_off_features_without_being_degraded() {
    let mut app = measured(&MemoryDisk::default(), |_| {});
    app.world_mut().resource_mut::<SessionSwitches>().turn_off(SessionFeature::Pictures);
    frames(&mut app, 1);
    let health = app.world().resource::<SessionHealth>();
    let found = health.findings().iter().find(|it| it.code == Code::SwitchedOff).unwrap();
    assert_eq!(found.what, "switched off: pictures");
    assert!(!health.is_degraded());
    app.world_mut().resource_mut::<SessionSwitches>().turn_on(SessionFeature::Pictures);
    frames(&mut app, 1);
    assert!(!app.world().resource::<SessionHealth>().has(Code::SwitchedOff));
}
