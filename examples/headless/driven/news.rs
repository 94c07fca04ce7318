//! Events of the plugin, as far as commands wait for them.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session::chapters::{ChapterBegun, ChapterEnded, ChapterId};
use bevy_session::checkpoints::{CheckpointError, SavingStopped};
use bevy_session::digests::SessionsDigested;
use bevy_session::events::{EventPage, EventsRead};
use bevy_session::library::{
    AuditEntry, AuditRead, CleanupFinished, CleanupOutcome, ErasureReceipt, PlayerErased,
    PlayerExported, ScenarioSaved, SessionDrafted, SessionMoved, SessionUpdated,
};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreCancelled;
use bevy_session::replica::{ReplicaListed, ReplicaLost, SessionReleased};
use bevy_session::reports::ReportWritten;
use bevy_session::slots::SlotFailed;
use bevy_session::{
    CheckpointCaptured, CheckpointId, RecoveryFailed, RequestDone, SessionId, SessionPaused,
    SessionResumed,
};
use bevy_session_play::{LessonsLearnt, NoteChange, NoteId, NoteRejected, NoteStep};

use super::{Driver, hear};
use crate::digest::Digest;

/// Something that happened while a command was under way.
#[derive(Clone, Debug)]
pub enum News {
    Captured(Moment),
    /// This checkpoint is durable.
    Saved(CheckpointId),
    /// This checkpoint is not durable, and neither are those before it that weren't yet.
    NotSaved {
        checkpoint: CheckpointId,
        why: String,
    },
    /// The slot that was made of this checkpoint is durable.
    SlotSaved {
        checkpoint: CheckpointId,
    },
    SlotNotSaved(String),
    /// This was put back.
    Restored(Return),
    NotRestored(String),
    /// This chapter has begun or ended, and the checkpoint that says so comes next.
    Chapter(ChapterId),
    /// This session is in the trash or the archive now, or is back.
    Moved(SessionId),
    /// The metadata of this session is changed.
    Updated(SessionId),
    /// This session is planned.
    Drafted(SessionId),
    /// A scenario is in its file, and its world of so many bytes beside it.
    ScenarioSaved {
        bytes: u64,
    },
    /// Everything that is kept of a player is in a file of so many bytes.
    PlayerExported {
        bytes: u64,
    },
    /// This player was erased.
    PlayerErased {
        player: String,
        receipt: ErasureReceipt,
    },
    /// The newest entries of the audit log, and the number of all.
    AuditRead {
        entries: Vec<AuditEntry>,
        total: usize,
    },
    /// Sessions were cleaned up, as this request asked for.
    CleanedUp(Option<Ticket>, CleanupOutcome),
    /// This request is done.
    Finished(Ticket),
    Paused,
    Resumed,
    Closed {
        complete: bool,
    },
    /// The session was left, and is free for another machine. Whether all of it is there.
    Released {
        complete: bool,
    },
    /// The sessions of the replica are listed.
    ReplicaListed,
    ReplicaLost(String),
    /// A page of events, or why there is none.
    EventsRead(Result<EventPage, String>),
    /// The insights of all sessions are up to date.
    Digested,
    /// The lessons of all sessions are up to date.
    LessonsLearnt,
    /// A report is in this file.
    ReportWritten {
        path: PathBuf,
        bytes: u64,
    },
    /// Somebody wrote a note, and the checkpoint that has it comes next.
    Noted(NoteId),
    Rejected(String),
    SavingStopped,
    WriterGone,
}

/// A restore that is done.
#[derive(Clone, Debug)]
pub struct Return {
    pub moment: Moment,
    /// The end of what was left.
    pub left: Option<CheckpointId>,
    pub in_place: bool,
    /// Entities that stayed and were written onto.
    pub written: u64,
    pub spawned: u64,
    pub despawned: u64,
}

/// A checkpoint, and the colony in it.
#[derive(Clone, Debug)]
pub struct Moment {
    pub checkpoint: CheckpointId,
    pub hash: String,
}

/// Reports what becomes of notes.
fn notes(app: &mut App) {
    app.add_observer(|change: On<NoteChange>, mut commands: Commands| {
        if let NoteStep::Written { .. } = change.step {
            report(&mut commands, News::Noted(change.note));
        }
    })
    .add_observer(|rejected: On<NoteRejected>, mut commands: Commands| {
        report(&mut commands, News::Rejected(rejected.reason.to_string()));
    });
}

/// Reports what becomes of sessions in the replica.
fn replica(app: &mut App) {
    app.add_observer(|released: On<SessionReleased>, mut commands: Commands| {
        report(&mut commands, News::Released { complete: released.complete });
    })
    .add_observer(|lost: On<ReplicaLost>, mut commands: Commands| {
        report(&mut commands, News::ReplicaLost(lost.error.to_string()));
    })
    .add_observer(|_: On<ReplicaListed>, mut commands: Commands| {
        report(&mut commands, News::ReplicaListed);
    });
}

