//! What happens in a session on its way to the writer, and, after a crash, back into the game.

mod notifications;

use std::collections::{BTreeMap, HashMap};

use bevy::prelude::*;
use tracing::{debug, info, warn};

use super::CurrentSession;
use super::notifications::notify;
use super::requests::finish;
use super::runtime::{Course, Playing, RuntimeParts};
use crate::content::Order;
use crate::journal::{EventMoment, RecordedEvent, SaveId};
use crate::recording::{FixedTicks, HandOut, Reborn, Recorded};
use crate::recovery::{EventPage, EventQuery};
use crate::session::{EventTrigger, LeaveCause, LifecycleEvent, SessionFeature};
use crate::switches::SessionSwitches;
use crate::writer::{EventsDropCause, News};

pub(crate) use notifications::register as register_event_notifications;
pub use notifications::{EventLoss, EventsDropped, EventsRead, EventsReplayed, EventsValidated};

/// What was read last of the events of a session, for a UI that shows them: the answer to
/// [`read_events`](crate::SessionCommands::read_events).
#[derive(Resource, Clone, Debug, Default)]
#[non_exhaustive]
pub struct SessionEvents {
    /// What was asked for; `None` before the first answer.
    pub query: Option<EventQuery>,
    /// The page.
    pub page: EventPage,
}

/// Where the events of a run stand.
#[derive(Default)]
pub(crate) struct EventLine {
    /// The number of the last event that there is.
    newest: u64,
    /// The last event whose effect is in the world.
    through: u64,
    hand_out: HandingOut,
    /// Whether what the game records was left out since the last checkpoint: what comes can't be handed out on top of
    /// that one.
    is_interrupted: bool,
}

/// What is handed out again after a crash.
#[derive(Default)]
enum HandingOut {
    /// Nothing, or it is long done.
    #[default]
    Nothing,
    /// These, at the end of the frame in which the world came back.
    Due(Box<Due>),
    /// It was, and the game has not had a frame yet to deal with it.
    Done { through: u64 },
}

/// Events that no checkpoint holds.
pub(super) struct Due {
    events: Vec<RecordedEvent>,
    entities: Reborn,
}

impl Due {
    /// These events, in a world in which entities have these ids; `None` if there are none.
    pub(super) fn new(events: Vec<RecordedEvent>, ids: &[(Entity, SaveId)]) -> Option<Self> {
        if events.is_empty() {
            return None;
        }
        let entities: HashMap<_, _> = ids.iter().map(|(entity, id)| (*id, *entity)).collect();
        Some(Self { events, entities: Reborn(entities) })
    }
}

impl EventLine {
    /// A run that goes on after event `newest`, in a world that holds the effects of those up to `through`;
    /// `due` are handed out again.
    pub(super) fn after(newest: u64, through: u64, due: Option<Due>) -> Self {
        let hand_out = due.map_or(HandingOut::Nothing, |due| HandingOut::Due(Box::new(due)));
        Self { newest, through, hand_out, is_interrupted: false }
    }

    /// The last event whose effect is in the world.
    pub(super) fn through(&self) -> u64 {
        self.through
    }

    /// Whether events may be taken now: between the hand-out and the end of the frame in which the game
    /// deals with it, what comes waits.
    fn is_open(&self) -> bool {
        matches!(self.hand_out, HandingOut::Nothing)
    }
}

impl Playing {
    /// Leaves out what the game records while that is switched off, and until the next checkpoint after that.
    fn follow_event_switch(&mut self, world: &World) {
        if !SessionSwitches::has_on(world, SessionFeature::Events) {
            self.events.is_interrupted = true;
        } else if self.events.is_interrupted {
            self.pace.make_up_for_loss();
        }
    }

    /// What was captured holds all that happened, or the checkpoint before does, if nothing changed.
    pub(super) fn go_on_recording(&mut self, world: &World) {
        self.events.is_interrupted = !SessionSwitches::has_on(world, SessionFeature::Events);
    }
}

impl RuntimeParts {
    /// Takes what was recorded in the frame that ends.
    pub(super) fn follow_events(&mut self, world: &mut World) {
        let course = self.course();
        if course == Course::Undecided {
            return self.events.keep(world);
        }
        let is_recorded = course == Course::Captured && world.contains_resource::<CurrentSession>();
        let Some(playing) = self.playing.as_mut().filter(|_| is_recorded) else {
            return self.events.skip(world);
        };
        if let HandingOut::Done { through } = playing.events.hand_out {
            // The game has had its frame.
            playing.events.through = playing.events.through.max(through);
            playing.events.hand_out = HandingOut::Nothing;
        }
        self.take_events(world);
    }

