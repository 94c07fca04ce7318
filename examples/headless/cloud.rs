//! `--cloud-folder`: the colony on several devices of a player. What is said of that.

use bevy::prelude::*;
use bevy_session::cloud::{CloudForked, CloudNotKept, CloudNotTaken};

use crate::report::{Line, Reporter};

pub fn plugin(app: &mut App) {
    app.add_observer(forked).add_observer(not_kept).add_observer(not_taken);
}

fn forked(forked: On<CloudForked>, reporter: Res<Reporter>) {
    reporter.say(&Line::Forked {
        session: forked.session.to_string(),
        common_play_s: forked.common.map(|time| time.as_secs_f64()),
        here_s: Some(forked.here.as_secs_f64()),
        there_s: Some(forked.there.as_secs_f64()),
    });
}

fn not_kept(not_kept: On<CloudNotKept>, reporter: Res<Reporter>) {
    let CloudNotKept { session, error, .. } = &*not_kept;
    let message = format!("Session {session} isn't in the cloud's folder: {error}.");
    reporter.error("not_in_cloud", message);
}

fn not_taken(not_taken: On<CloudNotTaken>, reporter: Res<Reporter>) {
    let CloudNotTaken { path, error, .. } = &*not_taken;
    let message = format!("{} isn't taken: {error}.", path.display());
    reporter.error("not_from_cloud", message);
}
