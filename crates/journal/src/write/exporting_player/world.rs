//! The world of a checkpoint, as an export has it: the values of each type, by entity, about 1 MiB in each file.

use serde_json::{Map, Value};

use super::super::any_value::value_of;
use super::Part;
use super::parts::add_json;
use crate::disk::{DirectoryStore, MergedBlocks, SlotFile};
use crate::format::{Block, LineWalk, Rows};
use crate::model::ids::{CheckpointId, SaveId, SessionId};
use crate::model::session::RequestError;
use crate::read::report::{STEP_BYTES, TarParts};

/// Bytes of a world that are read in one slice, about, and are in one file.
const WORLD_BYTES: usize = if cfg!(test) { 1 } else { STEP_BYTES };

/// The world of a checkpoint that is written, a few blocks at a time.
pub(super) struct World {
    pub(super) of: WorldOf,
    /// The directory in the archive.
    pub(super) place: String,
    pub(super) checkpoint: CheckpointId,
    /// The rest of its blocks, and the number of files so far; `None` before it is opened.
    pub(super) reading: Option<(MergedBlocks, usize)>,
}

/// The files that a world is in.
pub(super) enum WorldOf {
    Session(SessionId),
    Slot(Box<SlotFile>),
}

/// The world of the next older checkpoint of a session, where one can't be read.
pub(super) fn older_world(
    store: &DirectoryStore,
    session: SessionId,
    of: CheckpointId,
) -> Option<World> {
    let stored = store.open_session(session).ok()?;
    let mut walk = LineWalk::from(of);
    walk.next(stored.index())?;
    let mut older = std::iter::from_fn(|| walk.next(stored.index()));
    let older = older.find(|checkpoint| stored.index().plan(*checkpoint).is_some())?;
    Some(World::of_session(session, older))
}

impl World {
    pub(super) fn of_session(session: SessionId, checkpoint: CheckpointId) -> Self {
        let place = format!("sessions/{session}/checkpoint-{checkpoint}");
        Self { of: WorldOf::Session(session), place, checkpoint, reading: None }
    }

    /// Adds the next part. Returns the rest, if there is any.
    pub(super) fn step(
        mut self: Box<Self>,
        parts: &mut TarParts,
        store: &DirectoryStore,
    ) -> Result<Option<Part>, RequestError> {
        let Some((blocks, number)) = &mut self.reading else {
            let stored = match &self.of {
                WorldOf::Session(session) => store.open_session(*session)?,
                WorldOf::Slot(slot) => store.slots().open(&slot.path, &slot.header),
            };
            let plan = stored.index().plan(self.checkpoint);
            let plan = plan.ok_or(RequestError::NothingToRestore)?;
            self.reading = Some((stored.blocks(&plan)?, 0));
            return Ok(Some(Part::World(self)));
        };
        let (mut read, mut types) = (0, Map::new());
        while read < WORLD_BYTES {
            let Some(block) = blocks.next().transpose()? else { break };
            read += block.byte_len();
            add_values(&mut types, &block);
        }
        if read == 0 {
            return Ok(None);
        }
        *number += 1;
        add_json(parts, &format!("{}/{number}.json", self.place), &Value::Object(types))?;
        Ok(Some(Part::World(self)))
    }
}

/// Adds the values of a block: of each type, by entity.
fn add_values(types: &mut Map<String, Value>, block: &Block) {
    let Rows::Values(values) = &block.rows else { return };
    let of_type = types.entry(&*block.type_path).or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(of_type) = of_type else { return };
    of_type.extend(values.iter().map(|(id, value)| (entity(id), value_of(value))));
}

fn entity(id: SaveId) -> String {
    if id == SaveId::WORLD { "world".to_owned() } else { format!("{id:?}") }
}
