//! A session that was named, opened.

use bevy_session_journal::CheckpointId;
use bevy_session_journal::store::StoredSession;
use jiff::tz::TimeZone;

use crate::checkpoint_name::CheckpointName;
use crate::failure::Failure;
use crate::place::{Place, Profile};
use crate::rows::RowsOf;
use crate::session_name::{Chosen, SessionName};

/// A session that is read.
pub struct OpenSession {
    pub profile: Profile,
    pub stored: StoredSession,
}

impl OpenSession {
    /// Opens a session that was named.
    pub fn open(place: &Place, name: &SessionName) -> Result<Self, Failure> {
        let Chosen { profile, session } = name.find(place)?;
        // It may be deleted meanwhile.
        let stored = profile.open(session)?.ok_or_else(|| name.unknown(place, &[]))?;
        Ok(Self { profile, stored })
    }

    /// The same session in another place, or whatever a file holds.
    pub fn in_place(&self, place: &Place) -> Result<Self, Failure> {
        let name = match place.is_file() {
            true => SessionName::Only,
            false => SessionName::Called(self.stored.id().to_string()),
        };
        Self::open(place, &name)
    }

    /// The checkpoint that is called so.
    pub fn checkpoint(&self, name: &CheckpointName) -> Result<CheckpointId, Failure> {
        name.find(self.stored.index(), &TimeZone::system())
    }

    /// The rows of a checkpoint, type by type and by rising ids, once all of it was read and is whole.
    pub fn rows(&mut self, checkpoint: CheckpointId) -> Result<RowsOf, Failure> {
        match self.stored.verified_plan(checkpoint)? {
            Some(plan) => Ok(RowsOf::of(self.stored.blocks(&plan)?)),
            None => Err(self.not_whole(checkpoint)),
        }
    }

    /// Why a checkpoint has no rows.
    fn not_whole(&mut self, checkpoint: CheckpointId) -> Failure {
        if self.stored.index().is_without_world(checkpoint) {
            return Failure::WithoutWorld { checkpoint };
        }
        let heads = self.stored.index().heads().iter().map(|head| head.id);
        let heads: Vec<CheckpointId> = heads.collect();
        let offer = heads.into_iter().find_map(|head| self.stored.newest_verified(head).ok()?);
        let offer = offer.map_or_else(
            || "no other one is whole either".to_owned(),
            |plan| format!("the newest whole one is {}", plan.checkpoint),
        );
        Failure::DamagedCheckpoint { checkpoint, offer }
    }
}
