//! `view`: a page to look into sessions with, in one file that needs nothing else.

mod base64;
mod columns;
mod gathered;
mod page;
mod pictures;
mod several;
mod worlds;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::SessionId;
use clap::{Args, ValueHint};
use serde::Serialize;

use crate::events::Privacy;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;
use crate::session_name::Selection;
use crate::target::NewFile;
use gathered::{Bounds, Gathered};
use page::Data;

/// The options of a page.
#[derive(Args, Debug)]
pub struct Viewed {
    /// The new file
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// How many checkpoints have their values in the page
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    checkpoints: u16,
    /// With private events, and with the values of personal events, types and fields
    #[arg(long)]
    private: bool,
}

/// The result, as JSON has it.
#[derive(Serialize)]
struct Report<'a> {
    session: SessionId,
    written_to: &'a Path,
    bytes: u64,
    /// The checkpoints that have their values in it, the newest first.
    checkpoints: Vec<String>,
    /// The parts that it has no room for, in words.
    left_out: Vec<String>,
}

/// Writes a page about a session, or about several.
pub fn view(
    place: &Place,
    sessions: &Selection,
    wanted: &Viewed,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let file = NewFile::at(&wanted.output)?;
    match sessions {
        Selection::Named(names) if let [name] = &names[..] => {
            view_one(OpenSession::open(place, name)?, file, wanted, output)
        }
        _ => several::view_several(place, sessions, file, wanted, output),
    }
}

fn view_one(
    mut session: OpenSession,
    file: NewFile,
    wanted: &Viewed,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let progress = Progress::begin("gathering values", u64::from(wanted.checkpoints));
    let bounds = Bounds::of_page(wanted.checkpoints);
    let gathered = Gathered::of(&mut session, bounds, wanted.privacy(), &progress)?;
    let data = Data { id: "data".to_owned(), parts: gathered.parts };
    let mut bytes = 0;
    file.write(|writer| {
        bytes = page::write(&gathered.title, [&data], writer)?;
        Ok(())
    })?;
    drop(progress);
    let report = Report {
        session: session.stored.id(),
        written_to: &wanted.output,
        bytes,
        checkpoints: gathered.included,
        left_out: gathered.left_out,
    };
    match output.is_json() {
        true => output.object(&report)?,
        false => report.write(output)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Viewed {
    fn privacy(&self) -> Privacy {
        if self.private { Privacy::Waived } else { Privacy::Kept }
    }
}

impl Report<'_> {
    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        for left_out in &self.left_out {
            output.line(format_args!("left out: {left_out}"))?;
        }
        let (count, place) = (self.checkpoints.len(), self.written_to.display());
        output.line(format_args!(
            "wrote {place}: {} bytes, {count} checkpoints with values",
            self.bytes
        ))
    }
}
