//! `inventory`: every kind of file that a game keeps with this library, the personal data in it, and when it is removed.

use bevy_session_journal::internal::disk::Kept;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

/// A kind of file, as JSON has it.
#[derive(Serialize)]
struct Kind {
    what: &'static str,
    place: &'static str,
    /// Empty if it holds none.
    personal: &'static str,
    goes: &'static str,
}

/// Lists every kind of file.
pub fn inventory(output: &mut Output<'_>) -> Result<(), Failure> {
    let mut table = Table::new(["WHAT", "WHERE", "PERSONAL DATA", "REMOVED"]);
    for Kept { what, place, personal, goes, .. } in Kept::ALL {
        if output.is_json() {
            output.object(&Kind { what, place, personal, goes })?;
            continue;
        }
        let personal = if personal.is_empty() { "none" } else { personal };
        table.add([what, place, personal, goes].map(str::to_owned).to_vec());
    }
    if output.is_json() { Ok(()) } else { output.table(&table) }
}
