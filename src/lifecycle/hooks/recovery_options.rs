//! Recovery options that the game adds to those of the plugin.

use std::fmt::{self, Debug, Formatter};

use bevy::prelude::*;
use bevy_session_journal::{OfferedOption, RecoveryOffer};
use tracing::error;

use super::HookSystem;

/// A recovery option that the game adds to checkpoints and slots, with
/// [`recovery_option`](crate::SessionHooksExt::recovery_option): to try the mission again, to load
/// one of its own backups, to start in safe mode.
pub struct RecoveryOption {
    id: String,
    label: String,
    is_available: Box<dyn Fn(&RecoveryOffer, &World) -> bool + Send + Sync>,
    proposed_after: Option<u32>,
}

impl Debug for RecoveryOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryOption").field("id", &self.id).finish_non_exhaustive()
    }
}

impl RecoveryOption {
    /// An option with this id for the game, and this label for the player.
    #[must_use]
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        let (id, label) = (id.into(), label.into());
        Self { id, label, is_available: Box::new(|_, _| true), proposed_after: None }
    }

    /// Restricts the option to certain crashes: evaluated when a crash is offered, and once more
    /// when the option is chosen. Available for all by default.
    #[must_use]
    pub fn only_if(
        mut self,
        is_available: impl Fn(&RecoveryOffer, &World) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.is_available = Box::new(is_available);
        self
    }

    /// Proposes it instead of a checkpoint once the game has died this many times in a row soon
    /// after the session was restored. With 0, it is always proposed. By default, never.
    ///
    /// If the game recovers without asking
    /// ([`RecoveryPolicy::Automatic`](crate::RecoveryPolicy::Automatic)), a proposed option is
    /// taken; [`start_or_continue`](crate::SessionCommands::start_or_continue) uses checkpoints and
    /// backups only.
    #[must_use]
    pub fn proposed_after(mut self, deaths: u32) -> Self {
        self.proposed_after = Some(deaths);
        self
    }
}

/// An option, and the system for it.
pub(crate) struct RecoveryHook {
    option: RecoveryOption,
    run: Box<dyn FnMut(&mut World, RecoveryOffer) + Send + Sync>,
}

impl RecoveryHook {
    pub(in crate::lifecycle) fn new<M>(
        option: RecoveryOption,
        system: impl IntoSystem<In<RecoveryOffer>, (), M> + 'static,
    ) -> Self {
        let mut system = HookSystem::new(system);
        let run = move |world: &mut World, offer: RecoveryOffer| {
            if let Err(error) = system.run(offer, world) {
                error!(system = %system.name(), %error, "a recovery option's system can't run");
            }
        };
        Self { option, run: Box::new(run) }
    }

    /// The option with this id, if it is available for this crash.
    pub(in crate::lifecycle) fn find<'a>(
        hooks: &'a mut [Self],
        id: &str,
        offer: &RecoveryOffer,
        world: &World,
    ) -> Option<&'a mut Self> {
        let is_it = |hook: &&mut Self| hook.option.id == id && hook.offered(offer, world).is_some();
        hooks.iter_mut().find(is_it)
    }

    /// Runs the option's system.
    pub(in crate::lifecycle) fn run(&mut self, world: &mut World, offer: RecoveryOffer) {
        (self.run)(world, offer);
        world.flush();
    }

    /// The option as it is shown to a player; `None` if it isn't available for this crash.
    fn offered(&self, offer: &RecoveryOffer, world: &World) -> Option<OfferedOption> {
        let RecoveryOption { id, label, is_available, proposed_after } = &self.option;
        let is_proposed = proposed_after.is_some_and(|deaths| offer.deaths_in_a_row >= deaths);
        is_available(offer, world)
            .then(|| OfferedOption::new(id.clone(), label.clone(), is_proposed))
    }
}

/// The game's own recovery options. At most one is proposed: the first.
pub(in crate::lifecycle) fn options_for(
    hooks: &[RecoveryHook],
    offer: &RecoveryOffer,
    world: &World,
) -> Vec<OfferedOption> {
    let hooks = hooks.iter();
    let mut options: Vec<OfferedOption> =
        hooks.filter_map(|hook| hook.offered(offer, world)).collect();
    let first = options.iter().position(|option| option.is_proposed);
    for (place, option) in options.iter_mut().enumerate() {
        option.is_proposed = Some(place) == first;
    }
    options
}
