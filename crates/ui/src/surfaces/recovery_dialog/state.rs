//! The state of the dialog while it is open.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session::external::OfferedBackup;
use bevy_session::library::Validity;
use bevy_session::recovery::{Proposal, RecoveryError};
use bevy_session::slots::{SlotEntry, SlotId};
use bevy_session::{
    CheckpointId, RecoveryOffer, RecoveryOffers, RequestError, RestoreFrom, SessionId, Ticket,
};

/// The recovery dialog.
#[derive(Resource, Debug, Default)]
pub struct RecoveryDialog {
    /// The current stage; `None` if it is closed.
    pub(super) stage: Option<Stage>,
    /// The sessions that were announced to the game, and that the player was not asked about before.
    pub(super) announced: Vec<SessionId>,
    /// The offer that is shown.
    pub(super) offer: Option<OfferId>,
    /// The player's choice in it.
    pub(super) chosen: Choice,
    /// The first row of the list that is shown.
    pub(super) first_row: usize,
    /// Choices that were tried and could not be restored.
    pub(super) tried: Vec<(SessionId, Choice)>,
    /// Why the last answer could not be followed.
    pub(super) failure: Option<Failure>,
    /// A session of which nothing can be restored.
    pub(super) lost: Option<LostSession>,
    /// The offers that the player has declined, in case that is refused.
    pub(super) declining: Vec<(Ticket, OfferId)>,
    pub(super) report: Report,
    /// The button that is to have the focus next.
    pub(super) wants_focus: Option<Does>,
}

/// Where reports are written, if the game says so.
#[derive(Resource, Clone, Debug)]
pub(super) struct ReportPlace(pub Option<PathBuf>);

/// A stage of the dialog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Asking,
    Details,
    Restoring { stalled: bool },
}

/// Distinguishes offers: a session that was forked has more than one.
pub(super) type OfferId = (SessionId, CheckpointId);

/// A choice of the player.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Choice {
    #[default]
    Nothing,
    Checkpoint(CheckpointId),
    Slot(SlotId),
    /// One of the game's own ways out, by its place in the offer.
    Option(usize),
    /// A backup of the game's own, by its number.
    Backup(u64),
}

/// The action of a button of the dialog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Does {
    Recover,
    StartFresh,
    Details,
    Back,
    SaveReport,
    Cancel,
    Choose(Choice),
    /// Scrolls by so many rows.
    Scroll(i32),
    /// Goes to another offer: the next one, or the one before.
    Turn(bool),
}

/// Why the player's answer could not be followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    Rejected(RequestError),
    /// It turned out to be damaged while it was read.
    Damaged,
    /// The game could not load it.
    NotLoaded,
    /// The offer could not be declined.
    NotDeclined(RequestError),
}

/// A session of which no checkpoint can be restored.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct LostSession {
    pub session: SessionId,
    pub name: Option<String>,
    pub error: RecoveryError,
    pub slots: Vec<SlotEntry>,
}

impl LostSession {
    /// The game's own backups that can take its place. A session that a newer build wrote, or that can't be read now, isn't
    /// replaced: it may be had back later.
    pub fn backups<'a>(&self, offers: &'a RecoveryOffers) -> &'a [OfferedBackup] {
        if self.error == RecoveryError::AllDamaged { offers.backups() } else { &[] }
    }
}

/// The state of the report that the player asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Report {
    #[default]
    NotAsked,
    Writing(PathBuf),
    Written(PathBuf),
    Failed(RequestError),
}

