//! The tables, and which version of them a database has.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connection::Asks;
use crate::failure::PostgresCheckError;

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
    create table if not exists bevy_session.catalogue (
        session uuid primary key,
        epoch bigint not null,
        machine text,
        game text,
        name text,
        player text,
        type text,
        status text,
        checkpoint text,
        started timestamptz,
        saved timestamptz,
        play_time interval,
        updated timestamptz not null default now()
    );
    insert into bevy_session.schema select 1
        where not exists (select from bevy_session.schema);
";

/// Two processes that begin at once make the tables one after the other.
const LOCK: &str = "select pg_advisory_xact_lock(4913378250816123417)";

const MAKE_RIGHT: &str = "make the tables, which aren't there (roles.sql makes them)";

/// Looks which tables there are, and makes them if there are none. A role that may not make them does well if they are there, and
/// one that only reads makes none.
pub(crate) async fn make_ready(client: &mut Client, asks: Asks) -> Result<(), PostgresCheckError> {
    let found = match version(client).await? {
        Some(found) => found,
        None if asks == Asks::ToRead => return Ok(()),
        None => {
            let made = make(client).await;
            made.map_err(|error| PostgresCheckError::of(MAKE_RIGHT, error))?;
            version(client).await?.unwrap_or_default()
        }
    };
    if found > VERSION {
        return Err(PostgresCheckError::NewerSchema { found, known: VERSION });
    }
    Ok(())
}

async fn make(client: &mut Client) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    transaction.batch_execute(MAKE).await?;
    transaction.commit().await
}

/// The version of the tables; `None` if there are none.
async fn version(client: &Client) -> Result<Option<i32>, PostgresCheckError> {
    let row = match client.query_typed_opt("select version from bevy_session.schema", &[]).await {
        Err(error) if is_absence(&error) => return Ok(None),
        row => row.map_err(failed)?,
    };
    row.map(|row| row.try_get(0)).transpose().map_err(failed)
}

fn is_absence(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME))
}

fn failed(error: tokio_postgres::Error) -> PostgresCheckError {
    PostgresCheckError::of("select from bevy_session.schema", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without its line breaks.
    fn in_a_line(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_file_of_roles_has_the_tables_of_the_store() {
        let file = in_a_line(include_str!("../roles.sql"));
        assert!(file.contains(&in_a_line(MAKE)), "{MAKE}");
    }
}
