//! The doctor as a plugin: looks once, while a game is being developed.

use bevy::app::{App, Last, Plugin};
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::{Local, Res};
use bevy::ecs::world::World;
use tracing::{info, warn};

use super::Doctor;
use crate::{CurrentSession, SessionActivity};

/// Looks once, some frames after a session began, logs what it found, and leaves the
/// [`Diagnosis`](super::Diagnosis) in the world.
///
/// Does nothing in a build without debug assertions, as a release is.
impl Plugin for Doctor {
    fn build(&self, app: &mut App) {
        if cfg!(debug_assertions) {
            app.insert_resource(Appointment(self.clone()))
                .add_systems(Last, look.run_if(it_is_time));
        }
    }
}

/// A doctor who hasn't looked yet.
#[derive(Resource)]
struct Appointment(Doctor);

fn it_is_time(
    appointment: Option<Res<Appointment>>,
    session: Option<Res<CurrentSession>>,
    activity: Option<Res<SessionActivity>>,
    mut frames: Local<u32>,
) -> bool {
    let Some(appointment) = appointment else { return false };
    let is_restoring = activity.is_some_and(|activity| activity.restore().is_some());
    if session.is_none() || is_restoring {
        return false;
    }
    *frames = frames.saturating_add(1);
    *frames > appointment.0.frames
}

fn look(world: &mut World) {
    let Some(Appointment(doctor)) = world.remove_resource() else { return };
    let diagnosis = doctor.examine_world(world);
    for finding in &diagnosis.findings {
        warn!("{finding}");
    }
    if diagnosis.is_healthy() {
        info!("the doctor found nothing that the game forgot to save");
    }
    world.insert_resource(diagnosis);
}
