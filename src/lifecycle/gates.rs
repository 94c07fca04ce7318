//! Looks at what the game has tied to its states.

use bevy::prelude::*;
use tracing::debug;

use super::hooks::{CheckpointTriggers, Condition};
use super::runtime::{Course, Runtime, RuntimeParts};
use super::start_up::announce;
use super::{CurrentSession, SessionSettings};
use crate::capture::{StateLog, StatesBeingLeft};
use crate::external_saves::ExternalSaveReason;
use crate::journal::CheckpointKind;
use crate::session::{EventTrigger, SessionStatus};

impl RuntimeParts {
    /// Whether checkpoints may be taken of the world as it is.
    pub(super) fn gate_is_open(&mut self, world: &mut World) -> bool {
        // Every condition is asked, since one may remember when it was asked last.
        let hold = |open, condition: &mut Condition| condition.ask(world) && open;
        let holds = self.hooks.checkpoint_while.iter_mut().fold(true, hold);
        holds && !self.playing.as_ref().is_some_and(|playing| playing.has_left_world)
    }

    /// Whether anything changed that the gate goes by, since it was asked last.
    fn gate_may_have_moved(&self, world: &World) -> bool {
        let leaves =
            world.get_resource::<StatesBeingLeft>().is_some_and(|states| !states.is_empty());
        let mut gate = self.hooks.checkpoint_while.iter();
        gate.any(|condition| condition.may_have_changed(world, leaves))
    }

    /// Follows the game's states, once a frame.
    pub(super) fn follow_states(&mut self, world: &mut World) {
        self.make_offers(world);
        let course = self.course();
        if course == Course::Undecided {
            return;
        }
        if course == Course::Outside {
            // Those of a menu, or of a restore, are no part of the session's way.
            if let Some(mut log) =
                world.get_resource_mut::<StateLog>().filter(|log| !log.is_empty())
            {
                log.take();
            }
            return;
        }
        let is_open = self.gate_is_open(world);
        if let Some(playing) = &mut self.playing {
            playing.gate_was_open = is_open;
        }
        self.log_state_changes(world);
        self.pause_with_states(world);
        self.follow_paces(world);
    }

    /// Sends the offers that wait for the game's menu.
    fn make_offers(&mut self, world: &mut World) {
        let is_ready = self.transition.is_none() && !self.waits_for_backups();
        if self.start_up.withholds_offers() && is_ready && self.is_in_menu(world) {
            for offer in self.start_up.take_offers() {
                announce(world, offer);
            }
        }
    }

    /// Whether the game is where it deals with crashed sessions.
    pub(super) fn is_in_menu(&mut self, world: &mut World) -> bool {
        let menus = &mut self.hooks.offer_in;
        menus.is_empty() || menus.iter_mut().any(|condition| condition.ask(world))
    }

    fn log_state_changes(&mut self, world: &mut World) {
        let Some(mut log) = world.get_resource_mut::<StateLog>() else { return };
        if log.is_empty() {
            return;
        }
        let changes = log.take();
        for change in &changes {
            let (previous, status) = (change.from.clone(), change.to.clone());
            self.note_lifecycle("state_changed", EventTrigger::State, |event| {
                event.between(previous, status).details(change.state.clone())
            });
        }
        if let Some(mut session) = world.get_resource_mut::<CurrentSession>() {
            session.note_states(changes);
        }
    }

    /// Pauses when the game enters a state in which the session stands still, and resumes when it
    /// leaves it. What the game asks for by itself meanwhile has its way.
    fn pause_with_states(&mut self, world: &mut World) {
        let any = |found, condition: &mut Condition| condition.ask(world) || found;
        let wanted = self.hooks.pause_in.iter_mut().fold(false, any);
        let Some(playing) = &mut self.playing else { return };
        if std::mem::replace(&mut playing.paused_by_state, wanted) == wanted {
            return;
        }
        let status = world.get_resource::<CurrentSession>().map(|session| session.status);
        let result = match (wanted, status) {
            (true, Some(SessionStatus::Active)) => self.pause(world),
            (false, Some(SessionStatus::Paused)) => self.resume(world),
            _ => Ok(()),
        };
        if let Err(error) = result {
            debug!(%error, "the session can't follow the game's state");
        }
    }

