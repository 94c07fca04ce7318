//! Names of sessions on the command line.

use std::fmt;
use std::rc::Rc;

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::format::SessionIndex;
use bevy_session_journal::{SessionId, ShelfPlace};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::output::some_of;
use crate::place::{Place, Profile};
use crate::steps_back::steps_back;

/// A session, as somebody calls it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionName {
    /// The one that was played last, or the one so many before it. The trash isn't looked into.
    Last(usize),
    /// Its id, the beginning of that, or its name in any case.
    Called(String),
    /// The only one that a file holds.
    Only,
}

/// Sessions of a place, as somebody calls them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// These, in this order.
    Named(Vec<SessionName>),
    /// All that there are, the one that began last first.
    All,
}

/// A session that was found.
pub struct Chosen {
    pub profile: Rc<Profile>,
    pub session: SessionId,
}

impl Selection {
    /// The sessions that are meant, each once.
    pub fn find(&self, place: &Place) -> Result<Vec<Chosen>, Failure> {
        let sessions = Sessions::of(place.profiles()?)?;
        let mut found: Vec<Found> = Vec::new();
        match self {
            Self::All => {
                found.clone_from(&sessions.all);
                found.sort_by_key(|(profile, session)| (std::cmp::Reverse(*session), *profile));
            }
            Self::Named(names) => {
                for name in names {
                    let one = name.among(&sessions, place)?;
                    if !found.contains(&one) {
                        found.push(one);
                    }
                }
            }
        }
        Ok(found.into_iter().filter_map(|found| sessions.choose(found)).collect())
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(0) => write!(formatter, "last"),
            Self::Last(steps) => write!(formatter, "last~{steps}"),
            Self::Called(text) => write!(formatter, "{text}"),
            Self::Only => write!(formatter, "(the only one)"),
        }
    }
}

impl SessionName {
    /// Parses a name from the command line.
    pub fn of(text: &str) -> Self {
        steps_back(text).map_or_else(|| Self::Called(text.to_owned()), Self::Last)
    }

    /// The one session of a place that is called so.
    pub fn find(&self, place: &Place) -> Result<Chosen, Failure> {
        if let (Self::Called(text), Place::Replica(replica)) = (self, place) {
            let sessions = Sessions::of(vec![replica.profile(&text.to_lowercase())?])?;
            if !sessions.with_id_or_name(text).is_empty() {
                return self.chosen_among(&sessions, place);
            }
        }
        self.chosen_among(&Sessions::of(place.profiles()?)?, place)
    }

    fn chosen_among(&self, sessions: &Sessions, place: &Place) -> Result<Chosen, Failure> {
        let found = self.among(sessions, place)?;
        sessions.choose(found).ok_or_else(|| self.unknown(place, &sessions.all))
    }

    fn among(&self, sessions: &Sessions, place: &Place) -> Result<Found, Failure> {
        let found: Vec<Found> = match self {
            Self::Last(steps) => sessions.played().into_iter().skip(*steps).take(1).collect(),
            Self::Called(text) => sessions.with_id_or_name(text),
            Self::Only => sessions.all.clone(),
        };
        match found[..] {
            [] => Err(self.unknown(place, &sessions.all)),
            [only] => Ok(only),
            // Profiles may hold copies of one session; which one is meant can be said by the place.
            _ => Err(self.ambiguous(place, &found)),
        }
    }

    /// The failure if no session has this name.
    pub fn unknown(&self, place: &Place, there: &[Found]) -> Failure {
        let (session, place) = (self.to_string(), place.to_string());
        Failure::UnknownSession { session, place, there: named(there) }
    }

    fn ambiguous(&self, place: &Place, found: &[Found]) -> Failure {
        let (session, place) = (self.to_string(), place.to_string());
        Failure::AmbiguousSession { session, place, count: found.len(), these: named(found) }
    }
}

/// A session, and the position of its profile.
pub type Found = (usize, SessionId);

/// All that a place has.
struct Sessions {
    profiles: Vec<Rc<Profile>>,
    all: Vec<Found>,
}

impl Sessions {
    fn of(profiles: Vec<Profile>) -> Result<Self, Failure> {
        let profiles: Vec<Rc<Profile>> = profiles.into_iter().map(Rc::new).collect();
        let mut all = Vec::new();
        for (position, profile) in profiles.iter().enumerate() {
            all.extend(profile.sessions()?.into_iter().map(|session| (position, session)));
        }
        Ok(Self { profiles, all })
    }

    fn choose(&self, (position, session): Found) -> Option<Chosen> {
        Some(Chosen { profile: Rc::clone(self.profiles.get(position)?), session })
    }

    fn with_id_or_name(&self, text: &str) -> Vec<Found> {
        let text = text.to_lowercase();
        let is_called = |(_, id): &&Found| id.to_string().starts_with(&text);
        let found: Vec<Found> = self.all.iter().filter(is_called).copied().collect();
        if !found.is_empty() {
            return found;
        }
        let named = self.opened().filter(|(_, stored)| {
            let head = stored.index().newest_head();
            head.is_some_and(|head| head.metadata.name.to_lowercase() == text)
        });
        named.map(|(found, _)| found).collect()
    }

    /// The sessions that a player sees, the one that was played last first.
    fn played(&self) -> Vec<Found> {
        let played =
            self.opened().filter_map(|(found, it)| Some((played_last(it.index())?, found)));
        let mut played: Vec<(Timestamp, Found)> = played.collect();
        played.sort_unstable_by(|one, other| other.cmp(one));
        played.into_iter().map(|(_, found)| found).collect()
    }

    /// The sessions that can be read.
    fn opened(&self) -> impl Iterator<Item = (Found, StoredSession)> {
        self.all.iter().filter_map(|(position, session)| {
            let stored = self.profiles.get(*position)?.open(*session).ok()??;
            Some(((*position, *session), stored))
        })
    }
}

/// When a session was played last; `None` of one that isn't among those that a player sees.
fn played_last(index: &SessionIndex) -> Option<Timestamp> {
    let head = index.newest_head()?;
    let is_away = index.is_forgotten() || matches!(head.metadata.place, ShelfPlace::Trash { .. });
    let time = head.end.as_ref().map_or(head.time, |end| end.time);
    (!is_away).then_some(time)
}

/// Some sessions, in words.
fn named(sessions: &[Found]) -> String {
    some_of(sessions.iter().map(|(_, session)| session.to_string()).collect())
}
