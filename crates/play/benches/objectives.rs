//! The cost of objectives in a frame: `cargo bench -p bevy_session_play`.
//!
//! Medians of many frames of the step alone, on a disk in memory: once with nothing to do, once with all objectives
//! advanced by requests, once with all completed, and once with a condition on each that doesn't hold.

#![expect(clippy::print_stdout, reason = "it is what it is for")]

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{SessionLast, SessionSystems};
use bevy_session_play::{
    Objective, ObjectiveCommandsExt, ObjectiveRequest, ObjectiveSystems, Objectives, ObjectivesExt,
};

const OBJECTIVES: usize = 1_000;
const FRAMES: usize = 300;

/// When the step began, and how long it took in each frame.
#[derive(Resource)]
struct Steps {
    began: Instant,
    took: Vec<Duration>,
}

/// The request for each objective in each frame.
#[derive(Resource, Clone)]
struct Ask(Vec<(String, ObjectiveRequest)>);

fn key(number: usize) -> String {
    format!("group_{:02}/objective_{number:04}", number % 50)
}

fn app(per_objective: impl Fn(&mut App, String)) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, SessionPlugin::new("Bench", "Bench").in_memory()));
    app.add_objectives((0..50).map(|group| Objective::new(format!("group_{group:02}"))));
    for number in 0..OBJECTIVES - 50 {
        app.add_objective(Objective::new(key(number)).count(u32::MAX));
        per_objective(&mut app, key(number));
    }
    app.insert_resource(Steps { began: Instant::now(), took: Vec::new() })
        .insert_resource(Ask(Vec::new()))
        .add_systems(Update, |ask: Res<Ask>, mut commands: Commands| {
            for (key, request) in &ask.0 {
                commands.objectives().request(key.as_str(), request.clone());
            }
        })
        .add_systems(
            SessionLast,
            (
                (|mut steps: ResMut<Steps>| steps.began = Instant::now())
                    .after(SessionSystems::Gates)
                    .before(ObjectiveSystems),
                (|mut steps: ResMut<Steps>| {
                    let took = steps.began.elapsed();
                    steps.took.push(took);
                })
                .after(ObjectiveSystems)
                .before(SessionSystems::Requests),
            ),
        );
    app.finish();
    app.cleanup();
    app.update();
    app.world_mut().commands().session().start(NewSession::named("Bench"));
    app.world_mut().flush();
    (0..20).for_each(|_| app.update());
    assert_eq!(app.world().resource::<Objectives>().len(), OBJECTIVES);
    app
}

fn median(
    app: &mut App,
    frames: usize,
    ask: impl Fn(usize) -> Vec<(String, ObjectiveRequest)>,
) -> Duration {
    app.world_mut().resource_mut::<Steps>().took.clear();
    for frame in 0..frames {
        app.insert_resource(Ask(ask(frame)));
        app.update();
    }
    let mut took = std::mem::take(&mut app.world_mut().resource_mut::<Steps>().took);
    took.sort_unstable();
    took[took.len() / 2]
}

fn of_all(request: &ObjectiveRequest) -> Vec<(String, ObjectiveRequest)> {
    (0..OBJECTIVES - 50).map(|number| (key(number), request.clone())).collect()
}

fn say(what: &str, took: Duration) {
    println!("{what}: {:.4} ms", took.as_secs_f64() * 1e3);
}

fn main() {
    let mut still = app(|_, _| {});
    say("1,000 objectives, nothing changed (aim 0.02)", median(&mut still, FRAMES, |_| Vec::new()));
    let advanced = median(&mut still, FRAMES, |_| of_all(&ObjectiveRequest::Advance(1)));
    say("1,000 objectives, all advanced (aim 0.5)", advanced);
    // Every second frame opens them again.
    let closed = median(&mut still, FRAMES, |frame| {
        of_all(&if frame % 2 == 0 { ObjectiveRequest::Complete } else { ObjectiveRequest::Reopen })
    });
    say("1,000 objectives, all completed or opened again (aim 0.5)", closed);
    let mut asked = app(|app, key| {
        app.complete_objective(key, |time: Res<Time>| time.elapsed() == Duration::MAX);
    });
    say("950 conditions that don't hold", median(&mut asked, FRAMES, |_| Vec::new()));
}
