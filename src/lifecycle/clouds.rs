//! What becomes of sessions in the folder of a file cloud. The writer does it; here the game is told.

use bevy::prelude::*;
use bevy_session_journal::internal::write::{CloudFork, CloudNews};

use super::notifications::{
    CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken, notify,
};

/// Tells the game what came of a file.
pub(super) fn heard_of_cloud(world: &mut World, news: CloudNews) {
    match news {
        CloudNews::Kept { session, bytes } => notify(world, CloudKept { session, bytes }),
        CloudNews::NotKept { session, error } => notify(world, CloudNotKept { session, error }),
        CloudNews::Taken { session } => notify(world, CloudTaken { session }),
        CloudNews::NotTaken { path, error } => notify(world, CloudNotTaken { path, error }),
        CloudNews::Forked(CloudFork { session, common, here, there }) => {
            notify(world, CloudForked { session, common, here, there });
        }
    }
}
