//! The catalogue: a row about each session, for people who ask by SQL.
//!
//! No entry waits for it. Whoever locks the table, or keeps it without rights, holds up nothing but its rows.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{CatalogueLine, Epoch};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::failure::PostgresCheckError;
use crate::rows::Value;

/// The time that a row may take, for the client. The server gives a lock up before that, so that no backend is left waiting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
const WAITS_LITTLE: &str = "set local lock_timeout = '500ms'";
/// No standby need have the row, and a crash may cost it.
const HASTY: &str = "set local lock_timeout = '500ms'; set local synchronous_commit = off";
/// The time after a fault in which no row is written.
const PAUSE: Duration = Duration::from_secs(60);

const DESCRIBE: &str = "insert into bevy_session.catalogue
        (session, epoch, machine, game, name, player, type, status, checkpoint, started, saved, play_time)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10), to_timestamp($11), make_interval(secs => $12))
    on conflict (session) do update set
        epoch = excluded.epoch, machine = excluded.machine, game = excluded.game, name = excluded.name,
        player = excluded.player, type = excluded.type, status = excluded.status, checkpoint = excluded.checkpoint,
        started = excluded.started, saved = excluded.saved, play_time = excluded.play_time, updated = now()
    where catalogue.epoch <= excluded.epoch";

const FORGET: &str = "insert into bevy_session.catalogue (session, epoch) values ($1, $2)
    on conflict (session) do update set
        epoch = excluded.epoch, machine = null, game = null, name = null, player = null, type = null, status = null,
        checkpoint = null, started = null, saved = null, play_time = null, updated = now()
    where catalogue.epoch <= excluded.epoch
        and (catalogue.epoch, catalogue.name) is distinct from (excluded.epoch, null)";

/// Faults of the catalogue so far.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Option<Instant>>);

impl Faults {
    /// Returns true if there was none for a while.
    pub fn are_over(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() >= PAUSE)
    }

    /// Notes one. Returns true if it is the first since a row was written.
    pub fn note(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace(Instant::now()).is_none()
    }

    /// A row was written.
    pub fn note_success(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Writes the row of a session. Returns false if there is no table for it.
pub(crate) async fn describe(
    client: &mut Client,
    line: &CatalogueLine,
) -> Result<bool, PostgresCheckError> {
    let (session, epoch) = (line.session.uuid(), line.epoch.0.cast_signed());
    let seconds = |milliseconds: i64| milliseconds as f64 / 1_000.0;
    let (machine, player) = (line.machine.as_deref().map(text), line.player.as_deref().map(text));
    let (game, name, session_type) = (text(&line.game), text(&line.name), text(&line.session_type));
    let status = format!("{:?}", line.status).to_lowercase();
    let checkpoint = line.checkpoint.map(|(id, _)| id.to_string());
    let saved = line.checkpoint.map(|(_, time)| seconds(time.as_millisecond()));
    let (started, played) = (seconds(line.started.as_millisecond()), line.play_time.as_secs_f64());
    let row = [
        (&session as &Value, Type::UUID),
        (&epoch, Type::INT8),
        (&machine, Type::TEXT),
        (&game, Type::TEXT),
        (&name, Type::TEXT),
        (&player, Type::TEXT),
        (&session_type, Type::TEXT),
        (&status, Type::TEXT),
        (&checkpoint, Type::TEXT),
        (&started, Type::FLOAT8),
        (&saved, Type::FLOAT8),
        (&played, Type::FLOAT8),
    ];
    write(client, HASTY, DESCRIBE, &row).await
}

/// Leaves the id of a session alone. Where there is no catalogue, there is nothing to forget.
pub(crate) async fn forget(
    client: &mut Client,
    session: SessionId,
    epoch: Epoch,
) -> Result<bool, PostgresCheckError> {
    let (session, epoch) = (session.uuid(), epoch.0.cast_signed());
    let row = [(&session as &Value, Type::UUID), (&epoch, Type::INT8)];
    write(client, WAITS_LITTLE, FORGET, &row).await
}

/// Writes a row in a transaction of its own, which is over whatever the server answers. Returns false if there is no table.
async fn write(
    client: &mut Client,
    begin: &str,
    statement: &str,
    row: &[(&Value, Type)],
) -> Result<bool, PostgresCheckError> {
    let failed = |error| PostgresCheckError::of("write bevy_session.catalogue", error);
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(begin).await.map_err(failed)?;
    match transaction.execute_typed(statement, row).await {
        Ok(_) => transaction.commit().await.map(|()| true).map_err(failed),
        Err(error) => {
            transaction.rollback().await.map_err(failed)?;
            match error.code() {
                Some(&SqlState::UNDEFINED_TABLE) => Ok(false),
                _ => Err(failed(error)),
            }
        }
    }
}

/// The text without what Postgres takes in no text.
fn text(text: &str) -> String {
    text.replace('\0', "")
}