impl RecoveryDialog {
    /// Returns true if the dialog is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage.is_some()
    }

    /// The offers that the player is asked about.
    pub(super) fn asked<'a>(&self, offers: &'a RecoveryOffers) -> Vec<&'a RecoveryOffer> {
        offers.offers().iter().filter(|offer| self.announced.contains(&offer.session.id)).collect()
    }

    /// The offer that is shown.
    pub(super) fn shown<'a>(&self, offers: &'a RecoveryOffers) -> Option<&'a RecoveryOffer> {
        let asked = self.asked(offers);
        asked.into_iter().find(|offer| Some(id(offer)) == self.offer)
    }

    /// Shows an offer, with what is best chosen of it.
    pub(super) fn turn_to(&mut self, offer: &RecoveryOffer, offers: &RecoveryOffers) {
        self.offer = Some(id(offer));
        self.chosen = self.best(offer, offers);
        self.first_row = 0;
    }

    /// The best choice of an offer, without those that were tried.
    pub(super) fn best(&self, offer: &RecoveryOffer, offers: &RecoveryOffers) -> Choice {
        let has_failed = |choice: Choice| self.tried.contains(&(offer.session.id, choice));
        let backup = offers.proposed_backup(offer).map(|backup| Choice::Backup(backup.number));
        if let Some(backup) = backup.filter(|backup| !has_failed(*backup)) {
            return backup;
        }
        let option = offer.options.iter().position(|option| option.is_proposed);
        let proposed = match offer.proposed {
            _ if option.is_some_and(|place| !has_failed(Choice::Option(place))) => {
                return option.map(Choice::Option).unwrap_or_default();
            }
            Proposal::Newest => Choice::Checkpoint(offer.newest),
            Proposal::Older(checkpoint) => Choice::Checkpoint(checkpoint),
            Proposal::SafeStart => return Choice::Nothing,
        };
        if !has_failed(proposed) {
            return proposed;
        }
        // The next older one, then a slot, then a backup, then anything else.
        let failed = offer.checkpoints.iter().position(|listed| {
            Choice::Checkpoint(listed.id) == self.chosen
                || Choice::Checkpoint(listed.id) == proposed
        });
        let choices = choices(offer, offers);
        let backups = choices.iter().filter(|choice| matches!(choice, Choice::Backup(_)));
        let slots = choices.iter().filter(|choice| matches!(choice, Choice::Slot(_)));
        let checkpoints = choices.iter().filter(|choice| matches!(choice, Choice::Checkpoint(_)));
        let older = checkpoints.clone().skip_while(|choice| {
            let place = offer.checkpoints.iter().position(|c| Choice::Checkpoint(c.id) == **choice);
            place <= failed
        });
        let options = choices.iter().filter(|choice| matches!(choice, Choice::Option(_)));
        let mut ways = older.chain(slots).chain(backups).chain(checkpoints).chain(options);
        ways.find(|choice| !has_failed(**choice)).copied().unwrap_or_default()
    }

    /// Shows that the choice could not be restored, and chooses the next best.
    pub(super) fn fail(&mut self, session: SessionId, failure: Failure, offers: &RecoveryOffers) {
        self.tried.push((session, self.chosen));
        self.failure = Some(failure);
        self.stage = Some(Stage::Asking);
        self.chosen = self.shown(offers).map(|offer| self.best(offer, offers)).unwrap_or_default();
        self.wants_focus = (self.chosen != Choice::Nothing).then_some(Does::Recover);
    }

    /// True if this session is being restored.
    pub(super) fn is_restoring(&self, session: SessionId) -> bool {
        let shown = self.offer.map(|(session, _)| session);
        let shown = shown.or(self.lost.as_ref().map(|lost| lost.session));
        matches!(self.stage, Some(Stage::Restoring { .. })) && shown == Some(session)
    }

    /// Opens the dialog, or goes on with it.
    pub(super) fn ask(&mut self) {
        self.stage.get_or_insert(Stage::Asking);
    }

    /// Closes the dialog, and forgets everything but what may be asked again.
    pub(super) fn close(&mut self) {
        *self = Self { declining: std::mem::take(&mut self.declining), ..Self::default() };
    }

    /// An offer wasn't declined after all, for this reason: it is asked about again.
    pub(super) fn ask_again(
        &mut self,
        offer: &RecoveryOffer,
        failure: Failure,
        offers: &RecoveryOffers,
    ) {
        if !self.announced.contains(&offer.session.id) {
            self.announced.push(offer.session.id);
        }
        if matches!(self.stage, Some(Stage::Restoring { .. })) {
            return;
        }
        self.turn_to(offer, offers);
        self.failure = Some(failure);
        self.ask();
    }
}

/// Identifies an offer.
pub(super) fn id(offer: &RecoveryOffer) -> OfferId {
    (offer.session.id, offer.newest)
}

