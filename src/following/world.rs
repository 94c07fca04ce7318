//! Puts what was read of a followed session into the world.

use std::error::Error;
use std::sync::Arc;

use bevy::prelude::*;
use bevy_session_journal::internal::disk::{ArchivesDisk, Layout, RealDisk};
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::replica::{ReplicaOwner, Tail};
use bevy_session_journal::{FailureCause, RestoreFrom};
use tracing::{error, info, warn};

use super::reader::{Applied, NewCheckpoint, News, Reader};
use super::reading::Reading;
use super::{
    Followed, FollowedLeft, FollowedSession, FollowerPlace, FollowerStalled, Place, SessionFollower,
};
use crate::capture::set_clock;
use crate::content::WorldContent;
use crate::lifecycle::{
    ReplicaSessions, Runtime, RuntimeParts, SessionCommandsExt, notify, notify_entities,
};
use crate::restore::{Leftovers, RestoreManner};

/// Puts the newest checkpoint of the followed session into the world, if another one has come.
pub(crate) fn follow(world: &mut World) {
    Runtime::with(world, |parts, world| {
        if parts.playing.is_some() {
            // A process plays, or follows.
            world.remove_resource::<SessionFollower>();
            world.remove_resource::<FollowedSession>();
            return;
        }
        if parts.transition.is_some() {
            return;
        }
        let Some(mut follower) = world.remove_resource::<SessionFollower>() else {
            world.remove_resource::<FollowedSession>();
            return;
        };
        if !follower.begin(parts, world) {
            return;
        }
        let news = follower.reading.as_mut().map(Reading::news).unwrap_or_default();
        for news in news {
            follower.take_in(parts, world, news);
        }
        follower.take_over(world);
        // An observer may have put another one there.
        if !world.contains_resource::<SessionFollower>() {
            world.insert_resource(follower);
        }
    });
}

impl SessionFollower {
    /// Begins to read, unless that has begun; whether it has.
    fn begin(&mut self, parts: &RuntimeParts, world: &mut World) -> bool {
        if self.reading.is_some() {
            return true;
        }
        let session = self.session;
        let Some(place) = world.get_resource::<FollowerPlace>().cloned() else { return false };
        let Some(tail) = self.tail(parts, &place) else {
            error!(%session, "the session can't be followed, since the plugin has no replica");
            let error = FailureCause::new("the plugin has no replica");
            notify(world, FollowerStalled { session, error });
            return false;
        };
        let reader = Reader::new(tail, WorldContent(Arc::clone(&parts.types)));
        if place.is_driven {
            self.reading = Some(Reading::driven(reader));
            return true;
        }
        match Reading::on_thread(reader, self.interval) {
            Ok(reading) => self.reading = Some(reading),
            Err(error) => {
                error!(%session, %error, "the thread that follows the session can't be started");
                notify(world, FollowerStalled { session, error: FailureCause::new(error) });
            }
        }
        self.reading.is_some()
    }

    fn tail(&self, parts: &RuntimeParts, place: &FollowerPlace) -> Option<Tail> {
        let FollowerPlace { game, layout, .. } = place.clone();
        let store = match &self.place {
            Place::Replica => parts.replica.as_ref()?.settings.store(),
            Place::Store(store) => Arc::clone(store),
            Place::Directory(directory) => {
                let (data, state) = (directory.join("data"), directory.join("state"));
                let layout = Layout { data, state, ..layout };
                let disk = Arc::new(ArchivesDisk::new(Arc::new(RealDisk)));
                return Some(Tail::of_directory(disk, self.session, layout, game));
            }
        };
        Some(Tail::of_replica(store, self.session, layout, game))
    }

    fn take_in(&mut self, parts: &mut RuntimeParts, world: &mut World, news: News) {
        let session = self.session;
        match news {
            News::Checkpoint(checkpoint) => {
                self.is_stalled = false;
                let applied = put_into_world(parts, world, *checkpoint);
                if let Some(reading) = &mut self.reading {
                    reading.applied(applied);
                }
            }
            News::Status(status) => {
                if let Some(mut followed) = world.get_resource_mut::<FollowedSession>() {
                    followed.left = status;
                }
                if let Some(status) = status {
                    notify(world, FollowedLeft { session, status });
                }
            }
            News::Stalled(error) => {
                if std::mem::replace(&mut self.is_stalled, true) {
                    return;
                }
                // With its causes: what was shared and has ended is one.
                let causes: &dyn Error = &error;
                warn!(%session, error = causes, "the session can't be followed now");
                notify(world, FollowerStalled { session, error: FailureCause::new(error) });
            }
        }
    }

    /// Asks for the session, once, where its owner has been silent for its lease.
    fn take_over(&mut self, world: &mut World) {
        if !self.takes_over {
            return;
        }
        let known = world.get_resource::<ReplicaSessions>();
        let owner = known.and_then(|known| known.get(self.session)).map(|it| &it.owner);
        let is_silent = matches!(owner, Some(ReplicaOwner::Silent(_)));
        if is_silent && !self.has_asked {
            info!(session = %self.session, "the session's owner is silent: this machine takes the session over");
            world.commands().session().recover(self.session, RestoreFrom::Latest);
            world.flush();
        }
        self.has_asked = is_silent;
    }
}

fn put_into_world(
    parts: &RuntimeParts,
    world: &mut World,
    NewCheckpoint { prepared, taken }: NewCheckpoint,
) -> Applied {
    let (mut image, prepared) = prepared.split();
    let leftovers = Leftovers::note(world, parts.hooks.clear_on_session_restore.clone());
    image.insert_resources(world);
    if let Err(error) = image.set_states(world, None) {
        error!(%error, "the saved states can't be entered");
    }
    let mut replaced = match image.manner(RestoreManner::InPlace) {
        RestoreManner::Respawn => image.replace_entities(world, &leftovers),
        RestoreManner::InPlace => {
            image.write_in_place(world, &leftovers, &parts.hooks.drop_on_rewind, None)
        }
    };
    let clock_before = world.get_resource::<Time>().map(Time::elapsed).unwrap_or_default();
    set_clock(prepared.clock, world);
    Leftovers::keep_delays(world, clock_before);
    let (session, checkpoint) = (prepared.metadata.id, prepared.checkpoint);
    let left = world.get_resource::<FollowedSession>().and_then(|followed| followed.left);
    let play_time = prepared.play_time;
    world.insert_resource(FollowedSession { session, checkpoint, play_time, left });
    let lag = clock::between(taken, parts.time.now().wall);
    notify_entities(world, std::mem::take(&mut replaced.changed));
    notify(world, Followed { session, checkpoint, lag, report: replaced.report });
    Applied { living: replaced.seeds, remains: replaced.remains }
}
