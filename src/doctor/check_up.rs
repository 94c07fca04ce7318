//! The doctor as a plugin: examines the game once during development, and the cost of captures now
//! and then.

use bevy::app::{App, Last, Plugin};
use bevy::ecs::message::MessageReader;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::{Local, Res};
use bevy::ecs::world::World;
use tracing::{info, warn};

use super::hints::given;
use super::{Diagnosis, Doctor, Finding, rarely_changing};
use crate::library::SessionPlace;
use crate::lifecycle::{IgnoredTypes, Runtime, give_hint, line_of};
use crate::{CheckpointCaptured, CurrentSession, SessionActivity};

/// Examines the game once, some frames after a session began, logs its findings and where sessions
/// are kept, and inserts the [`Diagnosis`] into the world. After every 60 checkpoints it adds and logs types that [rarely
/// change](super::Finding::RarelyChanges).
///
/// In every build, hints of the plugin skip the types that it ignores.
///
/// In [development](crate::SessionPlugin::development) the plugin does this by itself. Add the doctor to let it ignore types, or
/// to examine a build that counts as a player's.
///
/// A build without debug assertions, such as a release, isn't examined, and the log says so once.
impl Plugin for Doctor {
    fn build(&self, app: &mut App) {
        self.add_to(app, cfg!(debug_assertions));
    }
}

impl Doctor {
    /// Lets the doctor examine a game that hasn't added one itself.
    pub(crate) fn add_unless_there(app: &mut App) {
        if cfg!(debug_assertions) && !app.world().contains_resource::<IgnoredTypes>() {
            Self::default().add_to(app, true);
        }
    }

    fn add_to(&self, app: &mut App, has_debug_assertions: bool) {
        app.insert_resource(IgnoredTypes(self.ignored.clone()));
        if has_debug_assertions {
            let doctor = self.clone();
            let look_at_captures = move |world: &mut World| advise(&doctor, world);
            app.insert_resource(Appointment(self.clone())).add_systems(
                Last,
                (look.run_if(it_is_time), look_at_captures.run_if(many_checkpoints_were_taken)),
            );
        } else {
            info!(
                "the doctor is off: it looks for what the game forgot to save only in builds with \
                 debug assertions"
            );
        }
    }
}

/// A doctor that hasn't examined the game yet.
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
    let said = given(world);
    let diagnosis = doctor.examine_world(world);
    // A type that can't be saved was an error at the start. Nothing is said twice, now or later.
    let is_news = |finding: &&Finding| {
        let is_error = matches!(finding, Finding::TypeNotSaved { .. });
        !is_error && !said.iter().any(|hint| finding.says(hint))
    };
    for finding in diagnosis.findings.iter().filter(is_news) {
        match finding {
            Finding::Hint(hint) => give_hint(world, hint.clone()),
            // Some are Bevy's own, of which the game can't say anything.
            Finding::RarelyChanges { .. } | Finding::UnknownComponents { .. } => {
                info!("{}", line_of(finding.code(), finding));
            }
            finding => warn!("{}", line_of(finding.code(), finding)),
        }
    }
    let news = diagnosis.findings.iter().filter(is_news).count();
    let was_restored = Runtime::with(world, |parts, _| parts.plays_restored_world());
    let sessions = world.get_resource::<SessionPlace>().map(SessionPlace::to_string);
    if was_restored == Some(true) {
        info!(
            sessions,
            "the doctor has seen a restored world, from which what the game forgot to save is gone: \
             start with BEVY_SESSION=fresh to have it look at a new one"
        );
    } else if diagnosis.is_healthy() {
        info!(sessions, "the doctor found nothing that the game forgot to save");
    } else {
        let known = diagnosis.findings.len() - news;
        info!(sessions, findings = news, known, "the doctor has examined the game");
    }
    world.insert_resource(diagnosis);
}

fn many_checkpoints_were_taken(
    mut captured: MessageReader<CheckpointCaptured>,
    mut checkpoints: Local<u32>,
) -> bool {
    let new = u32::try_from(captured.read().count()).unwrap_or(u32::MAX);
    *checkpoints = checkpoints.saturating_add(new);
    let is_time = *checkpoints > rarely_changing::CHECKPOINTS;
    if is_time {
        *checkpoints = 0;
    }
    is_time
}

/// Logs what would make captures faster, each advice once.
fn advise(doctor: &Doctor, world: &mut World) {
    let advice = rarely_changing::types(doctor, world);
    let Some(mut diagnosis) = world.get_resource_mut::<Diagnosis>() else { return };
    for finding in advice {
        if !diagnosis.findings.iter().any(|known| known.is_same_advice(&finding)) {
            info!("{}", line_of(finding.code(), &finding));
            diagnosis.findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(bevy::ecs::component::Component)]
    struct HealthBar;

    #[test]
    fn a_release_build_is_not_checked_and_keeps_the_ignored_types() {
        for has_debug_assertions in [true, false] {
            let mut app = App::new();
            Doctor::default().ignore::<HealthBar>().add_to(&mut app, has_debug_assertions);
            let is_looked_at = app.world().contains_resource::<Appointment>();
            assert_eq!(is_looked_at, has_debug_assertions);
            let health_bar = std::any::TypeId::of::<HealthBar>();
            assert!(IgnoredTypes::has(app.world(), health_bar));
        }
    }
}
