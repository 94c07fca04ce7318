//! The machine and the compiler that figures were measured with.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use bevy_session_benchmarks::Outcome;

/// The peers whose versions are named.
const PEERS: [&str; 6] =
    ["bevy_ecs", "bevy_world_serialization", "moonshine-save", "bevy_ggrs", "redb", "zstd"];

/// A chapter on machine, system and versions.
pub fn markdown() -> Outcome<String> {
    let mut text = "## Measured on\n\n| what | |\n| --- | --- |\n".to_owned();
    let mut row = |what: &str, value: &str| {
        let _ = writeln!(text, "| {what} | {} |", value.trim());
    };
    row("processor", &processor());
    row("memory", &memory());
    row("kernel", &said_by("uname", &["-sr"]));
    row("compiler", &said_by("rustc", &["--version"]));
    row("commit", &commit());
    row("date", &said_by("date", &["-u", "+%Y-%m-%d %H:%M UTC"]));
    row("load average", &load());
    let locked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let locked = std::fs::read_to_string(locked)?;
    for peer in PEERS {
        row(&format!("`{peer}`"), &versions(&locked, peer).join(", "));
    }
    text += "\nFigures are medians unless said otherwise; *8 of 10* is between which times eight of ten \
             measurements lie. What is compared was measured in turns, in the same run. The machine may be \
             shared: ratios say more than times. Chapters measure apart, each as it says: of one world two of them \
             may say different times, as caches and the allocator are then otherwise.\n";
    Ok(text)
}

/// The commit that is measured. What the code isn't of is marked, and a test refuses the mark in what is committed.
fn commit() -> String {
    let commit = said_by("git", &["rev-parse", "--short=12", "HEAD"]);
    let changed = said_by("git", &["diff", "--name-only", "HEAD", "--", ".", ":!docs"]);
    let mark = if changed.trim().is_empty() { "" } else { "-dirty" };
    format!("{}{mark}", commit.trim())
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", name.unwrap_or("unknown"))
}

fn memory() -> String {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<f64>().ok()
    });
    kibibytes.map_or_else(|| "unknown".to_owned(), |it| format!("{:.0} GiB", it / 1024.0 / 1024.0))
}

/// The load of the machine at the end.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = text.split(' ').take(3).collect();
    format!("{} (1, 5 and 15 minutes, this program included)", averages.join(", "))
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

fn versions(locked: &str, name: &str) -> Vec<String> {
    let heading = format!("name = \"{name}\"\nversion = \"");
    locked
        .split("[[package]]\n")
        .filter_map(|package| package.strip_prefix(&heading)?.split('"').next())
        .map(str::to_owned)
        .collect()
}
