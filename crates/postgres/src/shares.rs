//! Shares: the rows of those who share, and the functions of those who look.

use std::sync::Arc;
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Key, Listing};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, IsolationLevel, Transaction};

use crate::failure::PostgresCheckError;
use crate::rows::{Value, key_of, row_of};
use crate::token::ShareToken;

/// The longest time for which something is shared.
pub(crate) const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A lock until the transaction's end. The snapshot of what comes after it has what was committed before.
const TURN: &str = "select pg_advisory_xact_lock(hashtextextended($1, 0))";
/// A session that was taken out of the list of sessions has a row without a name there.
const ADD: &str = "with moment as (select clock_timestamp() as made),
        over as (delete from bevy_session.shares where until < (select made from moment))
    insert into bevy_session.shares (token, session, made, until)
        select $1, $2, made, made + make_interval(secs => $3) from moment
        where not exists (select from bevy_session.catalogue where session = $2 and name is null)";
/// Where there is no table, there is no answer.
const MAY_END: &str = "with shares as (select to_regclass('bevy_session.shares')::oid as id)
    select has_table_privilege(id, 'select') and has_table_privilege(id, 'delete') from shares";
/// A spectator that takes advisory locks could hold up a turn, and a backend whose client is gone would wait for it.
const PATIENCE: &str = "set local lock_timeout = '500ms'";
const END: &str =
    "delete from bevy_session.shares where token = $1 returning until > clock_timestamp()";
const END_ALL: &str =
    "delete from bevy_session.shares where session = $1 returning until > clock_timestamp()";
const LIST: &str = "select epoch, position from bevy_session.shared_objects($1)";
const READ: &str = "select bevy_session.shared_entry($1, $2, $3)";

/// Writes a row, and removes those whose time is over. Returns false if the session was withdrawn or removed.
pub(crate) async fn add(
    client: &mut Client,
    token: &ShareToken,
    lasts: Duration,
) -> Result<bool, PostgresCheckError> {
    let (hash, session, seconds) = (token.hash(), token.session().uuid(), lasts.as_secs_f64());
    let row = [(&hash as &Value, Type::BYTEA), (&session, Type::UUID), (&seconds, Type::FLOAT8)];
    let transaction = take_turn(client, token.session()).await.map_err(failed)?;
    let added = transaction.execute_typed(ADD, &row).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(added > 0)
}

/// Begins a transaction once no other one shares the session or forgets it. It sees what those have written: a commit that waits
/// for a standby can't be seen before, and would come later.
async fn take_turn(
    client: &mut Client,
    session: SessionId,
) -> Result<Transaction<'_>, tokio_postgres::Error> {
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = begin.start().await?;
    transaction.batch_execute(PATIENCE).await?;
    let name = format!("bevy_session.shares {}", session.uuid());
    transaction.query_typed(TURN, &[(&name as &Value, Type::TEXT)]).await?;
    Ok(transaction)
}

/// Ends all that was shared of a session that is forgotten: at once, and what is being shared in this moment, if need be in the next
/// try. Returns false if this role may not: then it has shared nothing.
pub(crate) async fn forget(
    client: &mut Client,
    session: SessionId,
) -> Result<bool, PostgresCheckError> {
    let row = client.query_typed_one(MAY_END, &[]).await.map_err(failed)?;
    match row.try_get(0).map_err(failed)? {
        Some(true) => {}
        Some(false) => return Ok(false),
        None => return Ok(true),
    }
    end_all(&*client, session).await?;
    let transaction = take_turn(client, session).await.map_err(failed)?;
    end_all(&transaction, session).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(true)
}

/// Ends what was shared by a token. Returns true if that was still open.
pub(crate) async fn end(client: &Client, token: &ShareToken) -> Result<bool, PostgresCheckError> {
    Ok(ended(client, END, (&token.hash(), Type::BYTEA)).await? > 0)
}

/// Ends all that was shared of a session. Returns the number of those that were still open.
pub(crate) async fn end_all(
    client: &impl GenericClient,
    session: SessionId,
) -> Result<u64, PostgresCheckError> {
    ended(client, END_ALL, (&session.uuid(), Type::UUID)).await
}

async fn ended(
    client: &impl GenericClient,
    statement: &str,
    of: (&Value, Type),
) -> Result<u64, PostgresCheckError> {
    let rows = client.query_typed(statement, &[of]).await.map_err(failed)?;
    let mut open = 0;
    for row in rows {
        open += u64::from(row.try_get::<_, bool>(0).map_err(failed)?);
    }
    Ok(open)
}

/// Lists what the session has that the connection's token opens.
pub(crate) async fn list(
    client: &Client,
    session: SessionId,
) -> Result<Listing, PostgresCheckError> {
    let id = session.uuid();
    let rows = client.query_typed(LIST, &[(&id as &Value, Type::UUID)]).await.map_err(looked)?;
    let mut listing = Listing::default();
    for row in rows {
        let (epoch, position) = (row.try_get(0).map_err(looked)?, row.try_get(1).map_err(looked)?);
        listing.add(key_of(session, epoch, position));
    }
    Ok(listing)
}

/// Reads an entry of it.
pub(crate) async fn read(client: &Client, key: Key) -> Result<Option<Vec<u8>>, PostgresCheckError> {
    let (session, epoch, position) = row_of(key);
    let place = [(&session as &Value, Type::UUID), (&epoch, Type::INT8), (&position, Type::INT8)];
    let row = client.query_typed_one(READ, &place).await.map_err(looked)?;
    row.try_get(0).map_err(looked)
}

fn failed(error: tokio_postgres::Error) -> PostgresCheckError {
    of("write bevy_session.shares", error)
}

fn looked(error: tokio_postgres::Error) -> PostgresCheckError {
    of("call the functions of bevy_session_spectator", error)
}

fn of(right: &'static str, error: tokio_postgres::Error) -> PostgresCheckError {
    match error.code() {
        Some(
            &SqlState::UNDEFINED_TABLE
            | &SqlState::UNDEFINED_FUNCTION
            | &SqlState::INVALID_SCHEMA_NAME,
        ) => PostgresCheckError::NoShares(Arc::new(error)),
        _ => PostgresCheckError::of(right, error),
    }
}
