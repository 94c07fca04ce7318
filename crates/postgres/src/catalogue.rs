//! The catalogue: a row about each session, for people who ask by SQL.

use bevy_session_journal::replica::{CatalogueLine, CatalogueText};
use tokio_postgres::GenericClient;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::failure::PostgresCheckError;
use crate::rows::Value;

const DESCRIBE: &str = "insert into bevy_session.catalogue
        (session, epoch, machine, game, name, player, type, status, checkpoint, started, saved, play_time)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10), to_timestamp($11), make_interval(secs => $12))
    on conflict (session) do update set
        epoch = excluded.epoch, machine = excluded.machine, game = excluded.game, name = excluded.name,
        player = excluded.player, type = excluded.type, status = excluded.status, checkpoint = excluded.checkpoint,
        started = excluded.started, saved = excluded.saved, play_time = excluded.play_time, updated = now()
    where catalogue.epoch <= excluded.epoch";

/// Writes the row of a session. An administrator who made the tables before there was a catalogue has none, and it isn't needed.
pub(crate) async fn describe(
    client: &impl GenericClient,
    line: &CatalogueLine,
) -> Result<(), PostgresCheckError> {
    let (session, epoch) = (line.session.uuid(), line.epoch.0.cast_signed());
    let machine = line.machine.as_deref().map(text);
    let row = line.about.as_ref().map(Row::of).unwrap_or_default();
    let values = [
        (&session as &Value, Type::UUID),
        (&epoch, Type::INT8),
        (&machine, Type::TEXT),
        (&row.game, Type::TEXT),
        (&row.name, Type::TEXT),
        (&row.player, Type::TEXT),
        (&row.session_type, Type::TEXT),
        (&row.status, Type::TEXT),
        (&row.checkpoint, Type::TEXT),
        (&row.started, Type::FLOAT8),
        (&row.saved, Type::FLOAT8),
        (&row.play_time, Type::FLOAT8),
    ];
    match client.execute_typed(DESCRIBE, &values).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(()),
        done => done
            .map(|_| ())
            .map_err(|error| PostgresCheckError::of("write bevy_session.catalogue", error)),
    }
}

/// What a row says of a session that wasn't removed. Moments are seconds since 1970.
#[derive(Default)]
struct Row {
    game: Option<String>,
    name: Option<String>,
    player: Option<String>,
    session_type: Option<String>,
    status: Option<String>,
    checkpoint: Option<String>,
    started: Option<f64>,
    saved: Option<f64>,
    play_time: Option<f64>,
}

impl Row {
    fn of(about: &CatalogueText) -> Self {
        let seconds = |milliseconds: i64| milliseconds as f64 / 1_000.0;
        Self {
            game: Some(text(&about.game)),
            name: Some(text(&about.name)),
            player: about.player.as_deref().map(text),
            session_type: Some(text(&about.session_type)),
            status: Some(format!("{:?}", about.status).to_lowercase()),
            checkpoint: about.checkpoint.map(|(id, _)| id.to_string()),
            started: Some(seconds(about.started.as_millisecond())),
            saved: about.checkpoint.map(|(_, time)| seconds(time.as_millisecond())),
            play_time: Some(about.play_time.as_secs_f64()),
        }
    }
}

/// The text without what Postgres takes in no text.
fn text(text: &str) -> String {
    text.replace('\0', "")
}
