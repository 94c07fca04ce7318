//! The names of objects: `sessions/<session>/<epoch>.claim` and `sessions/<session>/<epoch>-<position>.entry`, in hexadecimal.

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Epoch, Key, Position};
use object_store::path::Path;

const SESSIONS: &str = "sessions";
const CHECKS: &str = "checks";
const CLAIM: &str = "claim";
const ENTRY: &str = "entry";

/// The folder of a store's sessions.
pub(crate) fn sessions(prefix: &Path) -> Path {
    prefix.clone().join(SESSIONS)
}

/// The folder of a session's objects.
pub(crate) fn directory(prefix: &Path, session: SessionId) -> Path {
    sessions(prefix).join(session.to_string())
}

/// The path of an object.
pub(crate) fn path_of(prefix: &Path, key: Key) -> Path {
    directory(prefix, key.session()).join(name_of(key))
}

/// The folder of what a check writes, and of nothing else.
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

/// The object of a session at a path; `None` for a path that no build of this store gives.
pub(crate) fn key_of(prefix: &Path, session: SessionId, path: &Path) -> Option<Key> {
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let key = match path.filename()?.rsplit_once('.')? {
        (epoch, CLAIM) => Key::Claim { session, epoch: Epoch(number(epoch)?) },
        (place, ENTRY) => {
            let (epoch, position) = place.split_once('-')?;
            let (epoch, position) = (Epoch(number(epoch)?), Position(number(position)?));
            Key::Entry { session, epoch, position }
        }
        _ => return None,
    };
    (path_of(prefix, key) == *path).then_some(key)
}

/// The session of a folder; `None` for a folder that is no session's.
pub(crate) fn session_of(prefix: &Path, folder: &Path) -> Option<SessionId> {
    let session = folder.filename()?.parse().ok()?;
    (directory(prefix, session) == *folder).then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_that_this_store_gives_is_an_object() {
        let (prefix, session) = (Path::from("arena"), SessionId::random());
        let key = Key::Entry { session, epoch: Epoch(u64::MAX), position: Position(1) };
        let path = path_of(&prefix, key);
        assert_eq!(key_of(&prefix, session, &path), Some(key));
        assert_eq!(session_of(&prefix, &directory(&prefix, session)), Some(session));
        let text = path.to_string();
        for other in [
            text.replace("sessions/", "sessions/copy/"),
            text.replace("ffff", "FFFF"),
            text.replace(".entry", ".entry.bak"),
            text.replace("arena", "arenas"),
            format!("{}/copy/{}", directory(&prefix, session), path.filename().unwrap()),
        ] {
            assert_eq!(key_of(&prefix, session, &Path::from(&*other)), None, "{other}");
        }
        let folder = directory(&prefix, session).to_string();
        for other in [folder.to_uppercase(), folder.replace('-', ""), format!("x/{folder}")] {
            assert_eq!(session_of(&prefix, &Path::from(&*other)), None, "{other}");
        }
    }
}
