//! Lines of standard input, read by a thread of their own, so that no frame waits for them.

use std::io::{self, BufRead, Read};
use std::thread;

use crossbeam_channel::{Receiver, bounded};

/// Longer lines are refused without being held in memory. All names that the plugin takes are far shorter.
const LONGEST_LINE: u64 = 64 << 10;
/// Lines that are read ahead. A program that sends more has to wait.
const READ_AHEAD: usize = 1_024;

/// One line, as it came.
#[derive(PartialEq, Eq, Debug)]
pub struct Asked {
    /// Everything before the first space.
    pub verb: String,
    /// Everything after the first space, as it is; or why the line can't be a command.
    pub argument: Result<String, String>,
}

/// Reads until the input ends, which asks for nothing.
pub fn of_standard_input() -> Receiver<Asked> {
    let (sender, asked) = bounded(READ_AHEAD);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(line)) = next_line(&mut input) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    asked
}

fn next_line(input: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let mut line = Vec::new();
    if input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let is_cut = line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n");
    if is_cut {
        input.skip_until(b'\n')?;
    }
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (verb, argument) = match line.iter().position(|byte| *byte == b' ') {
        Some(space) => (&line[..space], &line[space + 1..]),
        None => (line, &[][..]),
    };
    let argument = match (is_cut, str::from_utf8(argument), str::from_utf8(verb)) {
        (true, ..) => Err(format!("a line has {LONGEST_LINE} bytes at most")),
        (false, Ok(argument), Ok(_)) => Ok(argument.to_owned()),
        _ => Err("a line is UTF-8".to_owned()),
    };
    Ok(Some(Asked { verb: String::from_utf8_lossy(verb).into_owned(), argument }))
}
