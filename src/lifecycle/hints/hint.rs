//! One thing that a developer wants to know.

use std::fmt;
use std::mem::discriminant;
use std::time::Duration;

use bevy::reflect::Reflect;

use crate::capture::SaveKey;

/// Something that keeps the plugin from doing what the game probably expects of it.
///
/// [`Display`](fmt::Display) says it in plain words, with the line to write.
#[derive(Reflect, Clone, PartialEq, Eq, Debug)]
#[reflect(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SessionHint {
    /// For 30 seconds of play no checkpoint could be taken, since conditions of
    /// [`checkpoint_while`](crate::SessionHooksExt::checkpoint_while) don't hold.
    GateStaysShut {
        /// The conditions that don't hold, by their names.
        conditions: Vec<String>,
        /// Play time since a checkpoint could be taken.
        waited: Duration,
        /// A state that one of them goes by, and that doesn't exist at the moment: its `init_state`
        /// is missing, or it is a sub-state that isn't entered.
        absent_state: Option<String>,
    },
    /// A condition can't be asked, because a parameter of it isn't valid, and so doesn't hold: a
    /// resource that isn't there, usually.
    ConditionFailed {
        /// The condition, by its name.
        condition: String,
        /// What Bevy says.
        error: String,
    },
    /// A condition or a hook goes by a state that isn't part of the app.
    StateNotAdded {
        /// The state.
        state: String,
    },
    /// Components are saved, and after three checkpoints no entity ever was, since none has the
    /// marker [`Saved`](crate::Saved).
    NoEntitySaved {
        /// The components that are saved.
        types: Vec<String>,
    },
    /// In builds with debug assertions, or in development: the game has been running for 30 seconds,
    /// and never asked for a session.
    NoSessionStarted,
    /// In development the last game was killed, and a player would be asked about it now: a developer, who stops
    /// games all day, isn't.
    StoppedInDevelopment,
    /// The plugin has despawned an entity with a [`SaveKey`] as soon as it was spawned, since one with
    /// that key had been despawned in this run. That is right for a coin that was taken, and wrong
    /// for the next round.
    KeyedEntityWentAgain {
        /// The key; the first of them.
        key: SaveKey,
        /// How many went in that frame.
        entities: usize,
    },
    /// Entities with a [`SaveKey`] were despawned before the session was restored, and aren't there
    /// to get their values back: the game was played behind the question whether to recover.
    LostBeforeRestore {
        /// The key of the first of them.
        key: SaveKey,
        /// How many.
        entities: usize,
    },
    /// The ready-made recovery dialog is open and can't be seen, since there is no camera.
    DialogWithoutCamera,
    /// A call came after the app was complete, and has no effect.
    CalledTooLate {
        /// The call.
        call: String,
    },
    /// [`GameContext`](crate::GameContext) says more than a session's files keep: texts over 512 bytes, mods over
    /// 16 KiB or arguments over 4 KiB. The first that fit are kept.
    ContextTooLong {
        /// The fields that are too long, by their names.
        fields: Vec<String>,
    },
    /// In development: a generic type is saved, and one instance of it, which is in the world, isn't
    /// registered.
    InstanceNotRegistered {
        /// The instance.
        type_path: String,
    },
    /// In development: a saved field holds an `Entity` that isn't mapped, and names another one after
    /// a restore.
    EntityNotMapped {
        /// The component or resource.
        type_path: String,
        /// What leads to the field, as `.weapon.owner`.
        field: String,
    },
}

impl SessionHint {
    /// Whether it is about the session that is played, and not about the app.
    pub(super) fn is_of_session(&self) -> bool {
        match self {
            Self::GateStaysShut { .. }
            | Self::NoEntitySaved { .. }
            | Self::NoSessionStarted
            | Self::StoppedInDevelopment
            | Self::KeyedEntityWentAgain { .. }
            | Self::LostBeforeRestore { .. }
            | Self::DialogWithoutCamera => true,
            Self::ConditionFailed { .. }
            | Self::StateNotAdded { .. }
            | Self::CalledTooLate { .. }
            | Self::ContextTooLong { .. }
            | Self::InstanceNotRegistered { .. }
            | Self::EntityNotMapped { .. } => false,
        }
    }

