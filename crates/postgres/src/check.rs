//! The check of a database: does it do what the protocol rests on?

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Epoch, Key, Position};
use tokio_postgres::Client;

use crate::failure::PostgresCheckError;
use crate::rows;

const FIRST: &[u8] = b"first";
const SECOND: &[u8] = b"second";

/// Creates, reads, lists and deletes an entry of a session that nobody has. All of it is one transaction, so nothing stays
/// behind wherever it ends. Its commit waits for the disk, and for the standbys.
pub(crate) async fn check(client: &mut Client) -> Result<(), PostgresCheckError> {
    let failed = |error| PostgresCheckError::of("commit", error);
    let session = SessionId::random();
    let (epoch, position) = (Epoch(1), Position(1));
    let probe = Key::Entry { session, epoch, position };
    let transaction = client.transaction().await.map_err(failed)?;

    let first = rows::create(&transaction, probe, FIRST).await?;
    let found = rows::read(&transaction, probe).await?;
    if first != Created::New || found.as_deref() != Some(FIRST) {
        return Err(PostgresCheckError::Forgets);
    }
    if rows::create(&transaction, probe, SECOND).await? != Created::Existed {
        return Err(PostgresCheckError::CreatesTwice);
    }
    let listing = rows::list(&transaction, session).await?;
    let is_listed = listing.entries.get(&epoch).is_some_and(|all| all.contains(&position));
    rows::delete(&transaction, probe).await?;
    if !is_listed || rows::read(&transaction, probe).await?.is_some() {
        return Err(PostgresCheckError::Forgets);
    }
    transaction.commit().await.map_err(failed)
}
