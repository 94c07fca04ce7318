//! `bevy-session`: looks at the files of `bevy_session`, and never changes them. What it writes, it writes elsewhere,
//! but for `import`, `rewind`, `archive`, `unarchive`, `delete` and `undelete`, which do what a game does that is asked to, under
//! its locks.
//!
//! It looks at them beside a running game, with the journal alone, through `ReadOnlyDisk`, which refuses all
//! changes and asks for no lock. `import`, `rewind`, `archive`, `unarchive`, `delete` and `undelete` alone change
//! something, through `write::Upkeep`: the writer's own slices (`slot_work`, `snapshot_writing`, `archiving`, `shelving`), one after
//! the other until all is durable, under the game's locks and without a process record. The records of dead
//! processes stay, so that the next start of the game still hears of them. A profile is known there by the name of
//! its directory only (`Layout::by_directory`). Each command has its own file or directory; they share:
//!
//! | module | what it is |
//! | --- | --- |
//! | `arguments` | the command line: `clap` says what there is, and in `resolving` `Words` lets `--game` stand in the place of the first word |
//! | `place` | what was given to look into, as the profiles in it. A file is a profile with one session; the checkpoint of a report lies on a disk in memory |
//! | `session_name`, `checkpoint_name` | how things are called, and the one that is called so |
//! | `deaths` | how the processes died that played a session, by their records and by its log |
//! | `left_out` | one of all sessions, opened, or why a verb passes over it |
//! | `open_session`, `rows` | a session that was named, and the rows of a checkpoint, in the journal's order and one at a time |
//! | `value` | values of types that nobody here knows: trees, from what MessagePack says by itself |
//! | `output`, `table`, `terminal` | the one writer; whatever a text from a file would have a terminal do is taken out there |
//! | `events` | what a session recorded, all of it, without what is private |
//! | `target` | where a verb writes that was asked to: a new file or an empty directory, whole and synced or not at all |
//! | `session_entry` | a session as the library's queries and rules have it, for `list` and `prune` |
//! | `progress` | how far something is that takes a while, drawn by a thread of its own where errors are said |
//! | `failure` | why nothing can be said, and exit codes |
//!
//! `diff` goes through two checkpoints at once, since their rows have the same order: it holds two rows, and
//! decodes them only where their bytes differ. `cat`, `diff`, `stats`, `export` and `view` go by rows; all else
//! reads headers and commits.
//!
//! `repair` is `store::SessionRepair` of the journal. It reads every group whole and keeps those by which some
//! checkpoint can be restored. A file without loss is copied byte by byte; of another one the good frames are
//! (`format/good_frames.rs`), under new sequence numbers and with the payloads that they have, for checksums are
//! seeded with the nonce, which stays. A segment forgets its predecessor where that became shorter. What the copy's
//! index will say is known before a byte is written: if its newest checkpoint isn't that of the original, as in a
//! fork whose meant line has lost its end, a run is added that takes the place of all that is there, as a recovery
//! does (`repair/bridge.rs`). `torture/repairs.rs` damages a session at each byte and holds the copy against the
//! original.
//!
//! `doctor` has the catalogue of codes (`Code` in the journal), and `docs/RUNBOOK.md` a section for each, with commands; a
//! test plants each situation, looks for its code, and runs the commands of its section. What dead processes left
//! it knows by names and records alone (`doctor/state_findings.rs`), since asking for a lock could keep the game
//! from it. `prune` is the library's `Retention::preview`, with what time it surely is by the same rules.
//!
//! `view` puts data into a template (`view/page/`), as JSON without any `<`; the page's script turns all of it into
//! text nodes only, and its policy lets it ask nobody for anything. Values are columns (`view/columns.rs`): what is
//! equal once, floats as bytes, fields without their names. Of each other checkpoint the page has what differs from
//! the next newer one that it has, so a value is looked up from there towards the newest. Lists draw the rows that
//! are seen. A page of several sessions has an element with data for each, and its first one is the list; the
//! beginning of the address says which is shown, and another one is shown by loading the page again, so the script
//! never holds more than one (`view/several.rs`).

//!
//! `insights` reads what sessions recorded as a game's own digester does, with `bevy_session_insights`, whose page it
//! writes.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod alive;
mod archive;
mod arguments;
mod carry;
mod cat;
mod checkpoint_name;
mod condition;
mod deaths;
mod diff;
mod doctor;
mod events;
mod export;
mod failure;
mod fork;
mod health;
mod import;
mod insights;
mod inventory;
mod left_out;
mod list;
mod log;
mod logged;
mod mirror;
mod open_session;
mod output;
mod personal;
mod place;
mod player;
mod progress;
mod prune;
mod pseudonyms;
mod removal;
mod repair;
mod rewind;
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
use fork::Forks;
use open_session::OpenSession;
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

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

fn run(verb: Verb, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    match verb {
        Verb::List(arguments) => Ok(arguments.list(output)?.exit_code()),
        Verb::Show(session) => Ok(show::show(&session.open()?, output)?.exit_code()),
        Verb::Verify(arguments) => Ok(arguments.verify(output)?.exit_code()),
        Verb::Cat(arguments) => {
            let (session, checkpoint) = arguments.checkpoint.resolve()?;
            cat::cat(session, &checkpoint, &arguments.wanted, output).map(success)
        }
        Verb::Diff(arguments) => {
            let (before, after, compared) = arguments.resolve()?;
            Ok(u8::from(diff::diff(before, after, &compared, output)?).into())
        }
        Verb::Log(arguments) => {
            let (place, sessions) = arguments.sessions.or_all()?;
            log::log(&place, &sessions, arguments.follow, output).map(success)
        }
        Verb::Stats(session) => stats::stats(&session.open()?, output).map(success),
        Verb::Export(arguments) => {
            let (source, wanted) = arguments.resolve()?;
            export::export(&source, &wanted, output)
        }
        Verb::View(arguments) => {
            let (place, sessions) = arguments.sessions.resolve()?;
            view::view(&place, &sessions, &arguments.wanted, output)
        }
        Verb::Fork(Forks::Show(session)) => fork::show(&session.open()?, output).map(success),
        Verb::Insights(arguments) => {
            insights::insights(&arguments.place.resolve()?, &arguments.asked, output)
        }
        Verb::Prune(arguments) => {
            prune::prune(&arguments.place.resolve()?, &arguments.rules, output).map(success)
        }
        Verb::Player(arguments) => player::player(arguments, output).map(success),
        Verb::Inventory => inventory::inventory(output).map(success),
        Verb::Doctor(arguments) => {
            let (place, second) = arguments.resolve()?;
            doctor::doctor(&place, second.as_ref(), output)
        }
        Verb::Import(wanted) => import::import(&wanted, output),
        Verb::Archive(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Unarchive(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Delete(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Undelete(arguments) => archive::archive(&arguments.resolve()?, output),
        Verb::Rewind(arguments) => arguments.rewind(output),
        Verb::Repair(arguments) => repair::repair(arguments.session.open()?, &arguments.to, output),
        Verb::Pull(arguments) => {
            let (place, session) = arguments.session.named()?;
            carry::pull(&place, &OpenSession::open(&place, &session)?, &arguments.to, output)
        }
        Verb::Push(arguments) => carry::push(&arguments.session.open()?, &arguments.to, output),
        Verb::Mirror(asked) => {
            mirror::mirror(&asked.from, &asked.to, asked.session.as_deref(), output)
        }
        Verb::Remove(asked) => removal::remove(&asked, output),
        Verb::Health(arguments) => arguments.look(output),
        Verb::Completions { shell } => {
            output.script(&arguments::completions(shell))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