/// Reports what becomes of other sessions.
fn sessions(app: &mut App) {
    app.add_observer(|moved: On<SessionMoved>, mut commands: Commands| {
        report(&mut commands, News::Moved(moved.session));
    })
    .add_observer(|updated: On<SessionUpdated>, mut commands: Commands| {
        report(&mut commands, News::Updated(updated.session));
    })
    .add_observer(|drafted: On<SessionDrafted>, mut commands: Commands| {
        report(&mut commands, News::Drafted(drafted.session));
    })
    .add_observer(|exported: On<PlayerExported>, mut commands: Commands| {
        report(&mut commands, News::PlayerExported { bytes: exported.bytes });
    })
    .add_observer(|erased: On<PlayerErased>, mut commands: Commands| {
        let (player, receipt) = (erased.player.clone(), erased.receipt.clone());
        report(&mut commands, News::PlayerErased { player, receipt });
    })
    .add_observer(|read: On<AuditRead>, mut commands: Commands| {
        let (entries, total) = (read.entries.clone(), read.total);
        report(&mut commands, News::AuditRead { entries, total });
    })
    .add_observer(|finished: On<CleanupFinished>, mut commands: Commands| {
        report(&mut commands, News::CleanedUp(finished.ticket, finished.outcome.clone()));
    });
}

pub fn plugin(app: &mut App) {
    app.add_plugins((notes, sessions, replica))
        .add_observer(|_: On<LessonsLearnt>, mut commands: Commands| {
            report(&mut commands, News::LessonsLearnt);
        })
        .add_observer(captured)
        .add_observer(not_saved)
        .add_observer(restored)
        .add_observer(|saved: On<CheckpointSaved>, mut commands: Commands| {
            report(&mut commands, News::Saved(saved.checkpoint));
        })
        .add_observer(|saved: On<SlotSaved>, mut commands: Commands| {
            report(&mut commands, News::SlotSaved { checkpoint: saved.slot.checkpoint });
        })
        .add_observer(|failed: On<SlotFailed>, mut commands: Commands| {
            report(&mut commands, News::SlotNotSaved(failed.error.to_string()));
        })
        .add_observer(|failed: On<RecoveryFailed>, mut commands: Commands| {
            report(&mut commands, News::NotRestored(failed.error.to_string()));
        })
        .add_observer(|_: On<RestoreCancelled>, mut commands: Commands| {
            report(&mut commands, News::NotRestored("the restore was cancelled".into()));
        })
        .add_observer(|begun: On<ChapterBegun>, mut commands: Commands| {
            report(&mut commands, News::Chapter(begun.chapter));
        })
        .add_observer(|ended: On<ChapterEnded>, mut commands: Commands| {
            report(&mut commands, News::Chapter(ended.chapter));
        })
        .add_observer(|saved: On<ScenarioSaved>, mut commands: Commands| {
            report(&mut commands, News::ScenarioSaved { bytes: saved.bytes });
        })
        .add_observer(|_: On<SessionPaused>, mut commands: Commands| {
            report(&mut commands, News::Paused);
        })
        .add_observer(|_: On<SessionResumed>, mut commands: Commands| {
            report(&mut commands, News::Resumed);
        })
        .add_observer(|closed: On<SessionClosed>, mut commands: Commands| {
            report(&mut commands, News::Closed { complete: closed.complete });
        })
        .add_observer(|rejected: On<RequestRejected>, mut commands: Commands| {
            report(&mut commands, News::Rejected(rejected.error.to_string()));
        })
        .add_observer(|written: On<ReportWritten>, mut commands: Commands| {
            let (path, bytes) = (written.path.clone(), written.bytes);
            report(&mut commands, News::ReportWritten { path, bytes });
        })
        .add_observer(|read: On<EventsRead>, mut commands: Commands| {
            let page = read.result.clone().map_err(|error| error.to_string());
            report(&mut commands, News::EventsRead(page));
        })
        .add_observer(|_: On<SessionsDigested>, mut commands: Commands| {
            report(&mut commands, News::Digested);
        })
        .add_observer(|done: On<RequestDone>, mut commands: Commands| {
            report(&mut commands, News::Finished(done.ticket));
        })
        .add_observer(|_: On<SavingStopped>, mut commands: Commands| {
            report(&mut commands, News::SavingStopped);
        });
}

/// Once all observers were there, so that an answer comes after what they say.
fn report(commands: &mut Commands, news: News) {
    commands.queue(move |world: &mut World| hear(world, &news));
}

fn captured(
    captured: On<CheckpointCaptured>,
    driver: Res<Driver>,
    digest: Digest,
    mut commands: Commands,
) {
    // The hash is work, and nothing else waits for it.
    if driver.is_underway() {
        let checkpoint = captured.checkpoint;
        report(&mut commands, News::Captured(Moment { checkpoint, hash: digest.text() }));
    }
}

fn restored(restored: On<SessionRestored>, digest: Digest, mut commands: Commands) {
    let moment = Moment { checkpoint: restored.checkpoint, hash: digest.text() };
    let report_of_it = &restored.report;
    let back = Return {
        moment,
        left: restored.left,
        in_place: report_of_it.in_place,
        written: report_of_it.written,
        spawned: report_of_it.spawned,
        despawned: report_of_it.despawned,
    };
    report(&mut commands, News::Restored(back));
}

fn not_saved(failed: On<CheckpointFailed>, mut commands: Commands) {
    let (checkpoint, why) = (failed.checkpoint, failed.error.to_string());
    let news = match failed.error {
        CheckpointError::WriterGone => News::WriterGone,
        _ => News::NotSaved { checkpoint, why },
    };
    report(&mut commands, news);
}
