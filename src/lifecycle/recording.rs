//! Recorded events on their way to the writer and, after a crash, back into the game.

pub(super) mod line;
mod notifications;

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session_journal::internal::write::{EventsDropCause, News};
use bevy_session_journal::{
    EventMoment, EventPage, EventQuery, EventTrigger, LeaveCause, LifecycleEvent, SessionFeature,
};
use tracing::{debug, info, warn};

use super::CurrentSession;
use super::consent::is_given;
use super::notifications::notify;
use super::requests::finish;
use super::runtime::{Course, Playing, RuntimeParts};
use crate::consent::Purpose;
use crate::content::Order;
use crate::recording::{FixedTicks, HandOut, Recorded};
use crate::switches::SessionSwitches;
use line::{Due, HandingOut};

pub(crate) use notifications::register as register_event_notifications;
pub use notifications::{EventLoss, EventsDropped, EventsRead, EventsReplayed, EventsValidated};

/// The last page of a session's events that was read, for a UI that shows them: the answer to
/// [`read`](crate::events::EventCommands::read).
#[derive(Resource, Clone, Debug, Default)]
#[non_exhaustive]
pub struct SessionEvents {
    /// The query of the page; `None` before the first answer.
    pub query: Option<EventQuery>,
    /// The page.
    pub page: EventPage,
}

impl Playing {
    /// Drops the game's events while recording is switched off or the player doesn't agree to it,
    /// and until the next checkpoint after that.
    fn follow_event_switch(&mut self, world: &World) {
        if !is_recorded(world) {
            self.events.is_interrupted = true;
        } else if self.events.is_interrupted {
            self.pace.make_up_for_loss();
        }
    }

    /// Resumes recording after a capture, or as a run begins: the capture, or the checkpoint before if nothing changed, has
    /// the effects of all events so far.
    pub(super) fn go_on_recording(&mut self, world: &World) {
        self.events.is_interrupted = !is_recorded(world);
    }
}

/// Returns true if the game's events are recorded.
fn is_recorded(world: &World) -> bool {
    SessionSwitches::has_on(world, SessionFeature::Events) && is_given(world, Purpose::Recording)
}

/// Takes the events of the frame that ends.
pub(super) fn follow_events(parts: &mut RuntimeParts, world: &mut World) {
    let course = parts.course();
    // A restore that waits for its gate may be cancelled, and then this has happened all the same.
    let waits_for_gate = parts.playing.is_some() && parts.is_restoring();
    if course == Course::Undecided || waits_for_gate {
        return parts.events.keep(world);
    }
    let is_recorded = course == Course::Captured && world.contains_resource::<CurrentSession>();
    let Some(playing) = parts.playing.as_mut().filter(|_| is_recorded) else {
        return parts.events.skip(world);
    };
    if let HandingOut::Done { through } = playing.events.hand_out {
        // The game has had its frame.
        playing.events.through = playing.events.through.max(through);
        playing.events.hand_out = HandingOut::Nothing;
    }
    take(parts, world, false);
}

/// Takes the events up to now, as part of the world that is about to be captured.
pub(super) fn take_events(parts: &mut RuntimeParts, world: &mut World) {
    take(parts, world, true);
}

fn take(parts: &mut RuntimeParts, world: &mut World, before_capture: bool) {
    let Some(playing) = &mut parts.playing else { return };
    if !playing.events.is_open() {
        return;
    }
    playing.follow_event_switch(world);
    // What happened in a world that a cancelled restore has left is none of the session's.
    if playing.events.is_interrupted || playing.has_left_world {
        parts.events.skip_types(world);
    }
    // Not even the plugin's own.
    if !is_given(world, Purpose::Recording) {
        parts.events.skip(world);
    }
    let (now, session) = (parts.time.now(), playing.session);
    let Some(current) = world.get_resource::<CurrentSession>() else { return };
    let play_time = current.play_time;
    let chapter = current.chapters.current().map(|chapter| chapter.id.0);
    let tick = world.get_resource::<FixedTicks>().map_or(0, |ticks| ticks.0);
    let frame = parts.time.frame();
    let moment = EventMoment { time: now.wall, play_time, frame, tick, chapter };
    let next = (playing.events.newest + 1, moment);
    let Recorded { batches, count, frames, dropped } =
        parts.events.take(world, next, before_capture);
    playing.events.newest += count;
    playing.events.since_checkpoint += count - frames;
    playing.events.through = playing.events.newest;
    if let Some(mut current) = world.get_resource_mut::<CurrentSession>()
        && count > frames
    {
        current.chapters.note_events(count - frames);
    }
    for batch in batches {
        parts.order(Order::Events(batch));
    }
    for (type_path, count) in dropped {
        let type_path = Some(type_path.to_string());
        events_dropped(
            world,
            EventsDropped { session, type_path, count, cause: EventLoss::TooMany },
        );
    }
}

