//! Notifies the game of the folder of a file cloud, which the writer reads and writes.

use bevy::prelude::*;
use bevy_session_journal::{CloudFork, CloudNews};

use super::notifications::{
    CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken, notify,
};

/// Notifies the game of the outcome of a file.
pub(super) fn heard_of_cloud(world: &mut World, news: CloudNews) {
    match news {
        CloudNews::Kept { session, bytes } => notify(world, CloudKept { session, bytes }),
        CloudNews::NotKept { session, error } => notify(world, CloudNotKept { session, error }),
        CloudNews::Taken { session } => notify(world, CloudTaken { session }),
        CloudNews::NotTaken { path, error } => notify(world, CloudNotTaken { path, error }),
        CloudNews::Forked(CloudFork { session, common, here, there, .. }) => {
            notify(world, CloudForked { session, common, here, there });
        }
        _ => {}
    }
}
