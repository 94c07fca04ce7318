//! What objects are called: `sessions/<session>/<epoch>.claim` and `sessions/<session>/<epoch>-<position>.entry`, in hexadecimal.

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Epoch, Key, Position};
use object_store::path::Path;

const SESSIONS: &str = "sessions";
const CHECKS: &str = "checks";
const CLAIM: &str = "claim";
const ENTRY: &str = "entry";

/// Where the sessions of a store are.
pub(crate) fn sessions(prefix: &Path) -> Path {
    prefix.clone().join(SESSIONS)
}

/// Where a session's objects are.
pub(crate) fn directory(prefix: &Path, session: SessionId) -> Path {
    sessions(prefix).join(session.to_string())
}

/// Where an object is.
pub(crate) fn path_of(prefix: &Path, key: Key) -> Path {
    directory(prefix, key.session()).join(name_of(key))
}

/// Where what a check writes is, and nothing else.
pub(crate) fn checks(prefix: &Path) -> Path {
    prefix.clone().join(CHECKS)
}

fn name_of(key: Key) -> String {
    match key {
        Key::Claim { epoch, .. } => format!("{:016x}.{CLAIM}", epoch.0),
        Key::Entry { epoch, position, .. } => {
            format!("{:016x}-{:016x}.{ENTRY}", epoch.0, position.0)
        }
    }
}

/// Which object a name is of; `None` for one that no build of this store gives.
pub(crate) fn key_of(session: SessionId, name: &str) -> Option<Key> {
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let key = match name.rsplit_once('.')? {
        (epoch, CLAIM) => Key::Claim { session, epoch: Epoch(number(epoch)?) },
        (place, ENTRY) => {
            let (epoch, position) = place.split_once('-')?;
            let (epoch, position) = (Epoch(number(epoch)?), Position(number(position)?));
            Key::Entry { session, epoch, position }
        }
        _ => return None,
    };
    (name_of(key) == name).then_some(key)
}
