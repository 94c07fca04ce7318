//! The game's settings for insights, and the reader that is made of them.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bevy::prelude::*;
use bevy_session::events::{Recordable, RecordedEvent};
use bevy_session_insights::{DeclaredSkills, GridCell, InsightsReader, Questions, Weights};

use super::hints::watch_deaths;

/// A game's settings for insights, for [`insights`](crate::InsightsExt::insights).
///
/// Times, states, chapters, objectives, crashes, loads and rewinds are known by themselves. Events that the game itself
/// records are named here.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_play::{GridCell, Insights, InsightsExt};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
/// struct Died {
///     at: Vec2,
/// }
///
/// #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
/// struct Looted;
///
/// App::new()
///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .add_message::<Died>()
///     .add_message::<Looted>()
///     .insights(
///         Insights::default()
///             .deaths::<Died>(|died| Some(GridCell::at(died.at.x, died.at.y, 64.0)))
///             .counts::<Looted>(),
///     );
/// ```
#[derive(Clone, Default)]
pub struct Insights {
    deaths: Vec<DeathType>,
    counted: Vec<Counted>,
    version: u64,
    offset: i32,
    pub(super) hint_after: Option<u32>,
    pub(super) weights: BTreeMap<String, Weights>,
    pub(super) questions: Questions,
}

/// A type whose events are deaths.
#[derive(Clone)]
struct DeathType {
    path: &'static str,
    place: Arc<dyn Fn(&RecordedEvent) -> Option<GridCell> + Send + Sync>,
    add_to: fn(&mut App),
    watch: Arc<dyn Fn(&mut App, u32) + Send + Sync>,
}

/// A type whose events are counted.
#[derive(Clone)]
struct Counted {
    of: TypeId,
    path: &'static str,
    add_to: fn(&mut App),
}

impl fmt::Debug for Insights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deaths: Vec<_> = self.deaths.iter().map(|death| death.path).collect();
        let counted: Vec<_> = self.counted.iter().map(|counted| counted.path).collect();
        formatter
            .debug_struct("Insights")
            .field("deaths", &deaths)
            .field("counted", &counted)
            .field("hint_after", &self.hint_after)
            .finish_non_exhaustive()
    }
}

impl Insights {
    /// Messages of this type say that the player died; `place` says where, by the game's own grid, if anywhere. The type
    /// is recorded from then on, if it wasn't.
    #[must_use]
    pub fn deaths<T: Message + Recordable>(
        mut self,
        place: impl Fn(&T) -> Option<GridCell> + Send + Sync + 'static,
    ) -> Self {
        let place = Arc::new(place);
        let watched = Arc::clone(&place);
        self.deaths.push(DeathType {
            path: T::type_path(),
            place: Arc::new(move |event| place(&event.decode::<T>().ok()?)),
            add_to: record::<T>,
            watch: Arc::new(move |app, after| {
                let place = Arc::clone(&watched);
                watch_deaths::<T>(app, after, move |died| place(died));
            }),
        });
        self
    }

    /// Messages of this type are counted. The type is recorded from then on, if it wasn't.
    #[must_use]
    pub fn counts<T: Message + Recordable>(mut self) -> Self {
        let (of, path) = (TypeId::of::<T>(), T::type_path());
        if self.counted.iter().all(|known| known.of != of) {
            self.counted.push(Counted { of, path, add_to: record::<T> });
        }
        self
    }

    /// After so many deaths in one place with nothing reached in between,
    /// [`FailureRepeated`](crate::FailureRepeated) says so, and again after as many more. By default nothing does.
    #[must_use]
    pub fn hint_after(mut self, deaths: u32) -> Self {
        self.hint_after = Some(deaths.max(1));
        self
    }

    /// The offset of this game's days and hours from UTC, in hours. Defaults to 0, so that all machines say the same.
    /// More than 25 count as 0.
    #[must_use]
    pub fn hours_from_utc(mut self, hours: i8) -> Self {
        self.offset = i32::from(hours) * 3600;
        self
    }

    /// To be counted up if the places of deaths come out otherwise, so that sessions are looked at again.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// Every session has a score of this name, by these weights of the [figures](crate::InsightsCommands::figure) that the
    /// game says. The weights are noted in each session that is played, so scores by others are never mixed up.
    #[must_use]
    pub fn score(mut self, name: impl Into<String>, weights: Weights) -> Self {
        self.weights.insert(name.into(), weights);
        self
    }

    /// The questions that the game asks of its sessions, for [`SessionsLessons`](crate::SessionsLessons). Skills and
    /// scores that are declared needn't be named there.
    #[must_use]
    pub fn asks(mut self, questions: Questions) -> Self {
        self.questions = questions;
        self
    }

    /// The reader that makes insights of logs.
    pub(super) fn reader(&self, skills: DeclaredSkills) -> InsightsReader {
        let reader = InsightsReader::default()
            .skills_of(skills)
            .seconds_from_utc(self.offset)
            .version(self.version);
        let counting = |reader: InsightsReader, it: &Counted| reader.counting(it.path);
        let reader = self.counted.iter().fold(reader, counting);
        self.deaths.iter().fold(reader, |reader, death| {
            let place = Arc::clone(&death.place);
            reader.deaths(death.path, move |event| place(event))
        })
    }

    /// Records and watches the events that are named.
    pub(super) fn add_to(&self, app: &mut App) {
        self.deaths.iter().for_each(|death| (death.add_to)(app));
        self.counted.iter().for_each(|counted| (counted.add_to)(app));
        if let Some(after) = self.hint_after {
            self.deaths.iter().for_each(|death| (death.watch)(app, after));
        }
    }
}

fn record<T: Message + Recordable>(app: &mut App) {
    use bevy_session::events::RecordingExt;
    app.add_message::<T>();
    _ = app.record_messages::<T>();
}
