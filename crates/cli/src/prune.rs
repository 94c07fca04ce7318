//! `prune`: the sessions that rules of retention would remove, and why; with `--apply` they go into the trash.

use std::str::FromStr;

use bevy_session_journal::internal::disk::read_all;
use bevy_session_journal::internal::format::SessionIndex;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::Upkeep;
use bevy_session_journal::{
    Keep, LeftAs, ProvenTime, RequestError, Retention, RetentionPreview, RetentionReason,
    SessionEntry, SessionId, ShelfMove, WouldGo,
};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::list::span;
use crate::output::{Output, moment};
use crate::place::{Place, Profile, read_only};
use crate::session_entry::entry_of;
use crate::table::Table;

/// The ways in which a session is left, by their words.
const WAYS: [(&str, LeftAs); 5] = [
    ("closed", LeftAs::Closed),
    ("completed", LeftAs::Completed),
    ("failed", LeftAs::Failed),
    ("abandoned", LeftAs::Abandoned),
    ("declined", LeftAs::DeclinedCrash),
];

/// Rules of retention.
#[derive(Args, Debug)]
pub struct Rules {
    /// Only show what would be removed, as without --apply
    #[arg(long, conflicts_with = "apply")]
    dry_run: bool,
    /// Move these sessions to the trash, from which undelete takes them out again
    #[arg(long)]
    apply: bool,
    /// What is kept of the sessions that were left so: `failed=7d,newest:5`
    ///
    /// LEFT is closed, completed, failed, abandoned or declined. What any part keeps is kept: an age as `7d`,
    /// `newest:5`, `daily:7` or `weekly:10`. May be given once for each LEFT; what has no rule is kept.
    #[arg(long, value_name = "LEFT=PARTS")]
    keep: Vec<Rule>,
    /// How many bytes all sessions may take together, as `4G`; those that were left longest ago go first
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    total_bytes: Option<u64>,
}

/// The rule for the sessions that were left in one way.
#[derive(Clone, Debug)]
struct Rule {
    left: LeftAs,
    keep: Keep,
}

/// Sessions that can't be moved, and why.
type Unmoved = Vec<(SessionId, RequestError)>;

/// A session that would go, as JSON has it.
#[derive(Serialize)]
struct Goes<'a> {
    session: SessionId,
    profile: &'a str,
    name: &'a str,
    /// When it was left.
    left: Timestamp,
    bytes: u64,
    /// `rule` or `total_bytes`.
    reason: &'static str,
    /// The rule, by how the session was left; `None` if there is no room for it.
    rule: Option<&'static str>,
}

/// Lists the sessions that rules would remove, or moves them to the trash.
pub fn prune(place: &Place, rules: &Rules, output: &mut Output<'_>) -> Result<(), Failure> {
    let retention = rules.retention()?;
    let (mut count, mut bytes) = (0, 0);
    let mut unmoved = Vec::new();
    let mut table = Table::new(["SESSION", "NAME", "LEFT", "BYTES", "WHY"]).numbers(&[3]);
    for profile in place.profiles()? {
        let mut preview = preview(&profile, &retention)?;
        if rules.apply {
            unmoved.extend(apply(&profile, &mut preview)?);
        }
        count += preview.sessions.len();
        bytes += preview.bytes();
        for session in &preview.sessions {
            match output.is_json() {
                true => output.object(&Goes::of(&profile, session))?,
                false => table.add(row(session)),
            }
        }
    }
    if !output.is_json() {
        sum_up(&table, (count, bytes), rules, output)?;
    }
    // What went was said, whatever became of the others.
    let count = unmoved.len();
    match unmoved.into_iter().next() {
        Some((session, source)) => Err(Failure::SomeUnmoved { count, session, source }),
        None => Ok(()),
    }
}

fn sum_up(
    table: &Table,
    (count, bytes): (usize, u64),
    rules: &Rules,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match (count, rules.apply) {
        (0, false) => output.line(format_args!("nothing would go")),
        (0, true) => output.line(format_args!("nothing went")),
        (_, is_applied) => {
            output.table(table)?;
            let change = if is_applied { "are in the trash" } else { "would go" };
            output.line(format_args!("{count} sessions {change}, of {bytes} bytes"))
        }
    }
}

/// Moves the sessions of a preview to the trash, and leaves those in it that went. A session that changed since it was
/// chosen, that is gone, or that a game plays, stays. Returns those that can't be moved.
fn apply(profile: &Profile, preview: &mut RetentionPreview) -> Result<Unmoved, Failure> {
    let mut upkeep = Upkeep::of(profile.to_change()?);
    let (mut went, mut unmoved) = (Vec::new(), Vec::new());
    for session in std::mem::take(&mut preview.sessions) {
        match upkeep.let_go(&session, ShelfMove::Delete, clock::timestamp()) {
            Ok(Some(_)) => went.push(session),
            Ok(None) | Err(RequestError::SessionInUse | RequestError::UnknownSession) => {}
            Err(error) => unmoved.push((session.session, error)),
        }
    }
    preview.sessions = went;
    Ok(unmoved)
}

