//! Numbers in the README, in RELIABILITY and on the page of costs are those of a constant, a script or a table.
//!
//! A number that is new there needs a line in [`claims`], or in [`no_claims`] with a reason.

use super::{text_of, within};

const README: &str = "README.md";
const RELIABILITY: &str = "docs/RELIABILITY.md";
const COSTS: &str = "docs/guide/costs.md";

/// True if the engine can keep the newest change tick of a column. Otherwise the page of costs doesn't say so.
const HAS_SUMMARY_TICKS: bool = true;

/// A claim of a page, with the number that its source has today.
struct Claim {
    page: &'static str,
    says: String,
}

fn claim(page: &'static str, says: impl Into<String>) -> Claim {
    Claim { page, says: says.into() }
}

/// The value of a constant, as it is written.
fn constant(file: &str, name: &str) -> String {
    let source = text_of(file);
    let line = source.lines().find(|line| line.contains(&format!("const {name}: ")));
    let line = line.unwrap_or_else(|| panic!("{file} has no constant {name}"));
    let value = within(line, " = ", ";");
    // Of two values, the one of tests comes first.
    value
        .strip_prefix("if cfg!(test) { ")
        .map_or(value, |of_tests| within(of_tests, "", " }"))
        .to_owned()
}

/// The numbers of such a text, grouped as in the documents.
fn number(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    grouped(digits.parse().unwrap())
}

fn grouped(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1_000), number % 1_000),
    }
}

fn seconds(file: &str, name: &str) -> String {
    number(within(&constant(file, name), "from_secs(", ")"))
}

/// The cells of a row of `docs/benchmarks.md`, after the first.
fn measured(chapter: &str, what: &str) -> Vec<String> {
    let report = text_of("docs/benchmarks.md");
    let chapter = within(&report, &format!("\n## {chapter}\n"), "\n## ").to_owned();
    let row = chapter.lines().find(|line| line.starts_with(&format!("| {what} |")));
    let row = row.unwrap_or_else(|| panic!("docs/benchmarks.md has no row {what:?}")).to_owned();
    row.split('|').skip(2).map(|cell| cell.trim().to_owned()).collect()
}

/// The number with which a cell begins.
fn value(cell: &str) -> f64 {
    cell.split(' ').next().unwrap().parse().unwrap()
}

