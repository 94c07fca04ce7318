//! Notes in each session by which weights it is scored.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session::consent::Consent;
use bevy_session::{CurrentSession, SessionId};
use bevy_session_insights::{Mark, Weights};

use super::consent::agrees;
use super::marks::InsightMark;
use super::settings::Insights;

/// The weights of this build, and the session that has them already.
#[derive(Resource)]
pub(super) struct Scoring {
    weights: BTreeMap<String, Weights>,
    noted_in: Option<SessionId>,
}

impl Scoring {
    pub(super) fn of(insights: &Insights) -> Self {
        Self { weights: insights.weights.clone(), noted_in: None }
    }
}

/// Writes the weights into the log of a session that begins to be played in this process.
pub(super) fn note_weights(
    session: Res<CurrentSession>,
    consent: Res<Consent>,
    mut scoring: ResMut<Scoring>,
    mut marks: MessageWriter<InsightMark>,
) {
    if !agrees(&consent, Some(&session))
        || scoring.noted_in.replace(session.id()) == Some(session.id())
    {
        return;
    }
    for (score, weights) in &scoring.weights {
        marks.write(InsightMark(Mark::Weights { score: score.clone(), weights: weights.clone() }));
    }
}
