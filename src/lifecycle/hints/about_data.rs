//! Hints about the saved data, rather than about when it is saved.

use std::fmt;

use bevy::utils::prelude::ShortName;

use super::SessionHint;
use crate::capture::{crate_of, is_crate_of_engine};

impl SessionHint {
    /// Writes the hints about the saved data, rather than about when it is saved.
    pub(super) fn fmt_about_data(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEntitySaved { types } => write!(
                formatter,
                "no entity has been saved so far: components are saved only on entities with the marker \
                 `Saved`, and no entity has it. Spawn them with it, as in \
                 `commands.spawn((Saved, …))`, or mark a component of theirs \
                 `#[reflect(Component, Saved)]`. Saved components: {}",
                first_few(types),
            ),
            Self::KeyedEntityWentAgain { key, entities } => write!(
                formatter,
                "the entity with the save key `{key}`{} was despawned as soon as it was spawned, since \
                 one with that key had been despawned in this session and counts as taken. For a new \
                 round, give the level's entities `DespawnOnExit` of a saved state, or call \
                 `commands.session().placed().forget_all(\"…\")`; for a level that is left and comes again, put a \
                 `SaveScope` on its root",
                and_more(*entities),
            ),
            Self::LostBeforeRestore { key, entities } => write!(
                formatter,
                "the entity with the save key `{key}`{} is saved and doesn't come back: it was \
                 despawned before the session was restored. Let the game stand still until the \
                 question is answered, with \
                 `run_if(not(recovery_is_pending).or_else(session_is_active))`, or pause \
                 `Time<Virtual>`",
                and_more(*entities),
            ),
            Self::ContextTooLong { fields } => write!(
                formatter,
                "`GameContext` says more than a session keeps: only the beginning of {} is written down. \
                 Give each text 512 bytes at most, `mods` 16 KiB and `arguments` 4 KiB, such as by a hash of a \
                 list in place of the list",
                first_few(fields),
            ),
            Self::InstanceNotRegistered { .. }
            | Self::EntityNotMapped { .. }
            | Self::SavedUnmapped { .. }
            | Self::LinkNotRestored { .. }
            | Self::NotPutBack { .. }
            | Self::SpawnedTwice { .. } => self.fmt_about_types(formatter),
            _ => Ok(()),
        }
    }

    /// Writes the hints about types that aren't saved, or not completely.
    fn fmt_about_types(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstanceNotRegistered { type_path } => write!(
                formatter,
                "{type_path} isn't saved, since it isn't registered: generic types don't register \
                 themselves. Call `app.register_type::<{}>()`; if it is no progress, let the doctor ignore it, as in \
                 `app.add_plugins(Doctor::default().ignore::<…>())`",
                ShortName(type_path),
            ),
            Self::EntityNotMapped { type_path, field } => write!(
                formatter,
                "{type_path}, field `{}`, holds an entity that isn't mapped, and names another one \
                 after a restore. Mark the field `#[entities]`, and derive `MapEntities` if it is a \
                 resource",
                field.trim_start_matches('.'),
            ),
            Self::SavedUnmapped { type_path, field } => write!(
                formatter,
                "{type_path}{} was saved by a build that didn't map its entities, so they are \
                 `Entity::PLACEHOLDER` now. Find them again after the restore, in an observer of \
                 `SessionRestored`",
                field
                    .as_deref()
                    .map(|field| format!(", field `{}`,", field.trim_start_matches('.')))
                    .unwrap_or_default(),
            ),
            Self::LinkNotRestored { type_path, entities } => write!(
                formatter,
                "{entities} or more restored entities came back without their {}, since what it leads to \
                 isn't saved. Give that entity the marker `Saved`, or a `SaveKey` if a level spawns it, and \
                 spawn levels before the restore, with `restore_session_in` or `restore_session_when`",
                ShortName(type_path),
            ),
            Self::NotPutBack { saved, components } => not_put_back(formatter, saved, components),
            Self::SpawnedTwice { saved, entities } => write!(
                formatter,
                "{entities} restored entities with {} are there twice: the game has spawned as many when \
                 it entered a state. Give what a level spawns a `SaveKey`, or spawn it only for a new \
                 session, as beside `start`. If that is as it should be, let the doctor ignore it",
                first_few(
                    &saved.iter().map(|path| ShortName(path).to_string()).collect::<Vec<_>>()
                ),
            ),
            _ => Ok(()),
        }
    }
}

fn not_put_back(
    formatter: &mut fmt::Formatter<'_>,
    saved: &[String],
    components: &[String],
) -> fmt::Result {
    let short = |type_path: &String| ShortName(type_path).to_string();
    // An observer of a type of the game's own runs for these entities alone.
    let own = saved.iter().find(|path| !is_crate_of_engine(crate_of(path)));
    let sort = own.or(saved.first()).map(short).unwrap_or_default();
    let components: Vec<String> = components.iter().map(short).collect();
    write!(
        formatter,
        "entities with {sort} have lost {} in a restore: that isn't saved, and nothing has put it back. Add it in an \
         observer of `On<Add<{sort}>>` or as a required component, or save it if it is progress, as in \
         `app.save_component::<Transform>()`; entities that a level spawns keep it if they have a `SaveKey`. If that \
         is as it should be, let the doctor ignore it",
        first_few(&components),
    )
}

fn and_more(entities: usize) -> String {
    match entities {
        0 | 1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    }
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
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(first_few(&names), "0, 1, 2, 3, 4 and 2 more");
        assert_eq!(first_few(&names[..2]), "0, 1");
    }
}
