//! `insights`: what all sessions of a place teach.

mod asked;
mod spoken;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use bevy_session_insights::{InsightsReader, Lessons, SessionInsights, Study, WithheldPlayers};
use bevy_session_journal::internal::disk::ConsentFiles;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{
    Digested, DigestedSessions, HistoryLosses, Purpose, SessionDigester, SessionFacts,
};

use crate::events::{Privacy, each_recorded};
use crate::failure::Failure;
use crate::left_out::{LeftOut, open_one_of_all};
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::{Place, Profile};
use crate::progress::Progress;
use crate::session_entry::entry_of;
use crate::session_name::Chosen;
use crate::target::NewFile;

pub use asked::Asked;

/// A session's figures.
type Known = Arc<Digested<SessionInsights>>;

/// Prints the lessons of sessions, and writes the page that was asked for.
pub fn insights(
    place: &Place,
    asked: &Asked,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let page = asked.output.as_deref().map(NewFile::at).transpose()?;
    let (sessions, left_out) = known(place, asked.reader()?)?;
    let mut study = Study::new(asked.questions());
    study.update(sessions);
    let lessons = study.lessons(clock::timestamp());
    if let Some(page) = page {
        let text = lessons.page(&format!("What sessions teach: {place}"));
        page.write(|writer| Ok(writer.write_all(text.as_bytes())?))?;
    }
    match output.is_json() {
        true => output.object(&lessons)?,
        false => say(&lessons, &left_out, asked, output)?,
    }
    let is_damaged = left_out.iter().any(|it| it.is_damage) || lessons.incomplete > 0;
    Ok(ExitCode::from(u8::from(is_damaged)))
}

/// The figures of all sessions, and those of which nothing is known.
fn known(
    place: &Place,
    reader: InsightsReader,
) -> Result<(DigestedSessions<SessionInsights>, Vec<LeftOut>), Failure> {
    let mut chosen = Vec::new();
    for profile in place.profiles()?.into_iter().map(Rc::new) {
        for session in profile.sessions()? {
            chosen.push(Chosen { profile: Rc::clone(&profile), session });
        }
    }
    let withheld = WithheldPlayers::default();
    let reader = reader.withholding(withheld.clone());
    let progress = Progress::begin("reading sessions", chosen.len() as u64);
    let (mut known, mut left_out): (Vec<Known>, Vec<LeftOut>) = (Vec::new(), Vec::new());
    let mut profile: Option<&Rc<Profile>> = None;
    for chosen in &chosen {
        if profile.is_none_or(|profile| !Rc::ptr_eq(profile, &chosen.profile)) {
            // As in the game, a refusal counts for what was played before as well.
            withheld.set(who_refused(profile.insert(&chosen.profile)));
        }
        let opened = open_one_of_all(chosen);
        let read = opened.and_then(|session| {
            read(&session, &reader).map_err(|failure| LeftOut::failed(chosen.session, &failure))
        });
        match read {
            Ok(digested) => known.push(Arc::new(digested)),
            Err(why) => left_out.push(why),
        }
        progress.step();
    }
    Ok((known.into_iter().collect(), left_out))
}

/// The players who have refused insights; `None` is the person who plays without a name.
fn who_refused(profile: &Profile) -> BTreeSet<Option<String>> {
    let (disk, sessions) = (Arc::clone(&profile.disk), &profile.directory.sessions);
    let answers = ConsentFiles::read_beside(disk, sessions).players.into_iter();
    answers.filter(|it| !it.agrees(Purpose::Insights, None)).map(|it| it.player).collect()
}

/// The figures of a session, made as its game makes them.
fn read(
    session: &OpenSession,
    reader: &InsightsReader,
) -> Result<Digested<SessionInsights>, Failure> {
    let mut value = SessionInsights::default();
    let mut first = None;
    // Figures show nobody what was recorded.
    let read = each_recorded(session, None, Privacy::Waived, |event| {
        first.get_or_insert(event.sequence);
        reader.take_event(&mut value, event);
        Ok(())
    })?;
    if let Some(entry) = entry_of(&session.profile, &session.stored) {
        reader.take_facts(&mut value, &SessionFacts::of(entry));
    }
    let mut losses = HistoryLosses::default();
    losses.damaged_frames = read.damaged_frames;
    losses.begin_is_missing = first.is_some_and(|first| first > 1);
    Ok(Digested::new(session.stored.id(), value, losses))
}

fn say(
    lessons: &Lessons,
    left_out: &[LeftOut],
    asked: &Asked,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    for line in spoken::lines(lessons) {
        output.line(format_args!("{line}"))?;
    }
    for left_out in left_out {
        left_out.write(output)?;
    }
    if let Some(page) = &asked.output {
        output.line(format_args!("wrote {}", page.display()))?;
    }
    Ok(())
}
