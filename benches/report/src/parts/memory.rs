//! The memory that saving takes beyond the game's own.

use bevy_session_benchmarks::Outcome;

use crate::child::{Memory, Task, memory_of};
use crate::report::{Report, Section, Table};

const TURNS: usize = 3;

pub fn measure(report: &mut Report) -> Outcome {
    let game = &memories(Task::Nothing)?[TURNS / 2];
    let mut table = Table::new([
        "what",
        "at rest, beyond the game",
        "at most while it saves, beyond the game",
        "of three",
    ]);
    let what = "the game itself, 100,000 entities × 5 components";
    table.row([what, &megabytes(game.at_rest), "", ""]);
    for (what, task) in [
        ("bevy_session, 1 % changed", Task::OurDelta),
        ("bevy_session, everything", Task::OurFull),
        ("`DynamicWorld` + RON", Task::DynamicWorld),
        ("moonshine-save", Task::Moonshine),
    ] {
        let all = memories(task)?;
        let [least, most] = [0, TURNS - 1].map(|place| all[place].at_most - game.at_rest);
        table.row([
            what,
            &megabytes(all[TURNS / 2].at_rest - game.at_rest),
            &megabytes(all[TURNS / 2].at_most - game.at_rest),
            &format!("{} to {}", megabytes(least).trim_end_matches(" MB"), megabytes(most)),
        ]);
    }
    let intro = "Resident memory of a process of its own, after 20 checkpoints. At rest ours keeps the \
                 buffers of captures, the ids of the entities, and what the allocator keeps of the \
                 first full capture and of merges. The last column is the second figure of three processes.";
    report.sections.push(Section { tables: vec![table], ..Section::new(21, "Memory", intro) });
    Ok(())
}

/// Three processes, by the most that they take.
fn memories(task: Task) -> Outcome<Vec<Memory>> {
    let mut all = (0..TURNS).map(|_| memory_of(task)).collect::<Outcome<Vec<_>>>()?;
    all.sort_by_key(|memory| memory.at_most);
    Ok(all)
}

fn megabytes(bytes: i64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
