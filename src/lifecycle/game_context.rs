//! Facts about the game and its machine that the game provides.

use bevy::prelude::*;
use bevy_session_journal::{SessionContext, SessionId, SessionNetwork, limits};

use super::hints::{SessionHint, give_hint};
use super::notifications::{ContextChanged, notify};
use super::runtime::RuntimeParts;

/// Facts about the game and its machine that the plugin can't find out by itself. They are stored
/// with a session when it is started or resumed. After a crash, or on a player's other machine,
/// they show what is different: see [`ContextChanged`].
///
/// Everything is optional, and a text or list may be of any length. 512 bytes are kept of a text,
/// 16 KiB of `mods` and 4 KiB of `arguments`: the first that fit. If there is more,
/// [`SessionHint::ContextTooLong`] names it; a difference in mods is noticed all the same.
///
/// It is written to the session's files and slots, and goes where those go: to a cloud that syncs
/// them, and into a report that a player sends. The plugin sends nothing anywhere.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::library::SessionNetwork;
/// use bevy_session::{GameContext, SessionPlugin};
///
/// let context = GameContext {
///     build_id: option_env!("GIT_COMMIT").unwrap_or_default().to_owned(),
///     mods: vec!["better-fish 1.2".to_owned()],
///     network: Some(SessionNetwork::online("eu-west")),
///     ..default()
/// }
/// .arguments(&["--safe-mode", "--renderer"]);
/// let plugin = SessionPlugin::new("Studio", "Hop").context(context);
/// ```
#[derive(Resource, Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct GameContext {
    /// An id that distinguishes this build from others of the same version, such as a commit.
    pub build_id: String,
    /// The graphics adapter. If it is empty, `ThumbnailPlugin` of `bevy_session_ui` sets it to the
    /// one that Bevy renders with.
    pub graphics: String,
    /// The loaded mods, in their order.
    pub mods: Vec<String>,
    /// The network that the session is played over: its kind and region, and no address. `None`, the
    /// default, says nothing. As all of this, it is stored when a session is started or resumed, so
    /// set it before that.
    pub network: Option<SessionNetwork>,
    /// A hash of the game's settings, to notice when they differ.
    pub settings_hash: Option<u64>,
    /// The process's arguments, as far as the game allows them to be stored: see
    /// [`arguments`](Self::arguments).
    pub arguments: Vec<String>,
}

impl GameContext {
    /// Stores which of these arguments the process was started with, also in the form
    /// `--name=value`. No others are stored, since they may contain anything.
    #[must_use]
    pub fn arguments(mut self, allowed: &[&str]) -> Self {
        let given = std::env::args_os().skip(1).filter_map(|argument| argument.into_string().ok());
        self.arguments = given.filter(|argument| is_allowed(argument, allowed)).collect();
        self
    }

    /// The game's part of the session's context. The writer adds the rest.
    pub(super) fn of(world: &World) -> SessionContext {
        let Some(context) = world.get_resource::<Self>() else { return SessionContext::default() };
        let Self { build_id, graphics, mods, network, settings_hash, arguments } = context;
        let said = SessionContext::of_game(build_id, graphics, mods, arguments);
        SessionContext { settings_hash: *settings_hash, network: network.clone(), ..said }
    }

    /// The names of the fields that are too long for a session's files.
    fn too_long(&self) -> Vec<String> {
        let Self { build_id, graphics, mods, network, arguments, .. } = self;
        let region = network.as_ref().map_or(0, |network| network.region.len());
        let kept = SessionContext::of_game(build_id, graphics, mods, arguments);
        let parts = [
            ("build_id", kept.build_id.len() < build_id.len()),
            ("graphics", kept.graphics.len() < graphics.len()),
            ("mods", kept.mods.len() < mods.len()),
            ("network", region > limits::CONTEXT_TEXT_BYTES),
            ("arguments", kept.arguments.len() < arguments.len()),
        ];
        parts.into_iter().filter(|(_, is_cut)| *is_cut).map(|(name, _)| name.to_owned()).collect()
    }
}

fn is_allowed(argument: &str, allowed: &[&str]) -> bool {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name);
    allowed.contains(&name)
}

/// Gives a hint if the game's context is longer than what is kept. Checks only when it changed.
pub(super) fn look_over_context(world: &mut World) {
    let context = world.get_resource_ref::<GameContext>().filter(DetectChanges::is_changed);
    let too_long = context.map(|context| context.too_long()).unwrap_or_default();
    if !too_long.is_empty() {
        give_hint(world, SessionHint::ContextTooLong { fields: too_long });
    }
}

/// The writer has found out the facts about this program and machine. If the session was resumed,
/// they are compared with those that it was played with before.
pub(super) fn compare_context(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    now: SessionContext,
) {
    let playing = parts.playing.as_mut().filter(|playing| playing.session == session);
    let before = playing.and_then(|playing| playing.context_before.take());
    if let Some(mut current) = world.get_resource_mut::<super::CurrentSession>() {
        current.metadata.context = now.clone();
    }
    let Some(before) = before else { return };
    let parts = now.differences(&before);
    if !parts.is_empty() {
        notify(world, ContextChanged { session, parts, before, now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arguments_that_the_game_allows_are_written_down() {
        let allowed = ["--safe-mode", "--renderer"];
        assert!(is_allowed("--safe-mode", &allowed) && is_allowed("--renderer=gl", &allowed));
        assert!(!is_allowed("--token=secret", &allowed) && !is_allowed("--safe-mode-2", &allowed));
    }
}
