//! All objectives as a tree, as they are now.

mod checks;
mod growing;
mod view;

use std::time::Duration;

use bevy::ecs::entity::EntityHashMap;
use bevy::platform::collections::HashMap;
use bevy::prelude::*;

use super::change::ObjectiveChange;
use super::key::ObjectiveKey;
use super::objective::Objective;
use super::progress::{ObjectiveProgress, ObjectiveState};
use super::summary::ObjectivesSummary;

pub use view::{ObjectiveRow, ObjectiveStanding, ObjectiveView};

pub(crate) use checks::problems_of;
pub(crate) use growing::{Seed, grow};

/// The objectives of the session that is played, as a tree. It is brought up to date once a frame, in
/// [`ObjectiveSystems`](crate::ObjectiveSystems), and with each change that is made there.
///
/// It changes with what is in it, and in no other frame: a list may be drawn again when
/// [`resource_changed`](bevy::prelude::resource_changed) holds.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{ObjectiveStanding, Objectives};
///
/// fn draw(objectives: Res<Objectives>) {
///     for row in objectives.list() {
///         let mark = match row.standing {
///             ObjectiveStanding::Completed => "done",
///             ObjectiveStanding::Failed => "failed",
///             ObjectiveStanding::Locked { .. } => "locked",
///             ObjectiveStanding::Open => "open",
///         };
///         println!("{:indent$}{} ({mark}, {:.0} %)", "", row.title, row.progress * 100.0, indent = row.depth * 2);
///     }
/// }
/// # App::new().add_systems(Update, draw.run_if(resource_changed::<Objectives>));
/// ```
#[derive(Resource, Debug, Default)]
pub struct Objectives {
    /// Groups before what is in them, so that the members of one lie together behind it.
    nodes: Vec<Node>,
    places: HashMap<ObjectiveKey, usize>,
    /// Keys of older builds.
    former: HashMap<ObjectiveKey, ObjectiveKey>,
    entities: EntityHashMap<usize>,
    /// The places of those that were closed, opened or planted, the consequences of which weren't looked at yet.
    touched: Vec<usize>,
    /// True if something has changed since progress was added up.
    is_stale: bool,
    progress: f32,
}

/// One objective in the tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub entity: Entity,
    pub definition: Objective,
    pub progress: ObjectiveProgress,
    pub depth: usize,
    pub group: Option<usize>,
    /// The places of its members, in order.
    pub members: Vec<usize>,
    /// The place behind the last one in it.
    pub end: usize,
    /// The places of those that it needs itself; `None` for one that doesn't exist.
    pub needs: Vec<Option<usize>>,
    /// The places of those that need it themselves.
    pub needed_by: Vec<usize>,
    /// The share of it that is done, from 0 to 1.
    pub share: f32,
}

/// An entity, and what became of its objective.
pub(crate) type Changed = (Entity, ObjectiveProgress);

impl Node {
    pub(crate) fn is_group(&self) -> bool {
        !self.members.is_empty()
    }
}

impl Objectives {
    /// Objectives that a session may have: 10,000. Those beyond don't count.
    pub const MOST: usize = 10_000;

