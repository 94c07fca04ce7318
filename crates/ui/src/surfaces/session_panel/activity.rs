//! The latest events of the session, as it has recorded them.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsRead, LifecycleEvent, RecordedEvent};
use bevy_session::presentation::play_time_text;
use bevy_session::{CurrentSession, SessionCommandsExt};
use ron::Value;

use super::record::SessionPanel;
use crate::surfaces::describe::shortened;

/// As many events are shown.
const SHOWN: usize = 4;
/// The interval at which it is read.
const AGAIN: Duration = Duration::from_secs(1);
/// Letters of one.
const LETTERS: usize = 46;

/// The latest events that the panel shows.
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
    commands.session().events().read(query);
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
    let when = play_time_text(event.moment.play_time);
    let path = &event.event_type.path;
    let said = match event.decode::<LifecycleEvent>() {
        Ok(event) if **path == *LifecycleEvent::TYPE_PATH => lifecycle(event),
        _ => {
            let name = path.rsplit("::").next().unwrap_or(path);
            let mut words = vec![name.to_owned()];
            if let Ok(value) = event.decode::<Value>() {
                add_words(&value, None, &mut words);
            }
            words.join(" ")
        }
    };
    shortened(format!("{when} {said}").trim_end(), LETTERS)
}

/// Adds the words of a value, in the order of its fields. Durations are left out, since the line begins with a time.
fn add_words(value: &Value, field: Option<&str>, words: &mut Vec<String>) {
    let of_field = |said: String| match field {
        Some(field) => format!("{field} {said}"),
        None => said,
    };
    match value {
        Value::String(text) => words.push(text.clone()),
        Value::Char(letter) => words.push(letter.to_string()),
        Value::Bool(is_so) => words.push(of_field(is_so.to_string())),
        Value::Number(number) => words.push(of_field(number.into_f64().to_string())),
        Value::Option(Some(inner)) => add_words(inner, field, words),
        Value::Seq(all) => all.iter().for_each(|one| add_words(one, field, words)),
        Value::Map(fields) => {
            for (name, value) in fields.iter() {
                let Value::String(name) = name else { continue };
                match value {
                    Value::Map(inner) if is_duration(inner) => continue,
                    Value::Map(_) | Value::Unit => words.push(name.clone()),
                    _ => {}
                }
                add_words(value, Some(name), words);
            }
        }
        Value::Bytes(_) | Value::Option(None) | Value::Unit => {}
    }
}

fn is_duration(fields: &ron::Map) -> bool {
    let named = |name: &str| {
        fields.iter().any(|(field, _)| matches!(field, Value::String(field) if field == name))
    };
    fields.len() == 2 && named("secs") && named("nanos")
}

/// The text of an event of the session's lifecycle.
fn lifecycle(event: LifecycleEvent) -> String {
    let LifecycleEvent { subtype, previous, status, details, .. } = event;
    let change = match (previous, status) {
        (Some(previous), Some(status)) => Some(format!("{previous} > {status}")),
        (previous, status) => previous.or(status),
    };
    let said = [Some(subtype), change, details].into_iter().flatten().collect::<Vec<_>>();
    said.join(", ")
}
