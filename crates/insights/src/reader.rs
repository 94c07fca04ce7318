//! The reader that turns a session's history into figures.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use bevy_session_journal::{RecordedEvent, SessionDigester, SessionFacts};
use jiff::tz::Offset;

use crate::gathering::{take_event, take_facts};
use crate::session::{GridCell, SessionInsights};
use crate::skill::{Attempt, Skill};
use crate::withheld::{Withheld, WithheldPlayers};

/// Counted up when the same history makes another value.
const FORM: u32 = 2;

/// The place of a death, as an event says; `None` if it doesn't.
type Place = Arc<dyn Fn(&RecordedEvent) -> Option<GridCell> + Send + Sync>;

/// Makes a [`SessionInsights`] of each session's history. Times, states, chapters, objectives, crashes and
/// [marks](crate::Mark) are known by themselves; events that a game itself records are named here, by the paths of its
/// types.
///
/// ```
/// use bevy_session_insights::{InsightsReader, Skill};
///
/// let reader = InsightsReader::default().counting("hop::Looted").skills([Skill::new("parry")]);
/// assert_eq!(reader.declared_skills().all().len(), 1);
/// ```
#[derive(Clone, Default)]
pub struct InsightsReader {
    deaths: Vec<(String, Place)>,
    counted: BTreeSet<String>,
    skills: DeclaredSkills,
    withheld: WithheldPlayers,
    version: u64,
    offset: i32,
}

impl fmt::Debug for InsightsReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deaths: Vec<_> = self.deaths.iter().map(|(path, _)| path).collect();
        formatter
            .debug_struct("InsightsReader")
            .field("deaths", &deaths)
            .field("counted", &self.counted)
            .field("skills", &self.skills)
            .finish_non_exhaustive()
    }
}

impl InsightsReader {
    /// Events of the type with this path say that the player died; `place` says where, if anywhere.
    #[must_use]
    pub fn deaths(
        mut self,
        path: impl Into<String>,
        place: impl Fn(&RecordedEvent) -> Option<GridCell> + Send + Sync + 'static,
    ) -> Self {
        self.deaths.push((path.into(), Arc::new(place)));
        self
    }

    /// Events of the type with this path are counted.
    #[must_use]
    pub fn counting(mut self, path: impl Into<String>) -> Self {
        self.counted.insert(path.into());
        self
    }

    /// These are skills, besides those that are declared already.
    #[must_use]
    pub fn skills(self, skills: impl IntoIterator<Item = Skill>) -> Self {
        for skill in skills {
            self.skills.declare(skill);
        }
        self
    }

    /// Takes its skills from this list, which may still grow.
    #[must_use]
    pub fn skills_of(mut self, skills: DeclaredSkills) -> Self {
        self.skills = skills;
        self
    }

    /// Makes nothing of the sessions of these players. The list may change: remove the values that were made before.
    #[must_use]
    pub fn withholding(mut self, players: WithheldPlayers) -> Self {
        self.withheld = players;
        self
    }

    /// Sets the offset of days and hours from UTC, in seconds. More than 25 hours count as 0.
    #[must_use]
    pub fn seconds_from_utc(mut self, seconds: i32) -> Self {
        self.offset = seconds;
        self
    }

    /// To be counted up if the events named here come out otherwise, so that sessions are looked at again.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// The skills that are known.
    #[must_use]
    pub fn declared_skills(&self) -> &DeclaredSkills {
        &self.skills
    }

    /// Returns true if nothing is made of this player's sessions.
    pub(crate) fn withholds(&self, player: Option<&str>) -> bool {
        self.withheld.contains(player)
    }

    pub(crate) fn is_counted(&self, path: &str) -> bool {
        self.counted.contains(path)
    }

    /// The place of a death; `None` if it was none, `Some(None)` if the place isn't known.
    pub(crate) fn death(&self, event: &RecordedEvent) -> Option<Option<GridCell>> {
        let (_, place) = self.deaths.iter().find(|(path, _)| *path == *event.event_type.path)?;
        Some(place(event))
    }

    pub(crate) fn offset(&self) -> Offset {
        Offset::from_seconds(self.offset).unwrap_or(Offset::UTC)
    }
}

impl SessionDigester for InsightsReader {
    type Value = SessionInsights;
    const NAME: &'static str = "insights";

    fn version(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (FORM, self.version, self.offset, &self.counted).hash(&mut hasher);
        self.deaths.iter().for_each(|(path, _)| path.hash(&mut hasher));
        self.skills.all().iter().for_each(|skill| skill.reading().hash(&mut hasher));
        let withheld = self.withheld.now();
        if withheld != Withheld::default() {
            withheld.hash(&mut hasher);
        }
        hasher.finish()
    }

    fn take_event(&self, value: &mut SessionInsights, event: &RecordedEvent) {
        take_event(self, value, event);
    }

    fn take_facts(&self, value: &mut SessionInsights, facts: &SessionFacts) {
        take_facts(self, value, facts);
    }
}

/// The skills of a game, a list that all who hold it share.
#[derive(Clone, Default, Debug)]
pub struct DeclaredSkills(Arc<RwLock<Vec<Skill>>>);

impl DeclaredSkills {
    /// Declares a skill. Of two with one name the first counts, and `false` says so.
    pub fn declare(&self, skill: Skill) -> bool {
        let mut skills = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = skills.iter().all(|known| known.name() != skill.name());
        if is_new {
            skills.push(skill);
        }
        is_new
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Skill> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The attempts that an event is, by the names of the skills.
    pub(crate) fn drawn(&self, event: &RecordedEvent) -> Vec<(String, Attempt)> {
        let skills = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let drawn = |skill: &Skill| Some((skill.name().to_owned(), skill.drawn(event)?));
        skills.iter().filter_map(drawn).collect()
    }

    /// The present name of a skill, which may have been renamed.
    pub(crate) fn todays_name(&self, name: String) -> String {
        let skills = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = skills.iter().find(|skill| skill.name() == name);
        let known = known.or_else(|| skills.iter().find(|skill| skill.is_called(&name)));
        known.map_or(name, |skill| skill.name().to_owned())
    }
}
