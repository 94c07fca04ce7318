//! The pictures of checkpoints, within the page.

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::{CheckpointId, Timeline};
use serde_json::{Map, Value as Json};

use super::base64::base64;
use crate::place::Profile;

/// Pictures of checkpoints, the newest first, by the names of these; and how many have no room among so many bytes.
pub fn pictures(
    profile: &Profile,
    stored: &StoredSession,
    timeline: &Timeline,
    room: usize,
) -> (Json, usize) {
    let (mut pictures, mut left_out, mut taken) = (Map::new(), 0, 0);
    let mut named: Vec<(CheckpointId, &str)> = timeline
        .checkpoints
        .iter()
        .filter_map(|it| Some((it.id, it.picture.as_deref()?)))
        .collect();
    named.sort_by_key(|(id, _)| std::cmp::Reverse(id.counter));
    for (checkpoint, name) in named {
        let Some(picture) = stored.attachment(profile.disk(), checkpoint, name) else { continue };
        // A browser isn't asked to interpret anything else.
        let Some(kind) = kind_of(&picture.bytes) else { continue };
        if taken + picture.bytes.len() > room {
            left_out += 1;
            continue;
        }
        taken += picture.bytes.len();
        let url = format!("data:{kind};base64,{}", base64(&picture.bytes));
        pictures.insert(checkpoint.to_string(), Json::String(url));
    }
    (Json::Object(pictures), left_out)
}

/// The media type of a picture, by its first bytes.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
