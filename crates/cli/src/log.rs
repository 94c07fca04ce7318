//! `log`: what happened in a session, or in all of a place, and its checkpoints.

mod entry;

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::Duration;

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::format::CheckpointInfo;
use bevy_session_journal::internal::read::recovery::read_events;
use bevy_session_journal::{CheckpointId, EventQuery, RunId, SessionId};

use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::{Place, Profile};
use crate::session_name::{Chosen, Selection};
use entry::Entry;

/// The pause between two looks at the files.
const PAUSE: Duration = Duration::from_millis(500);
/// Events that are read at once.
const PAGE: usize = 10_000;

/// Writes what happened on the newest lines of sessions and all checkpoints, by time; then, if that is wanted, what
/// comes.
pub fn log(
    place: &Place,
    sessions: &Selection,
    follow: bool,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match sessions {
        Selection::Named(names) if let [name] = &names[..] => {
            log_one(OpenSession::open(place, name)?, follow, output)
        }
        _ => log_several(place, sessions, follow, output),
    }
}

fn log_one(session: OpenSession, follow: bool, output: &mut Output<'_>) -> Result<(), Failure> {
    let OpenSession { profile, stored } = session;
    let id = stored.id();
    let mut reader = Reader::default();
    let mut opened = Some(stored);
    while let Some(stored) = opened.take() {
        for entry in reader.news(&profile, &stored)? {
            entry.write(id, output)?;
        }
        output.flush()?;
        if follow {
            thread::sleep(PAUSE);
            opened = profile.open(id)?;
        }
    }
    match reader.damaged_frames {
        0 => Ok(()),
        frames => Err(Failure::DamagedEvents { frames }),
    }
}

/// Several sessions of a place, together. Of all of them, those that can't be read are passed over.
fn log_several(
    place: &Place,
    sessions: &Selection,
    follow: bool,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let named = match sessions {
        Selection::Named(_) => Some(names_of(sessions.find(place)?)),
        // Those that begin later are followed as well.
        Selection::All => None,
    };
    let mut readers: HashMap<(String, SessionId), Reader> = HashMap::new();
    loop {
        let mut news: Vec<(SessionId, Entry)> = Vec::new();
        for profile in place.profiles()? {
            for session in profile.sessions()? {
                let name = (profile.directory.profile.clone(), session);
                let stored = match (&named, profile.open(session)) {
                    (Some(named), _) if !named.contains(&name) => continue,
                    (Some(_), Err(error)) => return Err(error.into()),
                    (_, Ok(Some(stored))) => stored,
                    (_, Ok(None)) | (None, Err(_)) => continue,
                };
                let found = readers.entry(name).or_default().news(&profile, &stored)?;
                news.extend(found.into_iter().map(|entry| (session, entry)));
            }
        }
        news.sort_by_key(|(session, entry)| (entry.time(), *session, entry.play_time()));
        for (session, entry) in news {
            entry.write_among_others(session, output)?;
        }
        output.flush()?;
        if !follow {
            break;
        }
        thread::sleep(PAUSE);
    }
    match readers.values().map(|reader| reader.damaged_frames).sum() {
        0 => Ok(()),
        frames => Err(Failure::DamagedEvents { frames }),
    }
}

/// Sessions, each by the profile that it is in.
fn names_of(sessions: Vec<Chosen>) -> HashSet<(String, SessionId)> {
    let name = |it: Chosen| (it.profile.directory.profile.clone(), it.session);
    sessions.into_iter().map(name).collect()
}

/// The position up to which the log was read.
#[derive(Default)]
struct Reader {
    checkpoints: HashSet<CheckpointId>,
    /// The runs that say that lines were declined.
    declines: HashSet<RunId>,
    /// The number of the newest event.
    newest_event: Option<u64>,
    /// Frames of events that were damaged at the first look.
    damaged_frames: u64,
    /// The state of the session's directory when it was read.
    stamp: Option<u64>,
}

impl Reader {
    /// The entries that weren't read before, by time.
    fn news(&mut self, profile: &Profile, stored: &StoredSession) -> Result<Vec<Entry>, Failure> {
        if self.stamp == Some(stored.stamp()) {
            return Ok(Vec::new());
        }
        let mut news = self.new_events(profile, stored)?;
        let checkpoints = stored.index().checkpoints().into_iter().rev();
        let is_new = |info: &CheckpointInfo| self.checkpoints.insert(info.id);
        news.extend(checkpoints.filter(is_new).map(Entry::Checkpoint));
        let declines = stored.index().declines();
        let declines = declines.filter(|(header, _)| self.declines.insert(header.run));
        let play_time = stored.index().newest_head().map_or(Duration::ZERO, |head| head.play_time);
        news.extend(declines.map(|(header, deaths)| Entry::Declined {
            time: header.created,
            play_time,
            deaths: deaths.to_vec(),
        }));
        // What happened at the moment of a checkpoint stays before it.
        news.sort_by_key(|entry| (entry.time(), entry.play_time()));
        self.stamp = Some(stored.stamp());
        Ok(news)
    }

    fn new_events(
        &mut self,
        profile: &Profile,
        stored: &StoredSession,
    ) -> Result<Vec<Entry>, Failure> {
        let mut events = Vec::new();
        loop {
            let query = EventQuery {
                newest_first: false,
                limit: PAGE,
                after: self.newest_event,
                ..EventQuery::of(stored.id())
            };
            let page = read_events(profile.disk(), stored, query)?;
            if self.stamp.is_none() {
                self.damaged_frames = self.damaged_frames.max(page.damaged_frames);
            }
            let last = page.events.last().map(|event| event.sequence);
            self.newest_event = last.or(self.newest_event);
            events.extend(page.events.into_iter().map(Entry::Event));
            if page.next.is_none() {
                return Ok(events);
            }
        }
    }
}
