//! The rows of the timeline: the line that is played, and its branches beneath where they left it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bevy_session::attachments::AttachmentOf;
use bevy_session::library::{Timeline, TimelineCheckpoint, TimelineLine, Validity};
use bevy_session::presentation::play_time_text;
use bevy_session::{CheckpointId, CheckpointKind, SessionId};
use jiff::Timestamp;

use super::thin::{thinned, thinned_branch};
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, names_of, shortened};
use crate::surfaces::pictures::NEAR;

/// A checkpoint that is listed.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Row {
    pub id: CheckpointId,
    pub title: String,
    pub detail: String,
    /// Play time at its moment.
    pub played: String,
    pub picture: Option<AttachmentOf>,
    /// A note on what is wrong with it, if anything.
    pub mark: Option<String>,
    pub limb: Limb,
}

/// The part of the tree that is drawn beside a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Limb {
    /// True if the stem comes from the row above.
    pub stem_above: bool,
    /// True if the stem continues to the row below.
    pub stem_below: bool,
    /// `None` if the row is on the stem itself.
    pub branch: Option<Twig>,
}

/// The part of the tree that is drawn beside a row of a branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Twig {
    /// True if it is the branch's end, which the stem leads to. The rest hangs from that.
    pub is_end: bool,
    pub goes_on: bool,
}

/// The inputs of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowFacts<'a> {
    pub session: SessionId,
    pub timeline: &'a Timeline,
    /// Play time that the first line is counted back from.
    pub play_time: Duration,
    pub words: &'a SessionStrings,
    pub now: Timestamp,
}

/// All rows, the newest of the line that is played first.
pub(super) fn rows(facts: RowFacts) -> Vec<Row> {
    let mut rows = Vec::new();
    for listed in listed(facts.timeline) {
        rows.push(facts.row(&listed));
    }
    // The stem ends at the last thing that hangs from it.
    let hangs_from_stem = |row: &Row| row.limb.branch.is_none_or(|twig| twig.is_end);
    let last = rows.iter().rposition(hangs_from_stem).unwrap_or_default();
    for (place, row) in rows.iter_mut().enumerate() {
        row.limb.stem_above = place > 0 && place <= last;
        row.limb.stem_below = place < last;
    }
    rows
}

/// A checkpoint to be listed, and whether it is on a branch.
struct Listed<'a> {
    checkpoint: &'a TimelineCheckpoint,
    branch: Option<(&'a TimelineLine, Twig)>,
}

fn listed(timeline: &Timeline) -> Vec<Listed<'_>> {
    let Some(first) = timeline.lines.first() else { return Vec::new() };
    let line: Vec<&TimelineCheckpoint> = timeline.line(first.end).collect();
    let mut branches: HashMap<Option<CheckpointId>, Vec<&TimelineLine>> = HashMap::new();
    for branch in timeline.lines.iter().skip(1) {
        let joint = branch.leaves_at.map(|leaves_at| moment_of(timeline, leaves_at));
        branches.entry(joint).or_default().push(branch);
    }
    let joints: HashSet<CheckpointId> = branches.keys().copied().flatten().collect();
    let mut known: HashSet<CheckpointId> = line.iter().map(|it| it.id).collect();
    let mut listed = Vec::new();
    let mut list_branches = |joint, listed: &mut Vec<_>| {
        for branch in branches.get(&joint).into_iter().flatten().copied() {
            let own = timeline.line(branch.end);
            let own: Vec<_> = own.take_while(|it| !known.contains(&it.id)).collect();
            known.extend(own.iter().map(|it| it.id));
            let shown = thinned_branch(&own);
            let last = shown.len().saturating_sub(1);
            listed.extend(shown.into_iter().enumerate().map(|(place, checkpoint)| {
                let twig = Twig { is_end: place == 0, goes_on: place < last };
                Listed { checkpoint, branch: Some((branch, twig)) }
            }));
        }
    };
    for checkpoint in thinned(&line, &joints) {
        listed.push(Listed { checkpoint, branch: None });
        list_branches(Some(checkpoint.id), &mut listed);
    }
    // Those that have nothing in common with it any more.
    list_branches(None, &mut listed);
    listed
}

/// The checkpoint that took a moment: an opening is the same moment as the one before it.
fn moment_of(timeline: &Timeline, id: CheckpointId) -> CheckpointId {
    let moment = timeline.line(id).find(|it| it.kind != CheckpointKind::Opening);
    moment.or(timeline.line(id).last()).map_or(id, |it| it.id)
}

