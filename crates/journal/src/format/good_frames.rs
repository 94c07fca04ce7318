//! The good frames of a segment, as they are stored, to be copied elsewhere.

use super::frame::FRAME_HEADER_BYTES;
use super::{FrameEntry, FrameHeader, ReadError, Scan, Segment};

/// The frames that a scan found good, in order. Their payloads aren't looked at, but for commits and records, whose
/// payloads the scan has read.
#[derive(Debug)]
pub struct GoodFrames<'a> {
    segment: &'a Segment,
    scan: &'a Scan,
    offset: u64,
    /// The number of damaged ranges before the offset.
    passed: usize,
}

impl Segment {
    /// The good frames of the segment, by a scan of it. Those of a group that was never committed and
    /// ends the file aren't among them.
    pub fn good_frames<'a>(&'a self, scan: &'a Scan) -> GoodFrames<'a> {
        GoodFrames { segment: self, scan, offset: self.frames_start(), passed: 0 }
    }
}

impl GoodFrames<'_> {
    /// Goes to the end of the damage that begins here, if any does.
    fn pass_damage(&mut self) {
        while let Some(range) = self.scan.damage.get(self.passed)
            && range.from <= self.offset
        {
            self.offset = self.offset.max(range.to);
            self.passed += 1;
        }
    }

    fn next_frame(&mut self) -> Result<Option<FrameEntry>, ReadError> {
        self.pass_damage();
        let (segment, offset) = (self.segment, self.offset);
        if offset >= self.scan.tail.unwrap_or(self.scan.length) {
            return Ok(None);
        }
        let mut bytes = [0; FRAME_HEADER_BYTES];
        let read = segment.file().read_exact_at(offset, &mut bytes);
        read.map_err(|source| segment.unreadable(offset, source))?;
        // A frame that isn't as it was when it was scanned is none of those that were found.
        let header = FrameHeader::decode(&bytes, segment.header().nonce);
        let Some(header) = header else { return Ok(None) };
        self.offset = offset + header.frame_len();
        Ok(Some(FrameEntry { offset, header }))
    }
}

impl Iterator for GoodFrames<'_> {
    type Item = Result<FrameEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_frame();
        if next.is_err() {
            self.offset = u64::MAX;
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests {
    use crate::format::SegmentEncoder;
    use crate::format::sample::{SegmentBytes, commit, header, noise, open, values};

    fn sample() -> SegmentBytes {
        let mut segment = SegmentBytes::new(&header(1, 0));
        for counter in 1..4 {
            let value = noise(300, counter);
            let blocks = vec![values("game::Health", &[(2, &value)])];
            segment.group(blocks, &commit(counter, (counter > 1).then(|| counter - 1)));
        }
        segment
    }

    #[test]
    fn good_frames_are_found_around_damage_and_can_be_numbered_from_the_beginning() {
        let whole = sample().bytes;
        let segment = open(whole.clone());
        let second = segment.scan().unwrap().groups[1].clone();
        let mut bytes = whole;
        bytes[second.start as usize + 20] ^= 1;
        let damaged = open(bytes);
        let scan = damaged.scan().unwrap();
        assert_eq!(scan.damage.len(), 1);

        let (mut encoder, mut copy) = SegmentEncoder::new(damaged.header()).unwrap();
        for frame in damaged.good_frames(&scan) {
            let frame = frame.unwrap();
            if frame.offset < second.start || frame.offset >= second.end {
                let stored = damaged.checked(&frame).unwrap();
                copy.extend(encoder.copy_frame(&frame.header, &stored));
            }
        }
        let copy = open(copy).scan().unwrap();
        let counters: Vec<u64> = copy.groups.iter().map(|group| group.commit.counter).collect();
        assert_eq!((counters, copy.damage, copy.tail), (vec![1, 3], vec![], None));
    }
}