/// The same in few digits.
fn short(cell: &str) -> String {
    let number = value(cell);
    match number {
        0.0..1.0 => format!("{number:.2}"),
        1.0..10.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// The same with one digit.
fn tenths(cell: &str) -> String {
    format!("{:.1}", value(cell))
}

fn claims() -> Vec<Claim> {
    let pages =
        [readme(), table_of_costs(), builds(), costs(), reliability(), figures_of_reliability()];
    let of_summary_ticks = if HAS_SUMMARY_TICKS { summary_ticks() } else { Vec::new() };
    pages.into_iter().flatten().chain(of_summary_ticks).collect()
}

fn readme() -> Vec<Claim> {
    let interval = number(within(
        &text_of("src/lifecycle/settings.rs"),
        "interval: Duration::from_secs(",
        ")",
    ));
    let kill = text_of("tests/it/kill.rs");
    let frames = constant("src/doctor/settings.rs", "FRAMES");
    let entities = number(within(&kill, "const BUSY: [&str; 6] = [\"--entities\", \"", "\""));
    let rounds = constant("tests/it/kill.rs", "ROUNDS");
    let manifest = text_of("Cargo.toml");
    let rust = within(&manifest, "rust-version = \"", "\"");
    let own_bevy = within(&manifest, "\nbevy = { package = \"bevy_internal\", version = \"", "\"");
    // The derived tree has the same page.
    let other_tree = text_of("ci/bevy-0.19/changes.sed");
    let [bevy, bevy_before] =
        both_versions(&other_tree, "package = \"bevy_internal\", )?version = )");
    let [version, version_before] = both_versions(&other_tree, "\ns/^version = ");
    assert!([&bevy, &bevy_before].iter().any(|known| own_bevy.starts_with(*known)), "{own_bevy}");
    let builds_with = match own_bevy.starts_with(&*bevy) {
        true => format!("also builds with Rust {rust},"),
        false => format!("You need a C compiler and Rust `{rust}.0`"),
    };
    let stall = tenths(&measured("Stall, beside peers", "bevy_session, 1 % changed")[0]);
    vec![
        claim(README, format!("saves itself every {interval} seconds of play")),
        claim(README, format!("is taken every {interval} seconds")),
        claim(README, format!("a colony of {entities} entities\n{rounds} times")),
        claim(README, builds_with),
        claim(README, format!("{frames} frames after a session began,")),
        claim(README, format!("| {bevy} | {version} |")),
        claim(README, format!("| {bevy_before} | {version_before} |")),
        claim(README, format!("{stall} ms for 100,000 entities of which 1 % changed")),
    ]
}

/// The versions that one is replaced by for the older engine, without their last part: `"0\.20\.1"/\1"0.19.1"`.
fn both_versions(changes: &str, begin: &str) -> [String; 2] {
    let replaced = within(changes, begin, "\n").replace('\\', "");
    let mut quoted = replaced.split('"').skip(1).step_by(2);
    [(); 2].map(|()| quoted.next().unwrap().rsplit_once('.').unwrap().0.to_owned())
}

/// The README's table of what checkpoints cost.
#[expect(clippy::too_many_lines, reason = "a table")]
fn table_of_costs() -> Vec<Claim> {
    let peers = |what: &str| measured("Stall, beside peers", what);
    let of_writer = |what: &str| measured("The writer", what);
    let small = of_writer("a checkpoint, 1 % changed");
    let ours = |what: &str, row: &str, beside: String| {
        let cells = peers(row);
        claim(README, format!("| {what} | {} ms | {} | {beside} |", short(&cells[0]), cells[1]))
    };
    let full = peers("bevy_session, everything, at a start or a restore");
    let first =
        measured("Size on disk", "bevy_session: the session's files after its first checkpoint");
    let megabytes = value(&first[0]) / 1e3;
    let of_changed = tenths(&peers("bevy_session, 1 % changed")[2]);
    let of_full = short(&full[2]);
    let ron = short(&measured("Size on disk", "moonshine-save's file")[0]);
    let memory = |what: &str| value(&measured("Memory", what)[0]);
    let (game, more) = (
        memory("the game itself, 100,000 entities × 5 components"),
        memory("bevy_session, 1 % changed"),
    );
    let peer = |what: &str, row: &str, end: &str| {
        let cells = peers(row);
        let beside = cells[1].trim_end_matches(".0 ×");
        claim(README, format!("| {what} | {} ms | {beside} | {end} |", short(&cells[0])))
    };
    let action = measured("An action game", "the plugin, in a frame");
    let action_aim = "a game in which all positions change in each frame, with a checkpoint every second: p99.9 of the \
                      plugin's processor time in a frame, beside `bevy_ggrs`' clones";
    // The one that was measured.
    let version = |name: &str| {
        let version = measured("Measured on", &format!("`{name}`"))[0].clone();
        version.rsplit_once('.').unwrap().0.to_owned()
    };
    let ggrs = format!("`bevy_ggrs` {}, a snapshot in memory", version("bevy_ggrs"));
    let moonshine =
        format!("`moonshine-save` {}, written and not synced", version("moonshine-save"));
    let processor = measured("Measured on", "processor")[0].replace(", 2 cores", "");
    let (bevy_of_ggrs, bevy) = measured_bevy();
    vec![
        claim(
            README,
            format!("Measured with Bevy {bevy}; the row of `bevy_ggrs` with Bevy {bevy_of_ggrs}"),
        ),
        claim(
            README,
            format!(
                "100,000 entities with five components, three plain, a `Vec` and a `String`; two cores of an {processor}:"
            ),
        ),
        ours(
            "a checkpoint, nothing changed",
            "bevy_session, nothing changed",
            "nothing is written".into(),
        ),
        ours(
            "a checkpoint, 1 % changed",
            "bevy_session, 1 % changed",
            format!("and {of_changed} ms of the writer's thread; {} KB, durable", short(&small[1])),
        ),
        ours(
            "a pause or an exit, 1 % changed",
            "bevy_session, a pause, 1 % changed",
            "durable".into(),
        ),
        ours("a checkpoint, 10 % changed", "bevy_session, 10 % changed", "durable".into()),
        ours("a checkpoint, 100 % changed", "bevy_session, 100 % changed", "durable".into()),
        ours(
            "a checkpoint of everything, at a start or a restore",
            "bevy_session, everything, at a start or a restore",
            format!("and {of_full} ms of the writer's thread; {megabytes:.2} MB"),
        ),
        claim(
            README,
            format!(
                "| all positions change in each frame, a checkpoint each second: p99.9 of the frames | {} ms | {} | durable |",
                short(&action[3]),
                measured("Numbers to reach", action_aim)[1]
            ),
        ),
        peer(&ggrs, "bevy_ggrs, clones", "not written"),
        peer("`DynamicWorld`, extracted only", "DynamicWorld, extracted only", "not written"),
        peer("`DynamicWorld` and RON", "DynamicWorld + RON", "not written yet"),
        peer(&moonshine, "moonshine-save", &format!("{ron} MB")),
        claim(
            README,
            format!("The game's {game:.0} MB of resident memory become {:.0} MB", game + more),
        ),
    ]
}

/// The README's table of what a build costs.
fn builds() -> Vec<Claim> {
    let report = text_of("docs/benchmarks/build-cost.md");
    let row = |what: &str, game: &str| {
        let begin = format!("| release | {game} |");
        let row = report.lines().find_map(|line| line.strip_prefix(&begin)).expect("a row");
        let [crates, cold, _, megabytes] =
            [0, 1, 2, 3].map(|cell| row.split('|').nth(cell).unwrap().trim());
        claim(README, format!("| {what} | {crates} | {:.0} s | {megabytes} MB |", value(cold)))
    };
    vec![
        row("none", "bare"),
        row("`moonshine-save`", "peer"),
        row("`bevy_session`", "session"),
        row("`bevy_session` with `reflect`, `scenarios` and `bevy_session_play`", "all"),
    ]
}

/// The releases of Bevy that the report was measured with: of `bevy_ggrs`, and of all else.
fn measured_bevy() -> (String, String) {
    let engines = measured("Measured on", "`bevy_ecs`")[0].clone();
    let release = |version: &str| version.rsplit_once('.').unwrap().0.to_owned();
    let (of_ggrs, of_all_else) = engines.split_once(", ").expect("two releases");
    (release(of_ggrs), release(of_all_else))
}

fn costs() -> Vec<Claim> {
    let spread = measured("Numbers to reach", "500 archetypes, 1 % changed");
    let restore = measured("Restore", "bevy_session, 100,000 entities");
    let (bevy_of_ggrs, bevy) = measured_bevy();
    let [frame, pause] = [
        "the longest frame of play after it (aim ≤ 1 ms)",
        "the longest frame of its 60 pauses (aim ≤ 1 ms)",
    ]
    .map(microseconds_of_plugin)
    .map(|time| format!("{:.2}", time / 1_000.0));
    let retained = constant("src/capture/record/spare_room.rs", "RETAINED");
    let retained: u32 = retained.strip_prefix("1 << ").unwrap().parse().unwrap();
    vec![
        claim(COSTS, format!("Bevy {bevy}, and for `bevy_ggrs` Bevy {bevy_of_ggrs}")),
        claim(
            COSTS,
            format!(
                "Spread over 500 archetypes, the row with 1 % is {} ms. All of it comes back into a running world {} ms\nafter it \
                 was asked for, in {} of the time of `moonshine-save`'s load.",
                short(&spread[1]),
                short(&restore[0]),
                restore[1]
            ),
        ),
        claim(
            COSTS,
            format!(
                "the longest frame after the first checkpoint cost the main thread {frame} ms of\n\
                 processor time, and the longest frame of a pause {pause} ms"
            ),
        ),
        claim(COSTS, "A game that pays for 100 % writes with"),
        claim(COSTS, format!("three sets of up to {} values of a type", grouped(1 << retained))),
    ]
}

/// The figure of a row of `docs/benchmarks/plugin.md`.
fn microseconds_of_plugin(what: &str) -> f64 {
    let figures = text_of("docs/benchmarks/plugin.md");
    let row = figures.lines().find_map(|line| line.strip_prefix(&format!("| {what} | ")));
    let figure = row.and_then(|row| row.split(" µs").next()).expect("a row in microseconds");
    figure.parse().expect("a number")
}

fn summary_ticks() -> Vec<Claim> {
    let idle = constant("src/doctor/rarely_changing.rs", "CHECKPOINTS");
    let values = number(&constant("src/doctor/rarely_changing.rs", "MANY"));
    let thorough = constant("src/capture/record/recorder.rs", "THOROUGH");
    vec![
        claim(
            COSTS,
            format!("{values} values or more of which none changed for {idle} checkpoints"),
        ),
        claim(COSTS, format!("Each {thorough}th checkpoint")),
    ]
}

fn reliability() -> Vec<Claim> {
    let journal = |file: &str| format!("crates/journal/src/{file}");
    let probation = seconds(&journal("read/recovery/ladder.rs"), "PROBATION");
    let source = text_of(journal("write/event_log.rs"));
    let kept =
        within(&source, "const KEPT_BYTES: usize = if cfg!(test) { 8 << 10 } else { ", " << 20");
    let interval = number(within(
        &text_of("src/lifecycle/settings.rs"),
        "interval: Duration::from_secs(",
        ")",
    ));
    let settings = text_of("src/lifecycle/settings.rs");
    let suspend = number(within(&settings, "suspend: Duration::from_secs(", ")"));
    let faults = |name: &str| {
        number(&constant(&journal("torture/faults.rs"), name))
            .replace(',', "")
            .parse::<u64>()
            .unwrap()
    };
    let sample = grouped(faults("FAULTS") + faults("FAULTS_OF_FAILED"));
    let kinds =
        within(&text_of(journal("disk/simulated_disk/fault.rs")), "pub const ALL: [Self; ", "]")
            .to_owned();
    assert_eq!(kinds, "9", "RELIABILITY says nine ways");
    let worlds = |name: &str| constant("src/generated_worlds.rs", name).parse::<u64>().unwrap();
    let (of_seed, all) = (worlds("WORLDS"), worlds("WORLDS") * worlds("SEEDS"));
    vec![
        claim(
            RELIABILITY,
            format!("`SessionSettings::probation` of play ({probation} s), starts the count again"),
        ),
        claim(RELIABILITY, format!("`Patience::suspend` ({suspend} s)")),
        claim(RELIABILITY, format!("up to {kept} MiB wait in memory")),
        claim(
            RELIABILITY,
            format!("the autosave interval ({interval} s unless the game says otherwise)"),
        ),
        claim(
            RELIABILITY,
            format!("a sample of about {sample} spread over all of them in an ordinary run"),
        ),
        claim(
            RELIABILITY,
            format!(
                "plays {} worlds, and `BEVY_SESSION_WORLDS_SEED=<seed>` the {of_seed} of one seed",
                grouped(60 * all)
            ),
        ),
        claim(RELIABILITY, format!("An ordinary run plays {} worlds", grouped(all))),
        claim(
            RELIABILITY,
            format!("{} kills of the headless example", constant("tests/it/kill.rs", "ROUNDS")),
        ),
    ]
}

/// The numbers below which a test fails.
fn figures_of_reliability() -> Vec<Claim> {
    let torture = |file: &str, name: &str| {
        number(&constant(&format!("crates/journal/src/torture/{file}.rs"), name))
    };
    let tested = number(&constant("src/generated_worlds/self_tested.rs", "LEAST_TESTED"));
    let worlds = number(within(&text_of("src/generated_worlds/figures.rs"), "worlds >= ", ","));
    vec![claim(
        RELIABILITY,
        format!(
            "fails below {} distinct crash states, {} recoveries that crash again, {} flipped bits, {worlds} worlds and {tested} \
             self-tested deltas",
            torture("crash_states", "LEAST_JOURNALS"),
            torture("compound", "LEAST_RECOVERIES"),
            torture("damage", "LEAST_DAMAGED"),
        ),
    )]
}

/// Texts with numbers that are no claims about today's code, and why.
fn no_claims() -> Vec<(&'static str, String)> {
    let reliability = text_of(RELIABILITY);
    let mutants = within(&reliability, "breaks the code in ", " small ways");
    vec![
        // What releases of Bevy, Wine and licenses are called.
        (COSTS, "From Bevy 0.20 on".to_owned()),
        (README, "Wine 10; never".to_owned()),
        (README, "Apache-2.0".to_owned()),
        // What Windows gives a process that it ends.
        (RELIABILITY, "the 5 s that Windows leaves".to_owned()),
        // `tests/it/mutations.rs` holds it.
        (RELIABILITY, format!("{mutants} small ways")),
        // `tests/it/foreign.rs` counts them.
        (
            README,
            "Breakout took 12 lines, Alien Cake Addict 31, and Mines, which has a menu, 27"
                .to_owned(),
        ),
    ]
}

// Feature: Measured figures are those of a committed table, and instruction counts have a limit.
// Page: benchmarks.md
#[test]
fn each_number_in_the_documents_equals_its_source() {
    let wrong: Vec<String> = claims()
        .into_iter()
        .filter(|claim| !text_of(claim.page).contains(&claim.says))
        .map(|claim| format!("{} doesn't say {:?}", claim.page, claim.says))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The number of words of a line that begin with a digit, apart from the number of an item in a list.
fn numbers_in(line: &str) -> usize {
    let item = line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok());
    let words = item.map_or(line, |(_, rest)| rest).split(|it: char| !it.is_alphanumeric());
    words.filter(|word| word.starts_with(|it: char| it.is_ascii_digit())).count()
}

#[test]
fn each_number_in_the_documents_has_a_source() {
    let mut unknown = Vec::new();
    for page in [README, RELIABILITY, COSTS] {
        let mut text = text_of(page);
        let claims =
            claims().into_iter().filter(|claim| claim.page == page).map(|claim| claim.says);
        let others = no_claims().into_iter().filter(|(of, _)| *of == page).map(|(_, text)| text);
        for known in others.chain(claims).filter(|known| !known.is_empty()) {
            text = text.replace(&known, "");
        }
        let mut is_code = false;
        for line in text.lines() {
            is_code ^= line.starts_with("```");
            // Code and where links lead are no claims, and a list counts its own lines.
            let prose: String = line.split('`').step_by(2).collect();
            let (first, links) = prose.split_once("](").unwrap_or((&prose, ""));
            let after =
                links.split("](").map(|link| link.split_once(')').map_or("", |(_, after)| after));
            let prose = format!("{first} {}", after.collect::<String>());
            if !is_code && numbers_in(&prose) > 0 {
                unknown.push(format!("{page}: {line}"));
            }
        }
    }
    assert!(unknown.is_empty(), "a number needs a line in `claims`: {unknown:#?}");
}

#[test]
fn figures_name_the_commit_that_they_are_of() {
    for page in ["docs/benchmarks.md", "docs/benchmarks/plugin.md", "docs/benchmarks/build-cost.md"]
    {
        let text = text_of(page);
        assert!(text.contains("commit"), "{page} names none");
        assert!(!text.contains("-dirty"), "{page}: nobody can measure that again");
    }
}