impl RowFacts<'_> {
    fn row(&self, listed: &Listed) -> Row {
        let (checkpoint, words) = (listed.checkpoint, self.words);
        let is_damaged = checkpoint.validity == Validity::Damaged;
        Row {
            id: checkpoint.id,
            title: self.title(listed),
            detail: self.detail(listed),
            played: play_time_text(checkpoint.play_time),
            picture: self.picture_near(checkpoint).filter(|_| !is_damaged),
            mark: is_damaged.then(|| words.damaged.clone()),
            limb: Limb { branch: listed.branch.map(|(_, twig)| twig), ..Limb::default() },
        }
    }

    /// Its own picture, or that of a moment just before it.
    fn picture_near(&self, checkpoint: &TimelineCheckpoint) -> Option<AttachmentOf> {
        let since = checkpoint.play_time.saturating_sub(NEAR);
        let mut line = self.timeline.line(checkpoint.id).take_while(|it| it.play_time >= since);
        let near = line.find(|it| it.picture.is_some())?;
        Some(AttachmentOf::Checkpoint { session: self.session, checkpoint: near.id })
    }

    fn title(&self, Listed { checkpoint, branch }: &Listed) -> String {
        let words = self.words;
        match (name_of(checkpoint), branch) {
            (Some(name), _) => shortened(name, 48),
            (None, None) => words.back_by(self.play_time.saturating_sub(checkpoint.play_time)),
            (None, Some((line, Twig { is_end: true, .. }))) if line.is_branch => {
                let ago = words.ago(Some(checkpoint.time), self.now);
                fill(&words.timeline_left, &[("ago", &ago)])
            }
            (None, Some(_)) => words.checkpoint_kind(checkpoint.kind).to_owned(),
        }
    }

    fn detail(&self, Listed { checkpoint, branch }: &Listed) -> String {
        let words = self.words;
        let said = match branch {
            None if name_of(checkpoint).is_none() => {
                words.checkpoint_kind(checkpoint.kind).to_owned()
            }
            None => words.back_by(self.play_time.saturating_sub(checkpoint.play_time)),
            Some((line, Twig { is_end: true, .. })) if !line.is_branch => {
                words.timeline_other.clone()
            }
            Some((_, Twig { is_end: true, .. })) => words.timeline_branch.clone(),
            Some(_) => words.timeline_on_branch.clone(),
        };
        // The one that begins a chapter is called like it.
        let outer = match checkpoint.begins() {
            Some(begun) => checkpoint.chapters.split(|it| it.id == begun.id).next(),
            None => Some(checkpoint.chapters.as_slice()),
        };
        match (checkpoint.begins(), outer.and_then(names_of)) {
            (Some(_), None) => format!("{said}, {}", words.timeline_chapter),
            (_, None) => said,
            (_, Some(names)) => {
                let names = shortened(&names, 48);
                let within = fill(&words.in_chapters, &[("chapters", &names)]);
                format!("{said}, {within}")
            }
        }
    }
}

/// The name of a checkpoint: its label, or the chapter that begins with it.
fn name_of(checkpoint: &TimelineCheckpoint) -> Option<&str> {
    let begun = checkpoint.begins().map(|chapter| chapter.name.as_str());
    let names = [checkpoint.label.as_deref(), begun];
    names.into_iter().flatten().find(|name| !name.trim().is_empty())
}

impl SessionStrings {
    /// The play time since a checkpoint: "40 seconds back".
    fn back_by(&self, age: Duration) -> String {
        if age < Duration::from_secs(1) {
            return self.timeline_now.clone();
        }
        fill(&self.timeline_back, &[("time", &self.span(age))])
    }
}

#[cfg(test)]
mod tests {
    use bevy_session::checkpoints::RunId;

    use super::*;
    use bevy_session_journal::internal::deep::offers::{on_timeline, timeline_line};

    fn id(run: u64, counter: u64) -> CheckpointId {
        CheckpointId { run: RunId(run), counter }
    }

    fn rows_of(timeline: &Timeline) -> Vec<Row> {
        rows(RowFacts {
            session: SessionId::random(),
            timeline,
            play_time: Duration::from_secs(70),
            words: &SessionStrings::default(),
            now: Timestamp::from_second(180).unwrap(),
        })
    }

