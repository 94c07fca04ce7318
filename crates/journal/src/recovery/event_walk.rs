//! Goes through the frames of events, file by file, reading no more than is asked for.

use crate::ids::RunId;
use crate::journal::{EventFrame, FileProblem, FileProblemKind, FrameEntry};
use crate::store::{EventFile, EventFiles, problem_of_frames};

/// Events of a run between two numbers.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    pub run: RunId,
    pub low: u64,
    pub high: u64,
}

/// A walk through the frames of some stretches.
pub struct EventWalk {
    /// The files that are left, the next one last.
    files: Vec<(EventFile, Stretch)>,
    newest_first: bool,
    open: Option<OpenFile>,
    /// The event that was handed out last.
    last: Option<u64>,
    damaged_frames: u64,
    problems: Vec<FileProblem>,
}

/// A file whose frames are known.
struct OpenFile {
    file: EventFile,
    stretch: Stretch,
    /// The frames that are left, the next one last, each with the last number of the frame before it.
    frames: Vec<(u64, FrameEntry)>,
}

/// What a step of a walk has come to.
pub enum Step {
    /// A file was looked through, of so many bytes.
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
        let mut parts: Vec<(EventFile, Stretch)> = Vec::new();
        for stretch in stretches.iter().rev() {
            let of_run: Vec<&EventFile> = files.of_run(stretch.run).collect();
            for (place, file) in of_run.iter().enumerate() {
                // A later one that begins before the stretch holds all of it.
                let later = of_run.get(place + 1..).unwrap_or_default();
                let is_passed = later.iter().any(|later| {
                    later.first <= stretch.low
                        && later.segment().header().segment > file.segment().header().segment
                });
                if !is_passed && file.first <= stretch.high {
                    parts.push(((*file).clone(), *stretch));
                }
            }
        }
        if !newest_first {
            parts.reverse();
        }
        Self {
            files: parts,
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
                let Stretch { low, high, .. } = open.stretch;
                let last = frame.header.place.counter;
                if last < low || before >= high {
                    continue;
                }
                let payload = open.file.segment().payload(&frame).ok();
                let Some(payload) = payload.filter(|it| EventFrame::decode(it).is_ok()) else {
                    self.damaged_frames += 1;
                    return Some(Step::Damaged);
                };
                return Some(Step::Frame(WalkedFrame { stretch: open.stretch, payload }));
            }
            self.open = None;
        }
        let (file, stretch) = self.files.pop()?;
        let bytes = file.bytes;
        let frames = self.frames_of(&file);
        self.open = Some(OpenFile { file, stretch, frames });
        Some(Step::Scanned(bytes))
    }

    /// Whether an event of a frame is to be handed out: it lies in the stretch, and wasn't before, from
    /// another file that holds it as well.
    pub fn admit(&mut self, frame: &WalkedFrame, sequence: u64) -> bool {
        let Stretch { low, high, .. } = frame.stretch;
        let is_next = self.last.is_none_or(|last| match self.newest_first {
            true => sequence < last,
            false => sequence > last,
        });
        let is_admitted = is_next && (low..=high).contains(&sequence);
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
        if !scan.damage.is_empty() {
            let kind = FileProblemKind::PartlyDamaged(scan.damage);
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
