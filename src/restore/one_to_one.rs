//! One-to-one relationships.

use std::collections::HashMap;

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;

use super::replacement::{Part, Replacement};
use super::rows_by_entity::RowOfEntity;
use crate::capture::Related;
use crate::saved::{DecodedColumn, References};

type Row = (u32, RowOfEntity);

/// Puts links in an order in which no link that is about to be replaced is removed by another: the
/// one that has a target comes before the one that gets it. If they change places in a circle, one
/// has to be removed first.
pub(super) fn nobody_kicked_out(replacement: &Replacement, world: &World) -> Vec<Row> {
    let waiting = &replacement.waiting;
    let place_of: HashMap<(u32, Entity), usize> = waiting
        .iter()
        .zip(0..)
        .filter_map(|((rank, row), place)| {
            Some(((row.column, *replacement.entities.get(*rank as usize)?), place))
        })
        .collect();
    let mut references =
        References::new(&replacement.image.ranks, &replacement.entities, &replacement.outside)
            .noting_names();
    let mut is_placed = vec![false; waiting.len()];
    let mut order = Vec::with_capacity(waiting.len());
    for first in 0..waiting.len() {
        let mut chain = Vec::new();
        let mut next = Some(first);
        while let Some(place) = next
            && let Some(done) = is_placed.get_mut(place)
            && !std::mem::replace(done, true)
        {
            let Some(row) = waiting.get(place) else { break };
            chain.push(*row);
            let holder = holder(replacement, world, *row, &mut references);
            next = holder.and_then(|it| place_of.get(&(row.1.column, it)).copied());
        }
        order.extend(chain.into_iter().rev());
    }
    order
}

/// The only entity that is linked to a row's target.
fn holder(
    replacement: &Replacement,
    world: &World,
    row: Row,
    references: &mut References<'_>,
) -> Option<Entity> {
    let place = row.1.column as usize;
    let (Some(Part::Link(component)), Some(column)) =
        (replacement.parts.get(place), replacement.image.columns.get(place))
    else {
        return None;
    };
    let DecodedColumn::Component(rows) = &column.decoded else { return None };
    let named = rows.names(column.saved_value(row.1.row)?, references);
    let mut sources = Related::of(world, *component)?.sources(*named.first()?)?;
    sources.next().filter(|_| sources.next().is_none())
}
