//! Writing a segment, as pure bytes: the caller appends them to a file.

#[cfg(test)]
use std::io;

use super::frame::{FrameHeader, FrameKind, FramePlace, FrameSealer};
use super::group_encoder::encode_commit;
#[cfg(test)]
use super::{Block, GroupEncoder};
use super::{Commit, EncodeError, PackedGroup, Record, SegmentHeader, header_codec};

/// The error of writing a group.
#[cfg(test)]
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The group can't be encoded. The segment can still be written to.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Its bytes could not be appended. The segment must not be written to again.
    #[error("failed to append to the segment")]
    Append(#[source] io::Error),
}

/// Turns groups and records into the frames of one segment.
#[derive(Debug)]
pub struct SegmentEncoder {
    sealer: FrameSealer,
    next_sequence: u64,
    /// The checkpoint that was committed last, which records name as their place.
    counter: u64,
    length: u64,
}

impl SegmentEncoder {
    /// An encoder for a new segment, and the bytes that the segment begins with.
    ///
    /// # Errors
    ///
    /// [`EncodeError::HeaderTooLarge`].
    pub fn new(header: &SegmentHeader) -> Result<(Self, Vec<u8>), EncodeError> {
        let bytes = header_codec::encode(header)?;
        let encoder = Self {
            sealer: FrameSealer::new(header.nonce),
            next_sequence: 0,
            counter: header.base.unwrap_or(0),
            length: bytes.len() as u64,
        };
        Ok((encoder, bytes))
    }

    /// Bytes of the segment so far, its header included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The number that the next frame will have, which is the number of frames so far.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Writes a whole group to `sink`, frame by frame.
    ///
    /// `blocks` come in the order of [`Block::key`].
    ///
    /// # Errors
    ///
    /// [`GroupError`]; its variants say whether the segment can still be written to.
    #[cfg(test)]
    pub fn encode_group(
        &mut self,
        blocks: impl IntoIterator<Item = Block>,
        commit: &Commit,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), GroupError> {
        let mut group = GroupEncoder::new(self, commit.counter);
        for block in blocks {
            group.push(&block)?;
            while let Some(frame) = group.take_frame() {
                sink(&frame).map_err(GroupError::Append)?;
            }
        }
        let (last_frames, _) = group.finish(commit)?;
        sink(&last_frames).map_err(GroupError::Append)
    }

    /// A record as a frame of its own.
    ///
    /// # Errors
    ///
    /// [`EncodeError::RecordTooLarge`].
    pub fn encode_record(&mut self, record: &Record) -> Result<Vec<u8>, EncodeError> {
        let raw = rmp_serde::to_vec_named(record).map_err(EncodeError::Unwritable)?;
        self.encode_opaque(FrameKind::RECORD, &raw)
    }

    /// A frame of any kind that stands by itself: how a writer carries what it doesn't know.
    ///
    /// # Errors
    ///
    /// [`EncodeError::RecordTooLarge`].
    pub fn encode_opaque(&mut self, kind: FrameKind, raw: &[u8]) -> Result<Vec<u8>, EncodeError> {
        check_len(kind, raw)?;
        Ok(self.seal(kind, self.counter, true, true, raw))
    }

    /// A frame of events, up to the one with the number `last`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::RecordTooLarge`].
    pub fn encode_events(&mut self, last: u64, raw: &[u8]) -> Result<Vec<u8>, EncodeError> {
        check_len(FrameKind::EVENTS, raw)?;
        Ok(self.seal(FrameKind::EVENTS, last, true, true, raw))
    }

    /// A frame of another file with the same nonce, under the next number. Its payload stays as it is stored.
    pub fn copy_frame(&mut self, header: &FrameHeader, stored: &[u8]) -> Vec<u8> {
        let header = header.numbered(self.next_sequence);
        let frame = [&header.encode(self.sealer.nonce()), stored].concat();
        self.count(&frame);
        frame
    }

    /// Notes which checkpoint was committed last.
    pub(super) fn note_commit(&mut self, counter: u64) {
        self.counter = counter;
    }

    /// The next frame of the segment.
    pub(super) fn seal(
        &mut self,
        kind: FrameKind,
        counter: u64,
        first: bool,
        last: bool,
        raw: &[u8],
    ) -> Vec<u8> {
        let place = FramePlace { first, last, sequence: self.next_sequence, counter };
        let frame = self.sealer.seal(kind, place, raw);
        self.count(&frame);
        frame
    }

