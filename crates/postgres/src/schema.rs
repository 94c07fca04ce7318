//! The tables, and which version of them a database has.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connection::Failure;

/// The version of the tables that this build reads and writes.
const VERSION: i32 = 1;

/// Makes the tables. Epochs and positions are 64 bits whose sign means nothing; the claim of an epoch is at position 0.
const MAKE: &str = "
    create schema if not exists bevy_session;
    create table if not exists bevy_session.schema (
        version integer not null
    );
    create table if not exists bevy_session.objects (
        session uuid not null,
        epoch bigint not null,
        position bigint not null,
        created timestamptz not null default now(),
        bytes bytea not null,
        primary key (session, epoch, position)
    );
    alter table bevy_session.objects alter column bytes set storage external;
    insert into bevy_session.schema select 1
        where not exists (select from bevy_session.schema);
";

/// Two processes that begin at once make the tables one after the other.
const LOCK: &str = "select pg_advisory_xact_lock(4913378250816123417)";

/// A newer build made the tables.
#[derive(Debug, thiserror::Error)]
#[error("the tables are of version {found}, and this build knows version {VERSION}: update it")]
struct NewerSchema {
    found: i32,
}

/// Looks which tables there are, and makes them if there are none.
pub(crate) async fn make_ready(client: &mut Client) -> Result<(), Failure> {
    let found = match version(client).await? {
        Some(found) => found,
        None => {
            let transaction = client.transaction().await?;
            transaction.batch_execute(LOCK).await?;
            transaction.batch_execute(MAKE).await?;
            transaction.commit().await?;
            version(client).await?.unwrap_or_default()
        }
    };
    if found > VERSION {
        return Err(NewerSchema { found }.into());
    }
    Ok(())
}

/// The version of the tables; `None` if there are none.
async fn version(client: &Client) -> Result<Option<i32>, Failure> {
    match client.query_typed_opt("select version from bevy_session.schema", &[]).await {
        Ok(row) => Ok(row.map(|row| row.try_get(0)).transpose()?),
        Err(error) => match error.code() {
            Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => Ok(None),
            _ => Err(error.into()),
        },
    }
}
