//! Looks for backups of the game's own after a crash.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bevy::prelude::*;
use tracing::{info, warn};

use super::{ExternalSaveDamaged, RuntimeParts};
use crate::external_saves::{ExternalCallError, ExternalSave, Question};
use crate::journal::SessionId;
use crate::lifecycle::notifications::notify;
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};
use crate::recovery::FoundSession;

/// How long the player waits for backups to be asked about a crash with them. Those that are found later
/// are added.
const OFFER_PATIENCE: Duration = Duration::from_secs(2);

/// A search for backups.
pub(super) struct Looking {
    since: Duration,
    step: Step,
}

enum Step {
    /// They are still to be listed.
    List,
    /// They are being listed.
    Listing,
    /// The next one of these is to be looked at, newest first.
    Validate(VecDeque<ExternalSave>),
    /// The first one of these is being looked at.
    Validating(VecDeque<ExternalSave>),
}

impl RuntimeParts {
    /// Sessions were found that crashed: begins to look for backups beside their checkpoints.
    pub(in crate::lifecycle) fn look_for_backups(
        &mut self,
        world: &mut World,
        found: &[FoundSession],
    ) {
        let failed = found.iter().filter(|found| found.failure.is_some());
        let unreadable: HashSet<SessionId> = failed.map(|found| found.session).collect();
        if unreadable.is_empty() && found.iter().all(|found| found.offers.is_empty()) {
            return;
        }
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        let has_types = self.types.has_any();
        let since = self.time.now().elapsed;
        let Some(external) = &mut self.external else { return };
        if policy == RecoveryPolicy::Never {
            return;
        }
        external.looking = Some(Looking { since, step: Step::List });
        external.unreadable = unreadable;
        world.get_resource_or_init::<RecoveryOffers>().backups.look_again(!has_types);
    }

    /// Whether more backups may be found yet.
    pub(in crate::lifecycle) fn is_looking_for_backups(&self) -> bool {
        self.external.as_ref().is_some_and(|external| external.looking.is_some())
    }

    /// Whether the player is asked only once more backups are found.
    pub(in crate::lifecycle) fn waits_for_backups(&self) -> bool {
        let looking = self.external.as_ref().and_then(|external| external.looking.as_ref());
        let now = self.time.now().elapsed;
        looking.is_some_and(|looking| now.saturating_sub(looking.since) < OFFER_PATIENCE)
    }

    /// Asks what comes next of the search, if the provider has answered what came before.
    pub(super) fn go_on_looking(&mut self, world: &mut World, patience: Duration) {
        let now = self.time.now().elapsed;
        let Some(external) = &mut self.external else { return };
        let Some(looking) = &mut external.looking else { return };
        if now.saturating_sub(looking.since) >= patience {
            warn!("not all backups of the game were looked at in time");
            return self.end_looking();
        }
        if !external.asker.is_free() {
            return;
        }
        let offers = world.get_resource_or_init::<RecoveryOffers>();
        match &mut looking.step {
            Step::List => {
                looking.step = Step::Listing;
                let mut players = players(world);
                // Whose those sessions are isn't known.
                players.extend((!external.unreadable.is_empty()).then_some(None));
                external.asker.ask(Question::List(players), now);
            }
            Step::Validate(_) if offers.backups.are_enough() => self.end_looking(),
            Step::Validate(saves) => match saves.front() {
                None => self.end_looking(),
                Some(save) => {
                    external.asker.ask(Question::Validate(save.clone()), now);
                    looking.step = Step::Validating(std::mem::take(saves));
                }
            },
            // The answer to that was given up, or never came.
            Step::Listing | Step::Validating(_) => self.end_looking(),
        }
    }

    /// The provider has listed its backups, newest first.
    pub(super) fn backups_listed(&mut self, world: &mut World, saves: Vec<ExternalSave>) {
        let is_listing = |looking: &&mut Looking| matches!(looking.step, Step::Listing);
        let looking = self.external.as_mut().and_then(|external| external.looking.as_mut());
        let Some(looking) = looking.filter(is_listing) else { return };
        let (valid, invalid): (Vec<_>, Vec<_>) = saves.into_iter().partition(is_valid);
        looking.step = Step::Validate(valid.into());
        for save in invalid {
            report_damage(world, save, "it is listed as damaged".to_owned());
        }
    }

    /// The provider has looked at a backup.
    pub(super) fn backup_validated(
        &mut self,
        world: &mut World,
        save: ExternalSave,
        result: Result<(), String>,
    ) {
        let now = self.time.now().wall;
        if self.next_to_validate().is_none() {
            return;
        }
        match result {
            Ok(()) => world.get_resource_or_init::<RecoveryOffers>().backups.put(save, now),
            Err(reason) => report_damage(world, save, reason),
        }
    }

    /// The provider could not look at a backup: it isn't offered.
    pub(super) fn backup_not_validated(&mut self, error: &ExternalCallError) {
        let _ = self.next_to_validate();
        if matches!(error, ExternalCallError::Silent(_)) {
            self.end_looking();
        }
    }

    /// The backup that was looked at was dealt with; `None` if none was.
    fn next_to_validate(&mut self) -> Option<ExternalSave> {
        let looking = self.external.as_mut()?.looking.as_mut()?;
        let Step::Validating(saves) = &mut looking.step else { return None };
        let mut saves = std::mem::take(saves);
        let done = saves.pop_front();
        looking.step = Step::Validate(saves);
        done
    }

    pub(super) fn end_looking(&mut self) {
        if let Some(external) = &mut self.external
            && external.looking.take().is_some()
        {
            info!("backups of the game's own were looked for");
        }
    }
}

fn is_valid(save: &ExternalSave) -> bool {
    save.is_valid
}

fn report_damage(world: &mut World, save: ExternalSave, reason: String) {
    warn!(slot = save.slot, reason, "a backup of the game's own is damaged");
    notify(world, ExternalSaveDamaged { save, reason });
}

/// The players whose sessions crashed.
fn players(world: &World) -> Vec<Option<String>> {
    let catalog = world.get_resource::<SessionCatalog>();
    let sessions = catalog.into_iter().flat_map(SessionCatalog::sessions);
    let crashed = sessions.filter(|entry| entry.has_crashed());
    let mut players: Vec<_> = crashed.map(|entry| entry.session.player.clone()).collect();
    players.sort_unstable();
    players.dedup();
    players
}