    /// Appends a checkpoint whose rows were packed before, frame by frame, the last one together with the commit.
    /// Returns its bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the commit is over a limit; nothing is appended then. Errors of `append` are passed on.
    pub fn append_packed<F: From<EncodeError>>(
        &mut self,
        group: &PackedGroup,
        commit: &Commit,
        append: &mut dyn FnMut(&[u8]) -> Result<(), F>,
    ) -> Result<u64, F> {
        // Before a frame gets its number, so that what can't be committed leaves no gap.
        let commit_bytes = encode_commit(commit)?;
        let before = self.length;
        let mut frames = Vec::new();
        for (place, payload) in group.payloads().iter().enumerate() {
            if !frames.is_empty() {
                append(&frames)?;
            }
            let sequence = self.next_sequence;
            let place =
                FramePlace { first: place == 0, last: false, sequence, counter: commit.counter };
            frames = self.sealer.seal_packed(FrameKind::DATA, place, payload);
            self.count(&frames);
        }
        let is_first = group.payloads().is_empty();
        frames.extend(self.seal(FrameKind::COMMIT, commit.counter, is_first, true, &commit_bytes));
        append(&frames)?;
        self.note_commit(commit.counter);
        Ok(self.length - before)
    }

    fn count(&mut self, frame: &[u8]) {
        self.next_sequence += 1;
        self.length += frame.len() as u64;
    }
}

