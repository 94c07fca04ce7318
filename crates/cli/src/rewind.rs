//! `rewind`: takes a session back to one of its checkpoints, so that its game goes on there.

use std::process::ExitCode;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::Upkeep;
use serde::Serialize;

use crate::checkpoint_name::CheckpointName;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::{Output, milliseconds, play_time};

/// The result, as JSON has it.
#[derive(Serialize)]
struct Rewound {
    session: SessionId,
    /// The checkpoint that was asked for.
    checkpoint: String,
    play_time_ms: u64,
    /// The copy of it that is the newest checkpoint now.
    newest: String,
    /// The end of the line before, which is that of a branch now.
    left: String,
}

/// Takes a session back to a checkpoint.
pub fn rewind(
    mut session: OpenSession,
    to: &CheckpointName,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let checkpoint = session.checkpoint(to)?;
    // Says which one can be read, if this one can't.
    session.plan(checkpoint)?;
    let OpenSession { profile, stored } = session;
    let (id, index) = (stored.id(), stored.index());
    let played = index.commit(checkpoint).map(|commit| commit.play_time).unwrap_or_default();
    let mut upkeep = Upkeep::of(profile.to_change()?);
    let (left, newest) = upkeep
        .rewind(id, checkpoint, clock::timestamp())
        .map_err(|source| Failure::Unmoved { session: id, source })?;
    if output.is_json() {
        output.object(&Rewound {
            session: id,
            checkpoint: checkpoint.to_string(),
            play_time_ms: milliseconds(played),
            newest: newest.to_string(),
            left: left.to_string(),
        })?;
    } else {
        let played = play_time(played);
        output.line(format_args!("{id} goes on at checkpoint {checkpoint}, {played} played"))?;
        if left != checkpoint {
            output.line(format_args!("what was newer is a branch now, which ends at {left}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
