//! Plans sessions, and begins them.

use bevy::prelude::*;
use tracing::info;

use super::starting::check_texts;
use crate::content::Order;
use crate::ids::Ticket;
use crate::journal::{SessionId, limits};
use crate::lifecycle::notifications::{SessionDrafted, notify};
use crate::lifecycle::requests::{SessionRequest, finish, reject};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{GameContext, SessionCatalog, SessionCommands};
use crate::recovery::SessionEntry;
use crate::session::{NewSession, RequestError};
use crate::writer::DraftOrder;

impl SessionCommands<'_, '_> {
    /// Keeps a session for later without starting it: the evening that is planned with friends, the campaign that
    /// is set up. [`SessionDrafted`](crate::SessionDrafted) follows when that is durable.
    ///
    /// It is listed with [`draft`](crate::SessionMetadata::draft), and can be changed, deleted and brought back
    /// like others. [`continue_session`](Self::continue_session) begins it:
    /// [`SessionStarted`](crate::SessionStarted) follows, as after [`start`](Self::start), and the world is what the
    /// game makes of it. Any session that is played meanwhile goes on.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn plan_friday(mut commands: Commands) -> Result {
    ///     let friday = NewSession::named("Friday").player("Ann").tag("co-op");
    ///     commands.session().draft(friday.field("map", "harbour")?);
    ///     Ok(())
    /// }
    ///
    /// fn begin_friday(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     if let Some(planned) = catalog.sessions().iter().find(|entry| entry.session.draft) {
    ///         commands.session().continue_session(planned.session.id);
    ///     }
    /// }
    /// # App::new().add_systems(Startup, plan_friday);
    /// # bevy::ecs::system::assert_is_system(begin_friday);
    /// ```
    pub fn draft(&mut self, session: NewSession) -> Ticket {
        self.request(SessionRequest::Draft(Box::new(session)))
    }
}

/// Has a session written down that begins later.
pub(in crate::lifecycle) fn draft(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    session: &NewSession,
) -> Result<(), RequestError> {
    check_texts(session)?;
    RequestError::refuse_longer(session.fields.bytes(), limits::FRAME_BYTES)?;
    let mut metadata = session.begin(SessionId::random(), parts.time.now().wall);
    metadata.context = GameContext::of(world);
    metadata.draft = true;
    let order = Box::new(DraftOrder { metadata, session: session.clone() });
    parts.order(Order::Draft { order, ticket });
    Ok(())
}

/// A session was planned, or not.
pub(in crate::lifecycle) fn drafted(
    world: &mut World,
    result: Result<Box<SessionEntry>, RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok(entry) => {
            let session = entry.session.id;
            info!(%session, "session planned");
            world.get_resource_or_init::<SessionCatalog>().put(*entry);
            notify(world, SessionDrafted { session });
            finish(world, ticket);
        }
        Err(error) => reject(world, ticket, error),
    }
}
