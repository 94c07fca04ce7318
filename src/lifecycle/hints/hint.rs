//! A hint for developers.

use std::fmt;
use std::mem::discriminant;
use std::time::Duration;

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;
use bevy::utils::prelude::ShortName;
use bevy_session_journal::Code;

use crate::capture::SaveKey;

/// A reason why the plugin doesn't do what the game probably expects of it.
///
/// [`Display`](fmt::Display) describes it in plain words, with the line of code to write.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum SessionHint {
    /// For 30 seconds of play no checkpoint could be taken, since conditions of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) didn't hold.
    GateStaysShut {
        /// The conditions that don't hold, by their names.
        conditions: Vec<String>,
        /// Play time since a checkpoint could last be taken.
        waited: Duration,
        /// A state that one of them depends on, and that doesn't exist at the moment: its
        /// `init_state` is missing, or it is a sub-state that isn't entered.
        absent_state: Option<String>,
    },
    /// A condition can't run, because one of its parameters isn't valid, and so doesn't hold:
    /// usually, a resource doesn't exist.
    ConditionFailed {
        /// The condition, by its name.
        condition: String,
        /// The error that Bevy reports.
        error: String,
    },
    /// The game's own code failed, and its error handler let it continue: the world is as the
    /// failure left it, and so is everything that is saved of it.
    WentOnAfterFailure {
        /// The code, as `system hop::combat::strike`.
        of: String,
        /// The error, or the message of the panic.
        error: String,
        /// The frame, counted from 0 since the process was started.
        frame: u64,
    },
    /// A condition or a hook depends on a state that isn't part of the app.
    StateNotAdded {
        /// The state.
        state: String,
    },
    /// There are saved components, and after three checkpoints no entity was ever saved, since none
    /// has the marker [`Saved`](crate::Saved).
    NoEntitySaved {
        /// The components that are saved.
        types: Vec<String>,
    },
    /// For 30 seconds there was no session and no request to start one, although there are entities
    /// that would be saved. In development, also without such entities.
    NoSessionStarted,
    /// In development the last game was killed. A player would be asked about it now; a developer,
    /// who stops games all day, isn't.
    StoppedInDevelopment,
    /// The plugin has despawned an entity with a [`SaveKey`] as soon as it was spawned, since one
    /// with that key had been despawned in this run. That is right for a coin that was taken, and
    /// wrong for the next round.
    KeyedEntityWentAgain {
        /// The key; the first of them.
        key: SaveKey,
        /// The number of entities that were despawned in that frame.
        entities: usize,
    },
    /// Entities with a [`SaveKey`] were despawned before the session was restored, and so couldn't
    /// get their values back: the game was played while the player was still being asked about the
    /// crash.
    LostBeforeRestore {
        /// The key of the first of them.
        key: SaveKey,
        /// The number of entities.
        entities: usize,
    },
    /// The ready-made recovery dialog is open and invisible, since there is no camera.
    DialogWithoutCamera,
    /// A call came after the app was complete, and has no effect.
    CalledTooLate {
        /// The call.
        call: String,
    },
    /// [`GameContext`](crate::GameContext) has more than a session's files keep: texts over 512
    /// bytes, mods over 16 KiB or arguments over 4 KiB. The first that fit are kept.
    ContextTooLong {
        /// The fields that are too long, by their names.
        fields: Vec<String>,
    },
    /// A generic type has an instance that isn't registered, while others are saved, or it is on
    /// saved entities. Found if Bevy knows names, with its feature `debug`.
    InstanceNotRegistered {
        /// The instance.
        type_path: String,
    },
    /// A saved field has an `Entity` that isn't mapped, and refers to another one after a restore.
    /// Found in types that are registered for reflection, as a few of their values are looked at
    /// after each checkpoint.
    EntityNotMapped {
        /// The component or resource.
        type_path: String,
        /// The path to the field, as `.weapon.owner`.
        field: String,
    },
    /// Values were restored in which an `Entity` wasn't mapped when they were saved, for example by
    /// a build of the game in which the field wasn't `#[entities]` yet: they are
    /// [`Entity::PLACEHOLDER`](bevy::prelude::Entity) now.
    SavedUnmapped {
        /// The component or resource.
        type_path: String,
        /// The field, if the type is registered for reflection.
        field: Option<String>,
    },
    /// Entities were restored without a relationship, such as [`ChildOf`](bevy::prelude::ChildOf),
    /// since its target isn't saved.
    LinkNotRestored {
        /// The relationship.
        type_path: String,
        /// The entities, as far as [`RestoreReport::dangling`](crate::recovery::RestoreReport::dangling) lists them.
        /// There may be more.
        entities: usize,
    },
    /// Saved entities had these components before a restore replaced them, and ten seconds of play
    /// later none has them: they aren't saved, and nothing has inserted them again.
    NotPutBack {
        /// The types of the game that are saved on these entities.
        saved: Vec<String>,
        /// The missing components, other crates' first.
        components: Vec<String>,
    },
    /// Soon after a restore, entities without a [`SaveKey`] were spawned as a state was entered: of
    /// exactly the saved types that the restore had brought back, and of these in the same number.
    SpawnedTwice {
        /// The types of the game that are saved on these entities.
        saved: Vec<String>,
        /// The number of entities that were restored, and spawned once more.
        entities: usize,
    },
    /// [`RecoveryOffers::accept`](crate::RecoveryOffers::accept) was called while there was no offer.
    NothingToAccept,
    /// As the game began, before anybody can have pressed a button, it called `start`, although a session of that name and
    /// player could be continued. Each start begins from nothing then.
    StartedBeside {
        /// The name of both sessions.
        name: String,
    },
}

