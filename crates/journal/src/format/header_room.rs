//! A header has room for 64 KiB, and a game may say of itself and its sessions as much as it likes.
//!
//! Parts that have no room are left out, the least important first: a session that can't be saved since its game has
//! many mods would be lost whole. Nothing that is left out decides what can be restored.

use tracing::warn;

use super::{EncodeError, SegmentHeader};
use crate::model::ids::limits;
use crate::model::session::{CheckpointSummary, SessionMetadata, cut_in_place};

/// Bytes of the names of attachments, where there is no room for all.
const ATTACHMENTS_BYTES: usize = 4 << 10;
/// Bytes of the version of a game and of the id of a boot.
const VERSION_BYTES: usize = limits::CONTEXT_TEXT_BYTES;

/// The cuts to a header that is too large, applied one after the other until the rest fits. Together they leave no text
/// that is longer than it may be, so the last one always suffices.
const LEFT_OUT: [fn(&mut SegmentHeader); 4] =
    [cut_versions, leave_out_summary, leave_out_lists, cut_texts];

/// The body of a header, as far as there is room for it.
pub(super) fn body(header: &SegmentHeader) -> Result<Vec<u8>, EncodeError> {
    let encoded = encode(header)?;
    if encoded.len() <= limits::HEADER_BYTES {
        return Ok(encoded);
    }
    let whole = encoded.len();
    warn!(session = %header.session, bytes = whole, "the session's header is too large, so some of its texts are cut");
    let mut rest = header.clone();
    for leave_out in LEFT_OUT {
        leave_out(&mut rest);
        let encoded = encode(&rest)?;
        if encoded.len() <= limits::HEADER_BYTES {
            return Ok(encoded);
        }
    }
    Err(EncodeError::HeaderTooLarge { bytes: whole, limit: limits::HEADER_BYTES })
}

fn encode(header: &SegmentHeader) -> Result<Vec<u8>, EncodeError> {
    rmp_serde::to_vec_named(header).map_err(EncodeError::Unwritable)
}

fn cut_versions(header: &mut SegmentHeader) {
    cut_in_place(&mut header.game_version, VERSION_BYTES);
    cut_in_place(&mut header.boot, VERSION_BYTES);
    header.metadata.context.cut_to(limits::MODS_BYTES, limits::ARGUMENTS_BYTES);
}

/// It is in the commit as well.
fn leave_out_summary(header: &mut SegmentHeader) {
    if let Some(slot) = header.slot_mut() {
        slot.summary = CheckpointSummary::default();
    }
}

fn leave_out_lists(header: &mut SegmentHeader) {
    header.metadata.context.cut_to(0, 0);
    if let Some(slot) = header.slot_mut() {
        let mut room = ATTACHMENTS_BYTES;
        slot.attachments.retain(|name| {
            let fits = name.len() < room;
            room = room.saturating_sub(name.len() + 1);
            fits
        });
    }
}

