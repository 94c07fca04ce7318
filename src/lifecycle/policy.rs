//! The policy for crashed sessions: offered, recovered without asking, or ignored.

#[cfg(feature = "reflect")]
use bevy::prelude::{Reflect, ReflectDefault};

/// The policy for crashed sessions. See
/// [`SessionSettings::recovery`](crate::SessionSettings::recovery).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug, Default))]
pub enum RecoveryPolicy {
    /// They are offered with [`RecoveryAvailable`](crate::RecoveryAvailable), and the game asks its
    /// player. If the game died soon after a restore, the offer
    /// [proposes](crate::RecoveryOffer::proposed) something older than the newest checkpoint.
    #[default]
    Ask,
    /// For servers. Once sessions were found, and if the game has made no request to play one, the
    /// crashed session that was played last is recovered, however long ago that was. One that was asked to exit and was
    /// too slow to save, or that another machine may play, is left to the game. If the game
    /// died soon after a restore, the proposal is followed: an older checkpoint, an older one
    /// still, then a new session of the same name. If an option that the game added is proposed, it
    /// is taken. A backup that
    /// [`RecoveryOffers::proposed_backup`](crate::RecoveryOffers::proposed_backup) names comes
    /// before a checkpoint. [`start_or_continue`](crate::SessionCommands::start_or_continue) does
    /// the same for the session that it names, with checkpoints and backups only.
    ///
    /// [`RecoveryOffers`](crate::RecoveryOffers) has the offers;
    /// [`RecoveryAvailable`](crate::RecoveryAvailable) isn't sent. If the game uses
    /// [`offer_recovery_in`](crate::SessionHooksExt::offer_recovery_in), recovery waits for that
    /// state. A session that may be played on another machine is left to the game.
    Automatic,
    /// They aren't offered, and a request to recover one is rejected with
    /// [`RequestError::RecoveryIsOff`](crate::RequestError::RecoveryIsOff).
    /// [`PreviousRun`](crate::PreviousRun) still says how the last process ended, and sessions that
    /// were left cleanly can be continued. The played session can still be rewound.
    Never,
}
