//! Starts sessions whose world is that of a file.

use bevy::prelude::*;

use super::starting::check_texts;
use crate::clock;
use crate::content::Order;
use crate::ids::Ticket;
use crate::journal::SessionId;
use crate::lifecycle::requests::SessionRequest;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Becomes, Preparing, Transition};
use crate::lifecycle::{GameContext, SessionCommands};
use crate::session::{NewSession, RequestError, RestoreFrom, RestoreReason, StartingWorld};
use crate::writer::WorldOrder;

impl SessionCommands<'_, '_> {
    /// Starts a session whose world is that of a file: one that [`export`](Self::export) wrote, or a report.
    ///
    /// The world is put back as by [`branch_off`](Self::branch_off): [`SessionRestored`](crate::SessionRestored)
    /// follows with [`BranchedOff`](crate::RestoreReason::BranchedOff). The session is a new one, which has
    /// nothing of the one that the file was made of but the world: not its name, player, fields, chapters and
    /// play time, and no recorded events. Nothing changes if the file can't be used, and
    /// [`RequestRejected`](crate::RequestRejected) says why, with [`SlotError::Report`](crate::SlotError::Report).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::StartingWorld;
    /// use bevy_session::prelude::*;
    ///
    /// #[derive(Resource)]
    /// struct Ruins(StartingWorld);
    ///
    /// fn begin(ruins: Res<Ruins>, mut commands: Commands) {
    ///     commands.session().start_in(NewSession::named("Ruins").player("Ann"), ruins.0.clone());
    /// }
    /// # bevy::ecs::system::assert_is_system(begin);
    /// ```
    pub fn start_in(&mut self, session: NewSession, world: StartingWorld) -> Ticket {
        let session = Box::new(session);
        self.request(SessionRequest::StartIn { session, world })
    }
}

/// Has the file read. Nothing of what is played changes before that turned out well.
pub(in crate::lifecycle) fn start_in(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    (session, file): (&NewSession, &StartingWorld),
) -> Result<(), RequestError> {
    check_texts(session)?;
    if !session.replaces_current {
        parts.require_no_session()?;
    }
    let mut metadata = session.begin(SessionId::random(), parts.time.now().wall);
    metadata.context = GameContext::of(world);
    let preparing = Preparing {
        ticket,
        session: metadata.id,
        from: RestoreFrom::Latest,
        reason: RestoreReason::BranchedOff,
        asked_at: clock::instant(),
        becomes: Becomes::World,
        otherwise: None,
        tries_left: 0,
        backup: None,
    };
    let (session, world) = (session.clone(), file.clone());
    let order = Box::new(WorldOrder { metadata, session, world });
    parts.order(Order::PrepareWorld { order, ticket });
    parts.transition = Some(Transition::Preparing(Box::new(preparing)));
    Ok(())
}
