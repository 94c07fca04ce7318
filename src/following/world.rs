//! Puts what was read of a followed session into the world.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_session_journal::internal::disk::{ArchivesDisk, Layout, RealDisk};
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::replica::{ReplicaOwner, Tail};
use bevy_session_journal::{FailureCause, RestoreFrom, SessionId, SessionStatus};
use tracing::{error, info, warn};

use super::reader::{Applied, NewCheckpoint, News, Reader, Stall};
use super::reading::Reading;
use super::wanted::Interest;
use super::{
    Followed, FollowedLeft, FollowedSession, FollowerPlace, FollowerStalled, Place, Progress,
    SessionFollower,
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
        let Some(follower) = world.get_resource::<SessionFollower>() else {
            world.remove_resource::<FollowedSession>();
            return;
        };
        let session = follower.session;
        if let Some(reading) = begin(parts, world) {
            tell(parts, world, session, reading);
        }
        take_over(world);
    });
}

/// Begins to read, unless that has begun. Nothing is read by one that is over, or can't begin.
fn begin(parts: &RuntimeParts, world: &mut World) -> Option<Reading> {
    let mut follower = world.get_resource_mut::<SessionFollower>()?;
    match std::mem::replace(&mut follower.progress, Progress::Tells) {
        Progress::Reads(reading) => return Some(reading),
        Progress::Over => {
            follower.progress = Progress::Over;
            return None;
        }
        Progress::New | Progress::Tells => {}
    }
    let place = world.get_resource::<FollowerPlace>().cloned()?;
    let follower = world.get_resource::<SessionFollower>()?;
    let session = follower.session;
    match follower.read(parts, &place) {
        Ok(reading) => Some(reading),
        Err(error) => {
            error!(%session, %error, "the session can't be followed");
            world.remove_resource::<SessionFollower>();
            notify(world, FollowerStalled { session, error, is_over: true });
            None
        }
    }
}

/// Puts what has come into the world, as long as the follower is there: an observer may remove it, or put another one there.
fn tell(parts: &mut RuntimeParts, world: &mut World, session: SessionId, mut reading: Reading) {
    let mut is_over = false;
    for news in reading.news() {
        if told_by(world).is_none() || is_over {
            break;
        }
        is_over = matches!(&news, News::Stalled(Stall { is_over: true, .. }));
        match news {
            News::Checkpoint(checkpoint) => {
                reading.applied(put_into_world(parts, world, *checkpoint));
            }
            News::Status(status) => note_status(world, session, status),
            News::Stalled(Stall { error, is_over }) => {
                warn!(%session, %error, "the session can't be followed now");
                notify(world, FollowerStalled { session, error, is_over });
            }
        }
    }
    if let Some(mut follower) = told_by(world) {
        follower.progress = if is_over { Progress::Over } else { Progress::Reads(reading) };
    }
}

/// The follower whose news are being told, if it is still there.
fn told_by(world: &mut World) -> Option<Mut<'_, SessionFollower>> {
    let follower = world.get_resource_mut::<SessionFollower>()?;
    matches!(follower.progress, Progress::Tells).then_some(follower)
}

fn note_status(world: &mut World, session: SessionId, status: Option<SessionStatus>) {
    if let Some(mut followed) = world.get_resource_mut::<FollowedSession>() {
        followed.left = status;
    }
    if let Some(status) = status {
        notify(world, FollowedLeft { session, status });
    }
}

/// Asks for the session, once, where its owner has been silent for its lease.
fn take_over(world: &mut World) {
    let Some(follower) = world.get_resource::<SessionFollower>() else { return };
    if !follower.takes_over {
        return;
    }
    let (session, has_asked) = (follower.session, follower.has_asked);
    let known = world.get_resource::<ReplicaSessions>();
    let owner = known.and_then(|known| known.get(session)).map(|it| &it.owner);
    let is_silent = matches!(owner, Some(ReplicaOwner::Silent(_)));
    if let Some(mut follower) = world.get_resource_mut::<SessionFollower>() {
        follower.has_asked = is_silent;
    }
    if is_silent && !has_asked {
        info!(%session, "the session's owner is silent: this machine takes the session over");
        world.commands().session().recover(session, RestoreFrom::Latest);
        world.flush();
    }
}

impl SessionFollower {
    fn read(&self, parts: &RuntimeParts, place: &FollowerPlace) -> Result<Reading, FailureCause> {
        let interest = Interest::default();
        let tail = self.tail(parts, place, &interest);
        let tail = tail.ok_or_else(|| FailureCause::new("the plugin has no replica"))?;
        let reader = Reader::new(tail, WorldContent(Arc::clone(&parts.types)));
        if place.is_driven {
            return Ok(Reading::driven(reader, interest));
        }
        Reading::on_thread(reader, self.interval, interest).map_err(FailureCause::new)
    }

    fn tail(
        &self,
        parts: &RuntimeParts,
        place: &FollowerPlace,
        interest: &Interest,
    ) -> Option<Tail> {
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
        let store = Arc::new(interest.in_store(store));
        Some(Tail::of_replica(store, self.session, layout, game))
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
    Applied { living: replaced.seeds, absent: replaced.absent, remains: replaced.remains }
}