    /// Takes the checkpoints that states ask for, not more often than the settings allow.
    pub(super) fn checkpoint_with_states(&mut self, world: &mut World) {
        let is_captured = self.is_captured();
        let Some(playing) = &mut self.playing else { return };
        if let Some(mut triggers) = world.get_resource_mut::<CheckpointTriggers>()
            && !triggers.entered.is_empty()
        {
            playing.triggered = triggers.entered.pop();
            triggers.entered.clear();
        }
        if !is_captured || !playing.gate_was_open {
            return;
        }
        if !playing.deferred.is_empty() {
            self.take_next_deferred(world);
            return;
        }
        let urgent = world
            .get_resource_mut::<CheckpointTriggers>()
            .and_then(|mut asked| asked.urgent.take());
        if urgent.is_some() {
            if self.saves_by_itself(world) {
                self.ask_external_now(world, ExternalSaveReason::Leaving, urgent.as_deref());
                self.take_checkpoint(world, CheckpointKind::State, urgent);
            }
            return;
        }
        let gap = world.get_resource_or_init::<SessionSettings>().minimum_gap;
        let since_captured = self.time.now().elapsed.saturating_sub(playing.pace.captured_at());
        if playing.triggered.is_some() && (since_captured >= gap || playing.line.base().is_none()) {
            let label = playing.triggered.take();
            if self.saves_by_itself(world) {
                self.want_external_save(ExternalSaveReason::State, label.as_deref());
                self.take_checkpoint(world, CheckpointKind::State, label);
            }
        }
    }

    /// Whether checkpoints are taken that were not asked for by name.
    pub(super) fn saves_by_itself(&self, world: &mut World) -> bool {
        let allowed = world.get_resource_or_init::<SessionSettings>().autosave;
        let session = world.get_resource::<CurrentSession>();
        allowed && session.is_some_and(CurrentSession::autosave)
    }

    /// The states have changed, and nothing of the last ones was cleared away: the last moment for a
    /// checkpoint of what is being left.
    fn look_before_exit(&mut self, world: &mut World) {
        if !self.is_captured() {
            return;
        }
        // Where nothing changed that it goes by, it is as it was at the end of the last frame, and is asked at the end of this
        // one.
        let is_open = match self.gate_may_have_moved(world) {
            true => self.gate_is_open(world),
            false => self.may_capture(),
        };
        let triggers = world.get_resource_mut::<CheckpointTriggers>();
        let leaving = triggers.map(|mut triggers| std::mem::take(&mut triggers.leaving));
        let label = leaving.and_then(|mut leaving| leaving.pop());
        let Some(playing) = &mut self.playing else { return };
        let was_open = std::mem::replace(&mut playing.gate_was_open, is_open);
        let closes = was_open && !is_open;
        let is_wanted = was_open && label.is_some();
        if !closes && !is_wanted {
            return;
        }
        playing.recorder.watch_removals(world);
        if playing.deferred.has_checkpoints() {
            self.take_deferred_checkpoints(world);
        } else if self.saves_by_itself(world) {
            self.ask_external_now(world, ExternalSaveReason::Leaving, label.as_deref());
            let label = label.or_else(|| Some("leave".to_owned()));
            self.take_checkpoint(world, CheckpointKind::State, label);
        }
    }
}

/// The system between the change of states and the `OnExit` schedules.
pub(crate) fn look_before_exit(world: &mut World) {
    // While the plugin itself changes the states, for a restore, there is nothing to look at.
    Runtime::with(world, |parts, world| {
        let frame = parts.time.at_this_moment(world);
        parts.look_before_exit(world);
        parts.time.back_to(frame);
    });
    if let Some(mut left) = world.get_resource_mut::<StatesBeingLeft>() {
        left.clear();
    }
}
