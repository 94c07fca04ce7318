//! The paths of objects: `sessions/<session>/<name>`, with the [name](Key::name) of the object's key.

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::Key;
use object_store::path::Path;
use url::Url;

const SESSIONS: &str = "sessions";
const CHECKS: &str = "checks";
const SHARES: &str = "shares";

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
    directory(prefix, key.session()).join(key.name())
}

/// The folder of what a check writes, and of nothing else.
pub(crate) fn checks(prefix: &Path) -> Path {
    prefix.clone().join(CHECKS)
}

/// The folder of the documents by which a session is shared.
pub(crate) fn shares(prefix: &Path, session: SessionId) -> Path {
    prefix.clone().join(SHARES).join(session.to_string())
}

/// The path of a share's document, `shares/<session>/<name>`: no object of the session.
pub(crate) fn share(prefix: &Path, session: SessionId, name: &str) -> Path {
    shares(prefix, session).join(name)
}

/// The session and the name of a share's document at an address; `None` for any other address.
pub(crate) fn share_at(address: &Url) -> Option<(SessionId, String)> {
    let mut parts = address.path_segments()?.rev();
    let (name, session, shares) = (parts.next()?, parts.next()?, parts.next()?);
    let is_name = name.parse::<SessionId>().is_ok_and(|id| id.to_string() == name);
    let session = session.parse().ok().filter(|_| is_name && shares == SHARES)?;
    Some((session, name.to_owned()))
}

/// The object of a session at a path; `None` for a path that no build of this store gives.
pub(crate) fn key_of(prefix: &Path, session: SessionId, path: &Path) -> Option<Key> {
    let key = Key::of_name(session, path.filename()?)?;
    (path_of(prefix, key) == *path).then_some(key)
}

/// The session of a folder; `None` for a folder that is no session's.
pub(crate) fn session_of(prefix: &Path, folder: &Path) -> Option<SessionId> {
    let session = folder.filename()?.parse().ok()?;
    (directory(prefix, session) == *folder).then_some(session)
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::replica::{Epoch, Position};

    use super::*;

    #[test]
    fn only_paths_of_this_store_are_parsed_as_objects() {
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
