//! Sessions that stand out.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy_session_journal::{Digested, SessionId};

use crate::figure::Figure;
use crate::session::SessionInsights;
use crate::statistics::Sample;

/// The number of usual deviations from the median from which on a session is unusual.
const DEVIATIONS: f64 = 3.0;

/// A session that was played much longer or shorter than its player's others.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct UnusualSession {
    /// The session.
    pub session: SessionId,
    /// Its play time.
    pub play: Duration,
    /// The median of its player's sessions.
    pub median: Duration,
    /// The median of how far their sessions are from that.
    pub deviation: Duration,
    /// The number of sessions.
    pub samples: usize,
}

impl UnusualSession {
    /// The sessions that were played for a time more than three median deviations away from the median of the same
    /// player's sessions. Of a player with fewer than 20, none is unusual.
    #[must_use]
    pub fn among<'a>(
        sessions: impl IntoIterator<Item = &'a Digested<SessionInsights>>,
    ) -> Vec<Self> {
        let mut players: BTreeMap<&Option<String>, Vec<&Digested<SessionInsights>>> =
            BTreeMap::new();
        for session in sessions {
            players.entry(&session.value.about.player).or_default().push(session);
        }
        players.values().flat_map(|sessions| of_player(sessions)).collect()
    }
}

fn of_player(sessions: &[&Digested<SessionInsights>]) -> Vec<UnusualSession> {
    let played: Vec<f64> = sessions.iter().map(|it| it.value.times.play.as_secs_f64()).collect();
    let usual = Figure::of(played.len(), || {
        let middle = median(played.iter().copied())?;
        Some((middle, median(played.iter().map(|it| (it - middle).abs()))?))
    });
    let Figure::Known { value: (middle, deviation), samples } = usual else { return Vec::new() };
    // If half of them are as long as each other, any other would be.
    let is_unusual = |play: f64| deviation > 0.0 && (play - middle).abs() > DEVIATIONS * deviation;
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let unusual = sessions.iter().filter(|it| is_unusual(it.value.times.play.as_secs_f64()));
    unusual
        .map(|it| UnusualSession {
            session: it.session,
            play: it.value.times.play,
            median: seconds(middle),
            deviation: seconds(deviation),
            samples,
        })
        .collect()
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.collect::<Sample>().median()
}
