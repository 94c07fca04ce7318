//! The backups that are offered after a crash.

use std::collections::HashSet;

use bevy::prelude::*;
use bevy_session_journal::{Proposal, RecoveryOffer};
use jiff::Timestamp;

use super::{ExternalOperation, ExternalOutcome, ExternalSave, ledger_of};

/// The number of deaths in a row after which no backup is better than a new session, as with
/// checkpoints.
const DEATHS: usize = 3;
/// The most backups that are offered.
const OFFERED: usize = 10;

/// One of the game's own backups that can be loaded after a crash: the provider found it intact.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct OfferedBackup {
    /// The backup.
    pub save: ExternalSave,
    /// True if a crashed session knows of it: the plugin requested it, and the game answered with
    /// its slot, before the session's newest checkpoint.
    pub is_acknowledged: bool,
    /// The error, if the game tried to load it and failed. It stays in the list and can't be chosen
    /// again.
    pub failure: Option<String>,
    /// A number that is unique within this process, by which a dialog can remember the chosen one.
    pub number: u64,
    /// True if its time is in the future, so that it can't be relied on.
    is_ahead: bool,
}

/// The backups that are offered, newest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Backups {
    offered: Vec<OfferedBackup>,
    /// The slots that sessions know.
    acknowledged: HashSet<String>,
    /// True if the game has no saved types, so that checkpoints hold nothing of its world.
    pub are_all: bool,
    numbered: u64,
}

impl Backups {
    /// Prepares to list the backups again. Failures stay known.
    pub(crate) fn look_again(&mut self, are_all: bool) {
        self.offered.retain(|backup| backup.failure.is_some());
        self.acknowledged.clear();
        self.are_all = are_all;
    }

    /// Notes the game's own saves that a session has recorded.
    pub(crate) fn acknowledge(&mut self, offer: &RecoveryOffer) {
        let slots = ledger_of(&offer.fields).into_iter().filter_map(saved_slot);
        self.acknowledged.extend(slots);
        for backup in &mut self.offered {
            backup.is_acknowledged = self.acknowledged.contains(&backup.save.slot);
        }
    }

    /// Offers an intact backup.
    pub(crate) fn put(&mut self, save: ExternalSave, now: Timestamp) {
        if self.offered.iter().any(|known| known.save.slot == save.slot) {
            return;
        }
        self.numbered += 1;
        self.offered.push(OfferedBackup {
            is_acknowledged: self.acknowledged.contains(&save.slot),
            failure: None,
            number: self.numbered,
            is_ahead: save.time > now,
            save,
        });
        self.offered.sort_by_key(|backup| std::cmp::Reverse(backup.save.time));
    }

    /// Returns true if no more are wanted.
    pub(crate) fn are_enough(&self) -> bool {
        self.offered.iter().filter(|backup| backup.failure.is_none()).count() >= OFFERED
    }

    pub(crate) fn all(&self) -> &[OfferedBackup] {
        &self.offered
    }

    pub(crate) fn get(&self, slot: &str) -> Option<&OfferedBackup> {
        self.offered.iter().find(|backup| backup.save.slot == slot)
    }

    /// The game could not load it.
    pub(crate) fn note_failure(&mut self, slot: &str, error: &str) {
        if let Some(backup) = self.offered.iter_mut().find(|backup| backup.save.slot == slot) {
            backup.failure = Some(error.to_owned());
        }
    }

    /// The backup that is better than the checkpoint which an offer proposes.
    ///
    /// A backup is better if its time is later than the newest checkpoint's, by the clocks of their
    /// writers, since nothing else tells; a time in the future doesn't count. If checkpoints hold
    /// nothing of the game's world, the newest backup is better than any, and after each death soon
    /// after a restore the one before it, until it is time for a new session.
    pub(crate) fn better_than(&self, offer: &RecoveryOffer) -> Option<&OfferedBackup> {
        let player = offer.session.player.as_deref();
        let mut loadable = self
            .offered
            .iter()
            .filter(|backup| backup.failure.is_none() && backup.save.is_for(player));
        match offer.proposed {
            _ if self.are_all => {
                let deaths = usize::try_from(offer.deaths_in_a_row).unwrap_or(DEATHS);
                loadable.nth(deaths).filter(|_| deaths < DEATHS)
            }
            Proposal::Older(_) | Proposal::SafeStart => None,
            Proposal::Newest => {
                let saved = offer.checkpoints.iter().find(|listed| listed.id == offer.newest);
                let saved = saved.map(|listed| listed.time);
                loadable.find(|backup| !backup.is_ahead && Some(backup.save.time) > saved)
            }
        }
    }
}

fn saved_slot(operation: ExternalOperation) -> Option<String> {
    match operation.outcome {
        ExternalOutcome::Done { slot, .. } => slot,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use bevy_session_journal::internal::deep::offers;
    use bevy_session_journal::{CheckpointId, RunId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// An offer whose newest checkpoint was taken at this second.
    fn offer(second: i64) -> RecoveryOffer {
        let newest = CheckpointId { run: RunId(7), counter: 4 };
        let mut listed = offers::offered(newest, Duration::from_secs(4));
        listed.time = at(second);
        offers::offer(vec![listed], newest)
    }

    fn backups(are_all: bool) -> Backups {
        let mut backups = Backups { are_all, ..Backups::default() };
        for second in [100, 300, 200, 900] {
            backups.put(ExternalSave::auto(format!("at {second}"), at(second)), at(500));
        }
        backups
    }

    fn better(backups: &Backups, offer: &RecoveryOffer) -> Option<String> {
        backups.better_than(offer).map(|backup| backup.save.slot.clone())
    }

    #[test]
    fn a_backup_newer_than_the_checkpoint_is_better_unless_in_the_future() {
        let mut backups = backups(false);
        assert_eq!(better(&backups, &offer(250)).as_deref(), Some("at 300"));
        assert_eq!(better(&backups, &offer(300)), None, "of two of one time the checkpoint counts");
        backups.note_failure("at 300", "no such file");
        assert_eq!(better(&backups, &offer(250)), None);
        assert_eq!(better(&backups, &offer(150)).as_deref(), Some("at 200"));
    }

    #[test]
    fn without_saved_types_a_backup_is_better_than_any_checkpoint() {
        let backups = backups(true);
        let mut offer = offer(400);
        assert_eq!(better(&backups, &offer).as_deref(), Some("at 900"));
        offer.deaths_in_a_row = 2;
        offer.proposed = Proposal::Older(offer.newest);
        assert_eq!(better(&backups, &offer).as_deref(), Some("at 200"));
        // There may be no older checkpoint to propose, and still be an older backup.
        offer.proposed = Proposal::SafeStart;
        assert_eq!(better(&backups, &offer).as_deref(), Some("at 200"));
        offer.deaths_in_a_row = 3;
        assert_eq!(better(&backups, &offer), None);
    }

    #[test]
    fn a_backup_of_another_player_is_not_offered() {
        let mut backups = Backups::default();
        backups.put(ExternalSave::manual("of Ben", at(300)).player("Ben"), at(500));
        let mut offer = offer(100);
        offer.session.player = Some("Ann".to_owned());
        assert_eq!(better(&backups, &offer), None);
        offer.session.player = Some("Ben".to_owned());
        assert_eq!(better(&backups, &offer).as_deref(), Some("of Ben"));
    }
}
