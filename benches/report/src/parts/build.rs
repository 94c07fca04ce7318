//! The crate's additions to a small app: crates, time to build, bytes of the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::statistics::{bytes, timed};

use crate::report::{Report, Section, Table};

/// The sources that the crate is built from.
const SOURCES: [&str; 8] =
    ["Cargo.toml", "README.md", "benches", "docs", "examples", "src", "tests", "assets"];

pub fn measure(report: &mut Report) -> Outcome {
    let place = place()?;
    copy_crate(&place.join("crate"))?;
    write_app(&place, "without", "", WITHOUT)?;
    write_app(&place, "with", "bevy_session = { path = \"../crate\" }", WITH)?;
    let headless = "bevy_session = { path = \"../crate\", default-features = false }";
    write_app(&place, "headless", headless, WITH)?;

    let [without, with, headless] =
        ["without", "with", "headless"].map(|app| crates_of(&place, app));
    let (without, with, headless) = (without?, with?, headless?);
    let added = headless.difference(&without).count();
    let added_with_defaults = with.difference(&without).count();
    let (debug, release) = (own_build(&place, false)?, own_build(&place, true)?);
    cargo(&place, "without", &["build", "--release"])?;
    let small = program_bytes(&place, "without")?;
    let large = program_bytes(&place, "with")?;

    report.aim(
        12,
        "crates that the headless crate adds to a minimal Bevy app, and its own build",
        "≤ 40 crates, < 20 s",
        format!(
            "{added} crates; {:.1} s in a debug build, {:.1} s with optimisation",
            debug.as_secs_f64(),
            release.as_secs_f64()
        ),
        added <= 40 && debug < Duration::from_secs(20),
    );
    let mut table = Table::new(["what", "figure"]);
    table.row(["crates of a minimal headless Bevy app", &without.len().to_string()]);
    table.row(["added by the headless crate", &added.to_string()]);
    table.row(["added by it with its default features", &added_with_defaults.to_string()]);
    table.row(["its own build, debug", &format!("{:.1} s", debug.as_secs_f64())]);
    table.row(["its own build, release", &format!("{:.1} s", release.as_secs_f64())]);
    table.row(["the program without it, release, stripped", &bytes(small)]);
    table.row(["the program with it and its default features, release, stripped", &bytes(large)]);
    let intro = "A program of one line with `MinimalPlugins`, with Bevy's feature `std` only. The \
                 crate's own build is timed with all others built, and is judged by the debug build, \
                 which is what a developer waits for.";
    report.sections.push(Section {
        tables: vec![table],
        ..Section::new(23, "What it adds to a build", intro)
    });
    Ok(())
}

const WITHOUT: &str = "//! Measured.\nuse bevy::prelude::*;\n\nfn main() {\n    \
                       App::new().add_plugins(MinimalPlugins).run();\n}\n";
const WITH: &str = "//! Measured.\nuse bevy::prelude::*;\nuse bevy_session::prelude::*;\n\nfn main() {\n    \
                    App::new().add_plugins((MinimalPlugins, SessionPlugin::new(\"Studio\", \"Hop\"))).run();\n}\n";

/// Beside this program, so that what was built once is found again.
fn place() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent).ok_or("this program lies nowhere")?;
    Ok(target.join("benchmark-apps"))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy_crate(place: &Path) -> Outcome {
    for source in SOURCES {
        copy(&repository().join(source), &place.join(source))?;
    }
    // This package isn't copied.
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml"))?;
    let manifest = manifest.replace("members = [\"benches/report\"]", "members = []");
    write_if_other(&place.join("Cargo.toml"), manifest.as_bytes())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    if from.is_file() {
        return write_if_other(to, &std::fs::read(from)?);
    }
    if !from.is_dir() || from.ends_with("benches/report") {
        return Ok(());
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Leaves a file alone that is as it should be, so that nothing is built again for it.
fn write_if_other(path: &Path, content: &[u8]) -> Outcome {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    std::fs::write(path, content)?;
    Ok(())
}

fn write_app(place: &Path, name: &str, dependency: &str, main: &str) -> Outcome {
    let app = place.join(name);
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nbevy = {{ package = \"bevy_internal\", version = \"0.20.1\", default-features = false, features = \
         [\"std\"] }}\n{dependency}\n"
    );
    write_if_other(&app.join("Cargo.toml"), manifest.as_bytes())?;
    write_if_other(&app.join("src/main.rs"), main.as_bytes())?;
    if !app.join("Cargo.lock").exists() {
        std::fs::copy(repository().join("Cargo.lock"), app.join("Cargo.lock"))?;
    }
    Ok(())
}

/// Runs cargo in one of the apps. They share what is built.
fn cargo(place: &Path, app: &str, arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command
        .args(arguments)
        .current_dir(place.join(app))
        .env("CARGO_TARGET_DIR", place.join("target"));
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Names and versions of all crates of an app but itself.
fn crates_of(place: &Path, app: &str) -> Outcome<BTreeSet<String>> {
    let tree = cargo(place, app, &["tree", "--edges", "normal", "--prefix", "none"])?;
    let names = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Ok(names.filter(|name| !name.starts_with(&format!("{app} "))).collect())
}

/// The time to build the crate itself.
fn own_build(place: &Path, is_release: bool) -> Outcome<Duration> {
    let all = if is_release { &["build", "--release"][..] } else { &["build"] };
    cargo(place, "with", all)?;
    let library = place.join("crate/src/lib.rs");
    let source = std::fs::read_to_string(&library)?;
    std::fs::write(&library, format!("{source}// Built again.\n"))?;
    let one = [all, &["--package", "bevy_session"]].concat();
    let (built, time) = timed(|| cargo(place, "with", &one));
    std::fs::write(&library, source)?;
    built?;
    Ok(time)
}

/// The bytes of a program as it is shipped: without names for a debugger.
fn program_bytes(place: &Path, app: &str) -> Outcome<u64> {
    let (program, shipped) = (place.join("target/release").join(app), place.join("stripped"));
    let stripped = Command::new("strip").arg("-o").arg(&shipped).arg(&program).status()?;
    if !stripped.success() {
        return Err("a program could not be stripped".into());
    }
    Ok(shipped.metadata()?.len())
}
