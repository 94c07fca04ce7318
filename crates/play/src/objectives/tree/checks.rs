//! Finds conditions that can't come true in a tree of objectives.

use super::Objectives;
use crate::objectives::key::ObjectiveKey;
use crate::objectives::problem::ObjectiveProblem;

/// The keys for which the game has set conditions.
pub(crate) type Conditioned<'a> = &'a mut dyn Iterator<Item = &'a ObjectiveKey>;

/// The problems of needs, and of counts and conditions that are set for groups.
pub(crate) fn problems_of(tree: &Objectives, conditioned: Conditioned) -> Vec<ObjectiveProblem> {
    let mut problems = Vec::new();
    for place in 0..tree.nodes.len() {
        look_at_needs(tree, place, &mut problems);
        if let Some(node) = tree.nodes.get(place).filter(|node| node.definition.is_hidden())
            && tree.with_groups(place).all(|node| node.definition.needed().is_empty())
        {
            let key = node.definition.key().clone();
            problems.push(ObjectiveProblem::HiddenWithoutNeeds { key });
        }
        if let Some(node) = tree.nodes.get(place).filter(|node| node.is_group())
            && node.definition.times() > 1
        {
            problems.push(ObjectiveProblem::GroupWithCount { key: node.definition.key().clone() });
        }
    }
    for key in conditioned {
        let problem = match tree.place(key).and_then(|place| tree.nodes.get(place)) {
            None => ObjectiveProblem::UnknownConditionKey { key: key.clone() },
            Some(node) if node.is_group() => {
                ObjectiveProblem::GroupWithCondition { key: key.clone() }
            }
            Some(_) => continue,
        };
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems.extend(cycles(tree).into_iter().map(|path| ObjectiveProblem::NeedsCycle { path }));
    problems
}

fn look_at_needs(tree: &Objectives, place: usize, problems: &mut Vec<ObjectiveProblem>) {
    let Some(node) = tree.nodes.get(place) else { return };
    let key = node.definition.key();
    for (need, name) in node.needs.iter().zip(node.definition.needed()) {
        match *need {
            None => {
                let need = name.clone();
                problems.push(ObjectiveProblem::UnknownNeed { key: key.clone(), need });
            }
            Some(need) if need == place => {
                problems.push(ObjectiveProblem::NeedsItself { key: key.clone() });
            }
            Some(need) if is_in(tree, place, need) => {
                let group = name.clone();
                problems.push(ObjectiveProblem::NeedsItsGroup { key: key.clone(), group });
            }
            Some(_) => {}
        }
    }
}

/// True if the first is in the second, at any depth.
fn is_in(tree: &Objectives, place: usize, group: usize) -> bool {
    tree.nodes.get(group).is_some_and(|node| group < place && place < node.end)
}

/// The objectives that one waits for: those that it or a group around it needs, and, for a group, its members. Needs
/// that are reported as another problem are left out.
fn waits_for(tree: &Objectives, place: usize) -> Vec<usize> {
    let Some(node) = tree.nodes.get(place) else { return Vec::new() };
    if node.is_group() {
        return node.members.clone();
    }
    let needs = tree.with_groups(place).flat_map(|node| {
        let own = tree.place_of(node.entity).unwrap_or(place);
        let sound = move |need: &usize| *need != own && !is_in(tree, own, *need);
        node.needs.iter().flatten().copied().filter(sound)
    });
    needs.collect()
}

/// The state of the search for cycles at one objective.
#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Not,
    /// It is on the way that is being followed.
    OnTheWay,
    Done,
}

/// The ways around, one for each place at which one closes. Without recursion: a chain may have 10,000 links.
fn cycles(tree: &Objectives) -> Vec<Vec<ObjectiveKey>> {
    let mut visits = vec![Visit::Not; tree.nodes.len()];
    let mut found = Vec::new();
    for start in 0..tree.nodes.len() {
        if visits.get(start) != Some(&Visit::Not) {
            continue;
        }
        let mut way = vec![(start, waits_for(tree, start))];
        set(&mut visits, start, Visit::OnTheWay);
        while let Some((place, left)) = way.last_mut() {
            let Some(next) = left.pop() else {
                set(&mut visits, *place, Visit::Done);
                way.pop();
                continue;
            };
            match visits.get(next) {
                Some(Visit::Not) => {
                    set(&mut visits, next, Visit::OnTheWay);
                    way.push((next, waits_for(tree, next)));
                }
                Some(Visit::OnTheWay) => {
                    let around = way.iter().map(|it| it.0).skip_while(|place| *place != next);
                    found.push(around.chain([next]).filter_map(|it| key(tree, it)).collect());
                }
                _ => {}
            }
        }
    }
    found
}

fn set(visits: &mut [Visit], place: usize, visit: Visit) {
    if let Some(slot) = visits.get_mut(place) {
        *slot = visit;
    }
}

fn key(tree: &Objectives, place: usize) -> Option<ObjectiveKey> {
    tree.nodes.get(place).map(|node| node.definition.key().clone())
}
