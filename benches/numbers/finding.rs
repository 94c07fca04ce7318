//! The time to list ten thousand sessions with the index and without it, to find some of them, and to change, archive
//! and delete one. They have no slots, which are all read at a start, and which `catalogue` measures.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::library::{
    Archived, Keep, LeftAs, Retention, SessionMoved, SessionQuery, SessionUpdated, SessionWatch,
};
use bevy_session::prelude::*;
use bevy_session::{SessionCommands, SessionId, SessionLast, SessionStatus, SessionUpdate, Ticket};

use crate::listings::write_session;
use crate::measure::{median, microseconds, row, temporary, timed};

const ROUNDS: usize = 7;

/// Takes minutes to prepare, and is left out unless it is named.
pub fn ten_thousand() {
    for sessions in [10, 100, 1_000, 10_000] {
        let directory = temporary("finding");
        (0..sessions).for_each(|number| write_session(&directory, number, false));
        starts(&directory, sessions);
        let _ = std::fs::remove_dir_all(&directory);
    }
}

/// The times of a start.
struct Start {
    /// Until the first session was listed.
    first: Duration,
    /// Until all were looked at.
    verified: Duration,
    /// The longest work of a frame.
    frame: Duration,
    app: App,
}

fn start(directory: &Path, trust: Duration) -> Start {
    let settings = SessionSettings { trust_index: trust, ..SessionSettings::default() };
    let plugin = SessionPlugin::new("Bench", "Numbers").directory(directory).settings(settings);
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin));
    app.finish();
    let begun = Instant::now();
    let (mut first, mut frame) = (None, Duration::ZERO);
    while !app.world().resource::<SessionCatalog>().is_verified() {
        frame = frame.max(timed(|| app.world_mut().run_schedule(SessionLast))[1]);
        if first.is_none() && !app.world().resource::<SessionCatalog>().sessions().is_empty() {
            first = Some(begun.elapsed());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    let verified = begun.elapsed();
    Start { first: first.unwrap_or(verified), verified, frame, app }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn starts(directory: &Path, sessions: usize) {
    let index = directory.join("state/catalog-default.index");
    let lost = || drop(std::fs::remove_file(&index));
    let hour = Duration::from_secs(3600);
    for (what, trust, is_lost) in [
        ("without an index", Duration::ZERO, true),
        ("with the index", Duration::ZERO, false),
        ("with a trusted index", hour, false),
    ] {
        let rounds: Vec<Start> = (0..ROUNDS)
            .map(|_| {
                if is_lost {
                    lost();
                }
                start(directory, trust)
            })
            .collect();
        let of = |time: fn(&Start) -> Duration| median(rounds.iter().map(time).collect());
        row(
            &format!("first list of {sessions} sessions, {what}"),
            format!(
                "first {}, verified {}, longest frame {}",
                milliseconds(of(|start| start.first)),
                milliseconds(of(|start| start.verified)),
                microseconds(of(|start| start.frame)),
            ),
        );
    }
    queries(&start(directory, hour).app, sessions);
    requests(&mut start(directory, hour).app, sessions);
    previews(&start(directory, hour).app, sessions);
}

/// From a request until it is durable, of one session after the other.
fn requests(app: &mut App, sessions: usize) {
    let ids = app.world().resource::<SessionCatalog>().sessions().iter();
    let ids: Vec<SessionId> = ids.map(|entry| entry.session.id).take(ROUNDS).collect();
    type Ask = fn(&mut SessionCommands, SessionId) -> Ticket;
    let asks: [(&str, Ask); 3] = [
        ("edit", |commands, id| {
            commands.library().update(id, SessionUpdate::default().tag("seen"))
        }),
        ("archive", |commands, id| commands.library().archive(id, Archived::WithWorld)),
        ("delete", |commands, id| commands.library().delete(id)),
    ];
    for (what, ask) in asks {
        let mut frame = Duration::ZERO;
        let took = ids.iter().map(|id| {
            let begun = Instant::now();
            ask(&mut app.world_mut().commands().session(), *id);
            let answered = |app: &App| {
                let moved = app.world().resource::<Messages<SessionMoved>>().len();
                moved + app.world().resource::<Messages<SessionUpdated>>().len() > 0
            };
            while !answered(app) {
                frame = frame.max(timed(|| app.world_mut().run_schedule(SessionLast))[1]);
                std::thread::sleep(Duration::from_micros(100));
            }
            app.world_mut().resource_mut::<Messages<SessionMoved>>().clear();
            app.world_mut().resource_mut::<Messages<SessionUpdated>>().clear();
            begun.elapsed()
        });
        let took = median(took.collect());
        let (took, frame) = (milliseconds(took), microseconds(frame));
        row(
            &format!("{what} of one of {sessions} sessions"),
            format!("durable after {took}, longest frame {frame}"),
        );
    }
}

/// The time of a preview of retention by rules that look at each session.
fn previews(app: &App, sessions: usize) {
    let day = Duration::from_secs(24 * 60 * 60);
    let rules = Retention::default()
        .keep(LeftAs::Closed, Keep::within(7 * day).or_newest(5).or_weekly(10))
        .keep(LeftAs::Completed, Keep::newest_of(3))
        .total_bytes(1 << 20);
    let catalog = app.world().resource::<SessionCatalog>();
    let took = median(
        (0..ROUNDS).map(|_| timed(|| drop(black_box(catalog.preview(&rules))))[0]).collect(),
    );
    row(&format!("preview of retention of {sessions} sessions"), milliseconds(took));
}

fn queries(app: &App, sessions: usize) {
    let catalog = app.world().resource::<SessionCatalog>();
    let page = |query: SessionQuery| query.page(0..50);
    let base = SessionQuery::default;
    for (what, query) in [
        ("search", page(base().search("ench"))),
        ("search of an absent word", page(base().search("absent"))),
        ("filter", page(base().status([SessionStatus::Completed]).pinned(false))),
    ] {
        let took =
            median((0..51).map(|_| timed(|| drop(black_box(catalog.query(&query))))[0]).collect());
        row(&format!("{what} of {sessions} sessions"), microseconds(took));
    }
    let mut watch = SessionWatch::new(base());
    let _ = catalog.follow(&mut watch);
    let took = median(
        (0..51).map(|_| timed(|| drop(black_box(catalog.page_of(&watch, 50..100))))[0]).collect(),
    );
    row(&format!("a page of {sessions} sessions"), microseconds(took));
}
