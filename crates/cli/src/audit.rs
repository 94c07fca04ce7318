//! `audit`: who read, exported, deleted, archived or erased what.

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::write::Upkeep;
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, harmless, moment};
use crate::place::Place;
use crate::table::Table;

/// An entry, as JSON has it.
#[derive(Serialize)]
struct Entry<'a> {
    at: Timestamp,
    profile: &'a str,
    who: String,
    what: &'static str,
    session: Option<SessionId>,
    files: u64,
    bytes: u64,
}

/// Shows the newest entries of each profile, the oldest of them first.
pub fn audit(place: &Place, count: usize, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut table = Table::new(["AT", "WHO", "WHAT", "SESSION"]);
    for profile in place.profiles()? {
        let upkeep = Upkeep::of(profile.to_change()?);
        let entries = upkeep.audit().map_err(|source| Failure::Player { source })?;
        let title = profile.directory.title();
        for entry in entries.get(entries.len().saturating_sub(count)..).unwrap_or_default() {
            let session = entry.session.map(|session| session.to_string()).unwrap_or_default();
            match output.is_json() {
                true => output.object(&Entry {
                    at: entry.at,
                    profile: &title,
                    who: entry.who.to_string(),
                    what: entry.what.name(),
                    session: entry.session,
                    files: entry.files,
                    bytes: entry.bytes,
                })?,
                false => table.add(vec![
                    moment(entry.at),
                    harmless(&entry.who.to_string()),
                    entry.what.name().to_owned(),
                    session,
                ]),
            }
        }
    }
    if output.is_json() { Ok(()) } else { output.table(&table) }
}