fn preview(profile: &Profile, retention: &Retention) -> Result<RetentionPreview, Failure> {
    let now = clock::timestamp();
    let mut time = ProvenTime::of_process(now);
    let mut entries: Vec<SessionEntry> = Vec::new();
    for session in profile.sessions()? {
        // What can't be read isn't listed, so no rule knows of it.
        let Ok(Some(stored)) = profile.open(session) else { continue };
        witness(stored.index(), &mut time);
        if !stored.index().is_forgotten() {
            entries.extend(entry_of(profile, &stored));
        }
    }
    if let Some(state) = &profile.directory.state {
        let records = read_all(&*read_only(), state)?.into_iter();
        let records = records.filter_map(|found| found.record.ok());
        records.for_each(|record| time.witness(record.heartbeat));
    }
    Ok(retention.preview(&entries, time, now))
}

/// Takes note of what a session's files say about time.
fn witness(index: &SessionIndex, time: &mut ProvenTime) {
    for head in index.heads() {
        time.witness(head.time);
        if let Some(end) = &head.end {
            time.witness(end.time);
        }
    }
}

impl Rules {
    fn retention(&self) -> Result<Retention, Failure> {
        if self.keep.is_empty() && self.total_bytes.is_none() {
            return Err(Failure::usage("a rule is missing: --keep or --total-bytes"));
        }
        let mut retention = Retention::default();
        let mut said: Vec<LeftAs> = Vec::new();
        for Rule { left, keep } in &self.keep {
            if said.contains(left) {
                let word = word_of(*left);
                return Err(Failure::usage(format!("there are two rules for {word}")));
            }
            said.push(*left);
            retention = retention.keep(*left, *keep);
        }
        Ok(match self.total_bytes {
            Some(bytes) => retention.total_bytes(bytes),
            None => retention,
        })
    }
}

impl Goes<'_> {
    fn of<'a>(profile: &'a Profile, session: &'a WouldGo) -> Goes<'a> {
        let rule = match session.reason {
            RetentionReason::Rule(left) => Some(word_of(left)),
            _ => None,
        };
        Goes {
            session: session.session,
            profile: &profile.directory.profile,
            name: &session.name,
            left: session.left,
            bytes: session.bytes,
            reason: if rule.is_some() { "rule" } else { "total_bytes" },
            rule,
        }
    }
}

fn row(session: &WouldGo) -> Vec<String> {
    let why = match session.reason {
        RetentionReason::Rule(left) => format!("the rule for {}", word_of(left)),
        _ => "there is no room for all".to_owned(),
    };
    let WouldGo { session, name, left, bytes, .. } = session;
    vec![session.to_string(), name.clone(), moment(*left), bytes.to_string(), why]
}

fn word_of(left: LeftAs) -> &'static str {
    let way = WAYS.iter().find(|(_, way)| *way == left);
    way.map_or("others", |(word, _)| *word)
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || WAYS.map(|(word, _)| word).join(", ");
        let (left, parts) = text.split_once('=').ok_or("expected LEFT=PARTS")?;
        let way = WAYS.iter().find(|(word, _)| *word == left);
        let (_, left) = way.ok_or_else(|| format!("LEFT may be {}", words()))?;
        let mut keep = Keep::default();
        // The age comes first, since a rule with an age begins with it.
        let (ages, numbers): (Vec<&str>, Vec<&str>) =
            parts.split(',').partition(|part| !part.contains(':'));
        match ages[..] {
            [] => {}
            [age] => keep = Keep::within(span(age)?),
            _ => return Err("only one age may be given".to_owned()),
        }
        for part in numbers {
            let (what, number) = part.split_once(':').ok_or("expected an age or WHAT:NUMBER")?;
            let number = number.parse().map_err(|_| format!("{number} isn't a number"))?;
            keep = match what {
                "newest" => keep.or_newest(number),
                "daily" => keep.or_daily(number),
                "weekly" => keep.or_weekly(number),
                _ => return Err("a part may be an age, newest:N, daily:N or weekly:N".to_owned()),
            };
        }
        Ok(Self { left: *left, keep })
    }
}

/// A number of bytes, with K, M or G behind it for thousands of them.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, factor) = match text.chars().last() {
        Some('K') => (text.strip_suffix('K'), 1_000),
        Some('M') => (text.strip_suffix('M'), 1_000_000),
        Some('G') => (text.strip_suffix('G'), 1_000_000_000),
        _ => (Some(text), 1_u64),
    };
    let number: u64 = number.unwrap_or_default().parse().map_err(|_| "expected bytes, as 4G")?;
    number.checked_mul(factor).ok_or_else(|| "it is too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_rules_are_parsed_and_malformed_ones_are_refused() {
        let rule: Rule = "failed=7d,newest:5".parse().unwrap();
        let day = std::time::Duration::from_secs(86_400);
        assert_eq!((rule.left, rule.keep), (LeftAs::Failed, Keep::within(7 * day).or_newest(5)));
        let rule: Rule = "closed=weekly:10,newest:100".parse().unwrap();
        assert_eq!(rule.keep, Keep::newest_of(100).or_weekly(10));
        for wrong in [
            "failed",
            "lost=7d",
            "failed=",
            "failed=x",
            "failed=newest:x",
            "failed=1d,2d",
            "failed=hourly:3",
        ] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
        assert_eq!(bytes("4G"), Ok(4_000_000_000));
        for wrong in ["", "G", "4T", "-1", "99999999999999999999", "18446744073709551615G"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
