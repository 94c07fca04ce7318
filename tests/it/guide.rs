//! The code of the guide that does something, played as it stands on its page: through crash, pause, game over, another
//! game, loading and kill.

// Feature: Each setting is on the settings page, and the guide's code does what it says.

mod backup;
mod chapters;
#[cfg(feature = "scenarios")]
mod handles;
mod menu;
mod players;
mod ported;
mod recorded_events;
mod recovery;
#[cfg(feature = "scenarios")]
mod scenarios;
#[cfg(feature = "scenes")]
mod scenes;
mod servers;
mod start;
mod states_and_gates;
mod times;
mod troubleshooting;

/// Pages, and the code on them that is played.
const PLAYED: &[(&str, &str)] = &[
    (include_str!("../../README.md"), include_str!("guide/samples/readme.rs")),
    (include_str!("../../docs/RECIPES.md"), include_str!("guide/samples/backup.rs")),
    (include_str!("../../docs/RECIPES.md"), include_str!("guide/samples/handles.rs")),
    (include_str!("../../docs/RECIPES.md"), include_str!("guide/samples/scenes.rs")),
    // These two are played by `benches/report/tests/import_moonshine.rs`, which has the other crate.
    (
        include_str!("../../docs/guide/coming-from.md"),
        include_str!("guide/samples/moonshine_before.rs"),
    ),
    (
        include_str!("../../docs/guide/coming-from.md"),
        include_str!("guide/samples/moonshine_after.rs"),
    ),
    (include_str!("../../docs/guide/chapters.md"), include_str!("guide/samples/chapters.rs")),
    (include_str!("../../docs/guide/chapters.md"), include_str!("guide/samples/try_again.rs")),
    (
        include_str!("../../docs/guide/getting-started.md"),
        include_str!("guide/samples/getting_started.rs"),
    ),
    (
        include_str!("../../docs/guide/recorded-events.md"),
        include_str!("guide/samples/recorded_events.rs"),
    ),
    (include_str!("../../docs/guide/recovery.md"), include_str!("guide/samples/recovery.rs")),
    (include_str!("../../docs/guide/rewind.md"), include_str!("guide/samples/rewind.rs")),
    (include_str!("../../docs/guide/scenarios.md"), include_str!("guide/samples/scenarios.rs")),
    (include_str!("../../docs/guide/servers.md"), include_str!("guide/samples/servers.rs")),
    (include_str!("../../docs/guide/servers.md"), include_str!("guide/samples/players.rs")),
    (include_str!("../../docs/guide/slots.md"), include_str!("guide/samples/slots.rs")),
    (include_str!("../../docs/guide/slots.md"), include_str!("guide/samples/slots_menu.rs")),
    (include_str!("../../docs/guide/slots.md"), include_str!("guide/samples/load_menu.rs")),
    (
        include_str!("../../docs/guide/states-and-gates.md"),
        include_str!("guide/samples/states_and_gates.rs"),
    ),
];

/// Pages, and functions of the code on them that are played alone.
const PLAYED_ALONE: &[(&str, &str)] = &[(
    include_str!("../../docs/guide/cheat-sheet.md"),
    include_str!("guide/samples/cheat_sheet.rs"),
)];

/// The Rust code on a page, block by block.
fn blocks(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```rust").skip(1).filter_map(|block| block.split("```").next());
    // After what stands behind the language, such as `,no_run`.
    blocks.filter_map(|block| Some(block.split_once('\n')?.1))
}

#[test]
fn tested_samples_equal_the_code_of_their_pages() {
    let whole = PLAYED
        .iter()
        .map(|(page, played)| (page, blocks(page).any(|block| block.trim() == played.trim())));
    let alone = PLAYED_ALONE
        .iter()
        .map(|(page, played)| (page, blocks(page).any(|block| block.contains(played.trim()))));
    for (page, stands_there) in whole.chain(alone) {
        let title = page.lines().next().unwrap_or_default();
        assert!(
            stands_there,
            "the code of `{title}` and its copy in tests/it/guide/samples differ"
        );
    }
}
