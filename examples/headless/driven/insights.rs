//! The insights of all sessions of this machine, and the story of the one that is played.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{
    Estimate, Figure, InsightsCommandsExt, InsightsReport, Objectives, SessionsInsights,
    SessionsLessons, StoryTexts, story_so_far, suggestions,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::commands::{Answer, Begun, fields, until};
use super::news::News;

/// Answered once all sessions are digested, with what has happened up to this frame.
pub fn insights(world: &mut World, _: &str) -> Result<Begun, String> {
    world.commands().insights().refresh();
    Ok(until(|news, world| {
        matches!(news, News::Digested).then(|| {
            let sessions = &world.resource::<SessionsInsights>().sessions;
            let report = describe(&InsightsReport::of(sessions.iter()));
            Ok(fields([("insights", report)]))
        })
    }))
}

/// Answers with the story for a player who comes back to the session that is played.
pub fn story(world: &mut World, _: &str) -> Result<Begun, String> {
    let session = world.get_resource::<CurrentSession>().ok_or("no session is played")?.id();
    world.commands().insights().refresh();
    Ok(until(move |news, world| {
        if !matches!(news, News::Digested) {
            return None;
        }
        let sessions = &world.resource::<SessionsInsights>().sessions;
        let Some(digested) = sessions.get(session) else {
            return Some(Err("the session has no checkpoint yet".to_owned()));
        };
        let objectives = world.resource::<Objectives>();
        let story = story_so_far(digested)
            .titled(|key| objectives.get(key).map(|objective| objective.title().to_owned()));
        let text = story.text(&StoryTexts::english(), Timestamp::now());
        Some(Ok(fields([("text", json!(text))])))
    }))
}

/// Answered with what the attempts of the session's player say of a skill, with those up to this frame.
pub fn skill(world: &mut World, name: &str) -> Result<Begun, String> {
    let current = world.get_resource::<CurrentSession>().ok_or("no session is played")?;
    let (player, name) = (current.player().map(str::to_owned), name.to_owned());
    world.commands().insights().refresh();
    Ok(once_learnt(move |world| {
        let lessons = world.resource::<SessionsLessons>();
        let report = lessons.skill(player.as_deref(), &name);
        let attempts = report.map_or(0, |report| report.attempts.all);
        let rate = report.and_then(|report| report.rate.known());
        Ok(fields([
            ("attempts", json!(attempts)),
            ("rate", json!(rate.map(|rate| rate.value))),
            ("low", json!(rate.map(|rate| rate.low))),
            ("high", json!(rate.map(|rate| rate.high))),
        ]))
    }))
}

/// Answered with what the player may want next.
pub fn suggest(world: &mut World, _: &str) -> Result<Begun, String> {
    world.commands().insights().refresh();
    Ok(once_learnt(|world| {
        let texts = StoryTexts::english();
        let all = suggestions(world).into_iter().map(|it| {
            let reason = texts.suggestion(&it, |_| None);
            let (kind, what) = (it.suggested.kind.word(), &it.suggested.what);
            json!({ "kind": kind, "what": what, "reason": reason, "why": it.why })
        });
        Ok(fields([("suggestions", all.collect())]))
    }))
}

/// Waits for lessons of what is known of sessions from now on.
fn once_learnt(answer: impl Fn(&World) -> Answer + Send + Sync + 'static) -> Begun {
    let mut is_digested = false;
    until(move |news, world| {
        is_digested |= matches!(news, News::Digested);
        (is_digested && matches!(news, News::LessonsLearnt)).then(|| answer(world))
    })
}

fn describe(report: &InsightsReport) -> Value {
    let objectives = report
        .objectives
        .iter()
        .map(|(key, it)| json!({ "key": key, "completed": it.completed, "failed": it.failed }));
    let places = report.places.iter().map(|(cell, deaths)| json!([cell.x, cell.y, deaths]));
    json!({
        "sessions": report.sessions,
        "incomplete": report.incomplete,
        "play_s": seconds(report.times.play),
        "paused_s": seconds(report.times.paused),
        "lost_s": seconds(report.times.lost),
        "crashes": report.endings.crashes,
        "crash_free": share(&report.endings.crash_free),
        "success": share(&report.endings.success),
        "deaths": report.deaths,
        "places": places.collect::<Value>(),
        "loads": report.loads,
        "rewinds": report.rewinds,
        "events": report.events,
        "objectives": objectives.collect::<Value>(),
    })
}

/// A share, or `null` if there are too few samples; how many there are is always said.
fn share(figure: &Figure<Estimate>) -> Value {
    let value = figure.known().map(|share| share.value);
    json!({ "value": value, "samples": figure.samples() })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
