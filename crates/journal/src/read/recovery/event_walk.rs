//! Goes through the frames of events, file by file, reading no more than is asked for.

use crate::disk::{EventFile, EventFiles, problem_of_frames};
use crate::format::{DamagedRange, EventFrame, FileProblem, FileProblemKind, FrameEntry};
use crate::model::ids::RunId;

/// Events of a run between two numbers.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    pub run: RunId,
    pub low: u64,
    pub high: u64,
}

impl Stretch {
    fn contains(&self, number: u64) -> bool {
        (self.low..=self.high).contains(&number)
    }
}

/// A walk through the frames of some stretches.
pub struct EventWalk {
    /// The parts that are left, the next one last.
    parts: Vec<Part>,
    newest_first: bool,
    open: Option<OpenFile>,
    /// The event that was handed out last.
    last: Option<u64>,
    damaged_frames: u64,
    problems: Vec<FileProblem>,
}

/// A file, and what is wanted of it, by rising numbers.
struct Part {
    file: EventFile,
    stretches: Vec<Stretch>,
}

/// A file whose frames are known.
struct OpenFile {
    part: Part,
    /// The frames that are left, the next one last, each with the last number of the frame before it.
    frames: Vec<(u64, FrameEntry)>,
}

/// The outcome of a step of a walk.
pub enum Step {
    /// A file of this number of bytes was looked through.
    Scanned(u64),
    /// A frame was read.
    Frame(WalkedFrame),
    /// A frame is damaged, or can't be read.
    Damaged,
}

/// A frame that was read.
pub struct WalkedFrame {
    pub stretch: Stretch,
    pub payload: Vec<u8>,
}

impl EventWalk {
    /// A walk through stretches, of which the nearest run comes first.
    pub fn new(files: &EventFiles, stretches: &[Stretch], newest_first: bool) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for stretch in stretches.iter().rev() {
            for (file, stretch) in parts_of(files, *stretch) {
                // A file that was gathered of several runs is looked through once.
                let same = |part: &&mut Part| part.file.segment().path() == file.segment().path();
                match parts.last_mut().filter(same) {
                    Some(part) => part.stretches.push(stretch),
                    None => parts.push(Part { file: file.clone(), stretches: vec![stretch] }),
                }
            }
        }
        if !newest_first {
            parts.reverse();
        }
        Self {
            parts,
            newest_first,
            open: None,
            last: None,
            damaged_frames: 0,
            problems: Vec::new(),
        }
    }

    /// Looks through the next file, or reads the next frame; `None` if there are no more.
    pub fn step(&mut self) -> Option<Step> {
        if let Some(open) = &mut self.open {
            while let Some((before, frame)) = open.frames.pop() {
                let last = frame.header.place.counter;
                let run = open.part.file.run_of(last);
                let is_in = |stretch: &&Stretch| {
                    Some(stretch.run) == run && last >= stretch.low && before < stretch.high
                };
                let Some(stretch) = open.part.stretches.iter().find(is_in) else { continue };
                let payload = open.part.file.segment().payload(&frame).ok();
                let Some(payload) = payload.filter(|it| EventFrame::decode(it).is_ok()) else {
                    self.damaged_frames += 1;
                    return Some(Step::Damaged);
                };
                return Some(Step::Frame(WalkedFrame { stretch: *stretch, payload }));
            }
            self.open = None;
        }
        let part = self.parts.pop()?;
        let bytes = part.file.bytes;
        let frames = self.frames_of(&part.file);
        self.open = Some(OpenFile { part, frames });
        Some(Step::Scanned(bytes))
    }

    /// Returns true if an event of a frame is to be handed out: it is in the stretch, and wasn't handed out before,
    /// from another file that holds it as well.
    pub fn admit(&mut self, frame: &WalkedFrame, sequence: u64) -> bool {
        let is_next = self.last.is_none_or(|last| match self.newest_first {
            true => sequence < last,
            false => sequence > last,
        });
        let is_admitted = is_next && frame.stretch.contains(sequence);
        if is_admitted {
            self.last = Some(sequence);
        }
        is_admitted
    }

    /// The frames that were damaged so far.
    pub fn damaged_frames(&self) -> u64 {
        self.damaged_frames
    }

    /// The files that could not be read so far, or not in full.
    pub fn take_problems(&mut self) -> Vec<FileProblem> {
        std::mem::take(&mut self.problems)
    }

    fn frames_of(&mut self, file: &EventFile) -> Vec<(u64, FrameEntry)> {
        let path = || file.segment().path().to_owned();
        let scan = match file.segment().scan_events() {
            Ok(scan) => scan,
            Err(error) => {
                let kind = problem_of_frames(error, file.segment());
                self.problems.push(FileProblem { path: path(), kind });
                return Vec::new();
            }
        };
        let end = scan.tail.unwrap_or(scan.length);
        let missing = DamagedRange { from: end, to: file.least_bytes };
        let damage: Vec<DamagedRange> =
            scan.damage.into_iter().chain((end < file.least_bytes).then_some(missing)).collect();
        if !damage.is_empty() {
            let kind = FileProblemKind::PartlyDamaged(damage);
            self.problems.push(FileProblem { path: path(), kind });
        }
        let mut before = file.first.saturating_sub(1);
        let mut frames: Vec<(u64, FrameEntry)> = Vec::with_capacity(scan.events.len());
        for frame in scan.events {
            frames.push((before, frame));
            before = frame.header.place.counter;
        }
        if !self.newest_first {
            frames.reverse();
        }
        frames
    }
}

/// The files that hold what is wanted of a run, in the order of what they hold.
fn parts_of(files: &EventFiles, wanted: Stretch) -> Vec<(&EventFile, Stretch)> {
    let of_run: Vec<(&EventFile, Stretch)> = files
        .of_run(wanted.run)
        .filter_map(|file| {
            let held = file.held_of(wanted.run)?;
            let (low, high) = (wanted.low.max(held.first), wanted.high.min(held.through));
            (low <= high).then_some((file, Stretch { low, high, ..wanted }))
        })
        .collect();
    let begin = of_run.iter().map(|(_, stretch)| stretch.low).min();
    // The gathered file holds all of it, unless a file of the run came back.
    let holds_all = |(file, held): &&(&EventFile, Stretch)| {
        file.is_gathered() && Some(held.low) == begin && held.high == wanted.high
    };
    if let Some(all) = of_run.iter().find(holds_all) {
        return vec![*all];
    }
    let is_passed = |place: usize| {
        // A later one that begins before the stretch holds all of it.
        let later = of_run.get(place + 1..).unwrap_or_default();
        later.iter().any(|(later, _)| {
            let number = |file: &EventFile| file.segment().header().segment;
            let is_copy = of_run
                .get(place)
                .is_some_and(|(file, _)| !file.is_gathered() && number(file) == number(later));
            !later.is_gathered() && later.first <= wanted.low && !is_copy
        })
    };
    let parts = of_run.iter().enumerate().filter(|(place, _)| !is_passed(*place));
    parts.map(|(_, part)| *part).collect()
}
