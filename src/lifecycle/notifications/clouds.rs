//! The notifications about the folder of a file cloud.

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
        /// The bytes of its file there.
        bytes: u64,
    }

    /// A session that was left or paused wasn't put into the cloud's folder. The file that is there of it is older; the
    /// session itself is on this device, whole.
    CloudNotKept {
        /// The session.
        session: SessionId,
        /// The reason.
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
        /// The reason.
        error: CloudError,
    }

    /// A session was played here and on another device independently. Both sides are kept, and
    /// [`RecoveryOffers`](crate::RecoveryOffers) has an offer for each, with one session id. It is said at each start until the
    /// session is declined, which declines both sides; the side that is recovered plays on, and the other stays.
    CloudForked {
        /// The session.
        session: SessionId,
        /// The play time at which both parted; `None` if nothing in common is kept.
        common: Option<Duration>,
        /// Play time since on this device.
        here: Duration,
        /// Play time since on the other device.
        there: Duration,
    }
}