    /// Whether the other one says nothing new.
    pub(crate) fn is_about_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::ConditionFailed { condition: one, .. },
                Self::ConditionFailed { condition: another, .. },
            ) => one == another,
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
                "the condition {condition} can't be asked and counts as false: {error}. Insert what \
                 it needs, or take it as an `Option`",
            ),
            Self::StateNotAdded { state } => write!(
                formatter,
                "the state {state} isn't part of the app, so conditions and hooks that go by it \
                 never come true. Call `app.init_state::<{}>()` or `add_sub_state`",
                last_segment(state),
            ),
            Self::NoSessionStarted => formatter.write_str(
                "nothing is saved, since no session has been started. Call \
                 `commands.session().start(NewSession::named(\"…\"))` when a new game begins, or \
                 `commands.session().start_or_continue(NewSession::named(\"…\"))` at start-up",
            ),
            Self::StoppedInDevelopment => formatter.write_str(
                "the game was killed, and nobody is asked about that in a debug build. Call \
                 `SessionPlugin::development(false)` to have the session offered, as a release build \
                 does, or start with `BEVY_SESSION=continue`; `commands.session().find_sessions()` \
                 offers it now",
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
            Self::NoEntitySaved { .. }
            | Self::KeyedEntityWentAgain { .. }
            | Self::LostBeforeRestore { .. }
            | Self::ContextTooLong { .. }
            | Self::InstanceNotRegistered { .. }
            | Self::EntityNotMapped { .. } => self.fmt_about_data(formatter),
        }
    }
}

impl SessionHint {
    /// The hints about what is saved, rather than about when.
    fn fmt_about_data(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEntitySaved { types } => write!(
                formatter,
                "no entity has been saved so far: components are saved on entities with the marker \
                 `Saved`, and there are none. Spawn them with it, as in \
                 `commands.spawn((Saved, …))`, or mark a component of theirs \
                 `#[reflect(Component, Saved)]`. Saved components: {}",
                first_few(types),
            ),
            Self::KeyedEntityWentAgain { key, entities } => write!(
                formatter,
                "the entity with the save key `{key}`{} was despawned as soon as it was spawned, since \
                 one with that key had been despawned in this session and counts as taken. For a new \
                 round, give the level's entities `DespawnOnExit` of a saved state, or call \
                 `commands.session().forget_keys(\"…\")`; for a level that is left and comes again, put a \
                 `SaveScope` on its root",
                and_more(*entities),
            ),
            Self::LostBeforeRestore { key, entities } => write!(
                formatter,
                "the entity with the save key `{key}`{} is saved and doesn't come back: it was \
                 despawned before the session was restored. Let the game stand still until the \
                 question is answered, with `run_if(not(recovery_is_pending))` or by pausing \
                 `Time<Virtual>`",
                and_more(*entities),
            ),
            Self::InstanceNotRegistered { type_path } => write!(
                formatter,
                "{type_path} isn't saved, although other instances of it are: generic types don't \
                 register themselves. Call `app.register_type::<{}>()`",
                last_segment(type_path),
            ),
            Self::EntityNotMapped { type_path, field } => write!(
                formatter,
                "{type_path}, field `{}`, holds an entity that isn't mapped, and names another one \
                 after a restore. Mark the field `#[entities]`, and derive `MapEntities` if it is a \
                 resource",
                field.trim_start_matches('.'),
            ),
            Self::ContextTooLong { fields } => write!(
                formatter,
                "`GameContext` says more than a session keeps: only the beginning of {} is written down. \
                 Give each text 512 bytes at most, `mods` 16 KiB and `arguments` 4 KiB, such as by a hash of a \
                 list in place of the list",
                first_few(fields),
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
            last_segment(state),
        ),
        None => formatter.write_str(
            "Enter the state in which the game is played, or change the condition that \
             is given to `checkpoint_while`; where the game stands still, call \
             `pause_session_in(…)`",
        ),
    }
}

fn and_more(entities: usize) -> String {
    match entities {
        0 | 1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    }
}

/// A type's name without its modules.
fn last_segment(type_path: &str) -> &str {
    let end = type_path.find('<').unwrap_or(type_path.len());
    let (path, _) = type_path.split_at(end);
    let begin = path.rfind("::").map_or(0, |place| place + 2);
    type_path.get(begin..).unwrap_or(type_path)
}

/// Names that are listed.
const LISTED: usize = 5;

fn first_few(names: &[String]) -> String {
    let listed: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    match names.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_as_it_is_written_in_code() {
        assert_eq!(last_segment("game::states::Phase"), "Phase");
        assert_eq!(last_segment("game::Stat<game::Luck>"), "Stat<game::Luck>");
        assert_eq!(last_segment("Phase"), "Phase");
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(first_few(&names), "0, 1, 2, 3, 4 and 2 more");
        assert_eq!(first_few(&names[..2]), "0, 1");
    }

    #[test]
    fn each_condition_that_fails_is_said() {
        let failed = |condition: &str, error: &str| SessionHint::ConditionFailed {
            condition: condition.to_owned(),
            error: error.to_owned(),
        };
        assert!(failed("a", "x").is_about_the_same_as(&failed("a", "y")));
        assert!(!failed("a", "x").is_about_the_same_as(&failed("b", "x")));
    }
}
