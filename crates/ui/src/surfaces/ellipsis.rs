//! Lines that end in dots where the room ends.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy::text::{ComputedTextBlock, TextLayoutInfo};
use bevy::ui::UiGlobalTransform;

use super::look::Look;

const DOTS: &str = "...";
/// As many cuts are remembered; they are found again by measuring.
const REMEMBERED: usize = 256;

/// A line of text that ends in dots if there is no room for all of it within what it lies in.
#[derive(Component, Clone, Copy, Debug)]
pub(super) struct CutAtEdge;

/// Where lines were cut, so that the same ones are drawn so again at once: how wide a text is, is known only after
/// it was laid out.
#[derive(Resource, Default, Debug)]
pub(super) struct KnownCuts {
    cuts: HashMap<String, String>,
    /// The look with which they were measured.
    version: u32,
}

/// Cuts what was just drawn as it was cut before.
pub(super) fn cut_again(
    look: Res<Look>,
    mut known: ResMut<KnownCuts>,
    mut drawn: Query<&mut Text, Added<CutAtEdge>>,
) {
    if known.version != look.version {
        *known = KnownCuts { version: look.version, ..default() };
    }
    for mut text in &mut drawn {
        if let Some(cut) = known.cuts.get(&text.0) {
            text.0.clone_from(cut);
        }
    }
}

/// Cuts what was laid out and is too long.
pub(super) fn cut_at_edge(
    mut known: ResMut<KnownCuts>,
    mut lines: Query<
        (Entity, &mut Text, &TextLayoutInfo, &ComputedTextBlock),
        (With<CutAtEdge>, Changed<TextLayoutInfo>),
    >,
    nodes: Query<(&Node, &ComputedNode, &UiGlobalTransform)>,
    parents: Query<&ChildOf>,
) {
    for (line, mut text, layout, block) in &mut lines {
        let Some(room) = room_for(line, &nodes, &parents) else { continue };
        if layout.size.x <= room + 0.5 {
            continue;
        }
        let Some(cut) = cut(&text.0, block, room) else { continue };
        if known.cuts.len() >= REMEMBERED {
            known.cuts.clear();
        }
        // What is cut a second time was longer once.
        let before = text.0.clone();
        known.cuts.values_mut().filter(|known| **known == before).for_each(|known| {
            known.clone_from(&cut);
        });
        known.cuts.insert(before, cut.clone());
        text.0 = cut;
    }
}

/// The room from the beginning of a line to the edge at which it would be cut off, in physical pixels.
fn room_for(
    line: Entity,
    nodes: &Query<(&Node, &ComputedNode, &UiGlobalTransform)>,
    parents: &Query<&ChildOf>,
) -> Option<f32> {
    let (_, computed, place) = nodes.get(line).ok()?;
    let begin = place.translation.x - computed.size().x / 2.0;
    let clips = |ancestor: &Entity| {
        nodes.get(*ancestor).is_ok_and(|(node, ..)| !node.overflow.is_visible())
    };
    let frame = parents.iter_ancestors(line).find(clips)?;
    let (_, computed, place) = nodes.get(frame).ok()?;
    let end = place.translation.x + computed.content_box().max.x;
    Some(end - begin)
}

/// The longest beginning of a text that has room, with dots after it.
fn cut(text: &str, block: &ComputedTextBlock, room: f32) -> Option<String> {
    let whole = text.strip_suffix(DOTS).unwrap_or(text);
    let clusters = || {
        let lines = block.buffer().lines();
        lines.flat_map(|line| line.runs().collect::<Vec<_>>()).flat_map(|run| {
            let of_run =
                run.clusters().map(|cluster| (cluster.advance(), cluster.text_range().end));
            of_run.collect::<Vec<_>>()
        })
    };
    let widest = clusters().map(|(advance, _)| advance).fold(0.0, f32::max);
    let mut left = room - widest;
    let mut end = 0;
    for (advance, end_of_cluster) in clusters() {
        left -= advance;
        if left < 0.0 {
            break;
        }
        end = end_of_cluster;
    }
    let end = whole.floor_char_boundary(end.min(whole.len().saturating_sub(1)));
    let kept = without_half_a_word(whole.get(..end)?, whole.get(end..)?);
    let kept = kept.trim_end_matches([' ', ',']);
    let cut = format!("{kept}{DOTS}");
    (cut != text).then_some(cut)
}

/// The kept part of a line, without the beginning of a word at its end, unless that word is most of it: half a number
/// would be another number.
fn without_half_a_word<'a>(kept: &'a str, rest: &str) -> &'a str {
    let is_in_a_word = !kept.ends_with(' ') && !rest.starts_with([' ', ',']);
    let whole_words = kept.rsplit_once(' ').map(|(before, _)| before);
    let enough = whole_words.filter(|words| is_in_a_word && words.len() * 3 > kept.len());
    enough.unwrap_or(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_line_drops_its_half_word() {
        assert_eq!(without_half_a_word("played, 1", "4 days ago"), "played,");
        assert_eq!(without_half_a_word("played, 14", " days ago"), "played, 14");
        assert_eq!(without_half_a_word("played, 14 ", "days ago"), "played, 14 ");
        assert_eq!(without_half_a_word("a verylongword", "indeed"), "a verylongword");
        assert_eq!(without_half_a_word("verylongword", "indeed"), "verylongword");
        assert_eq!(without_half_a_word("", "indeed"), "");
    }
}