/// Checks that a commit, a record, or what is carried fits into a frame of its kind.
pub(super) fn check_len(kind: FrameKind, raw: &[u8]) -> Result<(), EncodeError> {
    let limit = kind.most_raw_bytes();
    if raw.len() <= limit {
        return Ok(());
    }
    Err(EncodeError::RecordTooLarge { bytes: raw.len(), limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{self, SegmentBytes, commit, header, noise, removed, values};
    use crate::format::{GroupEntry, Segment};
    use crate::model::ids::{SaveId, limits};

    fn only_group(segment: &Segment) -> GroupEntry {
        let mut groups = segment.scan().unwrap().groups;
        assert_eq!(groups.len(), 1);
        groups.remove(0)
    }

    #[test]
    fn small_blocks_share_a_frame() {
        let blocks = vec![
            removed("game::Health", &[2]),
            values("game::Health", &[(3, b"x")]),
            values("game::Score", &[(0, b"12")]),
        ];
        let mut segment = SegmentBytes::new(&header(1, 0));
        segment.group(blocks.clone(), &commit(1, None));
        let segment = segment.segment();
        let group = only_group(&segment);
        assert_eq!(group.frames.len(), 1);
        assert_eq!(sample::blocks(&segment, &group).unwrap(), blocks);
    }

    #[test]
    fn a_long_column_is_split_into_frames_of_bounded_size() {
        let value = noise(limits::FILLED_BYTES / 10, 1);
        let rows: Vec<(u64, &[u8])> = (2..50).map(|id| (id, &*value)).collect();
        let mut segment = SegmentBytes::new(&header(1, 0));
        segment.group(vec![values("game::Map", &rows)], &commit(1, None));
        let segment = segment.segment();
        let group = only_group(&segment);
        assert!((5..=8).contains(&group.frames.len()), "{}", group.frames.len());
        let raw_len = |frame: &crate::format::FrameEntry| frame.header.raw_len as usize;
        assert!(group.frames.iter().all(|frame| raw_len(frame) <= limits::FILLED_BYTES));

        let blocks = sample::blocks(&segment, &group).unwrap();
        let ids: Vec<u64> = blocks.iter().flat_map(|block| block.ids()).map(|id| id.0).collect();
        assert_eq!(ids, (2..50).collect::<Vec<_>>());
        assert!(blocks.iter().all(|block| block.value(0) == Some(&*value)));
    }

    #[test]
    fn a_large_value_has_a_frame_of_its_own() {
        let large = noise(limits::VALUE_BYTES, 1);
        let path = "p".repeat(limits::STRING_BYTES);
        let block = values(&path, &[(2, b"small"), (3, &large), (u64::MAX, b"small")]);
        let mut segment = SegmentBytes::new(&header(1, 0));
        segment.group(vec![block], &commit(1, None));
        let segment = segment.segment();
        let group = only_group(&segment);
        assert_eq!(group.frames.len(), 3);
        let blocks = sample::blocks(&segment, &group).unwrap();
        assert_eq!(blocks[1].value(0), Some(&*large));
    }

    #[test]
    fn a_value_over_the_limit_is_named_and_the_next_group_is_written() {
        let too_large = vec![0; limits::VALUE_BYTES + 1];
        let mut segment = SegmentBytes::new(&header(1, 0));
        let blocks = vec![values("game::Map", &[(2, b"x"), (9, &too_large)])];
        let mut appended = Vec::new();
        let error = segment.encoder.encode_group(blocks, &commit(1, None), &mut |frame| {
            appended.extend_from_slice(frame);
            Ok(())
        });
        let Err(GroupError::Encode(EncodeError::ValueTooLarge { type_path, id, .. })) = error
        else {
            panic!("the value should be refused");
        };
        assert_eq!((&*type_path, id), ("game::Map", SaveId(9)));

        segment.bytes.extend(appended);
        segment.group(vec![values("game::Map", &[(2, b"x")])], &commit(2, None));
        let scan = segment.segment().scan().unwrap();
        assert_eq!((scan.groups.len(), scan.damage.len()), (1, 0));
    }

    #[test]
    fn blocks_out_of_order_are_refused() {
        let wrong = [
            [values("b", &[(2, b"")]), values("a", &[(2, b"")])],
            [values("a", &[(2, b"")]), removed("a", &[3])],
            [values("a", &[(5, b"")]), values("a", &[(5, b"")])],
            [values("a", &[(5, b"")]), values(crate::format::ENTITIES, &[(5, b"")])],
        ];
        for blocks in wrong {
            let (encoder, _) = SegmentEncoder::new(&header(1, 0)).unwrap();
            let mut group = GroupEncoder::new(encoder, 1);
            group.push(&blocks[0]).unwrap();
            assert!(matches!(group.push(&blocks[1]), Err(EncodeError::OutOfOrder { .. })));
        }
    }

    #[test]
    fn a_group_can_be_written_frame_by_frame() {
        let value = noise(limits::FILLED_BYTES * 3 / 5, 1);
        let (encoder, mut bytes) = SegmentEncoder::new(&header(1, 0)).unwrap();
        let before = encoder.length();
        let mut group = GroupEncoder::new(encoder, 1);
        let mut frames_before_the_end = 0;
        for id in 2..6 {
            group.push(&values("game::Map", &[(id, &value)])).unwrap();
            while let Some(frame) = group.take_frame() {
                frames_before_the_end += 1;
                bytes.extend(frame);
            }
        }
        let (rest, encoder) = group.finish(&commit(1, None)).unwrap();
        bytes.extend(rest);
        assert_eq!(frames_before_the_end, 3);
        assert_eq!(encoder.length(), bytes.len() as u64);
        assert_eq!(encoder.next_sequence(), 5);

        let segment = sample::open(bytes);
        let group = only_group(&segment);
        assert_eq!(encoder.length() - before, group.stored_bytes());
        assert!(segment.verify(&group).is_ok());
    }

    #[test]
    fn a_failed_append_is_distinguished_from_a_bad_value() {
        let mut segment = SegmentBytes::new(&header(1, 0));
        let result = segment
            .encoder
            .encode_group([], &commit(1, None), &mut |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(matches!(result, Err(GroupError::Append(_))));
    }

    #[test]
    fn a_delta_without_rows_is_a_valid_checkpoint() {
        let mut segment = SegmentBytes::new(&header(1, 0));
        segment.group(vec![], &commit(1, None));
        let segment = segment.segment();
        let group = only_group(&segment);
        assert!(group.frames.is_empty());
        assert!(segment.verify(&group).is_ok());
    }

    #[test]
    fn a_label_over_the_limit_is_refused() {
        let label = Some("x".repeat(limits::STRING_BYTES + 1));
        let long = Commit { label, ..commit(1, None) };
        let (mut encoder, _) = SegmentEncoder::new(&header(1, 0)).unwrap();
        let result = encoder.encode_group([], &long, &mut |_| Ok(()));
        assert!(matches!(result, Err(GroupError::Encode(EncodeError::StringTooLong { .. }))));
    }
}
