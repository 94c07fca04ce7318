//! Segments that are shorter than their successors remember them.

use std::collections::HashMap;

use super::SegmentSummary;
use crate::format::DamagedRange;

/// The segments, by position, whose end is missing although it had been acknowledged.
///
/// A file that was cut off exactly between two frames looks whole. Only the header of the segment after it shows that
/// it was longer.
pub fn missing_ends(segments: &[SegmentSummary]) -> Vec<(usize, DamagedRange)> {
    let mut places: HashMap<_, Vec<usize>> = HashMap::new();
    for (position, SegmentSummary { header, .. }) in segments.iter().enumerate() {
        places.entry((header.run, header.segment)).or_default().push(position);
    }
    let mut missing = Vec::new();
    for successor in segments {
        let header = &successor.header;
        let Some(predecessor) = header.predecessor else { continue };
        let Some(before) = header.segment.checked_sub(1) else { continue };
        let places = places.get(&(header.run, before)).map(Vec::as_slice).unwrap_or_default();
        let copies = || places.iter().filter_map(|place| Some((*place, segments.get(*place)?)));
        // One copy that is whole makes good for the others.
        if copies().any(|(_, copy)| good_end(copy) >= predecessor.length) {
            continue;
        }
        missing.extend(copies().map(|(position, copy)| {
            (position, DamagedRange { from: good_end(copy), to: predecessor.length })
        }));
    }
    missing
}

/// The end of the last whole group or record.
pub fn good_end(segment: &SegmentSummary) -> u64 {
    segment.scan.tail.unwrap_or(segment.scan.length)
}
