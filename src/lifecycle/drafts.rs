//! Plans sessions, and begins them.

use bevy::prelude::*;
use tracing::info;

use super::notifications::{SessionDrafted, notify};
use super::requests::{SessionRequest, finish, reject};
use super::runtime::RuntimeParts;
use super::starting::{FirstRun, check_texts};
use super::take_up::Taken;
use super::{GameContext, SessionCatalog, SessionCommands};
use crate::content::Order;
use crate::ids::Ticket;
use crate::journal::{SessionId, limits};
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

impl RuntimeParts {
    /// Has a session written down that begins later.
    pub(super) fn draft(
        &mut self,
        world: &World,
        ticket: Ticket,
        session: &NewSession,
    ) -> Result<(), RequestError> {
        check_texts(session)?;
        RequestError::refuse_longer(session.fields.bytes(), limits::FRAME_BYTES)?;
        let mut metadata = session.begin(SessionId::random(), self.time.now().wall);
        metadata.context = GameContext::of(world);
        metadata.draft = true;
        let order = Box::new(DraftOrder { metadata, session: session.clone() });
        self.order(Order::Draft { order, ticket });
        Ok(())
    }

    /// A session was planned, or not.
    pub(super) fn drafted(
        &mut self,
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

    /// Begins a session that was planned.
    pub(super) fn begin_draft(&mut self, world: &World, taken: Taken) {
        let Taken { preparing, prepared } = taken;
        let mut metadata = prepared.metadata.clone();
        metadata.started = self.time.now().wall;
        metadata.context = GameContext::of(world);
        self.begin_first_run(FirstRun {
            metadata,
            fields: prepared.fields.clone(),
            draft: Some(prepared),
            ticket: preparing.ticket,
        });
    }
}
