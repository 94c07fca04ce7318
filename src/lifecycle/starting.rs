//! Starts sessions.

use std::time::Duration;

use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use tracing::{info, warn};

use super::notifications::{SessionStarted, notify};
use super::requests::{CurrentRequest, RequestQueue, SessionRequest, check_text, finish, reject};
use super::runtime::{Playing, RuntimeParts, Transition};
use super::summary::RunFigures;
use super::{
    CurrentSession, GameContext, RecoveryPolicy, Restraints, SessionCatalog, SessionSettings,
};
use crate::capture::{Carried, KeyedIds, Placed};
use crate::content::{Order, Prepared, Start, TakeUp};
use crate::ids::Ticket;
use crate::journal::{RunId, SaveId, SessionId};
use crate::recovery::SessionEntry;
use crate::session::{
    EventTrigger, Fields, LeaveCause, NewSession, RequestError, RestoreReason, SessionContext,
    SessionMetadata,
};
use crate::writer::EventStart;

/// Whether the texts of a session that is to begin are short enough, and its tags and links few enough.
pub(super) fn check_texts(session: &NewSession) -> Result<(), RequestError> {
    let texts = [&session.name, &session.description, &session.session_type];
    session.tags.check()?;
    session.links.check()?;
    texts.into_iter().chain(&session.player).try_for_each(|text| check_text(text))
}

/// Whether a session may be started, as far as alerts that are raised have a say. Asked once, before anything is done:
/// what is played may be closed for it.
pub(super) fn admit_session(world: &World) -> Result<(), RequestError> {
    let restraints = world.get_resource::<Restraints>();
    let refused = restraints.and_then(|restraints| restraints.refuses_sessions.clone());
    refused.map_or(Ok(()), |limit| Err(RequestError::LimitReached { limit }))
}

/// What a session's first run begins with.
pub(super) struct FirstRun {
    pub metadata: SessionMetadata,
    pub fields: Fields,
    /// What was read of it, if it was a draft.
    pub draft: Option<Prepared>,
    /// The request that this answers.
    pub ticket: Ticket,
}

impl RuntimeParts {
    pub(super) fn start(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        session: &NewSession,
    ) -> Result<(), RequestError> {
        check_texts(session)?;
        // Without the resource, which a game can take away, nothing can be closed.
        let can_be_closed = self.playing.is_some() && world.contains_resource::<CurrentSession>();
        if can_be_closed && session.replaces_current {
            let mut queue = world.get_resource_or_init::<RequestQueue>();
            queue.do_first(ticket, SessionRequest::Start(session.clone()).into());
            let close = CurrentRequest::Close(LeaveCause::Replaced.into());
            queue.do_first(Ticket::new(), close.into());
            return Ok(());
        }
        self.require_no_session()?;
        let mut metadata = session.begin(SessionId::random(), self.time.now().wall);
        metadata.context = GameContext::of(world);
        self.begin_first_run(FirstRun {
            metadata,
            fields: session.fields.clone(),
            draft: None,
            ticket,
        });
        Ok(())
    }

    /// Has the writer begin a run in a world of which nothing was saved yet.
    pub(super) fn begin_first_run(&mut self, first: FirstRun) {
        let FirstRun { metadata, fields, draft, ticket } = first;
        let known = draft.map(|draft| (draft.lineage, draft.unknown_frames, draft.newest_counter));
        let (lineage, unknown_frames, newest_counter) = known.unwrap_or_default();
        let run = RunId::random();
        self.order(Order::TakeUp(Box::new(TakeUp {
            metadata: metadata.clone(),
            run,
            lineage,
            begun: None,
            start: Start {
                next_save_id: SaveId::FIRST,
                seeds: Vec::new(),
                carried: Carried::default(),
                gone: KeyedIds::default(),
            },
            unknown_frames,
            events: EventStart { records: self.events.has_types(), ..EventStart::default() },
        })));
        let metadata = Box::new(metadata);
        self.transition =
            Some(Transition::Opening { metadata, fields, run, newest_counter, ticket });
    }

