//! Whom a text mentions.

use crate::{Crew, PlayerId};

/// The members of the crew whom a text mentions: by `@` at the begin of a word, and then a member's name or id to the
/// end of a word. Of what fits, the longest counts; two members with one name are both meant. Case doesn't count.
pub(super) fn mentioned(text: &str, crew: &Crew) -> Vec<PlayerId> {
    let text = text.to_lowercase();
    let names: Vec<(String, &PlayerId)> = crew
        .iter()
        .flat_map(|it| {
            [(it.name().to_lowercase(), it.player()), (it.player().to_lowercase(), it.player())]
        })
        .collect();
    let mut found: Vec<PlayerId> = Vec::new();
    for (place, _) in text.match_indices('@') {
        let (before, after) = text.split_at(place);
        if before.chars().next_back().is_some_and(char::is_alphanumeric) {
            // An address, as of mail.
            continue;
        }
        let rest = after.strip_prefix('@').unwrap_or_default();
        let fits = |name: &str| rest.strip_prefix(name).is_some_and(ends_word);
        let fitting = || names.iter().filter(|(name, _)| fits(name));
        let longest = fitting().map(|(name, _)| name.len()).max();
        for (_, player) in fitting().filter(|(name, _)| Some(name.len()) == longest) {
            if !found.contains(player) {
                found.push((*player).clone());
            }
        }
    }
    found
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CrewChange, CrewStep};

    fn crew() -> Crew {
        let mut crew = Crew::default();
        let names =
            [("ann", "Ann"), ("lee", "Ann Lee"), ("b1", "Ben"), ("b2", "Ben"), ("zoë", "Zoë")];
        for (player, name) in names {
            for step in [CrewStep::Invited, CrewStep::Renamed { name: name.to_owned() }] {
                crew.follow(&CrewChange {
                    player: player.into(),
                    by: None,
                    at: Duration::ZERO,
                    step,
                });
            }
        }
        crew
    }

    #[test]
    fn mentions_match_whole_names_and_ids() {
        let of = |text: &str| {
            let found = mentioned(text, &crew());
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("look, @Ann!"), "ann");
        assert_eq!(of("@ann lee, and (@ZOË)"), "lee zoë");
        assert_eq!(of("@Ben and @b1"), "b1 b2", "both are called so");
        assert_eq!(of("@Annabel, mail to x@ann, @someone, @, @@ann"), "ann");
        assert_eq!(of("@ann_lee"), "");
        assert_eq!(of(&"@".repeat(4_000)), "");
    }
}
