//! The rows: an object is one.

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Epoch, Key, Listing, Position};
use tokio_postgres::GenericClient;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::failure::PostgresCheckError;

/// The position of an epoch's claim: those of entries count from 1.
const CLAIM: u64 = 0;

const CREATE: &str = "insert into bevy_session.objects (session, epoch, position, bytes)
    values ($1, $2, $3, $4) on conflict do nothing";
const READ: &str =
    "select bytes from bevy_session.objects where session = $1 and epoch = $2 and position = $3";
const DELETE: &str =
    "delete from bevy_session.objects where session = $1 and epoch = $2 and position = $3";
const SESSIONS: &str = "select distinct session from bevy_session.objects order by session";

/// Waits until the server's synchronous standbys have everything that was committed before. A commit waits for them only if
/// it has written something.
const SETTLE: &str = "select pg_logical_emit_message(true, 'bevy_session', '')::text";

/// Lists, and waits as well where there are synchronous standbys: a row whose own commit was interrupted while it waited, as
/// by a restart, can be seen all the same.
const LIST: &str = "select epoch, position, (
        select case when current_setting('synchronous_standby_names') <> ''
            then pg_logical_emit_message(true, 'bevy_session', '')::text end
    ) from bevy_session.objects where session = $1";

const MAY_SELECT: &str = "select from bevy_session.objects";

/// A value of a statement. With its type beside it, a statement takes one round trip and needs no preparation.
pub(crate) type Value = dyn ToSql + Sync;

/// Creates an object if there is none. Both answers say that it is durable.
pub(crate) async fn create(
    client: &impl GenericClient,
    key: Key,
    bytes: &[u8],
) -> Result<Created, PostgresCheckError> {
    let (session, epoch, position) = row_of(key);
    let row = [
        (&session as &Value, Type::UUID),
        (&epoch, Type::INT8),
        (&position, Type::INT8),
        (&bytes, Type::BYTEA),
    ];
    let made = client.execute_typed(CREATE, &row).await;
    if made.map_err(|error| PostgresCheckError::of("insert into bevy_session.objects", error))? == 1
    {
        return Ok(Created::New);
    }
    let settled = client.query_typed(SETTLE, &[]).await;
    settled.map_err(|error| PostgresCheckError::of("call pg_logical_emit_message", error))?;
    Ok(Created::Existed)
}

pub(crate) async fn read(
    client: &impl GenericClient,
    key: Key,
) -> Result<Option<Vec<u8>>, PostgresCheckError> {
    let failed = |error| PostgresCheckError::of(MAY_SELECT, error);
    let (session, epoch, position) = row_of(key);
    let place = [(&session as &Value, Type::UUID), (&epoch, Type::INT8), (&position, Type::INT8)];
    let row = client.query_typed_opt(READ, &place).await.map_err(failed)?;
    row.map(|row| row.try_get(0)).transpose().map_err(failed)
}

/// Lists what a session has. All of it is durable.
pub(crate) async fn list(
    client: &impl GenericClient,
    session: SessionId,
) -> Result<Listing, PostgresCheckError> {
    let failed = |error| PostgresCheckError::of(MAY_SELECT, error);
    let id = session.uuid();
    let rows = client.query_typed(LIST, &[(&id as &Value, Type::UUID)]).await.map_err(failed)?;
    let mut listing = Listing::default();
    for row in rows {
        let (epoch, position) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        listing.add(key_of(session, epoch, position));
    }
    Ok(listing)
}

pub(crate) async fn delete(
    client: &impl GenericClient,
    key: Key,
) -> Result<(), PostgresCheckError> {
    let (session, epoch, position) = row_of(key);
    let place = [(&session as &Value, Type::UUID), (&epoch, Type::INT8), (&position, Type::INT8)];
    let deleted = client.execute_typed(DELETE, &place).await;
    deleted.map_err(|error| PostgresCheckError::of("delete from bevy_session.objects", error))?;
    Ok(())
}

pub(crate) async fn sessions(
    client: &impl GenericClient,
) -> Result<Vec<SessionId>, PostgresCheckError> {
    let failed = |error| PostgresCheckError::of(MAY_SELECT, error);
    let rows = client.query_typed(SESSIONS, &[]).await.map_err(failed)?;
    let sessions = rows.iter().map(|row| row.try_get::<_, Uuid>(0).map(SessionId::from));
    sessions.collect::<Result<_, _>>().map_err(failed)
}

/// The row of an object.
pub(crate) fn row_of(key: Key) -> (Uuid, i64, i64) {
    let (epoch, position) = match key {
        Key::Claim { epoch, .. } => (epoch, CLAIM),
        Key::Entry { epoch, position, .. } => (epoch, position.0),
    };
    (key.session().uuid(), epoch.0.cast_signed(), position.cast_signed())
}

/// The key of a row.
pub(crate) fn key_of(session: SessionId, epoch: i64, position: i64) -> Key {
    let (epoch, position) = (Epoch(epoch.cast_unsigned()), position.cast_unsigned());
    match position {
        CLAIM => Key::Claim { session, epoch },
        _ => Key::Entry { session, epoch, position: Position(position) },
    }
}
