//! The source of an export: a checkpoint of one session, or the newest of several.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::format::Plan;
use jiff::Timestamp;

use super::About;
use crate::checkpoint_name::CheckpointName;
use crate::failure::Failure;
use crate::left_out::{LeftOut, open_one_of_all};
use crate::open_session::OpenSession;
use crate::output::milliseconds;
use crate::place::Place;
use crate::session_name::{Chosen, Selection, SessionName};

/// The source of an export.
pub enum Source {
    One(Place, SessionName, CheckpointName),
    Several(Place, Selection),
}

/// The checkpoints, all of which were read and are whole.
pub struct Worlds {
    pub worlds: Vec<World>,
    pub several: bool,
    pub left_out: Vec<LeftOut>,
    /// The directory that they lie in, or one of them.
    pub read: PathBuf,
}

/// A checkpoint of a session.
pub struct World {
    pub session: OpenSession,
    pub plan: Plan,
    pub about: About,
}

impl Source {
    /// True if rows need the id of their session.
    pub fn is_several(&self) -> bool {
        matches!(self, Self::Several(..))
    }

    /// Opens the checkpoints to export. Those that were named have to be whole; of all sessions, those that aren't are
    /// left out.
    pub fn open(&self) -> Result<Worlds, Failure> {
        let (mut worlds, mut left_out) = (Vec::new(), Vec::new());
        match self {
            Self::One(place, session, checkpoint) => {
                worlds.push(World::of(OpenSession::open(place, session)?, checkpoint)?);
            }
            Self::Several(place, sessions) => {
                for chosen in sessions.find(place)? {
                    match sessions {
                        Selection::Named(_) => worlds.extend(World::newest_of(&chosen)?),
                        Selection::All => match World::newest_of_any(&chosen) {
                            Ok(world) => worlds.push(world),
                            Err(left) => left_out.push(left),
                        },
                    }
                }
            }
        }
        if matches!(self, Self::Several(_, Selection::All)) {
            leave_older_copies_out(&mut worlds, &mut left_out);
        }
        let Some(first) = worlds.first() else {
            let place = match self {
                Self::One(place, ..) | Self::Several(place, _) => place.to_string(),
            };
            return Err(Failure::NothingReadable { place });
        };
        let read = first.session.profile.directory.sessions.clone();
        Ok(Worlds { read, worlds, several: self.is_several(), left_out })
    }
}

/// Leaves out all copies of a session but the one with the newest checkpoint: each device has one in the folder of a file
/// cloud, and a profile may have one of another's.
fn leave_older_copies_out(worlds: &mut Vec<World>, left_out: &mut Vec<LeftOut>) {
    // Clocks of devices differ, and numbers of checkpoints rise along a session's line.
    let age = |world: &World| (world.plan.checkpoint.counter, world.about.time);
    let mut newest: BTreeMap<SessionId, (u64, Timestamp)> = BTreeMap::new();
    for world in worlds.iter() {
        let known = newest.entry(world.about.session).or_insert(age(world));
        *known = age(world).max(*known);
    }
    worlds.retain(|world| {
        let session = world.about.session;
        // The first of two that are the same stays.
        let stays = newest.get(&session) == Some(&age(world));
        if stays {
            newest.remove(&session);
        } else {
            left_out.push(LeftOut::unwanted(session, "another copy of it has more checkpoints"));
        }
        stays
    });
}

impl Worlds {
    /// The session of a world, if rows need its id.
    pub fn named(&self, world: &World) -> Option<SessionId> {
        self.several.then_some(world.about.session)
    }
}

impl World {
    /// The newest checkpoint of a session; `None` if it was deleted meanwhile.
    fn newest_of(chosen: &Chosen) -> Result<Option<Self>, Failure> {
        let session = OpenSession::of(chosen)?;
        session.map(|session| Self::of(session, &CheckpointName::Last(0))).transpose()
    }

    /// The same of one of all sessions, or why there is none.
    fn newest_of_any(chosen: &Chosen) -> Result<Self, LeftOut> {
        let session = open_one_of_all(chosen)?;
        let world = Self::of(session, &CheckpointName::Last(0));
        world.map_err(|failure| LeftOut::failed(chosen.session, &failure))
    }

    fn of(mut session: OpenSession, checkpoint: &CheckpointName) -> Result<Self, Failure> {
        let checkpoint = session.checkpoint(checkpoint)?;
        // Damage is found before anything is written.
        let plan = session.plan(checkpoint)?;
        let about = About::of(&session, &plan)?;
        Ok(Self { session, plan, about })
    }
}

impl About {
    fn of(session: &OpenSession, plan: &Plan) -> Result<Self, Failure> {
        let (index, checkpoint) = (session.stored.index(), plan.checkpoint);
        let gone = || Failure::UnknownCheckpoint {
            checkpoint: checkpoint.to_string(),
            there: "its file was removed".to_owned(),
        };
        let commit = index.commit(checkpoint).ok_or_else(gone)?;
        let header = index.header_of(checkpoint).ok_or_else(gone)?;
        let head = index.newest_head().map(|head| &head.metadata);
        let metadata = head.unwrap_or(&header.metadata);
        Ok(Self {
            session: session.stored.id(),
            name: metadata.name.clone(),
            player: metadata.player.clone(),
            game_version: header.game_version.clone(),
            checkpoint: checkpoint.to_string(),
            label: commit.label.clone(),
            time: commit.time,
            play_time_ms: milliseconds(commit.play_time),
        })
    }
}
