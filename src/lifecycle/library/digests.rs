//! Digests: a game's own summaries of the history of each session.

use std::any::TypeId;
use std::fmt;

use bevy::prelude::*;
use bevy_session_journal::internal::read::digest::{DigestKeeper, ErasedDigests, KeepDigests};
use bevy_session_journal::{
    DigestFigures, DigestOrder, DigestedSessions, RequestError, SessionDigester, SessionFeature,
    Ticket,
};

use crate::capture::LateCalls;
use crate::content::Order;
use crate::lifecycle::notifications::{notifications, notify};
use crate::lifecycle::requests::finish_if_asked;
use crate::lifecycle::runtime::RuntimeParts;
use crate::switches::SessionSwitches;

notifications! {
    /// The digests of each session are up to date, as
    /// [`digest`](crate::library::LibraryCommands::digest) requested, or were removed by
    /// [`remove_digests`](crate::library::LibraryCommands::remove_digests), or belong to the
    /// previous profile and aren't shown any more. [`SessionDigests`] has them.
    SessionsDigested {
        /// The digester's name.
        name: &'static str,
        /// The work that it took.
        figures: DigestFigures,
    }
}

/// A digester's values for all sessions, as of the last request for them.
///
/// A clone of [`sessions`](Self::sessions) costs as much as a clone of a pointer: go through
/// thousands of sessions in a task, not in a frame.
#[derive(Resource, Clone)]
#[non_exhaustive]
pub struct SessionDigests<D: SessionDigester> {
    /// One value for each session, the oldest session first. Empty before the first answer.
    pub sessions: DigestedSessions<D::Value>,
}

impl<D: SessionDigester> Default for SessionDigests<D> {
    fn default() -> Self {
        Self { sessions: DigestedSessions::default() }
    }
}

impl<D: SessionDigester> fmt::Debug for SessionDigests<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sessions = self.sessions.len();
        formatter.debug_struct("SessionDigests").field("sessions", &sessions).finish()
    }
}

/// Declares digests of the history of each session.
pub trait SessionDigestsExt {
    /// Declares a digester: it computes a small value from the history of each session, from
    /// everything recorded on its newest branch and from its entry in lists. Nothing is computed
    /// until [`digest`](crate::library::LibraryCommands::digest) is requested.
    ///
    /// Values are computed on the writer's thread, between the checkpoints, in slices of about a
    /// millisecond. They are kept in a file of this machine, beside its locks, and computed again
    /// if a session's files have changed, if the file is damaged, or if it was written by another
    /// version of the game or of the [digester](SessionDigester::version). Nothing is restored or
    /// removed because of them. Of two digesters of one type, the first is used; a call after the
    /// app is complete has no effect, and
    /// [`SessionHint::CalledTooLate`](crate::hints::SessionHint::CalledTooLate) reports it.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::digests::{SessionDigester, SessionDigests, SessionDigestsExt};
    /// use bevy_session::events::RecordedEvent;
    ///
    /// /// How often something happened in each session.
    /// struct Count(&'static str);
    ///
    /// impl SessionDigester for Count {
    ///     type Value = u64;
    ///     const NAME: &'static str = "count";
    ///
    ///     fn take_event(&self, value: &mut u64, event: &RecordedEvent) {
    ///         *value += u64::from(&*event.event_type.path == self.0);
    ///     }
    /// }
    ///
    /// fn open_statistics(mut commands: Commands) {
    ///     commands.session().library().digest::<Count>();
    /// }
    ///
    /// fn show(counts: Res<SessionDigests<Count>>) {
    ///     let total: u64 = counts.sessions.iter().map(|session| session.value).sum();
    ///     info!("{total} in {} sessions", counts.sessions.len());
    /// }
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .digest_sessions(Count("hop::Jumped"))
    ///     .add_systems(Startup, open_statistics)
    ///     .add_systems(Update, show.run_if(resource_changed::<SessionDigests<Count>>));
    /// ```
    fn digest_sessions<D: SessionDigester>(&mut self, digester: D) -> &mut Self;
}

impl SessionDigestsExt for App {
    fn digest_sessions<D: SessionDigester>(&mut self, digester: D) -> &mut Self {
        let call = format!("digest_sessions({:?})", D::NAME);
        if LateCalls::note(self.world_mut(), &call) {
            return self;
        }
        self.init_resource::<SessionDigests<D>>();
        self.world_mut().get_resource_or_init::<DeclaredDigests>().add(digester);
        self
    }
}

/// Digesters that the game has declared, until the writer takes them.
#[derive(Resource, Default)]
pub(crate) struct DeclaredDigests(Vec<Declared>);

struct Declared {
    of: TypeId,
    keeper: Box<dyn KeepDigests + Sync>,
    show: Show,
}

/// Inserts digests into the resource of their type.
type Show = fn(&mut World, &ErasedDigests);

/// Functions that put each digester's values into the world, by the digester's name.
#[derive(Resource, Default)]
pub(crate) struct DigestsShown(Vec<(&'static str, Show)>);

impl DigestsShown {
    fn of(&self, name: &str) -> Option<Show> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, show)| *show)
    }
}

impl DeclaredDigests {
    fn add<D: SessionDigester>(&mut self, digester: D) {
        let of = TypeId::of::<D>();
        let is_known = |known: &Declared| known.of == of || known.keeper.name() == D::NAME;
        if self.0.iter().any(is_known) {
            return;
        }
        let show: Show = |world, digests| {
            if let Some(sessions) = digests.downcast_ref::<DigestedSessions<D::Value>>() {
                world.insert_resource(SessionDigests::<D> { sessions: sessions.clone() });
            }
        };
        self.0.push(Declared { of, keeper: Box::new(DigestKeeper::new(digester)), show });
    }

    /// Takes the keepers for the writer, and stores how their values get into the world.
    pub(crate) fn take(world: &mut World) -> Vec<Box<dyn KeepDigests>> {
        let declared = world.remove_resource::<Self>().unwrap_or_default();
        let (mut keepers, mut shown) = (Vec::new(), DigestsShown::default());
        for Declared { keeper, show, .. } in declared.0 {
            shown.0.push((keeper.name(), show));
            keepers.push(keeper as Box<dyn KeepDigests>);
        }
        world.insert_resource(shown);
        keepers
    }
}

/// Orders the update or removal of digests.
pub(in crate::lifecycle) fn order_digests(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    order: &DigestOrder,
) -> Result<(), RequestError> {
    let (name, feature) = (order.name(), SessionFeature::Digests);
    let is_on = SessionSwitches::has_on(world, feature);
    if !is_on && matches!(order, DigestOrder::Refresh { .. }) {
        return Err(RequestError::SwitchedOff { feature });
    }
    let shown = world.get_resource::<DigestsShown>();
    if shown.is_none_or(|shown| shown.of(name).is_none()) {
        return Err(RequestError::UnknownDigest { name: name.to_owned() });
    }
    parts.order(Order::Digest { order: order.clone(), ticket });
    Ok(())
}

/// Passes digests on.
pub(in crate::lifecycle) fn digested(
    world: &mut World,
    name: &'static str,
    digests: &ErasedDigests,
    figures: DigestFigures,
    ticket: Option<Ticket>,
) {
    let show = world.get_resource::<DigestsShown>().and_then(|shown| shown.of(name));
    if let Some(show) = show {
        show(world, digests);
        notify(world, SessionsDigested { name, figures });
    }
    finish_if_asked(world, ticket);
}