/// Everything that can be chosen of an offer.
pub(super) fn choices(offer: &RecoveryOffer, offers: &RecoveryOffers) -> Vec<Choice> {
    let backups = offers.backups_for(offer).filter(|backup| backup.failure.is_none());
    let backups = backups.map(|backup| Choice::Backup(backup.number));
    let options = (0..offer.options.len()).map(Choice::Option);
    if offers.has_only_backups(offer) {
        return backups.chain(options).collect();
    }
    let checkpoints =
        offer.checkpoints.iter().filter(|listed| listed.validity != Validity::Damaged);
    let slots = offer.slots.iter().filter(|slot| slot.validity != Validity::Damaged);
    let checkpoints = checkpoints.map(|listed| Choice::Checkpoint(listed.id));
    let slots = slots.map(|slot| Choice::Slot(slot.id));
    checkpoints.chain(slots).chain(backups).chain(options).collect()
}

/// The source to restore from for a choice; `None` if it isn't a restore of a checkpoint or slot.
pub(super) fn restore_from(choice: Choice, offer: Option<&RecoveryOffer>) -> Option<RestoreFrom> {
    match choice {
        Choice::Nothing | Choice::Option(_) | Choice::Backup(_) => None,
        Choice::Slot(slot) => Some(RestoreFrom::Slot(slot)),
        Choice::Checkpoint(checkpoint) => {
            // Should the newest one turn out to be damaged, the one before it is good as well.
            Some(match offer {
                Some(offer) if offer.newest == checkpoint && !offer.forked => RestoreFrom::Latest,
                Some(offer) => offer.restore_at(checkpoint),
                None => RestoreFrom::Checkpoint(checkpoint),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bevy_session::checkpoints::RunId;

    use super::*;
    use bevy_session_journal::internal::deep::offers;

    const RUN: RunId = RunId(7);

    fn checkpoint(counter: u64) -> CheckpointId {
        CheckpointId { run: RUN, counter }
    }

    /// An offer of checkpoints 4 to 1, of which 3 is damaged, and of one slot.
    fn offer(proposed: Proposal) -> RecoveryOffer {
        let listed = |counter| {
            let mut listed = offers::offered(checkpoint(counter), Duration::from_secs(counter));
            if counter == 3 {
                listed.validity = Validity::Damaged;
            }
            listed
        };
        let mut offer = offers::offer([4, 3, 2, 1].map(listed).to_vec(), checkpoint(4));
        offer.proposed = proposed;
        offer.slots = vec![offers::slot(9, checkpoint(1))];
        offer
    }

    #[test]
    fn after_a_failure_an_older_checkpoint_then_a_slot_then_none_is_chosen() {
        let offer = offer(Proposal::Newest);
        let offers = RecoveryOffers::from_iter([offer.clone()]);
        let mut dialog = RecoveryDialog { announced: vec![offer.session.id], ..Default::default() };
        dialog.turn_to(&offer, &offers);
        let mut chosen = vec![dialog.chosen];
        while dialog.chosen != Choice::Nothing {
            dialog.fail(offer.session.id, Failure::Damaged, &offers);
            chosen.push(dialog.chosen);
        }
        let ways = [4, 2, 1].map(|counter| Choice::Checkpoint(checkpoint(counter)));
        assert_eq!(chosen[..3], ways, "the third one is damaged");
        assert_eq!(chosen[3..], [Choice::Slot(offer.slots[0].id), Choice::Nothing]);
    }

    #[test]
    fn the_proposal_that_leads_out_of_a_crash_loop_is_chosen() {
        let dialog = RecoveryDialog::default();
        let none = RecoveryOffers::default();
        let older = dialog.best(&offer(Proposal::Older(checkpoint(2))), &none);
        assert_eq!(older, Choice::Checkpoint(checkpoint(2)));
        assert_eq!(dialog.best(&offer(Proposal::SafeStart), &none), Choice::Nothing);
    }

    #[test]
    fn only_the_newest_checkpoint_of_a_session_without_forks_is_asked_for_as_such() {
        let mut offer = offer(Proposal::Newest);
        let from = |counter, offer: &RecoveryOffer| {
            restore_from(Choice::Checkpoint(checkpoint(counter)), Some(offer))
        };
        assert_eq!(from(4, &offer), Some(RestoreFrom::Latest));
        assert_eq!(from(2, &offer), Some(RestoreFrom::Checkpoint(checkpoint(2))));
        offer.forked = true;
        assert_eq!(from(4, &offer), Some(RestoreFrom::Checkpoint(checkpoint(4))));
    }
}
