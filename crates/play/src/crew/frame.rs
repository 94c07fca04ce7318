//! The crew's step of a frame, and what becomes of the crew when a session begins or comes back.

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionStarted};
use tracing::field::display;
use tracing::{debug, warn};

use super::answering::{check_rights, step_of};
use super::change::{CrewChange, CrewStep};
use super::deed::{CrewDeed, DeedOutcome};
use super::members::Crew;
use super::refusal::CrewRefusal;
use super::requests::{Asked, CrewRejected, CrewRequests, play_time_in};
use super::restored::{ComesBack, tell_of_restored};
use super::rights::{Right, Rights};
use crate::line::{
    Came, announce, follow_in, in_rounds, must_wait, pass_over, request_span, rest_after_restore,
    take_handed_out, tell_observers,
};

/// All that is done about the crew in a frame.
pub(crate) fn go_on(world: &mut World) {
    take_over_what_a_crash_cut_off(world);
    if must_wait::<CrewChange>(world) {
        return;
    }
    tell_of_restored(world);
    in_rounds(world, "the crew", answer_all);
    pass_over::<CrewChange>(world);
}

/// Answers what is asked for by now. Whether something was.
fn answer_all(world: &mut World) -> bool {
    let mut requests = world.get_resource_or_init::<CrewRequests>();
    let asked = std::mem::take(&mut requests.bypass_change_detection().0);
    let is_asked = !asked.is_empty();
    asked.into_iter().for_each(|asked| answer(world, asked));
    is_asked
}

/// The page of the guide that explains a refusal.
const PAGE: &str = "docs/guide/crew.md#what-can-go-wrong";

fn answer(world: &mut World, asked: Asked) {
    let _span = request_span(world, "crew", asked.request.name()).entered();
    match change_asked_for(world, &asked) {
        Ok(Some(change)) => make(world, change),
        Ok(None) => {}
        Err(reason) => {
            let Asked { player, by, request, .. } = asked;
            let (name, asked_by) = (request.name(), by.as_ref().map(display));
            warn!(request = name, %player, by = asked_by, error = %reason, page = PAGE, "request rejected");
            announce(world, CrewRejected { player, by, request, reason });
        }
    }
}

fn change_asked_for(world: &mut World, asked: &Asked) -> Result<Option<CrewChange>, CrewRefusal> {
    let at = play_time_in(world, asked.session)?;
    let rights = world.get_resource_or_init::<Rights>().clone();
    let crew = world.get_resource_or_init::<Crew>();
    let allowed = match check_rights(asked, &crew, &rights) {
        Ok(allowed) => allowed,
        Err((right, refusal)) => {
            if let Some(right) = right {
                let reason = refusal.to_string();
                note(world, asked, (right, DeedOutcome::Refused { reason }));
            }
            return Err(refusal);
        }
    };
    let step = step_of(asked, &crew, &rights)?;
    if let Some(overridden @ (_, DeedOutcome::Overridden)) = allowed {
        note(world, asked, overridden);
    }
    let (player, by) = (asked.player.clone(), asked.by.clone());
    Ok(step.map(|step| CrewChange { player, by, at, step }))
}

/// Notes what a right decided. What is simply allowed is in the change itself.
fn note(world: &mut World, asked: &Asked, (right, outcome): (Right, DeedOutcome)) {
    let session = world.get_resource::<CurrentSession>();
    let at = session.map(CurrentSession::play_time).unwrap_or_default();
    let (by, request) = (asked.by.clone(), asked.request.name().to_owned());
    world.write_message(CrewDeed { by, at, request, right, outcome });
}

/// Makes a change, and has it recorded.
fn make(world: &mut World, change: CrewChange) {
    if follow(world, &change) {
        announce(world, change);
    }
}

fn follow(world: &mut World, change: &CrewChange) -> bool {
    let has_changed = follow_in(world, |crew: &mut Crew| crew.follow(change));
    if has_changed {
        let by = change.by.as_ref().map(display);
        debug!(player = %change.player, by, step = change.step.name(), "crew changed");
    }
    has_changed
}

/// Applies the changes that a crash had cut off. They are recorded already, and players who joined then did so in a
/// process that is gone.
fn take_over_what_a_crash_cut_off(world: &mut World) {
    let mut last = None;
    for change in take_handed_out::<CrewChange>(world) {
        last = Some(change.at);
        if follow(world, &change) && change.step != CrewStep::Joined {
            tell_observers(world, change);
        }
    }
    if let Some(at) = last {
        let session = world.get_resource::<CurrentSession>();
        let now = session.map(CurrentSession::play_time).unwrap_or_default();
        world.get_resource_or_init::<Crew>().leave_all(at.max(now));
    }
}

/// A session begins, with an empty crew.
pub(crate) fn begin_with_session(_: On<SessionStarted>, mut crew: ResMut<Crew>) {
    *crew = Crew::default();
}

/// A session came back.
pub(crate) fn settle_restored(world: &mut World, came: Came<Crew>) {
    let session = world.get_resource::<CurrentSession>();
    let now = session.map(CurrentSession::play_time).unwrap_or_default();
    let is_news = !matches!(came, Came::Replayed(false));
    let mut crew = world.get_resource_or_init::<Crew>();
    match came {
        Came::Back(before) => {
            *crew = before.value;
            crew.move_in_time(before.play_time, now);
        }
        Came::UpAgain => crew.leave_all(now),
        Came::New => *crew = Crew::default(),
        Came::Replayed(_) => {}
    }
    let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
    world.get_resource_or_init::<ComesBack>().0 = session.filter(|_| is_news);
    rest_after_restore::<CrewChange>(world);
}
