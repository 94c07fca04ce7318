//! Looks for the game's own backups after a crash.

use std::collections::HashSet;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{FoundSession, RecoveryOffer, SessionId};
use tracing::{info, warn};

use super::ExternalSaveDamaged;
use super::search::{Looking, Step};
use crate::external_saves::{ExternalCallError, ExternalSave, Question};
use crate::lifecycle::notifications::notify;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};

/// The time to wait for backups before the player is asked about a crash. Backups found later are
/// added.
const OFFER_PATIENCE: Duration = Duration::from_secs(2);

/// Crashed sessions were found: begins to look for backups beside their checkpoints.
pub(in crate::lifecycle) fn look_for_backups(
    parts: &mut RuntimeParts,
    world: &mut World,
    found: &[FoundSession],
) {
    let failed = found.iter().filter(|found| found.failure.is_some());
    let unreadable: HashSet<SessionId> = failed.map(|found| found.session).collect();
    if unreadable.is_empty() && found.iter().all(|found| found.offers.is_empty()) {
        return;
    }
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    let has_types = parts.types.has_any();
    let since = parts.time.now().elapsed;
    let Some(external) = &mut parts.external else { return };
    if policy == RecoveryPolicy::Never {
        return;
    }
    external.looking = Some(Looking { since, step: Step::List });
    external.unreadable = unreadable;
    world.get_resource_or_init::<RecoveryOffers>().backups.look_again(!has_types);
}

/// Returns true if more backups may still be found.
pub(in crate::lifecycle) fn is_looking_for_backups(parts: &RuntimeParts) -> bool {
    parts.external.as_ref().is_some_and(|external| external.looking.is_some())
}

/// Returns true if the question to the player waits for backups.
pub(in crate::lifecycle) fn waits_for_backups(parts: &RuntimeParts) -> bool {
    let looking = parts.external.as_ref().and_then(|external| external.looking.as_ref());
    let now = parts.time.now().elapsed;
    looking.is_some_and(|looking| now.saturating_sub(looking.since) < OFFER_PATIENCE)
}

/// Asks the search's next question, if the provider has answered the previous one.
pub(in crate::lifecycle) fn go_on_looking(
    parts: &mut RuntimeParts,
    world: &mut World,
    patience: Duration,
) {
    let now = parts.time.now().elapsed;
    let Some(external) = &mut parts.external else { return };
    let Some(looking) = &mut external.looking else { return };
    if now.saturating_sub(looking.since) >= patience {
        warn!("the search for the game's backups took too long and was stopped");
        return end_looking(parts);
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
        Step::Validate(_) if offers.backups.are_enough() => end_looking(parts),
        Step::Validate(saves) => match saves.front() {
            None => end_looking(parts),
            Some(save) => {
                external.asker.ask(Question::Validate(save.clone()), now);
                looking.step = Step::Validating(std::mem::take(saves));
            }
        },
        // The answer to that was given up, or never came.
        Step::Listing | Step::Validating(_) => end_looking(parts),
    }
}

/// The provider has listed its backups, newest first.
pub(in crate::lifecycle) fn backups_listed(
    parts: &mut RuntimeParts,
    world: &mut World,
    saves: Vec<ExternalSave>,
) {
    let is_listing = |looking: &&mut Looking| matches!(looking.step, Step::Listing);
    let looking = parts.external.as_mut().and_then(|external| external.looking.as_mut());
    let Some(looking) = looking.filter(is_listing) else { return };
    let (valid, invalid): (Vec<_>, Vec<_>) = saves.into_iter().partition(is_valid);
    looking.step = Step::Validate(valid.into());
    for save in invalid {
        report_damage(world, save, "it is listed as damaged".to_owned());
    }
}

/// The provider has looked at a backup.
pub(in crate::lifecycle) fn backup_validated(
    parts: &mut RuntimeParts,
    world: &mut World,
    save: ExternalSave,
    result: Result<(), String>,
) {
    let now = parts.time.now().wall;
    if next_to_validate(parts).is_none() {
        return;
    }
    match result {
        Ok(()) => world.get_resource_or_init::<RecoveryOffers>().backups.put(save, now),
        Err(reason) => report_damage(world, save, reason),
    }
}

/// The provider could not examine a backup: it isn't offered.
pub(in crate::lifecycle) fn backup_not_validated(
    parts: &mut RuntimeParts,
    error: &ExternalCallError,
) {
    let _ = next_to_validate(parts);
    if matches!(error, ExternalCallError::Silent(_)) {
        end_looking(parts);
    }
}

/// Takes the backup that was examined; `None` if none was.
fn next_to_validate(parts: &mut RuntimeParts) -> Option<ExternalSave> {
    let looking = parts.external.as_mut()?.looking.as_mut()?;
    let Step::Validating(saves) = &mut looking.step else { return None };
    let mut saves = std::mem::take(saves);
    let done = saves.pop_front();
    looking.step = Step::Validate(saves);
    done
}

pub(in crate::lifecycle) fn end_looking(parts: &mut RuntimeParts) {
    if let Some(external) = &mut parts.external
        && external.looking.take().is_some()
    {
        info!("the search for the game's backups is done");
    }
}

fn is_valid(save: &ExternalSave) -> bool {
    save.is_valid
}

fn report_damage(world: &mut World, save: ExternalSave, reason: String) {
    warn!(slot = save.slot, reason, "a backup of the game is damaged");
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

/// The backup that is loaded without asking, instead of a session's checkpoint.
pub(in crate::lifecycle) fn better_backup(
    parts: &RuntimeParts,
    world: &World,
    session: SessionId,
) -> Option<String> {
    let offers = world.get_resource::<RecoveryOffers>()?;
    let offer = offers.of(session).next().or_else(|| parts.start_up.unasked_offer(session))?;
    Some(offers.backups.better_than(offer)?.save.slot.clone())
}

/// Notes the game's own saves that crashed sessions have recorded.
pub(in crate::lifecycle) fn note_backups_of(offers: &mut RecoveryOffers, offer: &RecoveryOffer) {
    offers.backups.acknowledge(offer);
}
