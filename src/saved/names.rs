//! The names of columns that don't come from the path of one of the game's types.

use std::sync::Arc;

/// The column of `ChildOf`.
pub(crate) const CHILD_OF: &str = "bevy_ecs::hierarchy::ChildOf";
/// The column of the siblings' order, on the parent.
pub(crate) const CHILD_ORDER: &str = "bevy_session::ChildOrder";
/// The column of `Disabled`.
pub(crate) const DISABLED: &str = "bevy_ecs::entity_disabling::Disabled";

/// The column of the keys of placed entities.
pub(crate) const SAVE_KEYS: &str = "bevy_session::SaveKey";
/// The column of the chapters that entities belong to.
pub(crate) const IN_CHAPTER: &str = "bevy_session::InChapter";
/// The columns that every game has, beside the marker's.
pub(crate) const BUILT_IN: [&str; 5] = [CHILD_OF, CHILD_ORDER, DISABLED, SAVE_KEYS, IN_CHAPTER];
/// Keys of unsaved entities that may be referred to. Not a type's column: its rows belong to no
/// saved entity.
pub(crate) const ANCHORS: &str = "bevy_session::Anchor";
/// Keys of placed entities that were despawned in play. Not a type's column either.
pub(crate) const GONE: &str = "bevy_session::Gone";
/// The column with facts about the build that took the checkpoint, for later builds. It isn't a
/// type's column either.
pub(crate) const BUILD: &str = "bevy_session::Build";
/// The prefix of columns whose components tie entities to a state.
pub(crate) const STATE_SCOPES: &str = "bevy_state::state_scoped::";

/// The column of the order for a column of links.
pub(crate) fn order_of(relationship: &str) -> Arc<str> {
    if relationship == CHILD_OF {
        CHILD_ORDER.into()
    } else {
        format!("bevy_session::Order<{relationship}>").into()
    }
}
