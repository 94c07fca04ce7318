//! Whether crashed sessions are offered, recovered without asking, or let be.

#[cfg(feature = "reflect")]
use bevy::prelude::{Reflect, ReflectDefault};

/// What becomes of sessions that crashed. See
/// [`SessionSettings::recovery`](crate::SessionSettings::recovery).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug, Default))]
pub enum RecoveryPolicy {
    /// They are offered with [`RecoveryAvailable`](crate::RecoveryAvailable), and the game asks its
    /// player. After deaths soon after a restore, the offer
    /// [proposes](crate::RecoveryOffer::proposed) something older than the newest checkpoint.
    #[default]
    Ask,
    /// For servers. Once sessions were found, and the game has made no request by which it plays one,
    /// the one that was played last of those that crashed is recovered, however long ago that was. What
    /// is proposed after deaths soon after a restore is done: an older checkpoint, an older one still,
    /// then a new session of the same name. A way out of the game's own that is proposed is taken. A
    /// backup that [`RecoveryOffers::proposed_backup`](crate::RecoveryOffers::proposed_backup) names
    /// comes before a checkpoint. [`start_or_continue`](crate::SessionCommands::start_or_continue) does
    /// the same for the session that it names, with checkpoints and backups only.
    ///
    /// [`RecoveryOffers`](crate::RecoveryOffers) has the offers, without
    /// [`RecoveryAvailable`](crate::RecoveryAvailable). A game that says with
    /// [`offer_recovery_in`](crate::SessionHooksExt::offer_recovery_in) where it could ask is waited
    /// for. A session that may be played on another machine is left to the game.
    Automatic,
    /// They aren't offered, and a request to recover one is rejected with
    /// [`RequestError::RecoveryIsOff`](crate::RequestError::RecoveryIsOff). How the last process ended
    /// is still in [`PreviousRun`](crate::PreviousRun), and sessions that were left cleanly can be
    /// continued. The one that is played can go back all the same.
    Never,
}
