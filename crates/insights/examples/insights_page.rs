//! Writes the page about sessions that were never played: `insights_page FILE`. Players learn to parry, level 3 is too
//! hard, one opening wins, and some names are hostile. `ci/view.sh` opens it in a browser.

#![expect(clippy::disallowed_methods, reason = "it writes one page, by no rule of a store")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bevy_session_insights::{
    Attempt, ChapterInsights, Measure, Questions, SessionInsights, SkillRecord, Study,
};
use bevy_session_journal::{Digested, DigestedSessions, HistoryLosses, SessionStatus};
use jiff::{Span, Timestamp};

const HOSTILE: &str =
    "</style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("insights_page FILE")?;
    let mut sessions = Vec::new();
    for number in 0..400_u32 {
        let id = format!("{:032x}", number + 1).parse()?;
        let session = Digested::new(id, session(number)?, HistoryLosses::default());
        sessions.push(Arc::new(session));
    }
    let mut study = Study::new(Questions::default().thirds([Measure::Deaths]));
    study.update(sessions.into_iter().collect::<DigestedSessions<SessionInsights>>());
    let now = Timestamp::from_second(1_710_000_000)?;
    std::fs::write(file, study.lessons(now).page(&format!("Insights {HOSTILE}")))?;
    Ok(())
}

/// As the hash of a number falls.
fn chance(number: u32, of: u32) -> f64 {
    let mixed = (u64::from(number) << 20 | u64::from(of)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 24)
}

fn session(number: u32) -> Result<SessionInsights, Box<dyn Error>> {
    let mut session = SessionInsights::default();
    let started = Timestamp::from_second(1_700_000_000 + i64::from(number) * 20_000)?;
    let players = ["Ann", "Ben", HOSTILE];
    session.about.player = Some(players[number as usize % 3].to_owned());
    session.about.scenario = ["meadow", "frontier"][number as usize % 2].to_owned();
    session.about.updated = Some(started);
    session.about.week =
        Some(jiff::civil::date(2024, 1, 1) + Span::new().weeks(i64::from(number / 20)));
    let king = chance(number, 1) < 0.5;
    session
        .said
        .choices
        .insert("opening".to_owned(), if king { "king" } else { HOSTILE }.to_owned());
    let wins = if king { 0.8 } else { 0.4 };
    session.about.status = Some(match chance(number, 2) {
        it if it < 0.3 => SessionStatus::Closed,
        _ if chance(number, 3) < wins => SessionStatus::Completed,
        _ => SessionStatus::Failed,
    });
    session.times.play =
        Duration::from_secs_f64(600.0 + 3000.0 * chance(number, 4) + f64::from(number) * 5.0);
    session.times.stretches = vec![session.times.play];
    session.deaths = (chance(number, 5) * 9.0) as u32;
    let mut record = SkillRecord::default();
    for attempt in 0..15 {
        let skill = 0.3 + 0.5 * f64::from(number) / 400.0;
        let attempt = Attempt::new(chance(number, 100 + attempt) < skill);
        record.take(started, attempt);
    }
    session.skills.insert("parry".to_owned(), record);
    // Ann tries ten skills, of which some too seldom to say anything.
    let others = ["aim", "block", "climb", "dodge", "dive", "feint", "hide", "run", "swim"];
    for (rarity, name) in (1..).zip(others).filter(|_| number.is_multiple_of(3)) {
        if number.is_multiple_of(3 * rarity * rarity) {
            let mut record = SkillRecord::default();
            let attempts = (0..3).map(|attempt| chance(number, 300 + 10 * rarity + attempt) < 0.6);
            attempts.for_each(|succeeded| record.take(started, Attempt::new(succeeded)));
            session.skills.insert(name.to_owned(), record);
        }
    }
    for (level, completes) in [("level 1", 0.8), ("level 2", 0.75), ("level 3", 0.35)] {
        let mut chapter = ChapterInsights::default();
        chapter.begun = 1;
        let completed =
            chance(number, level.len() as u32 * 31 + (completes * 100.0) as u32) < completes;
        (chapter.completed, chapter.failed) = (u32::from(completed), u32::from(!completed));
        session.chapters.insert(level.to_owned(), chapter);
    }
    if session.about.status == Some(SessionStatus::Closed) {
        session.last_chapter = Some("level 3".to_owned());
    }
    Ok(session)
}