    /// Ten seconds of play each: run 1 has 1 to 3, run 2 went on from 2 with 4 and 5, and run 3, which is
    /// played, from 1 with 6 and 7.
    fn timeline() -> Timeline {
        let on = |run, counter, parent: Option<CheckpointId>| {
            let mut checkpoint = on_timeline(run, counter, Duration::from_secs(10 * counter));
            checkpoint.parent = parent;
            checkpoint
        };
        let mut timeline = Timeline::default();
        timeline.checkpoints = vec![
            on(1, 1, None),
            on(1, 2, Some(id(1, 1))),
            on(1, 3, Some(id(1, 2))),
            on(2, 4, Some(id(1, 2))),
            on(2, 5, Some(id(2, 4))),
            on(3, 6, Some(id(1, 1))),
            on(3, 7, Some(id(3, 6))),
        ];
        timeline.checkpoints[5].kind = CheckpointKind::Opening;
        timeline.checkpoints[1].label = Some("The gate".to_owned());
        timeline.lines = vec![
            timeline_line(id(3, 7), None),
            timeline_line(id(2, 5), Some(id(1, 1))),
            timeline_line(id(1, 3), Some(id(1, 1))),
        ];
        timeline
    }

    #[test]
    fn branches_are_listed_below_the_checkpoint_that_they_left() {
        let rows = rows_of(&timeline());
        let places: Vec<(u64, bool)> =
            rows.iter().map(|row| (row.id.counter, row.limb.branch.is_some())).collect();
        assert_eq!(places, [(7, false), (1, false), (5, true), (2, true), (3, true)]);
        let titles: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
        let left = "What you left 3 minutes ago";
        assert_eq!(titles, ["Now", "1 minute back", left, "The gate", left]);
        assert_eq!((&*rows[0].detail, &*rows[0].played), ("Autosave", "1:10"));
    }

    #[test]
    fn the_stem_ends_at_the_last_branch() {
        let rows = rows_of(&timeline());
        let stem: Vec<(bool, bool)> =
            rows.iter().map(|row| (row.limb.stem_above, row.limb.stem_below)).collect();
        assert_eq!(stem, [(false, true), (true, true), (true, true), (true, true), (true, false)]);
        let goes_on: Vec<Option<bool>> =
            rows.iter().map(|row| Some(row.limb.branch?.goes_on)).collect();
        assert_eq!(goes_on, [None, None, Some(true), Some(false), Some(false)]);
        let mut alone = timeline();
        alone.lines.pop();
        let rows = rows_of(&alone);
        assert!(rows[2].limb.stem_above && !rows[2].limb.stem_below);
        assert!(!rows[3].limb.stem_above && !rows[3].limb.stem_below);
    }

    #[test]
    fn an_unrelated_branch_comes_last_and_an_opening_counts_as_its_moment() {
        let mut timeline = timeline();
        timeline.lines[2].leaves_at = None;
        // It left at an opening, which is not shown: so it hangs from the moment itself.
        timeline.lines[1].leaves_at = Some(id(3, 6));
        let places: Vec<u64> = rows_of(&timeline).iter().map(|row| row.id.counter).collect();
        assert_eq!(places, [7, 1, 5, 2, 3]);
        assert!(rows_of(&Timeline::default()).is_empty());
    }

    #[test]
    fn a_checkpoint_without_a_picture_shows_that_of_one_shortly_before() {
        let mut timeline = timeline();
        timeline.checkpoints[1].picture = Some("thumbnail".to_owned());
        let pictures: Vec<Option<CheckpointId>> = rows_of(&timeline)
            .iter()
            .map(|row| match row.picture? {
                AttachmentOf::Checkpoint { checkpoint, .. } => Some(checkpoint),
                _ => None,
            })
            .collect();
        // 5 was taken half a minute later.
        assert_eq!(pictures, [None, None, None, Some(id(1, 2)), Some(id(1, 2))]);
    }

    #[test]
    fn a_checkpoint_says_its_chapter_and_the_one_that_it_begins() {
        let mut chapters = bevy_session::chapters::Chapters::default();
        for name in ["Act 1", "The marsh"] {
            let (id, now) = (bevy_session::chapters::ChapterId::random(), Timestamp::UNIX_EPOCH);
            let chapter = bevy_session::chapters::NewChapter::named(name);
            chapters.begin(id, chapter, now, Duration::ZERO).unwrap();
        }
        let mut timeline = timeline();
        timeline.checkpoints[6].chapters = chapters.listed();
        timeline.checkpoints[0].chapters = chapters.listed();
        timeline.checkpoints[0].chapters[1].first_checkpoint = Some(id(1, 1));
        let rows = rows_of(&timeline);
        assert_eq!(rows[0].detail, "Autosave, in \"Act 1 / The marsh\"");
        assert_eq!(rows[1].title, "The marsh");
        assert_eq!(rows[1].detail, "1 minute back, in \"Act 1\"");
        timeline.checkpoints[0].chapters.remove(0);
        assert_eq!(rows_of(&timeline)[1].detail, "1 minute back, a chapter begins");
    }
}