/// Replays the events that no checkpoint holds, at the end of a frame: the game handles them in the
/// next one, and no checkpoint is taken before.
pub(super) fn hand_out_events(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &mut parts.playing else { return };
    let HandingOut::Due(_) = &playing.events.hand_out else { return };
    let session = playing.session;
    let through = playing.events.newest;
    let due = std::mem::replace(&mut playing.events.hand_out, HandingOut::Done { through });
    let HandingOut::Due(due) = due else { return };
    let Due { events, mut entities } = *due;
    let mut replayed = EventsReplayed { session, events: 0, rejected: 0, failed: BTreeMap::new() };
    for event in &events {
        match parts.events.hand_out(world, event, &mut entities) {
            Some(HandOut::Done) => replayed.events += 1,
            Some(HandOut::Rejected) => replayed.rejected += 1,
            Some(HandOut::Failed(message)) => {
                let type_path = &event.event_type.path;
                warn!(%session, %type_path, message, "a recorded event can't be handed to the game again");
                *replayed.failed.entry(type_path.to_string()).or_default() += 1;
            }
            None => {}
        }
    }
    world.flush();
    parts.events.skip_types(world);
    let EventsReplayed { events, rejected, .. } = replayed;
    if events + rejected > 0 || !replayed.failed.is_empty() {
        info!(%session, events, rejected, "events since the restored checkpoint were handed to the game again");
        notify(world, replayed);
    }
}

/// Handles the writer's reports about events.
pub(super) fn handle_event_news(parts: &mut RuntimeParts, world: &mut World, news: News) {
    match news {
        News::EventsFailed { cause, retry_in } => {
            debug!(%cause, ?retry_in, "events can't be written now");
        }
        News::EventsDropped { count, cause } => {
            let Some(session) = parts.session() else { return };
            let type_path = match &cause {
                EventsDropCause::TooLarge { type_path } => Some(type_path.to_string()),
                _ => None,
            };
            let cause = cause.into();
            events_dropped(world, EventsDropped { session, type_path, count, cause });
        }
        News::EventsRead { query, result, ticket } => {
            if let Ok(page) = &result {
                let mut shown = world.get_resource_or_init::<SessionEvents>();
                *shown = SessionEvents { query: Some((*query).clone()), page: page.clone() };
            }
            notify(world, EventsRead { query: *query, result });
            finish(world, ticket);
        }
        News::EventsValidated { session, result, ticket } => {
            notify(world, EventsValidated { session, result });
            finish(world, ticket);
        }
        _ => {}
    }
}

/// Notes an event of the session itself.
pub(super) fn note_lifecycle(
    parts: &mut RuntimeParts,
    subtype: &str,
    trigger: EventTrigger,
    more: impl FnOnce(LifecycleEvent) -> LifecycleEvent,
) {
    if parts.playing.is_some() {
        let event = LifecycleEvent::new(subtype, trigger, env!("CARGO_PKG_VERSION"));
        parts.events.note(LifecycleEvent::TYPE_PATH, more(event));
    }
}

/// Reports dropped events.
pub(super) fn events_dropped(world: &mut World, dropped: EventsDropped) {
    let EventsDropped { session, type_path, count, cause } = &dropped;
    warn!(%session, type_path, count, %cause, "events were dropped instead of being recorded");
    notify(world, dropped);
}

/// The trigger of the event that a session was left.
pub(super) fn trigger_of(cause: LeaveCause) -> EventTrigger {
    match cause {
        LeaveCause::Player => EventTrigger::Player,
        LeaveCause::Window | LeaveCause::Signal => EventTrigger::Exit,
        LeaveCause::Idle | LeaveCause::TimedOut => EventTrigger::Timer,
        _ => EventTrigger::Plugin,
    }
}