    /// The number of objectives.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns true if there are no objectives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The objective with this key, or one that had it in older builds.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<ObjectiveView<'_>> {
        self.view(self.place(key)?)
    }

    /// All of them: each group before what is in it, members by their order and key.
    pub fn iter(&self) -> impl Iterator<Item = ObjectiveView<'_>> {
        (0..self.nodes.len()).filter_map(|place| self.view(place))
    }

    /// The share of all of them that is done, from 0 to 1: by the weights of those that are in no group and aren't
    /// optional. 0 if there are none.
    #[must_use]
    pub fn progress(&self) -> f32 {
        self.progress
    }

    /// The objective that the player is to do next: the first in order that is open, not locked, not hidden and no
    /// group.
    #[must_use]
    pub fn current(&self) -> Option<ObjectiveView<'_>> {
        self.iter().find(|it| !it.is_group() && it.is_available() && it.is_visible())
    }

    /// The rows that a HUD or a menu shows: objectives that are visible, in order.
    #[must_use]
    pub fn list(&self) -> Vec<ObjectiveRow> {
        self.iter().filter(ObjectiveView::is_visible).map(|it| it.row()).collect()
    }

    /// The summary of all of them, for lists of sessions.
    #[must_use]
    pub fn summary(&self) -> ObjectivesSummary {
        let counted = self.nodes.iter().filter(|it| !it.is_group() && !it.definition.is_optional());
        let roots = self.counted(&self.roots());
        let mut summary = ObjectivesSummary::default();
        for node in counted {
            summary.total += 1;
            let is_completed = node.progress.state() == ObjectiveState::Completed;
            summary.completed += u32::from(is_completed);
        }
        let nodes = || roots.iter().filter_map(|root| self.nodes.get(*root));
        summary.expected = roots.iter().filter_map(|root| self.expected(*root)).sum();
        summary.since = nodes().filter_map(|it| it.progress.since()).min();
        let closed: Option<Vec<Duration>> = nodes().map(|it| it.progress.closed()).collect();
        summary.until = closed.and_then(|closed| closed.into_iter().max());
        summary
    }

    pub(crate) fn place(&self, key: &str) -> Option<usize> {
        let current = || self.former.get(key).and_then(|key| self.places.get(key));
        self.places.get(key).or_else(current).copied()
    }

    pub(crate) fn place_of(&self, entity: Entity) -> Option<usize> {
        self.entities.get(&entity).copied()
    }

    pub(crate) fn node(&self, place: usize) -> Option<&Node> {
        self.nodes.get(place)
    }

    pub(crate) fn view(&self, place: usize) -> Option<ObjectiveView<'_>> {
        let node = self.nodes.get(place)?;
        Some(ObjectiveView { objectives: self, node, place })
    }

    /// Takes a change over; `None` if it is none.
    pub(crate) fn follow(&mut self, place: usize, change: &ObjectiveChange) -> Option<Changed> {
        self.change(place, |progress| progress.follow(change))
    }

    /// Changes what became of one; `None` if that was no change.
    pub(crate) fn change(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut ObjectiveProgress) -> bool,
    ) -> Option<Changed> {
        let node = self.nodes.get_mut(place)?;
        let before = (node.progress.state(), node.progress.since());
        if !change(&mut node.progress) {
            return None;
        }
        self.is_stale = true;
        // Nothing follows from a count or a blocker.
        if before != (node.progress.state(), node.progress.since()) {
            self.touched.push(place);
        }
        Some((node.entity, node.progress.clone()))
    }

    pub(crate) fn take_touched(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.touched)
    }

    /// Looks at all of them again.
    pub(crate) fn touch_all(&mut self) {
        self.touched = (0..self.nodes.len()).collect();
        self.is_stale = true;
    }

    /// True if something has changed since progress was added up.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The places of those that became available for the first time: among these, and among those that need one of
    /// these.
    pub(crate) fn waiting_for(&self, touched: &[usize]) -> Vec<usize> {
        let needing = touched.iter().filter_map(|place| self.nodes.get(*place));
        let needing = needing.flat_map(|node| &node.needed_by);
        // What a group needs, all in it need.
        let with_members =
            needing.flat_map(|place| *place..self.nodes.get(*place).map_or(*place, |it| it.end));
        let candidates = touched.iter().copied().chain(with_members);
        let is_new = |place: &usize| {
            self.nodes.get(*place).is_some_and(|node| node.progress.since().is_none())
        };
        candidates.filter(|place| is_new(place) && !self.is_locked(*place)).collect()
    }

    /// The groups that these are in, and those among these that are groups, each once.
    pub(crate) fn groups_around(&self, touched: &[usize]) -> Vec<usize> {
        let group = |place: &usize| self.nodes.get(*place).and_then(|node| node.group);
        let own = touched.iter().copied().filter(|it| self.node(*it).is_some_and(Node::is_group));
        let mut groups: Vec<usize> = touched.iter().filter_map(group).chain(own).collect();
        // Those inside come first.
        groups.sort_unstable_by(|one, other| other.cmp(one));
        groups.dedup();
        groups
    }

    /// True if something that it needs, or that a group around it needs, isn't completed.
    pub(crate) fn is_locked(&self, place: usize) -> bool {
        self.with_groups(place).any(|node| node.needs.iter().any(|need| !self.is_met(*need)))
    }

    fn is_met(&self, need: Option<usize>) -> bool {
        let node = need.and_then(|need| self.nodes.get(need));
        node.is_some_and(|node| node.progress.state() == ObjectiveState::Completed)
    }

    /// It, and the groups around it.
    fn with_groups(&self, place: usize) -> impl Iterator<Item = &Node> {
        let outward = |node: &&Node| node.group.and_then(|group| self.nodes.get(group));
        std::iter::successors(self.nodes.get(place), outward)
    }

    fn roots(&self) -> Vec<usize> {
        let ends = |place: &usize| self.nodes.get(*place).map(|node| node.end);
        let roots = std::iter::successors(Some(0), ends);
        roots.take_while(|place| *place < self.nodes.len()).collect()
    }

    /// The places among them that count: all that aren't optional, or all if every one is optional.
    pub(crate) fn counted(&self, places: &[usize]) -> Vec<usize> {
        let is_optional =
            |place: &&usize| self.nodes.get(**place).is_some_and(|it| it.definition.is_optional());
        let (optional, counted): (Vec<usize>, Vec<usize>) =
            places.iter().partition(|place| is_optional(place));
        if counted.is_empty() { optional } else { counted }
    }

    /// The state of a group, going by its members; `None` if it is no group.
    pub(crate) fn state_by_members(&self, place: usize) -> Option<ObjectiveState> {
        let group = self.nodes.get(place).filter(|node| node.is_group())?;
        let counted = self.counted(&group.members);
        let states =
            || counted.iter().filter_map(|it| self.nodes.get(*it)).map(|it| it.progress.state());
        Some(if states().any(|state| state == ObjectiveState::Failed) {
            ObjectiveState::Failed
        } else if states().all(|state| state == ObjectiveState::Completed) {
            ObjectiveState::Completed
        } else {
            ObjectiveState::Open
        })
    }

    /// The time that it is expected to take: its own if that is set, or else the sum over its members; `None` if none
    /// is set.
    pub(crate) fn expected(&self, place: usize) -> Option<Duration> {
        let node = self.nodes.get(place)?;
        let said = node.definition.expected_time();
        said.or_else(|| {
            let counted = self.counted(&node.members);
            let of_members: Vec<_> = counted.iter().filter_map(|it| self.expected(*it)).collect();
            (!of_members.is_empty()).then(|| of_members.into_iter().sum())
        })
    }

    /// Adds up how much of each is done. Those in a group come behind it, so this goes from the end.
    pub(crate) fn add_up(&mut self) {
        for place in (0..self.nodes.len()).rev() {
            let share = self.share_of(place);
            if let Some(node) = self.nodes.get_mut(place) {
                node.share = share;
            }
        }
        self.progress = self.mean(&self.counted(&self.roots()));
    }

    /// All that follows from changes was done.
    pub(crate) fn note_settled(&mut self) {
        self.is_stale = false;
    }

    fn share_of(&self, place: usize) -> f32 {
        let Some(node) = self.nodes.get(place) else { return 0.0 };
        if node.progress.state() == ObjectiveState::Completed {
            return 1.0;
        }
        if node.is_group() {
            return self.mean(&self.counted(&node.members));
        }
        let times = node.definition.times();
        node.progress.done().min(times) as f32 / times as f32
    }

    fn mean(&self, places: &[usize]) -> f32 {
        let nodes = || places.iter().filter_map(|place| self.nodes.get(*place));
        let weighed = |node: &Node| f64::from(node.definition.its_weight());
        let all: f64 = nodes().map(weighed).sum();
        let done: f64 = nodes().map(|node| weighed(node) * f64::from(node.share)).sum();
        if all > 0.0 { (done / all).clamp(0.0, 1.0) as f32 } else { 0.0 }
    }
}
