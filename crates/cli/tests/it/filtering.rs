//! `list` with filters: which sessions, and in which order.

// Feature: `list` and `show` find sessions and slots, with the filters of a query.

use std::error::Error;

use crate::common::{Done, Game};

/// The names of the sessions that a list has.
fn names(game: &Game, filters: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let ran = game.run_words(&[&["list", "--json", "DIR"], filters].concat())?;
    assert_eq!(ran.code, Some(0), "{filters:?}: {}", ran.error);
    let names = ran.objects()?.into_iter().map(|entry| entry["name"].as_str().map(str::to_owned));
    Ok(names.map(|name| name.unwrap_or_default()).collect())
}

#[test]
fn filters_of_a_list_select_the_matching_sessions() -> Done {
    let game = Game::of_format("1.2")?;
    let all = names(&game, &[])?;
    assert_eq!(all.len(), 10);
    for (filters, wanted) in [
        (&["--search", "EVENING hundreds"][..], &["Hundreds of evenings"][..]),
        (
            &["--status", "closed"],
            &["Relics", "Two machines", "Fair copy", "Chapters", "Forgotten"],
        ),
        (
            &["--left", "crash", "--search", "o"],
            &["Hundreds of evenings", "Second thoughts", "Looters", "Back and forth"],
        ),
        (&["--field", "mission=\"bridge\""], &["Relics"]),
        (&["--field", "mission=bridge"], &["Relics"]),
        (&["--played", "20s"], &["Relics", "Hundreds of evenings", "Looters"]),
        (&["--player", "Ben"], &[]),
        (&["--tag", "hard"], &[]),
        (&["--type", "ranked"], &[]),
        (&["--pinned"], &[]),
        (&["--in", "trash", "--in", "archive"], &[]),
        (&["--since", "2026-01-01T00:00:13"], &["Chapters", "Back and forth"]),
        (&["--since", "1d", "--until", "2026-01-02"], &[]),
        (&["--until", "2026-01-01T00:00:01", "--status", "active"], &["Unwanted", "Looters"]),
    ] {
        assert_eq!(names(&game, filters)?, wanted, "{filters:?}");
    }
    // What leaves nothing out is the list as it is.
    for filters in [
        &["--player", "Ann", "--player", "Ben"][..],
        &["--in", "open"],
        &["--status", "active", "--status", "closed"],
        &["--since", "2026-01-01", "--until", "2026-01-02"],
    ] {
        assert_eq!(names(&game, filters)?, all, "{filters:?}");
    }
    Ok(())
}

#[test]
fn a_list_is_sorted_reversed_and_limited_on_request() -> Done {
    let game = Game::of_format("1.2")?;
    let mut by_alphabet = names(&game, &[])?;
    by_alphabet.sort();
    assert_eq!(names(&game, &["--sort", "name"])?, by_alphabet);
    let longest = names(&game, &["--sort", "played", "--limit", "2"])?;
    assert_eq!(longest, ["Hundreds of evenings", "Looters"]);
    let newest_first = names(&game, &["--sort", "updated"])?;
    let oldest_first = names(&game, &["--sort", "updated", "--reverse"])?;
    assert_eq!(newest_first.len(), oldest_first.len());
    assert_eq!((&*newest_first[0], &*oldest_first[9]), ("Back and forth", "Back and forth"));
    assert_eq!(names(&game, &["--limit", "1"])?, ["Relics"]);
    Ok(())
}

#[test]
fn a_list_without_matching_sessions_says_so() -> Done {
    let game = Game::new()?;
    let ran = game.run("list DIR --search nobody")?;
    assert_eq!(
        (ran.code, ran.text.contains("no such sessions in")),
        (Some(0), true),
        "{}",
        ran.text
    );
    let found = game.run("list DIR --search relics")?.text;
    assert_eq!(found.lines().count(), 2, "a heading and a session: {found}");
    Ok(())
}

#[test]
fn sessions_are_filtered_by_place_tag_pin_and_draft() -> Done {
    let game = Game::of_format("1.3")?;
    for (filters, wanted) in [
        (&["--tag", "hard"][..], &["Kept", "Put away", "Remembered", "Thrown away", "Planned"][..]),
        (&["--pinned"], &["Kept"]),
        (&["--in", "archive"], &["Put away", "Remembered"]),
        (&["--in", "trash"], &["Thrown away"]),
        (&["--drafts"], &["Planned"]),
    ] {
        assert_eq!(names(&game, filters)?, wanted, "{filters:?}");
    }
    let planned = game.run("list --drafts DIR")?;
    assert!(planned.text.contains(" draft "), "{}", planned.text);
    Ok(())
}

#[test]
fn drafts_and_summaries_without_a_world_are_not_damaged() -> Done {
    let game = Game::of_format("1.3")?;
    for line in ["list --json DIR", "verify --json --read-data DIR"] {
        let ran = game.run(line)?;
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.error);
        for object in ran.objects()?.iter().filter(|object| object.get("slot").is_none()) {
            assert_eq!(object["condition"], "good", "{line}: {object}");
        }
    }
    Ok(())
}