impl SessionHint {
    /// Its code, which the guide's page on hints explains.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::GateStaysShut { .. } => Code::GateStaysShut,
            Self::ConditionFailed { .. } => Code::ConditionFailed,
            Self::WentOnAfterFailure { .. } => Code::WentOnAfterFailure,
            Self::StateNotAdded { .. } => Code::StateNotAdded,
            Self::NoEntitySaved { .. } => Code::NoEntitySaved,
            Self::NoSessionStarted => Code::NoSessionStarted,
            Self::StoppedInDevelopment => Code::StoppedInDevelopment,
            Self::KeyedEntityWentAgain { .. } => Code::KeyedEntityWentAgain,
            Self::LostBeforeRestore { .. } => Code::LostBeforeRestore,
            Self::DialogWithoutCamera => Code::DialogWithoutCamera,
            Self::CalledTooLate { .. } => Code::CalledTooLate,
            Self::ContextTooLong { .. } => Code::ContextTooLong,
            Self::InstanceNotRegistered { .. } => Code::InstanceNotRegistered,
            Self::EntityNotMapped { .. } => Code::EntityNotMapped,
            Self::SavedUnmapped { .. } => Code::SavedUnmapped,
            Self::LinkNotRestored { .. } => Code::LinkNotRestored,
            Self::NotPutBack { .. } => Code::NotPutBack,
            Self::SpawnedTwice { .. } => Code::SpawnedTwice,
            Self::NothingToAccept => Code::NothingToAccept,
            Self::StartedBeside { .. } => Code::StartedBeside,
        }
    }

    /// Returns true if the hint is about the played session, not about the app.
    pub(super) fn is_of_session(&self) -> bool {
        match self {
            Self::GateStaysShut { .. }
            | Self::NoEntitySaved { .. }
            | Self::NoSessionStarted
            | Self::StoppedInDevelopment
            | Self::KeyedEntityWentAgain { .. }
            | Self::LostBeforeRestore { .. }
            | Self::StartedBeside { .. }
            | Self::DialogWithoutCamera => true,
            Self::ConditionFailed { .. }
            | Self::WentOnAfterFailure { .. }
            | Self::StateNotAdded { .. }
            | Self::CalledTooLate { .. }
            | Self::ContextTooLong { .. }
            | Self::InstanceNotRegistered { .. }
            | Self::EntityNotMapped { .. }
            | Self::SavedUnmapped { .. }
            | Self::LinkNotRestored { .. }
            | Self::NotPutBack { .. }
            | Self::SpawnedTwice { .. }
            | Self::NothingToAccept => false,
        }
    }

    /// Returns true if the other hint is about the same cause.
    pub(crate) fn is_about_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::ConditionFailed { condition: one, .. },
                Self::ConditionFailed { condition: another, .. },
            )
            | (
                Self::WentOnAfterFailure { of: one, .. },
                Self::WentOnAfterFailure { of: another, .. },
            )
            | (
                Self::LinkNotRestored { type_path: one, .. },
                Self::LinkNotRestored { type_path: another, .. },
            ) => one == another,
            (Self::NotPutBack { .. }, Self::NotPutBack { .. })
            | (Self::SpawnedTwice { .. }, Self::SpawnedTwice { .. }) => true,
            _ if self.is_of_session() => discriminant(self) == discriminant(other),
            _ => self == other,
        }
    }
}

