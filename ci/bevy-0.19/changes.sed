# What tests, examples, pages and manifests have otherwise in the tree for Bevy 0.19, one line at a time. Of the libraries it
# changes an attribute and texts.

# Versions: of Bevy and its parts, of peers that are made for one version of it, and of this project's packages.
s/(bevy(_reflect|_window)? = \{ (package = "bevy_internal", )?version = )"0\.20\.1"/\1"0.19.1"/
s/version = \\"0\.20\.1\\"/version = \\"0.19.1\\"/
s/^bevy = "0\.20"/bevy = "0.19"/
s/moonshine-save = "0\.8"/moonshine-save = "0.7"/
s/^(avian2d = \{ version = )"0\.8"(.*)"parry-f32"/\1"0.7"\2"f32", "parry-f32"/
s/^version = "0\.2\.0"/version = "0.1.0"/
s/version = "=0\.2\.0"/version = "=0.1.0"/
s/`bevy_winit` 0\.20\.1 sends/`bevy_winit` 0.19.1 sends/

# Two packages have a build script.
s/^    "\/src",$/&\n    "\/build.rs",/
/^name = "bevy_session_ui"$/,/^include/s/^include = \["\/src", /&"\/build.rs", /

# The Rust that it takes, and no crate that declares a newer one.
s/Rust `1\.97\.1`, which `bevy 0\.20` declares\. This repository also builds with Rust 1\.95,$/Rust `1.95.0`, which `bevy 0.19` declares./
/^if you pass `--ignore-rust-version` as above\.$/d
s/--release --ignore-rust-version/--release/
/^It needs a C compiler and the Rust that `bevy` declares: /{N;s/.*/It needs a C compiler and the Rust that `bevy` declares: 1.95.0 for 0.19./}

# Observers of what happens to components.
s/On<(Add|Insert|Remove|Despawn|Discard)<([^<>]+)>>/On<\1, \2>/g

s/bevy_version == "0\.20"/bevy_version == "0.19"/

# Change ticks of whole columns.
/^ *#\[component\(summary_tick\)\]$/d
s/, #\[component\(summary_tick\)\]\);$/);/

s/(HAS_SUMMARY_TICKS|PANICS_ARE_HANDED_OVER): bool = true/\1: bool = false/

# A text that can be edited was a widget by itself.
s/ui_widgets::\{(.*)SelectAllOnFocus, TextInput\}/ui_widgets::{\1SelectAllOnFocus}/
/^ +TextInput,$/d

# Names.
s/^use bevy::shape::\{Aabb2d/use bevy::math::bounding::{Aabb2d/
s/NextState::PendingIfDifferent/NextState::PendingIfNeq/g
s/\.to_dynamic\(\)\.unwrap\(\)/.to_dynamic()/g

# What `World::iter_resources` gives.
s/iter_resources\(\)\.map\(\|\(_, /iter_resources().map(|(/

# The release whose golden files a tree writes.
s/OWN: &str = "bevy-0\.20"/OWN: \&str = "bevy-0.19"/

# All that 0.19 doesn't have: code from the condition to the end of its item or statement, and sections and rows of pages. Files
# of which nothing is left but themselves stay where they are.
/^ *#\[cfg\(feature = "(scenes|shuffled)"\)\]$/,/;$/d
/samples\/scenes\.rs/d
/^# For this project's own tests: /d
/^(scenes|shuffled) = /d
/^## Scenes in BSN$/,/^## Hooks/{/^## Hooks/!d}
s/, or `on\(…\)` in a scene \|/ |/
/^## Types that rarely change$/,/^## /{/^## Types that rarely change$/d;/^## /!d}
/^\/\/ Feature: (Columns with a summary tick are skipped|Entities of a BSN scene come back)/,+1d
/^\| (Columns with a summary tick are skipped|Entities of a BSN scene come back)/d
s/^(Each checkpoint checks all of its values\.) .*summary_tick.*/\1 Only a build for Bevy 0.20 says so, where that can be skipped./
