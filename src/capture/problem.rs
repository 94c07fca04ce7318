//! The reason why a type can't be saved.

use std::fmt;

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

/// A type that can't be saved, given the app's set-up.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct TypeProblem {
    /// The type.
    pub type_path: String,
    /// The reason.
    pub reason: TypeProblemReason,
}

/// The reason why a type can't be saved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
#[non_exhaustive]
pub enum TypeProblemReason {
    /// Another saved type has the same path.
    PathTaken,
    /// The type's path is longer than the format allows.
    PathTooLong,
    /// The type is the derived half of a relationship, such as `Children`. Save the other half: its
    /// order is saved too.
    RelationshipTarget,
    /// The state isn't part of the app: `init_state` or `add_sub_state` is missing.
    StateNotAdded,
    /// Migrations or former names were declared for it, and nothing saves it: a `save_component` or
    /// the like is missing. Declare migrations for the type that is written: for the proxy, if
    /// there is one.
    NotSaved,
    /// It has two chains of migrations, or two steps of
    /// [`migrate_checkpoint`](crate::SessionAppExt::migrate_checkpoint) from one version. Put all
    /// steps into one chain.
    MigratedTwice,
    /// [`migrate_checkpoint`](crate::SessionAppExt::migrate_checkpoint) names a version of it that
    /// is written today, so the step would run again at each restore. Give the type a new version
    /// with [`Migrations::since`](crate::types::Migrations::since).
    MigratedFromToday,
    /// A former name of it is the path, or a former name, of another saved type. It is ambiguous to
    /// which type the values under that name belong.
    FormerNameTaken,
}

impl fmt::Display for TypeProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} can't be saved: {}", self.type_path, self.reason)
    }
}

/// The reason, and the solution.
impl fmt::Display for TypeProblemReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PathTaken => {
                "another saved type has the same path. Give one of them another with \
                 `#[type_path = \"…\"]`"
            }
            Self::PathTooLong => {
                "its path is too long. Give it another with `#[type_path = \"…\"]`"
            }
            Self::RelationshipTarget => {
                "it is the derived half of a relationship. Save the other half"
            }
            Self::StateNotAdded => {
                "the state isn't part of the app. Call `init_state` or `add_sub_state`"
            }
            Self::NotSaved => {
                "it has migrations or former names, and nothing saves it. Call `save_component` or \
                 the like, or declare them for the proxy that is saved"
            }
            Self::MigratedTwice => {
                "it has two migrations from one version. Make them one chain with all steps"
            }
            Self::MigratedFromToday => {
                "`migrate_checkpoint` migrates from the version that this build writes. Give the \
                 type a new one with `migrate_saved(Migrations::since(…))`"
            }
            Self::FormerNameTaken => {
                "one of its former names is a name of another saved type. Give that name to only \
                 one of them"
            }
        })
    }
}
