//! `bevy-session`: looks at the files of `bevy_session`, and never changes them. What it writes, it writes elsewhere,
//! but for `import`, `archive`, `unarchive`, `delete` and `undelete`, which do what a game does that is asked to, under its locks.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod alive;
mod archive;
mod arguments;
mod cat;
mod checkpoint_name;
mod condition;
mod deaths;
mod diff;
mod doctor;
mod events;
mod export;
mod failure;
mod health;
mod import;
mod left_out;
mod list;
mod log;
mod logged;
mod open_session;
mod output;
mod place;
mod progress;
mod prune;
mod repair;
mod rows;
mod session_entry;
mod session_name;
mod show;
mod slots;
mod stats;
mod steps_back;
mod table;
mod target;
mod terminal;
mod timeline;
mod value;
mod verify;
mod view;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use arguments::{Arguments, Verb};
use clap::Parser;
use failure::Failure;
use output::Output;
use terminal::Look;

fn main() -> ExitCode {
    let done =
        Arguments::try_parse().map_err(Failure::from).and_then(|Arguments { verb, json }| {
            let mut writer = BufWriter::new(io::stdout().lock());
            let code = run(verb, &mut Output::new(&mut writer, json, Look::of_stdout()))?;
            writer.flush()?;
            Ok(code)
        });
    done.unwrap_or_else(|failure| failure.report())
}

fn run(verb: Verb, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    match verb {
        Verb::List(arguments) => Ok(arguments.list(output)?.exit_code()),
        Verb::Show(session) => Ok(show::show(&session.open()?, output)?.exit_code()),
        Verb::Verify(arguments) => {
            let (place, session) = arguments.session.resolve()?;
            let condition = verify::verify(&place, session.as_ref(), arguments.read_data, output)?;
            Ok(condition.exit_code())
        }
        Verb::Cat(arguments) => {
            let (session, checkpoint) = arguments.checkpoint.resolve()?;
            cat::cat(session, &checkpoint, &arguments.wanted, output)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Diff(arguments) => {
            let (before, after, compared) = arguments.resolve()?;
            let differs = diff::diff(before, after, &compared, output)?;
            Ok(ExitCode::from(u8::from(differs)))
        }
        Verb::Log(arguments) => {
            let (place, sessions) = arguments.sessions.or_all()?;
            log::log(&place, &sessions, arguments.follow, output)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Stats(session) => {
            stats::stats(&session.open()?, output)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Export(arguments) => {
            let (source, wanted) = arguments.resolve()?;
            export::export(&source, &wanted, output)
        }
        Verb::View(arguments) => {
            let (place, sessions) = arguments.sessions.resolve()?;
            view::view(&place, &sessions, &arguments.wanted, output)
        }
        Verb::Prune(arguments) => {
            prune::prune(&arguments.place.resolve()?, &arguments.rules, output)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Doctor(arguments) => {
            let (place, second) = arguments.resolve()?;
            doctor::doctor(&place, second.as_ref(), output)
        }
        Verb::Import(wanted) => import::import(&wanted, output),
        Verb::Archive(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Unarchive(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Delete(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Undelete(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Repair(arguments) => repair::repair(arguments.session.open()?, &arguments.to, output),
        Verb::Health(arguments) => {
            health::health(&arguments.place.resolve()?, &arguments.bounds, output)
        }
        Verb::Completions { shell } => {
            output.script(&arguments::completions(shell))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
