//! The slots of a place: what players saved under names.

use crate::condition::Condition;
use crate::failure::Failure;
use crate::output::{Output, moment, play_time};
use crate::place::Place;
use crate::slots::{Depth, Slot, slots_of};
use crate::table::Table;

/// Lists the slots, the one that was taken last first.
pub fn list_slots(place: &Place, output: &mut Output<'_>) -> Result<Condition, Failure> {
    let mut slots: Vec<Slot> = Vec::new();
    for profile in place.profiles()? {
        slots.extend(slots_of(&profile, Depth::Checksums)?);
    }
    slots.sort_by(|one, other| (other.time, &other.file).cmp(&(one.time, &one.file)));
    let condition = slots.iter().map(|slot| slot.condition).max();
    let headings = ["SLOT", "NAME", "SESSION", "CHECKPOINT", "PLAYED", "TAKEN", "BYTES", "FILE"];
    let mut table = Table::new(headings).numbers(&[6]);
    for slot in &slots {
        match output.is_json() {
            true => output.object(slot)?,
            false => table.add(row(slot)),
        }
    }
    if !output.is_json() {
        output.table(&table)?;
    }
    Ok(condition.unwrap_or(Condition::Good))
}

fn row(slot: &Slot) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let file = slot.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kind = slot.kind.map(|kind| format!("{kind:?}").to_lowercase()).unwrap_or_default();
    let played = slot.play_time_ms.map(std::time::Duration::from_millis);
    vec![
        if slot.condition == Condition::Good { kind } else { slot.condition.word().to_owned() },
        text(&slot.name),
        slot.session.map(|session| session.to_string()).unwrap_or_default(),
        text(&slot.checkpoint),
        played.map(play_time).unwrap_or_default(),
        slot.time.map(moment).unwrap_or_default(),
        slot.bytes.to_string(),
        file,
    ]
}
