//! `bevy-session`: looks at the files of `bevy_session`, and never changes anything.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod alive;
mod arguments;
mod condition;
mod failure;
mod list;
mod look;
mod output;
mod place;
mod show;
mod slots;
mod timeline;
mod verify;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use arguments::Task;
use condition::Condition;
use failure::Failure;
use output::Output;

fn main() -> ExitCode {
    let done = arguments::parse(std::env::args_os().skip(1)).and_then(|task| {
        let mut writer = BufWriter::new(io::stdout().lock());
        let condition = run(task, &mut writer)?;
        writer.flush()?;
        Ok(condition)
    });
    match done {
        Ok(condition) => condition.exit_code(),
        Err(failure) => {
            if !failure.is_closed_pipe() {
                // There is no other place where this could be said.
                let _ = writeln!(io::stderr(), "bevy-session: {}", failure.in_full());
            }
            failure.exit_code()
        }
    }
}

fn run(task: Task, writer: &mut dyn Write) -> Result<Condition, Failure> {
    match task {
        Task::Help => {
            writer.write_all(arguments::HELP.as_bytes())?;
            Ok(Condition::Good)
        }
        Task::Version => {
            writeln!(writer, "bevy-session {}", env!("CARGO_PKG_VERSION"))?;
            Ok(Condition::Good)
        }
        Task::List { directory, json } => list::list(&directory, &mut Output::new(writer, json)),
        Task::Show { directory, session, json } => {
            show::show(&directory, &session, &mut Output::new(writer, json))
        }
        Task::Verify { directory, session, read_data, json } => {
            let mut output = Output::new(writer, json);
            verify::verify(&directory, session.as_deref(), read_data, &mut output)
        }
    }
}
