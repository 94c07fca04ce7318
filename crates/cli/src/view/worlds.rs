//! The worlds of a page: the newest checkpoint whole, and of each other what differs from the next newer one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bevy_session_journal::CheckpointId;
use serde_json::{Value as Json, json};

use super::columns::{columns, stretches, value_of};
use crate::diff::Pairs;
use crate::events::Privacy;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::personal::Personal;
use crate::rows::Row;
use crate::value::Value;

/// Columns that say nothing but who is there, or what people call them, which come first.
const NEEDED: [&str; 3] = ["bevy_session::Saved", "bevy_session::SaveKey", "bevy_ecs::name::Name"];

/// The types of a page, by the numbers that they have in it.
#[derive(Default)]
pub struct Types {
    numbers: HashMap<Arc<str>, usize>,
    pub paths: Vec<Arc<str>>,
}

/// A part of a page, as the bytes that it takes.
pub struct Piece {
    pub name: String,
    pub bytes: Vec<u8>,
    /// True if the page makes no sense without it.
    pub is_needed: bool,
}

impl Types {
    fn number(&mut self, path: &Arc<str>) -> usize {
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        let number = self.paths.len();
        self.numbers.insert(Arc::clone(path), number);
        self.paths.push(Arc::clone(path));
        number
    }
}

/// All rows of a checkpoint, type by type.
pub fn whole(
    session: &mut OpenSession,
    checkpoint: CheckpointId,
    privacy: Privacy,
    types: &mut Types,
) -> Result<Vec<Piece>, Failure> {
    let plan = session.plan(checkpoint)?;
    let personal = Personal::to_keep(session, &plan, privacy)?;
    let (mut pieces, mut column) = (Vec::new(), Vec::<Row>::new());
    for row in session.rows_by(&plan)? {
        let row = row?;
        if column.first().is_some_and(|first| first.type_path != row.type_path) {
            pieces.extend(piece_of(&column, &personal, types)?);
            column.clear();
        }
        column.push(row);
    }
    pieces.extend(piece_of(&column, &personal, types)?);
    Ok(pieces)
}

/// The rows of one type.
fn piece_of(
    rows: &[Row],
    personal: &Personal,
    types: &mut Types,
) -> Result<Option<Piece>, Failure> {
    let Some(first) = rows.first() else { return Ok(None) };
    let values: Vec<Value> = rows.iter().map(|row| value_of(personal.masked(row))).collect();
    let ids: Vec<u64> = rows.iter().map(|row| row.id.0).collect();
    let column = json!({
        "t": types.number(&first.type_path),
        "n": ids.len(),
        "ids": stretches(&ids),
        "of": columns(&values.iter().collect::<Vec<_>>()),
    });
    let name = first.type_path.to_string();
    let is_needed = NEEDED.contains(&&*name);
    Ok(Some(Piece { name, bytes: serde_json::to_vec(&column)?, is_needed }))
}

/// The differences of an older checkpoint from a newer one. `None` if that takes more bytes than there are.
pub fn difference(
    session: &mut OpenSession,
    (older, newer): (CheckpointId, CheckpointId),
    privacy: Privacy,
    types: &mut Types,
    room: usize,
) -> Result<Option<Json>, Failure> {
    // By type: the ids and values of what differs, and the ids of what isn't there.
    let mut found: BTreeMap<usize, (Vec<u64>, Vec<Value>, Vec<u64>)> = BTreeMap::new();
    let mut bytes = 0;
    let plan = session.plan(older)?;
    let personal = Personal::to_keep(session, &plan, privacy)?;
    let (before, after) = (session.rows_by(&plan)?, session.rows(newer)?);
    for pair in Pairs::of(before, after) {
        match pair? {
            (Some(before), Some(after)) if before.bytes == after.bytes => {}
            (Some(before), _) => {
                bytes += before.bytes.len() + 8;
                let of_type = found.entry(types.number(&before.type_path)).or_default();
                of_type.0.push(before.id.0);
                of_type.1.push(value_of(personal.masked(&before)));
            }
            (None, Some(after)) => {
                bytes += 8;
                found.entry(types.number(&after.type_path)).or_default().2.push(after.id.0);
            }
            (None, None) => {}
        }
        if bytes > room {
            return Ok(None);
        }
    }
    let types = found.into_iter().map(|(number, (ids, values, gone))| {
        let values = columns(&values.iter().collect::<Vec<_>>());
        json!({ "t": number, "ids": stretches(&ids), "of": values, "gone": stretches(&gone) })
    });
    Ok(Some(Json::Array(types.collect())))
}