    pub(super) fn start_or_continue(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        new: &NewSession,
    ) -> Result<(), RequestError> {
        if self.is_playing_already(world, new) {
            finish(world, ticket);
            return Ok(());
        }
        self.require_no_session()?;
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        let recovers = policy != RecoveryPolicy::Never;
        let known = world.get_resource_or_init::<SessionCatalog>();
        let mut same = known
            .sessions()
            .iter()
            .filter(|entry| entry.session.name == new.name && entry.session.player == new.player);
        // A second process beside the first would split the one world into two.
        if same.clone().any(|entry| entry.in_use) {
            return self.try_start_again(world, ticket, new);
        }
        self.start_up.end_race();
        let same = same.find(|entry| entry.can_go_on() && (recovers || !entry.has_crashed()));
        match same.map(|entry| (entry.session.id, entry.has_crashed())) {
            None => {
                admit_session(world)?;
                self.start(world, ticket, new)
            }
            Some((session, true)) if self.take_up_backup(world, ticket, session, Some(new)) => {
                Ok(())
            }
            Some((session, crashed)) => {
                let reason =
                    if crashed { RestoreReason::Recovered } else { RestoreReason::Continued };
                match self.start_up.proposed(session, policy).restore_from() {
                    Some(from) => {
                        self.prepare(world, ticket, (session, from, reason), Some(new.clone()));
                        Ok(())
                    }
                    None => self.start_safely(world, ticket, session, new),
                }
            }
        }
    }

    /// Whether what is asked for was taken up already, as after an automatic recovery.
    fn is_playing_already(&self, world: &World, new: &NewSession) -> bool {
        let current = world.get_resource::<CurrentSession>();
        current.is_some_and(|current| {
            current.name() == new.name && current.player() == new.player.as_deref()
        })
    }

    /// Another process plays the session that is asked for. If it is one that is about to end, waiting a
    /// little is all that it takes.
    fn try_start_again(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        new: &NewSession,
    ) -> Result<(), RequestError> {
        if !self.start_up.may_try_again(self.time.now()) {
            return Err(RequestError::SessionInUse);
        }
        if let Some(stopwatch) = &mut self.writer.stopwatch {
            stopwatch.note_lock_wait();
        }
        let again = SessionRequest::StartOrContinue(new.clone());
        world.get_resource_or_init::<RequestQueue>().do_first(ticket, again.into());
        Ok(())
    }

    /// Starts a new session instead of one on which the game died again and again. That one is kept
    /// and stays listed.
    pub(super) fn start_safely(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        instead_of: SessionId,
        new: &NewSession,
    ) -> Result<(), RequestError> {
        warn!(session = %instead_of, "the game died on it again and again: a new one is started");
        self.order(Order::SetAside(instead_of));
        self.start(world, ticket, new)
    }

    /// Starts the session that was asked for if no older one could be continued.
    pub(super) fn start_instead(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        session: &NewSession,
    ) {
        info!(name = session.name, "nothing can be restored: a new session is started");
        if let Err(error) = self.start(world, ticket, session) {
            reject(world, ticket, error);
        }
    }

    /// The writer has begun the run of the session that is to be started.
    pub(super) fn taken_up(
        &mut self,
        world: &mut World,
        session: SessionId,
        context: SessionContext,
    ) {
        // A restore has begun its run already; only a start waits for it.
        let Some(Transition::Opening { mut metadata, fields, run, newest_counter, ticket }) =
            self.transition.take_if(|transition| matches!(transition, Transition::Opening { .. }))
        else {
            return self.compare_context(world, session, context);
        };
        metadata.context = context;
        self.start_up.note_own(session);
        world.get_resource_or_init::<SessionCatalog>().put(SessionEntry::begun(&metadata));
        world.insert_resource(CurrentSession::new(*metadata, fields));
        let figures = RunFigures::begin(self.time.now(), Duration::ZERO);
        let mut playing = Playing::new(session, run, newest_counter, figures, self.recorder(world));
        playing.gate_was_open = self.gate_is_open(world);
        self.playing = Some(playing);
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.begin(HashSet::default(), HashSet::default());
        }
        info!(%session, "session started");
        // What was recorded on the way to a run is none of it.
        self.events.skip(world);
        self.note_lifecycle("started", EventTrigger::Player, |event| {
            event.between(None, Some("active".to_owned()))
        });
        notify(world, SessionStarted { session });
        finish(world, ticket);
    }
}