impl fmt::Display for SessionHint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConditionFailed { condition, error } => write!(
                formatter,
                "the condition {condition} can't run and counts as false: {error}. Insert what it \
                 needs, or take it as an `Option`",
            ),
            Self::StateNotAdded { state } => write!(
                formatter,
                "the state {state} isn't part of the app, so conditions and hooks that depend \
                 on it never run. Call `app.init_state::<{}>()` or `add_sub_state`",
                ShortName(state),
            ),
            Self::NoSessionStarted => formatter.write_str(
                "nothing is saved, since no session has been started. Call \
                 `commands.session().start(NewSession::named(\"…\"))` when a new game begins, or \
                 `commands.session().start_or_continue(NewSession::named(\"…\"))` at start-up",
            ),
            Self::WentOnAfterFailure { of, error, frame } => write!(
                formatter,
                "{of} failed in frame {frame}: {error}. The game's error handler lets it go on, so a \
                 checkpoint after it may have half of a step, and says so. Let the system return \
                 before it changes anything, or let the game end",
            ),
            Self::DialogWithoutCamera => formatter.write_str(
                "the recovery dialog is open and can't be seen, since there is no camera. Spawn one, \
                 as in `commands.spawn(Camera2d)`",
            ),
            Self::CalledTooLate { call } => write!(
                formatter,
                "`{call}` came after the app was complete, and has no effect. Call it while the app is \
                 built, before `app.run()` or `app.finish()`",
            ),
            Self::GateStaysShut { conditions, waited, absent_state } => {
                gate_stays_shut(formatter, conditions, *waited, absent_state.as_deref())
            }
            Self::StoppedInDevelopment | Self::StartedBeside { .. } => self.fmt_about_start(formatter),
            Self::NoEntitySaved { .. }
            | Self::KeyedEntityWentAgain { .. }
            | Self::LostBeforeRestore { .. }
            | Self::ContextTooLong { .. }
            | Self::InstanceNotRegistered { .. }
            | Self::EntityNotMapped { .. }
            | Self::SavedUnmapped { .. }
            | Self::LinkNotRestored { .. }
            | Self::NotPutBack { .. }
            | Self::SpawnedTwice { .. } => self.fmt_about_data(formatter),
            Self::NothingToAccept => formatter.write_str(
                "`RecoveryOffers::accept` was called and does nothing, since there is no offer. Show its \
                 button only while `recovery_is_pending`; after a clean exit, and in a debug build after \
                 a kill, the session is listed in `SessionCatalog`, and `continue_session` goes on with it",
            ),
        }
    }
}

impl SessionHint {
    /// Writes the hints about the way in which the game starts.
    fn fmt_about_start(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoppedInDevelopment => formatter.write_str(
                "the game was killed, and a debug build doesn't offer to recover the session. A game \
                 without a menu calls `start_or_continue`, which recovers it. Others call \
                 `SessionPlugin::development(false)` to have it offered, as a release build does, \
                 or `resume_in_development(true)` to go on without a question; \
                 `commands.session().library().find()` offers it now",
            ),
            Self::StartedBeside { name } => write!(
                formatter,
                "`start` began a new session at start-up, although one with the name \"{name}\" can be \
                 continued: each start of the game begins from nothing. Call \
                 `commands.session().start_or_continue(…)`, which resumes the newest, or starts one if \
                 there is none",
            ),
            _ => Ok(()),
        }
    }
}

fn gate_stays_shut(
    formatter: &mut fmt::Formatter<'_>,
    conditions: &[String],
    waited: Duration,
    absent_state: Option<&str>,
) -> fmt::Result {
    let waited = waited.as_secs();
    let conditions = conditions.join(", ");
    write!(
        formatter,
        "no checkpoint could be taken for {waited} seconds of play, since {conditions} \
         doesn't hold. ",
    )?;
    match absent_state {
        Some(state) => write!(
            formatter,
            "The state {state} doesn't exist now: call `app.init_state::<{}>()`, or, if it \
             is a sub-state, enter the one that it belongs to",
            ShortName(state),
        ),
        None => formatter.write_str(
            "Enter the state in which the game is played, or change the condition that \
             is given to `checkpoint_session_while`; where the game stands still, call \
             `pause_session_in(…)`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_as_it_is_written_in_code() {
        let hint = |state: &str| SessionHint::StateNotAdded { state: state.to_owned() }.to_string();
        assert!(hint("game::states::Phase").contains("init_state::<Phase>()"));
        assert!(hint("game::Of<a::B, (c::D, Vec<e::F>)>").contains("<Of<B, (D, Vec<F>)>>()"));
    }

    #[test]
    fn each_failing_condition_has_its_own_hint() {
        let failed = |condition: &str, error: &str| SessionHint::ConditionFailed {
            condition: condition.to_owned(),
            error: error.to_owned(),
        };
        assert!(failed("a", "x").is_about_the_same_as(&failed("a", "y")));
        assert!(!failed("a", "x").is_about_the_same_as(&failed("b", "x")));
    }
}