fn cut_texts(header: &mut SegmentHeader) {
    let SessionMetadata { name, player, description, session_type, tags, links, .. } =
        &mut header.metadata;
    let texts = [name, description, session_type].into_iter().chain(player);
    texts.for_each(|text| cut_in_place(text, limits::STRING_BYTES));
    tags.cut_to_limits();
    links.cut_to_limits();
    if let Some(slot) = header.slot_mut() {
        cut_in_place(&mut slot.name, limits::STRING_BYTES);
        cut_in_place(&mut slot.game, limits::STRING_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::format::sample::{at, header};
    use crate::format::{Begun, EventFileHeader, EventStretch, FileKind, HeldEvents, SlotHeader};
    use crate::model::ids::{CheckpointId, RunId, SlotId};
    use crate::model::session::{RestoreReason, SessionContext, SessionNetwork, SlotKind};

    fn read(header: &SegmentHeader) -> SegmentHeader {
        let body = body(header).unwrap();
        assert!(body.len() <= limits::HEADER_BYTES);
        rmp_serde::from_slice(&body).unwrap()
    }

    /// A header that names as many checkpoints and runs as one ever does.
    fn full() -> SegmentHeader {
        let far = |run: u64| CheckpointId { run: RunId(u64::MAX - run), counter: u64::MAX - run };
        let mut begun = None;
        for run in 0..100 {
            begun = Some(Begun::after(begun.as_ref(), RestoreReason::Rewound, Some(far(run))));
        }
        let (ancestors, supersedes) = ((0..64).map(far).collect(), (64..128).map(far).collect());
        SegmentHeader { ancestors, supersedes, begun, ..header(u64::MAX, u32::MAX) }
    }

    /// The same with texts of this number of letters, and lists of `many` items.
    fn wordy(letters: usize, many: usize) -> SegmentHeader {
        let text = || "é".repeat(letters);
        let texts = || (0..many).map(|n| format!("{n}{}", text())).collect::<Vec<_>>();
        let mut header = full();
        let metadata = &mut header.metadata;
        metadata.player = Some(text());
        (metadata.name, metadata.description, metadata.session_type) = (text(), text(), text());
        metadata.tags = texts().iter().collect();
        texts().iter().for_each(|to| metadata.links.insert(text(), to.as_str()));
        metadata.context = SessionContext {
            game_version: text(),
            build_id: text(),
            bevy_version: text(),
            os: text(),
            cpu: text(),
            graphics: text(),
            locale: text(),
            mods: texts(),
            arguments: texts(),
            network: Some(SessionNetwork::online(text())),
            ..SessionContext::default()
        };
        (header.game_version, header.boot) = (text(), text());
        let states = texts().into_iter().map(|name| (name, text())).collect();
        let summary = CheckpointSummary { states, ..CheckpointSummary::default() };
        header.kind = FileKind::Slot(Box::new(SlotHeader {
            id: SlotId(1),
            revision: 0,
            name: text(),
            kind: SlotKind::Manual,
            game: text(),
            counter: 7,
            time: Timestamp::UNIX_EPOCH,
            play_time: Duration::ZERO,
            entities: 0,
            summary,
            attachments: texts(),
            protected: false,
        }));
        header
    }

    #[test]
    fn any_texts_of_a_game_fit_the_header() {
        for letters in [0, 1, 30, 100, 255, 2_000, 2_048, 5_000, 40_000, 1_000_000] {
            for many in [0, 1, 10, 100, 1_000, 65_536] {
                if letters * many <= 1 << 20 {
                    let wordy = wordy(letters, many);
                    let read = read(&wordy);
                    assert_eq!(read.ancestors, wordy.ancestors);
                    assert_eq!((read.supersedes, read.begun), (wordy.supersedes, wordy.begun));
                    assert!(wordy.metadata.name.starts_with(&read.metadata.name));
                }
            }
        }
    }

    /// All that a request may say of a session stays, however much there is beside it.
    #[test]
    fn metadata_within_the_limits_is_never_cut_from_the_header() {
        let mut wordy = wordy(limits::STRING_BYTES / 2, 100);
        let text = "é".repeat(limits::TAG_BYTES / 2 - 1);
        let metadata = &mut wordy.metadata;
        metadata.tags = (10..10 + limits::TAGS).map(|n| format!("{n}{text}")).collect();
        metadata.links = Default::default();
        let address = "é".repeat(limits::LINK_BYTES / 2 - 1);
        (10..10 + limits::LINKS)
            .for_each(|n| metadata.links.insert(text.as_str(), format!("{n}{address}")));
        assert!(metadata.tags.check().is_ok() && metadata.links.check().is_ok());
        let read = read(&wordy);
        let told = |header: &SegmentHeader| {
            let SessionMetadata { name, player, description, session_type, tags, links, .. } =
                header.metadata.clone();
            (name, player, description, session_type, tags, links)
        };
        assert_eq!(told(&read), told(&wordy));
        let name = |header: &SegmentHeader| header.slot().map(|slot| slot.name.clone());
        assert_eq!(name(&read), name(&wordy));
        assert_eq!(read.metadata.context.differences(&wordy.metadata.context).len(), 6);
    }

    #[test]
    fn a_file_of_events_names_all_of_its_runs() {
        let mut header = wordy(5_000, 100);
        let far = |n: usize| u64::MAX - n as u64;
        let stretch = |n| EventStretch { run: RunId(far(n)), through: far(n) };
        let held = |n| HeldEvents { run: RunId(far(n)), first: far(n), through: far(n) };
        header.kind = FileKind::Events(EventFileHeader {
            first: u64::MAX,
            line: (0..limits::MOST_STRETCHES).map(stretch).collect(),
            gathered: (0..limits::GATHERED_RUNS).map(held).collect(),
        });
        assert_eq!(read(&header).kind, header.kind);
    }

    #[test]
    fn a_header_that_fits_is_not_cut() {
        let mut long = full();
        long.metadata.description = "x".repeat(30_000);
        long.metadata.context.mods = vec!["fish".to_owned(); 1_000];
        assert_eq!(read(&long), long);
        long.ancestors = vec![at(1, 1); 64];
        assert_eq!(read(&long), long);
    }
}
