//! Keeps the players' answers about the use of their data. What the disk refuses is tried again with each heartbeat.

use tracing::{debug, warn};

use super::news::News;
use crate::disk::{ConsentFiles, Layout, LocalStore, StoreError, with_sources};
use crate::model::session::PlayerConsent;

/// The answers that aren't written yet.
#[derive(Default)]
pub(super) struct Consents {
    /// What each player has answered since, with the profile.
    waiting: Vec<(String, PlayerConsent)>,
    /// True if a failure was logged since something was written.
    is_refused: bool,
}

impl Consents {
    /// Takes the answers of a player of a profile.
    pub(super) fn keep(&mut self, profile: String, consent: PlayerConsent) {
        let mut waiting = self.waiting.iter_mut();
        match waiting.find(|(of, it)| *of == profile && it.player == consent.player) {
            Some((_, waiting)) => waiting.merge(consent),
            None => self.waiting.push((profile, consent)),
        }
    }

    /// Writes what isn't written yet, unless another process writes answers at this moment.
    pub(super) fn write(&mut self, local: &LocalStore) {
        self.write_by(local, |files, consent| files.write(consent));
    }

    /// Writes what isn't written yet, before the process ends.
    pub(super) fn write_last(&mut self, local: &LocalStore) {
        self.write_by(local, |files, consent| files.write_beside_others(consent));
    }

    fn write_by(
        &mut self,
        local: &LocalStore,
        write: impl Fn(&ConsentFiles<'_>, &PlayerConsent) -> Result<(), StoreError>,
    ) {
        let is_refused = &mut self.is_refused;
        self.waiting.retain(|(profile, consent)| {
            let layout = Layout { profile: profile.clone(), ..local.store.layout().clone() };
            match write(&ConsentFiles::of(&local.store.with_layout(layout)), consent) {
                Ok(()) => {
                    *is_refused = false;
                    return false;
                }
                Err(error) if std::mem::replace(is_refused, true) => {
                    debug!(error = %with_sources(&error), "a player's consent still can't be written");
                }
                Err(error) => {
                    warn!(error = %with_sources(&error), "a player's consent can't be written now; it is tried again");
                }
            }
            true
        });
    }

    /// Adds the answers of a profile that aren't written yet to those that were read.
    pub(super) fn add_unwritten(&self, profile: &str, read: &mut Vec<PlayerConsent>) {
        for (_, consent) in self.waiting.iter().filter(|(of, _)| of == profile) {
            match read.iter_mut().find(|it| it.player == consent.player) {
                Some(read) => read.merge(consent.clone()),
                None => read.push(consent.clone()),
            }
        }
    }

    /// Forgets the answers that were erased with their players.
    pub(super) fn note(&mut self, news: &[News]) {
        for report in news {
            let News::ConsentErased { profile, erased } = report else { continue };
            for (of, consent) in &mut self.waiting {
                if of == profile && erased.is_of(consent.player.as_deref()) {
                    consent.forget_until(erased.until);
                }
            }
            self.waiting.retain(|(_, consent)| !consent.answers.is_empty());
        }
    }
}
