//! What a game says of its insights, and how a session's history becomes one value.

use std::any::TypeId;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bevy::prelude::*;
use bevy_session::digests::{SessionDigester, SessionFacts};
use bevy_session::events::{Recordable, RecordedEvent};
use jiff::tz::Offset;

use super::gathering::{take_event, take_facts};
use super::hints::watch_deaths;
use super::session::{GridCell, SessionInsights};

/// What a game wants to know of its sessions, for [`insights`](crate::InsightsExt::insights).
///
/// Times, states, chapters, objectives, crashes, loads and rewinds are known by themselves. What the game records of its
/// own, it names here.
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

    /// How far from UTC the days and hours of this game's players are, in hours. Defaults to 0, so that all machines say
    /// the same. More than 25 are none.
    #[must_use]
    pub fn hours_from_utc(mut self, hours: i8) -> Self {
        self.offset = i32::from(hours) * 3600;
        self
    }

    /// To be counted up where the places of deaths come out otherwise, so that sessions are looked at again.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    pub(super) fn is_counted(&self, path: &str) -> bool {
        self.counted.iter().any(|known| known.path == path)
    }

    /// Where an event was a death; `None` if it was none, `Some(None)` if the place isn't known.
    pub(super) fn death(&self, event: &RecordedEvent) -> Option<Option<GridCell>> {
        let death = self.deaths.iter().find(|death| *death.path == *event.event_type.path)?;
        Some((death.place)(event))
    }

    pub(super) fn offset(&self) -> Offset {
        Offset::from_seconds(self.offset).unwrap_or(Offset::UTC)
    }

    /// Has what is named recorded and watched.
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

impl SessionDigester for Insights {
    type Value = SessionInsights;
    const NAME: &'static str = "insights";

    fn version(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (FORM, self.version, self.offset).hash(&mut hasher);
        self.deaths.iter().for_each(|death| death.path.hash(&mut hasher));
        "counted".hash(&mut hasher);
        self.counted.iter().for_each(|counted| counted.path.hash(&mut hasher));
        hasher.finish()
    }

    fn take_event(&self, value: &mut SessionInsights, event: &RecordedEvent) {
        take_event(self, value, event);
    }

    fn take_facts(&self, value: &mut SessionInsights, facts: &SessionFacts) {
        take_facts(self, value, facts);
    }
}

/// Counted up where the same history makes another value.
const FORM: u32 = 1;
