//! What the game is notified of about the folder of a file cloud.

use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{CloudError, SessionId};

use super::notifications;

notifications! {
    /// A session was put into the cloud's folder, whole and durable: it was left cleanly, or paused.
    CloudKept {
        /// The session.
        session: SessionId,
        /// What it takes there.
        bytes: u64,
    }

    /// A session that was left or paused wasn't put into the cloud's folder. What is there of it is older, and everything
    /// is on this device.
    CloudNotKept {
        /// The session.
        session: SessionId,
        /// Why.
        error: CloudError,
    }

    /// Another device has gone on with a session, and its newest moment was brought here before the sessions were looked at.
    CloudTaken {
        /// The session.
        session: SessionId,
    }

    /// A file of the cloud's folder wasn't brought here. It is left as it is, and looked at again at the next start.
    CloudNotTaken {
        /// The file, or the folder where that can't be read.
        path: PathBuf,
        /// Why.
        error: CloudError,
    }

    /// A session has gone on here and on another device, apart from each other. Both are kept, and
    /// [`RecoveryOffer::fork`](crate::RecoveryOffer) offers both. It is said at each start until the player has declined one.
    CloudForked {
        /// The session.
        session: SessionId,
        /// The play time at which both parted; `None` if nothing in common is kept.
        common: Option<Duration>,
        /// What was played here since.
        here: Duration,
        /// What was played on the other device since.
        there: Duration,
    }
}
