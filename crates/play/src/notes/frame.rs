//! The step of notes in a frame, and what becomes of notes when a session begins or comes back.

use std::collections::HashSet;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionStarted};
use tracing::debug;
use tracing::field::display;

use super::answering::{Outcome, check_rights, outcome_of};
use super::attachments::{self, take_down_fallen};
use super::board::Notes;
use super::bookmarks;
use super::change::{NoteChange, NoteStep};
use super::note::{Note, NoteId};
use super::requests::{Asked, NoteRefusal, NoteRejected, NoteRequest, NoteRequests, reject};
use crate::crew::play_time_in;
use crate::line::{
    Came, announce, follow_in, in_rounds, must_wait, pass_over, request_span, rest_after_restore,
    take_handed_out, tell_observers,
};
use crate::{Crew, PlayerId, Rights};

/// Somebody was mentioned in a note, and plays: at once if they were here when it was written, and otherwise when they
/// next join. Once for each player and note, even if the game crashes in between; after a kill within the frame in
/// which it comes, which isn't recorded then, it comes again.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Mentioned {
    /// The player who is mentioned.
    pub player: PlayerId,
    /// The note.
    pub note: NoteId,
}

/// All that is done about notes in a frame.
pub(crate) fn go_on(world: &mut World) {
    for change in take_handed_out::<NoteChange>(world) {
        if follow(world, &change) {
            tell_observers(world, change);
        }
    }
    if must_wait::<NoteChange>(world) || !attachments::are_known(world) {
        return;
    }
    if in_rounds(world, "notes", answer_all) {
        tell_mentioned(world);
    }
    pass_over::<NoteChange>(world);
    take_down_fallen(world);
}

/// Answers what is asked for by now. Whether something was.
fn answer_all(world: &mut World) -> bool {
    let mut requests = world.get_resource_or_init::<NoteRequests>();
    let asked = std::mem::take(&mut requests.bypass_change_detection().0);
    let is_asked = !asked.is_empty();
    asked.into_iter().for_each(|asked| answer(world, asked));
    is_asked
}

fn answer(world: &mut World, asked: Asked) {
    let _span = request_span(world, "note", asked.request.name()).entered();
    match look_into(world, &asked) {
        Ok((Outcome::Change(note, step), at)) => {
            make(world, NoteChange { note, by: asked.by, at, step });
        }
        Ok((Outcome::Bookmark(text), _)) => bookmarks::begin(world, asked.by, text),
        Ok((Outcome::Hang(attachment), _)) => attachments::hang(world, attachment),
        Ok((Outcome::TakeDown(name), _)) => attachments::take_down(world, name),
        Err(reason) => {
            let (by, request) = (asked.by, cut_off(asked.request));
            reject(world, NoteRejected { by, request, reason });
        }
    }
}

/// The outcome of a request, and the play time.
fn look_into(world: &mut World, asked: &Asked) -> Result<(Outcome, Duration), NoteRefusal> {
    let at = play_time_in(world, asked.session)?;
    let rights = world.get_resource_or_init::<Rights>().clone();
    let newest_attached =
        world.get_resource::<CurrentSession>().and_then(attachments::newest_attached);
    world.resource_scope(|world, notes: Mut<Notes>| {
        let crew = world.get_resource_or_init::<Crew>();
        check_rights(asked.by.as_ref(), &asked.request, &notes, (&crew, &rights))?;
        let next = notes.next_id(newest_attached);
        Ok((outcome_of(asked.by.as_ref(), &asked.request, (&notes, next), &crew)?, at))
    })
}

/// Cuts off a text that is too long, so that the refusal doesn't carry it.
fn cut_off(mut request: NoteRequest) -> NoteRequest {
    let text = match &mut request {
        NoteRequest::Write(new) => &mut new.text,
        NoteRequest::Edit { text, .. } | NoteRequest::Bookmark { text } => text,
        NoteRequest::Remove { .. } | NoteRequest::Attach { .. } | NoteRequest::Detach { .. } => {
            return request;
        }
    };
    if text.len() > Note::MAX_BYTES {
        text.truncate(text.floor_char_boundary(Note::MAX_BYTES));
        text.shrink_to_fit();
    }
    request
}

/// Makes a change, and has it recorded.
fn make(world: &mut World, change: NoteChange) {
    if follow(world, &change) {
        announce(world, change);
    }
}

fn follow(world: &mut World, change: &NoteChange) -> bool {
    let has_changed = follow_in(world, |notes: &mut Notes| notes.follow(change));
    if has_changed {
        let by = change.by.as_ref().map(display);
        debug!(note = %change.note, by, step = change.step.name(), "note changed");
    }
    has_changed
}

/// Notifies players who were mentioned and play now.
fn tell_mentioned(world: &mut World) {
    let Some(session) = world.get_resource::<CurrentSession>() else { return };
    let at = session.play_time();
    let Some(waiting) = world.get_resource::<Notes>().map(Notes::waiting) else { return };
    if waiting.is_empty() {
        return;
    }
    let Some(crew) = world.get_resource::<Crew>() else { return };
    let here: HashSet<&PlayerId> = crew.here().map(|member| member.player()).collect();
    let due: Vec<(PlayerId, NoteId)> =
        waiting.iter().filter(|(player, _)| here.contains(player)).cloned().collect();
    for (player, note) in due {
        let step = NoteStep::MentionHeard { player: player.clone() };
        make(world, NoteChange { note, by: None, at, step });
        announce(world, Mentioned { player, note });
    }
}

/// A session begins, without notes.
pub(crate) fn begin_with_session(_: On<SessionStarted>, mut notes: ResMut<Notes>) {
    *notes = Notes::default();
}

/// A session came back.
pub(crate) fn settle_restored(world: &mut World, came: Came<Notes>) {
    match came {
        Came::Back(before) => world.insert_resource(before.value),
        Came::UpAgain | Came::Replayed(_) => {}
        Came::New => world.insert_resource(Notes::default()),
    }
    rest_after_restore::<NoteChange>(world);
}
