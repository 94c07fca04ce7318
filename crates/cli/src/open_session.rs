//! A session that was named, opened.

use std::rc::Rc;

use bevy_session_journal::CheckpointId;
use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::format::Plan;
use jiff::tz::TimeZone;

use crate::checkpoint_name::CheckpointName;
use crate::failure::Failure;
use crate::place::{Place, Profile};
use crate::rows::RowsOf;
use crate::session_name::{Chosen, SessionName};

/// A session that is read.
pub struct OpenSession {
    pub profile: Rc<Profile>,
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

    /// Opens a session that was found; `None` if it was deleted meanwhile.
    pub fn of(chosen: &Chosen) -> Result<Option<Self>, Failure> {
        let stored = chosen.profile.open(chosen.session)?;
        Ok(stored.map(|stored| Self { profile: Rc::clone(&chosen.profile), stored }))
    }

    /// The same session in another place, or the one that a file holds.
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
        let plan = self.plan(checkpoint)?;
        self.rows_by(&plan)
    }

    /// The way to a checkpoint, once all of it was read and is whole.
    pub fn plan(&mut self, checkpoint: CheckpointId) -> Result<Plan, Failure> {
        let plan = self.stored.verified_plan(checkpoint)?;
        plan.ok_or_else(|| self.not_whole(checkpoint))
    }

    /// The rows of the checkpoint that this is the way to.
    pub fn rows_by(&self, plan: &Plan) -> Result<RowsOf, Failure> {
        Ok(RowsOf::of(self.stored.blocks(plan)?))
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
            || "no other checkpoint is intact".to_owned(),
            |plan| format!("the newest intact one is {}", plan.checkpoint),
        );
        Failure::DamagedCheckpoint { checkpoint, offer }
    }
}
