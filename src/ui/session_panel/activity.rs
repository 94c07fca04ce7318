//! What happened last, as the session has recorded it.

use std::time::Duration;

use bevy::prelude::*;

use super::record::SessionPanel;
use crate::journal::RecordedEvent;
use crate::lifecycle::{CurrentSession, EventsRead, SessionCommandsExt, clock_text};
use crate::recovery::EventQuery;
use crate::session::LifecycleEvent;
use crate::ui::describe::shortened;

/// As many events are shown.
const SHOWN: usize = 4;
/// How often it is asked for.
const AGAIN: Duration = Duration::from_secs(1);
/// Letters of one.
const LETTERS: usize = 72;

/// What the panel knows of what happened.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// The newest last.
    pub lines: Vec<String>,
    asked: Option<EventQuery>,
    asked_at: Duration,
}

/// Asks for what was recorded, now and then.
pub(super) fn ask_for_activity(
    session: Option<Res<CurrentSession>>,
    time: Res<Time<Real>>,
    mut panel: ResMut<SessionPanel>,
    mut commands: Commands,
) {
    let now = time.elapsed();
    let activity = &mut panel.bypass_change_detection().activity;
    let Some(session) = session else {
        *activity = Activity::default();
        return;
    };
    let is_of_session = activity.asked.as_ref().is_some_and(|asked| asked.session == session.id());
    if is_of_session && now.saturating_sub(activity.asked_at) < AGAIN {
        return;
    }
    let query = EventQuery { limit: SHOWN, ..EventQuery::of(session.id()) };
    if !is_of_session {
        activity.lines.clear();
    }
    activity.asked = Some(query.clone());
    activity.asked_at = now;
    commands.session().read_events(query);
}

pub(super) fn show_activity(read: On<EventsRead>, mut panel: ResMut<SessionPanel>) {
    let activity = &mut panel.bypass_change_detection().activity;
    if let (Ok(page), Some(asked)) = (&read.result, &activity.asked)
        && *asked == read.query
    {
        activity.lines = page.events.iter().rev().map(described).collect();
    }
}

/// An event in a line: when, what, and its value as far as there is room.
fn described(event: &RecordedEvent) -> String {
    let when = clock_text(event.moment.play_time);
    let path = &event.event_type.path;
    let said = match event.decode::<LifecycleEvent>() {
        Ok(event) if **path == *LifecycleEvent::TYPE_PATH => lifecycle(event),
        _ => {
            let name = path.rsplit("::").next().unwrap_or(path);
            let value = event.decode::<ron::Value>().ok();
            let value = value.and_then(|value| ron::to_string(&value).ok()).unwrap_or_default();
            format!("{name} {value}")
        }
    };
    shortened(format!("{when} {said}").trim_end(), LETTERS)
}

/// What happened to the session itself.
fn lifecycle(event: LifecycleEvent) -> String {
    let LifecycleEvent { subtype, previous, status, details, .. } = event;
    let change = match (previous, status) {
        (Some(previous), Some(status)) => Some(format!("{previous} > {status}")),
        (previous, status) => previous.or(status),
    };
    let said = [Some(subtype), change, details].into_iter().flatten().collect::<Vec<_>>();
    said.join(", ")
}
