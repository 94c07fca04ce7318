//! Reads a page of events, a slice at a time.

use super::event_line::{lengthen, line_of};
use super::event_query::{EventPage, EventQuery};
use super::event_walk::{EventWalk, Step, Stretch, WalkedFrame};
use crate::disk::{DirectoryStore, Disk, EventFiles, StoredSession, unknown_if_gone};
use crate::format::{EventFrame, EventMoment, EventStretch, EventType};
use crate::model::ids::limits;
use crate::model::session::RequestError;

/// Reads a page of the events of a session that was opened.
///
/// # Errors
///
/// [`RequestError`] if the session has no such checkpoint, or its directory can't be listed.
pub fn read_events(
    disk: &dyn Disk,
    stored: &StoredSession,
    query: EventQuery,
) -> Result<EventPage, RequestError> {
    let files = EventFiles::open(disk, stored.directory(), stored.id()).map_err(unknown_if_gone)?;
    let line = line_of(stored.index(), &files, query.checkpoint);
    if line.is_none() && query.checkpoint.is_some() {
        return Err(RequestError::UnknownCheckpoint);
    }
    let mut reading = EventReading::new(query, None);
    reading.walk = Some(reading.walk_along(&files, line.unwrap_or_default()));
    while reading.go_on().is_some() {}
    Ok(reading.finish().1)
}

/// A page of events, as it is being read.
pub struct EventReading {
    query: EventQuery,
    /// The line, if it is known beforehand.
    line: Option<Vec<EventStretch>>,
    walk: Option<EventWalk>,
    page: EventPage,
    page_bytes: usize,
    total: u64,
    has_more: bool,
}

impl EventReading {
    /// Begins to read. `line` is that of the session, if it is played and therefore known.
    pub fn new(query: EventQuery, line: Option<Vec<EventStretch>>) -> Self {
        let line = line.filter(|_| query.checkpoint.is_none());
        let (page, walk) = (EventPage::default(), None);
        Self { query, line, walk, page, page_bytes: 0, total: 0, has_more: false }
    }

    /// Returns the query, and the page that answers it.
    pub fn finish(self) -> (EventQuery, EventPage) {
        let Self { query, mut page, walk, total, has_more, .. } = self;
        page.next = page.events.last().map(|event| event.sequence).filter(|_| has_more);
        page.total = query.counts_all.then_some(total);
        page.damaged_frames = walk.map_or(0, |walk| walk.damaged_frames());
        (query, page)
    }

    /// Does a piece of it, and returns its bytes; `None` if all is read.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if there is no such session or checkpoint, or it can't be read.
    pub fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError> {
        if self.walk.is_none() {
            self.walk = Some(self.begin(store)?);
            return Ok(Some(limits::FRAME_BYTES));
        }
        Ok(self.go_on())
    }

    /// Reads the next piece, and returns its bytes; `None` if all is read.
    fn go_on(&mut self) -> Option<usize> {
        if self.has_more && !self.query.counts_all {
            return None;
        }
        match self.walk.as_mut()?.step()? {
            Step::Scanned(bytes) => Some(usize::try_from(bytes).unwrap_or(usize::MAX)),
            Step::Damaged => Some(1),
            Step::Frame(frame) => {
                self.take_in(&frame);
                Some(frame.payload.len())
            }
        }
    }

    fn begin(&mut self, store: &DirectoryStore) -> Result<EventWalk, RequestError> {
        let query = &self.query;
        let files = store.event_files(query.session).map_err(unknown_if_gone)?;
        let line = match self.line.take() {
            Some(mut line) => {
                lengthen(&mut line, &files, |_| None);
                line
            }
            None => {
                let stored = store.open_session(query.session).map_err(unknown_if_gone)?;
                let line = line_of(stored.index(), &files, query.checkpoint);
                match query.checkpoint {
                    Some(_) => line.ok_or(RequestError::UnknownCheckpoint)?,
                    None => line.unwrap_or_default(),
                }
            }
        };
        Ok(self.walk_along(&files, line))
    }

    /// A walk along a line, as far as something on it may be wanted.
    fn walk_along(&self, files: &EventFiles, line: Vec<EventStretch>) -> EventWalk {
        let query = &self.query;
        let (mut low, mut high) =
            query.sequences.clone().map_or((0, u64::MAX), |range| (*range.start(), *range.end()));
        // Events before the page are passed over, unless they are counted.
        match query.after.filter(|_| !query.counts_all) {
            Some(after) if query.newest_first => high = high.min(after.saturating_sub(1)),
            Some(after) => low = low.max(after.saturating_add(1)),
            None => {}
        }
        let stretches: Vec<Stretch> = line
            .into_iter()
            .map(|EventStretch { run, through }| Stretch { run, low, high: high.min(through) })
            .collect();
        EventWalk::new(files, &stretches, query.newest_first)
    }

    fn take_in(&mut self, walked: &WalkedFrame) {
        let Self { query, walk: Some(walk), .. } = self else { return };
        // It was tried before.
        let Ok(frame) = EventFrame::decode(&walked.payload) else { return };
        let is_wanted = |event_type: &EventType| match query.types.is_empty() {
            true => !event_type.is_of_frames(),
            false => query.types.iter().any(|path| **path == *event_type.path),
        };
        if !is_wanted_moment(query, &frame.moment) {
            return;
        }
        let mut sequences = frame.sequences(is_wanted);
        if query.newest_first {
            sequences.reverse();
        }
        sequences.retain(|sequence| walk.admit(walked, *sequence));
        self.total += sequences.len() as u64;
        let is_on_page = |sequence: &u64| {
            query.after.is_none_or(|after| match query.newest_first {
                true => *sequence < after,
                false => *sequence > after,
            })
        };
        sequences.retain(is_on_page);
        let room = query.limit.saturating_sub(self.page.events.len());
        let is_full = self.page_bytes > limits::EVENTS_AT_ONCE;
        let count = if is_full { 0 } else { room.min(sequences.len()) };
        self.has_more |= count < sequences.len();
        let (Some(first), Some(last)) = (sequences.first(), sequences.get(count.wrapping_sub(1)))
        else {
            return;
        };
        // Events that were handed out from another file are outside of it.
        let range = *first.min(last)..=*first.max(last);
        let mut events: Vec<_> =
            frame.events(is_wanted).filter(|event| range.contains(&event.sequence)).collect();
        if query.newest_first {
            events.reverse();
        }
        self.page_bytes += events.iter().map(|event| event.data.len()).sum::<usize>();
        self.page.events.extend(events);
    }
}

fn is_wanted_moment(query: &EventQuery, moment: &EventMoment) -> bool {
    let EventQuery { chapter, time, play_time, .. } = query;
    chapter.is_none_or(|chapter| moment.chapter == Some(chapter))
        && time.as_ref().is_none_or(|time| time.contains(&moment.time))
        && play_time.as_ref().is_none_or(|play_time| play_time.contains(&moment.play_time))
}
