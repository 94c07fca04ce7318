//! The answer to an offer that follows its proposal.

use bevy::prelude::*;
use bevy_session_journal::Ticket;
use tracing::warn;

use super::SessionCommandsExt;
use crate::lifecycle::catalog::RecoveryOffers;
use crate::lifecycle::{SessionHint, give_hint};

impl RecoveryOffers {
    /// Answers the newest offer with what a dialog should preselect, and returns the ticket of that request; `None` if there
    /// is no offer, of which a [hint](crate::hints::SessionHint::NothingToAccept) in the log tells once.
    ///
    /// This is the game's own [backup](Self::proposed_backup) if that is proposed, otherwise a proposed
    /// [recovery option](crate::SessionHooksExt::recovery_option), otherwise the
    /// [proposed](crate::RecoveryOffer::proposed) checkpoint. If a new session is proposed, since the game died three times in
    /// a row soon after a restore, the offer is [declined](crate::SessionCommands::decline): the session stays listed, and the
    /// player begins a new game from the menu.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// /// The button "Continue" of a dialog that is shown while `recovery_is_pending`.
    /// fn go_on(offers: Res<RecoveryOffers>, mut commands: Commands) {
    ///     offers.accept(&mut commands);
    /// }
    /// # bevy::ecs::system::assert_is_system(go_on);
    /// ```
    pub fn accept(&self, commands: &mut Commands) -> Option<Ticket> {
        let Some(offer) = self.offers().first() else {
            commands.queue(|world: &mut World| give_hint(world, SessionHint::NothingToAccept));
            return None;
        };
        let session = offer.session.id;
        let mut requests = commands.session();
        if let Some(backup) = self.proposed_backup(offer) {
            return Some(requests.external().recover(session, &backup.save.slot));
        }
        if let Some(option) = offer.options.iter().find(|option| option.is_proposed) {
            return Some(requests.external().take_option(offer, &option.id));
        }
        if let Some(from) = offer.restore_from() {
            return Some(requests.recover(session, from));
        }
        let deaths = offer.deaths().len();
        let page = "docs/guide/recovery.md#a-game-that-dies-again-and-again";
        warn!(%session, deaths, page, "the game died again and again after a restore, so accepting the offer declines the session");
        Some(requests.decline(offer))
    }
}
