//! Lessons of a session: in the player's words, and in figures.

use serde::Serialize;

use crate::effect::{Effect, settle};
use crate::figure::Figure;
use crate::session::SessionInsights;
use crate::skill::Tally;
use crate::skills::more_often;

/// A lesson of a session.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Learnt {
    /// The player wrote so.
    Wrote(String),
    /// Attempts at a skill succeeded more often, or less, in the later half of the session than in the earlier.
    Changed {
        /// The skill.
        skill: String,
        /// The earlier half.
        from: Tally,
        /// The later half.
        to: Tally,
        /// The change of the rate, with its interval.
        effect: Effect,
    },
}

/// The player's notes, and the changes of skills that are significant.
pub(super) fn learnt(session: &SessionInsights) -> Vec<Learnt> {
    let mut changed: Vec<(&String, (Tally, Tally), Effect)> = Vec::new();
    for (skill, record) in &session.skills {
        let half = record.tally().all / 2;
        let from: Tally = record.attempts().take(half).collect();
        let to: Tally = record.attempts().skip(record.tally().all - half).collect();
        if let Figure::Known { value, .. } = more_often(to, from) {
            changed.push((skill, (from, to), value));
        }
    }
    settle(&mut changed.iter_mut().map(|(.., effect)| effect).collect::<Vec<_>>());
    let wrote = session.said.learnt.iter().cloned().map(Learnt::Wrote);
    let changed = changed.into_iter().filter(|(.., effect)| effect.matters);
    let changed = changed.map(|(skill, (from, to), effect)| Learnt::Changed {
        skill: skill.clone(),
        from,
        to,
        effect,
    });
    wrote.chain(changed).collect()
}
