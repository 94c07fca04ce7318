//! Measurements in a separate process: the memory that a world takes, and what the first checkpoint of a process costs.

#![expect(clippy::print_stdout, reason = "the parent reads it there")]

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::statistics::median;
use bevy_session_benchmarks::worlds::{Shape, play, populate};

use crate::peers::{dynamic_world, moonshine};

const ENTITIES: usize = 100_000;
const FLAG: &str = "--alone";
/// Checkpoints of everything after the first one, to which that is compared.
const LATER: usize = 9;

/// Whose memory is looked at, or the checkpoints of everything.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Task {
    Nothing,
    OurDelta,
    OurFull,
    DynamicWorld,
    Moonshine,
    FirstFull,
}

const TASKS: [(&str, Task); 6] = [
    ("nothing", Task::Nothing),
    ("our-delta", Task::OurDelta),
    ("our-full", Task::OurFull),
    ("dynamic-world", Task::DynamicWorld),
    ("moonshine", Task::Moonshine),
    ("first-full", Task::FirstFull),
];

/// Bytes of a process that are in memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub at_rest: i64,
    /// The most while it saved.
    pub at_most: i64,
}

/// The task that the arguments name.
pub fn task_in(words: &[String]) -> Option<Task> {
    let [flag, name] = words else { return None };
    let task = TASKS.iter().find(|(known, _)| known == name)?.1;
    (flag == FLAG).then_some(task)
}

/// Looks at the memory of a separate process.
pub fn memory_of(task: Task) -> Outcome<Memory> {
    let [at_rest, at_most] = figures_of(task)?;
    Ok(Memory { at_rest, at_most })
}

/// The main thread's processor time in the plugin's schedule for the first checkpoint of a process, and the median of later
/// ones that copy everything as well.
pub fn first_and_later_full() -> Outcome<[Duration; 2]> {
    Ok(figures_of(Task::FirstFull)?
        .map(|nanoseconds| Duration::from_nanos(nanoseconds.unsigned_abs())))
}

/// Does a task in a separate process, which prints two figures.
fn figures_of(task: Task) -> Outcome<[i64; 2]> {
    let name = TASKS.iter().find(|(_, known)| *known == task).map_or("", |(name, _)| name);
    let output = Command::new(std::env::current_exe()?).args([FLAG, name]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<i64>);
    match (numbers.next(), numbers.next()) {
        (Some(first), Some(second)) => Ok([first?, second?]),
        _ => Err(format!("{task:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// Does a task in this process, and prints what it takes.
pub fn run(task: Task) -> Outcome {
    let files = tempfile::tempdir()?;
    let shape = Shape::mixed(ENTITIES);
    match task {
        Task::Nothing | Task::DynamicWorld => {
            let (mut app, entities) = dynamic_world::app(shape);
            play(app.world_mut(), &entities, ENTITIES / 100, 0);
            watch(|| {
                if task == Task::DynamicWorld {
                    black_box(dynamic_world::save(app.world(), &entities)?);
                }
                Ok(())
            })
        }
        Task::Moonshine => {
            let (mut app, entities) = moonshine::app(shape);
            play(app.world_mut(), &entities, ENTITIES / 100, 0);
            watch(|| {
                moonshine::save(app.world_mut(), &files.path().join("moonshine.ron"));
                Ok(())
            })
        }
        Task::FirstFull => {
            let mut game =
                Game::new(on_files(files.path())).with_clock(Duration::from_millis(16)).run();
            game.entities = populate(game.app.world_mut(), shape);
            let most_work =
                |game: &Game| game.plugin_work().iter().max().copied().unwrap_or_default();
            game.forget_times();
            game.start();
            let first = most_work(&game);
            let later: Vec<Duration> = (0..LATER)
                .map(|_| {
                    game.forget_times();
                    game.full_checkpoint();
                    most_work(&game)
                })
                .collect();
            println!("{} {}", first.as_nanos(), median(&later).as_nanos());
            Ok(())
        }
        Task::OurDelta | Task::OurFull => {
            let mut game = Game::started(on_files(files.path()), shape);
            for _ in 0..20 {
                game.play(ENTITIES / 100);
                game.checkpoint();
            }
            // A merge that is still going on isn't rest.
            std::thread::sleep(Duration::from_millis(500));
            game.play(ENTITIES / 100);
            watch(|| {
                if task == Task::OurDelta {
                    game.checkpoint()
                } else {
                    game.full_checkpoint()
                };
                Ok(())
            })
        }
    }
}

fn watch(save: impl FnOnce() -> Outcome) -> Outcome {
    // Forgets how much it has been at most.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let at_rest = status("VmRSS:")?;
    save()?;
    println!("{at_rest} {}", status("VmHWM:")?);
    Ok(())
}

fn status(name: &str) -> Outcome<i64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: i64 = kibibytes.ok_or("no such line in the status")?.parse()?;
    Ok(kibibytes * 1024)
}
