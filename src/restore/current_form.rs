//! Brings rows of older builds into the form that this build writes, once, before anything else
//! reads them.

use bevy_session_journal::internal::format::Values;
use bevy_session_journal::limits;

use super::decoder::SavedRow;
use super::loss::RestoreLossReason;
use super::unusable::Unusable;
use crate::capture::{Form, TypeHistory};

/// Rows that were brought into the current form, for as long as the checkpoint is being restored.
///
/// They are compared with the world and decoded again like rows that never needed it.
pub(super) struct CurrentForm<'a> {
    history: &'a TypeHistory,
    /// The number of blocks before the ones made here.
    blocks_before: u32,
    full: Vec<Values>,
    current: Values,
    scratch: Vec<u8>,
}

impl<'a> CurrentForm<'a> {
    pub(super) fn new(history: &'a TypeHistory, blocks_before: usize) -> Self {
        let blocks_before = u32::try_from(blocks_before).unwrap_or(u32::MAX);
        let (full, current, scratch) = Default::default();
        Self { history, blocks_before, full, current, scratch }
    }

    /// A row as this build would have written it. May run the game's own code.
    ///
    /// # Errors
    ///
    /// The reason why this build can't use it.
    pub(super) fn of<'row>(&'row mut self, row: &SavedRow<'row>) -> Result<&'row [u8], Unusable> {
        let saved = row.version;
        match self.history.form(saved) {
            Form::Current => Ok(row.value),
            Form::Older(migrations) => {
                let migrated = migrations.migrate(saved, row.value, &mut self.scratch);
                migrated.map_err(|error| Unusable::of_version(saved, &error))?;
                Ok(&self.scratch)
            }
            Form::TooOld { oldest } => {
                Err(Unusable::ByVersion(RestoreLossReason::OlderType { saved, oldest }))
            }
            Form::Newer { known } => {
                Err(Unusable::ByVersion(RestoreLossReason::NewerType { saved, known }))
            }
        }
    }

    /// Keeps the row that was last converted, and returns its position: its block, and its place in
    /// it.
    pub(super) fn keep(&mut self, row: &SavedRow<'_>) -> (u32, u32) {
        if let Form::Current = self.history.form(row.version) {
            return row.place;
        }
        if self.current.byte_len() + self.scratch.len() > limits::FRAME_BYTES {
            self.full.push(std::mem::take(&mut self.current));
        }
        let block = u32::try_from(self.full.len()).unwrap_or(u32::MAX);
        let place = u32::try_from(self.current.len()).unwrap_or(u32::MAX);
        self.current.push(row.id, &self.scratch);
        (self.blocks_before.saturating_add(block), place)
    }

    /// The blocks that were made.
    pub(super) fn into_blocks(mut self) -> Vec<Values> {
        if !self.current.is_empty() {
            self.full.push(self.current);
        }
        self.full
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use bevy::reflect::TypePath;

    use super::*;
    use crate::capture::test_kit::{Armor, Dice, Play, game};
    use crate::capture::{Migrations, SessionAppExt};
    use crate::restore::{RestoreLossReason, WorldImage};
    use bevy_session_journal::SaveId;
    use bevy_session_journal::internal::format::{Block, ENTITIES};
    use bevy_session_journal::internal::read::recovery::ReadProgress;

    const FORMER: &str = "old::Armor";

    /// A game whose armor is of version 2: of version 1 it was smaller, and 0 was given up.
    fn play() -> Play {
        let mut app = game();
        app.rename_saved::<Armor>(FORMER)
            .migrate_saved(Migrations::since(1).then(|old: u8| Armor(u32::from(old) + 1)));
        Play::of(app)
    }

    fn decode(play: &Play, entities: &[SaveId], mut rows: Vec<(&str, u32, Values)>) -> WorldImage {
        let mut marker = Values::default();
        entities.iter().for_each(|id| marker.push(*id, &[0xc0]));
        rows.push((ENTITIES, 0, marker));
        let mut blocks: Vec<Block> = rows
            .into_iter()
            .map(|(path, version, rows)| Block::values(path.into(), version, rows))
            .collect();
        blocks.sort_by(|one, other| one.key().cmp(&other.key()));
        let commit = play.journal.commit();
        WorldImage::decode(
            &play.types,
            &commit,
            blocks.into_iter().map(Ok::<_, Infallible>),
            &ReadProgress::default(),
        )
        .unwrap()
    }

    #[test]
    fn rows_of_any_version_under_any_name_are_decoded_once_or_carried() {
        for seed in 1..60 {
            let mut dice = Dice(seed * 0x9e37_79b9);
            let entities: Vec<SaveId> = (2..40).map(SaveId).collect();
            let mut expected = BTreeMap::new();
            let mut rows = Vec::new();
            for id in &entities {
                let number = dice.roll(100) as u8;
                for path in [FORMER, Armor::type_path()] {
                    if dice.roll(3) == 0 {
                        continue;
                    }
                    let version = dice.roll(4) as u32;
                    let is_garbage = dice.roll(4) == 0;
                    let mut values = Values::default();
                    values.push(
                        *id,
                        if is_garbage { b"\xc1" } else { std::slice::from_ref(&number) },
                    );
                    rows.push((path, version, values));
                    // The one under today's path comes last, and is the one that counts.
                    let value = match version {
                        1 => Some(u32::from(number) + 1),
                        2 => Some(u32::from(number)),
                        _ => None,
                    };
                    expected.insert(*id, value.filter(|_| !is_garbage));
                }
            }
            let carried = expected.values().filter(|value| value.is_none()).count();
            expected.retain(|_, value| value.is_some());

            let mut play = play();
            let image = decode(&play, &entities, rows);
            let losses = image.losses().to_vec();
            let lost: u64 = losses.iter().map(|loss| loss.rows).sum();
            assert_eq!(lost, carried as u64, "seed {seed}: {losses:?}");
            let reasons: Vec<_> = losses.iter().map(|loss| &loss.reason).collect();
            for reason in reasons {
                assert!(matches!(
                    reason,
                    RestoreLossReason::OlderType { saved: 0, oldest: 1 }
                        | RestoreLossReason::NewerType { saved: 3, known: 2 }
                        | RestoreLossReason::Undecodable { .. }
                ));
            }
            play.restore_image(image, SaveId(100));
            let restored: BTreeMap<SaveId, Option<u32>> = play
                .journal
                .of::<Armor>()
                .into_iter()
                .filter_map(|(id, value)| Some((id, Some(rmp_serde::from_slice(&value).ok()?))))
                .filter(|(id, _)| expected.contains_key(id))
                .collect();
            assert_eq!(restored, expected, "seed {seed}");
        }
    }

    #[test]
    fn many_migrated_rows_are_kept_in_blocks_of_bounded_size() {
        let history = play();
        let history = history.types.history(Armor::type_path()).unwrap();
        let mut form = CurrentForm::new(history, 7);
        let name = FORMER.into();
        let mut places = Vec::new();
        for id in (2..1_200_000).map(SaveId) {
            let row = SavedRow { name: &name, version: 1, id, place: (0, 0), value: &[123] };
            assert!(form.of(&row).is_ok());
            places.push(form.keep(&row));
        }
        let blocks = form.into_blocks();
        assert_eq!(blocks.len(), 2);
        assert!(blocks.iter().all(|block| block.byte_len() <= limits::FRAME_BYTES));
        for (block, row) in places {
            let block = &blocks[block as usize - 7];
            assert_eq!(block.value(row as usize), Some(&[124][..]));
        }
    }
}