    /// Takes what was recorded until now, as part of the world that is about to be captured.
    pub(super) fn take_events(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        if !playing.events.is_open() {
            return;
        }
        playing.follow_event_switch(world);
        if playing.events.is_interrupted {
            self.events.skip_types(world);
        }
        let (now, session) = (self.time.now(), playing.session);
        let Some(current) = world.get_resource::<CurrentSession>() else { return };
        let play_time = current.play_time;
        let chapter = current.chapters.current().map(|chapter| chapter.id.0);
        let tick = world.get_resource::<FixedTicks>().map_or(0, |ticks| ticks.0);
        let frame = self.time.frame();
        let moment = EventMoment { time: now.wall, play_time, frame, tick, chapter };
        let Recorded { batches, count, dropped } =
            self.events.take(world, playing.events.newest + 1, moment);
        playing.events.newest += count;
        playing.events.through = playing.events.newest;
        if let Some(mut current) = world.get_resource_mut::<CurrentSession>()
            && count > 0
        {
            current.chapters.note_events(count);
        }
        for batch in batches {
            self.order(Order::Events(batch));
        }
        for (type_path, count) in dropped {
            let type_path = Some(type_path.to_string());
            events_dropped(
                world,
                EventsDropped { session, type_path, count, cause: EventLoss::TooMany },
            );
        }
    }

    /// Hands out what no checkpoint holds, at the end of a frame: the game has the next one to deal with
    /// it, and no checkpoint is taken before.
    pub(super) fn hand_out_events(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        let HandingOut::Due(_) = &playing.events.hand_out else { return };
        let session = playing.session;
        let through = playing.events.newest;
        let due = std::mem::replace(&mut playing.events.hand_out, HandingOut::Done { through });
        let HandingOut::Due(due) = due else { return };
        let Due { events, mut entities } = *due;
        let mut replayed =
            EventsReplayed { session, events: 0, rejected: 0, failed: BTreeMap::new() };
        for event in &events {
            match self.events.hand_out(world, event, &mut entities) {
                Some(HandOut::Done) => replayed.events += 1,
                Some(HandOut::Rejected) => replayed.rejected += 1,
                Some(HandOut::Failed(message)) => {
                    let type_path = &event.event_type.path;
                    warn!(%session, %type_path, message, "a recorded event can't be handed out");
                    *replayed.failed.entry(type_path.to_string()).or_default() += 1;
                }
                None => {}
            }
        }
        world.flush();
        self.events.skip_types(world);
        let EventsReplayed { events, rejected, .. } = replayed;
        if events + rejected > 0 || !replayed.failed.is_empty() {
            info!(%session, events, rejected, "events that no checkpoint holds were handed out");
            notify(world, replayed);
        }
    }

    /// Passes on what the writer says of events.
    pub(super) fn handle_event_news(&mut self, world: &mut World, news: News) {
        match news {
            News::EventsFailed { cause, retry_in } => {
                debug!(%cause, ?retry_in, "events can't be written now");
            }
            News::EventsDropped { count, cause } => {
                let Some(session) = self.session() else { return };
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

    /// Notes something that happened to the session itself.
    pub(super) fn note_lifecycle(
        &mut self,
        subtype: &str,
        trigger: EventTrigger,
        more: impl FnOnce(LifecycleEvent) -> LifecycleEvent,
    ) {
        if self.playing.is_some() {
            let event = LifecycleEvent::new(subtype, trigger, env!("CARGO_PKG_VERSION"));
            self.events.note(LifecycleEvent::TYPE_PATH, more(event));
        }
    }
}

/// Says that events were dropped.
pub(super) fn events_dropped(world: &mut World, dropped: EventsDropped) {
    let EventsDropped { session, type_path, count, cause } = &dropped;
    warn!(%session, type_path, count, %cause, "events were dropped instead of being recorded");
    notify(world, dropped);
}

/// What brought about that a session is left, as events have it.
pub(super) fn trigger_of(cause: LeaveCause) -> EventTrigger {
    match cause {
        LeaveCause::Player => EventTrigger::Player,
        LeaveCause::Window | LeaveCause::Signal => EventTrigger::Exit,
        LeaveCause::Idle | LeaveCause::TimedOut => EventTrigger::Timer,
        _ => EventTrigger::Plugin,
    }
}
