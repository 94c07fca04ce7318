//! One page about several sessions: a list of them, from which each is opened that has room in it.

use std::path::Path;
use std::process::ExitCode;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::model::clock;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Viewed;
use super::gathered::{Bounds, Gathered, ROOM, about};
use super::page::{self, Data, Part};
use crate::failure::Failure;
use crate::left_out::{LeftOut, open_one_of_all};
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;
use crate::session_name::{Chosen, Selection};
use crate::target::NewFile;

/// Sessions that a page lists at the most.
const MOST_LISTED: usize = 2_000;
/// Bytes of the list that each takes, about.
const ENTRY: usize = 600;
/// Less room than this is none for a session's values and events.
const LEAST: usize = 128 << 10;

/// The result, as JSON has it.
#[derive(Serialize)]
struct Report<'a> {
    sessions: &'a [Listed],
    written_to: &'a Path,
    bytes: u64,
    /// Sessions that aren't listed, and why.
    left_out: &'a [LeftOut],
    /// The number of sessions beyond those that a page lists.
    more: usize,
}

/// A session of the list.
#[derive(Serialize)]
struct Listed {
    session: SessionId,
    /// True if it can be opened from the list. There is no room for all.
    opens: bool,
    /// The checkpoints that have their values in the page, the newest first.
    checkpoints: Vec<String>,
    /// The parts of it that there is no room for, in words.
    left_out: Vec<String>,
}

/// All that the page shows.
struct Pages {
    /// Bytes that are left.
    room: usize,
    /// The list, as the page has it.
    entries: Vec<Json>,
    listed: Vec<Listed>,
    data: Vec<Data>,
    left_out: Vec<LeftOut>,
    more: usize,
}

/// Writes a page about sessions. Of all sessions, those that can't be read are left out.
pub fn view_several(
    place: &Place,
    sessions: &Selection,
    file: NewFile,
    wanted: &Viewed,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let chosen = sessions.find(place)?;
    let progress = Progress::begin("gathering sessions", chosen.len() as u64);
    let pages = Pages::of(&chosen, sessions, wanted, &progress)?;
    if pages.listed.is_empty() {
        return Err(Failure::NothingReadable { place: place.to_string() });
    }
    // Not the place, which says something about this machine: a page is made to be handed on.
    let title = format!("{} sessions", pages.listed.len());
    let data = pages.list(&title)?;
    let mut bytes = 0;
    file.write(|writer| {
        bytes = page::write(&title, [&data].into_iter().chain(&pages.data), writer)?;
        Ok(())
    })?;
    drop(progress);
    let Pages { listed, left_out, more, .. } = &pages;
    let report =
        Report { sessions: listed, written_to: &wanted.output, bytes, left_out, more: *more };
    match output.is_json() {
        true => output.object(&report)?,
        false => report.write(output)?,
    }
    Ok(ExitCode::from(u8::from(left_out.iter().any(|left| left.is_damage))))
}

impl Pages {
    fn of(
        chosen: &[Chosen],
        sessions: &Selection,
        wanted: &Viewed,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let count = chosen.len().min(MOST_LISTED);
        let mut pages = Self {
            room: ROOM.saturating_sub(count * ENTRY),
            entries: Vec::new(),
            listed: Vec::new(),
            data: Vec::new(),
            left_out: Vec::new(),
            more: chosen.len() - count,
        };
        // What isn't shown is no step.
        let silent = Progress::hidden();
        for (position, chosen) in chosen.iter().take(count).enumerate() {
            let share = pages.room / (count - position);
            let added = match sessions {
                Selection::Named(_) => match OpenSession::of(chosen)? {
                    Some(session) => pages.add(session, share, wanted, &silent),
                    None => Ok(()),
                },
                Selection::All => match open_one_of_all(chosen) {
                    Ok(session) => pages.add(session, share, wanted, &silent),
                    Err(left) => {
                        pages.left_out.push(left);
                        Ok(())
                    }
                },
            };
            match (added, sessions) {
                (Err(failure), Selection::All) => {
                    pages.left_out.push(LeftOut::failed(chosen.session, &failure));
                }
                (added, _) => added?,
            }
            progress.step();
        }
        Ok(pages)
    }

    /// Adds a session to the list, and all of it that has room in its share of the page.
    fn add(
        &mut self,
        mut session: OpenSession,
        share: usize,
        wanted: &Viewed,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let id = session.stored.id();
        let share = share.max(LEAST).min(self.room);
        let gathered = match share < LEAST {
            true => None,
            false => {
                let bounds = Bounds::of_page(wanted.checkpoints).within(share);
                Some(Gathered::of(&mut session, bounds, wanted.privacy(), progress)?)
            }
        };
        match gathered.filter(|gathered| gathered.taken <= self.room) {
            Some(gathered) => {
                self.room -= gathered.taken;
                self.entries.push(json!({ "about": gathered.about, "at": self.data.len() }));
                self.data
                    .push(Data { id: format!("data-{}", self.data.len()), parts: gathered.parts });
                let Gathered { included: checkpoints, left_out, .. } = gathered;
                self.listed.push(Listed { session: id, opens: true, checkpoints, left_out });
            }
            None => {
                self.entries.push(json!({ "about": about(&session), "at": null }));
                let left_out = vec!["all but its entry in the list".to_owned()];
                let checkpoints = Vec::new();
                self.listed.push(Listed { session: id, opens: false, checkpoints, left_out });
            }
        }
        Ok(())
    }

    /// The list, as the part of the page that its script reads first.
    fn list(&self, title: &str) -> Result<Data, Failure> {
        let mut left_out: Vec<String> = Vec::new();
        let without = self.listed.iter().filter(|listed| !listed.opens).count();
        if without > 0 {
            left_out.push(format!("all but the entries in the list, of {without} sessions"));
        }
        if self.more > 0 {
            left_out.push(format!("{} sessions that began before those", self.more));
        }
        let of_session = |left: &LeftOut| format!("session {}: {}", left.session, left.why);
        left_out.extend(self.left_out.iter().take(MOST_LISTED).map(of_session));
        let part = |name: &'static str, value: Json| -> Result<Part, Failure> {
            Ok(Part { name, bytes: serde_json::to_vec(&value)? })
        };
        let parts = vec![
            part("title", json!(title))?,
            part("sessions", json!(self.entries))?,
            part("left_out", json!(left_out))?,
            part("written", json!(clock::timestamp()))?,
            part("tool", json!(env!("CARGO_PKG_VERSION")))?,
        ];
        Ok(Data { id: "data".to_owned(), parts })
    }
}

impl Report<'_> {
    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        for left_out in self.left_out {
            left_out.write(output)?;
        }
        for Listed { session, left_out, .. } in self.sessions {
            for what in left_out {
                output.line(format_args!("left out: of session {session}: {what}"))?;
            }
        }
        if self.more > 0 {
            let more = self.more;
            output.line(format_args!("left out: {more} sessions that began before those"))?;
        }
        let (count, place, bytes) = (self.sessions.len(), self.written_to.display(), self.bytes);
        let open = self.sessions.iter().filter(|listed| listed.opens).count();
        output.line(format_args!("wrote {place}: {bytes} bytes, {open} of {count} sessions"))
    }
}
