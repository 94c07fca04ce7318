//! The arguments, and what becomes of the result.

use std::io::Read;
use std::process::Stdio;

use crate::common::{Done, Game, RELICS, ran, run, tool};

const VERBS: [&str; 18] = [
    "list",
    "show",
    "verify",
    "cat",
    "diff",
    "log",
    "stats",
    "export",
    "view",
    "import",
    "archive",
    "unarchive",
    "undelete",
    "repair",
    "prune",
    "doctor",
    "health",
    "completions",
];

#[test]
fn every_verb_says_how_it_is_used() -> Done {
    let help = run(["--help".into()])?;
    assert_eq!((help.code, &*help.error), (Some(0), ""));
    for verb in VERBS {
        assert!(help.text.contains(&format!("\n  {verb} ")), "{verb}: {}", help.text);
        let of_verb = run([verb.into(), "--help".into()])?;
        assert_eq!(of_verb.code, Some(0), "{verb}");
        assert!(of_verb.text.contains(&format!("bevy-session {verb}")), "{}", of_verb.text);
        assert!(of_verb.text.contains("Example:"), "{}", of_verb.text);
    }
    assert!(help.text.contains("Exit codes"), "{}", help.text);
    let version = run(["--version".into()])?;
    assert_eq!(version.text, format!("bevy-session {}\n", env!("CARGO_PKG_VERSION")));
    Ok(())
}

#[test]
fn invalid_command_lines_are_refused() -> Done {
    let game = Game::new()?;
    for line in [
        "",
        "list",
        "lst DIR",
        "list DIR y",
        "show DIR",
        "list --read-data DIR",
        "list --jsn DIR",
        "show DIR b c",
        "cat DIR last last last",
        "cat DIR last nothing",
        "cat DIR last --resource A --type B",
        "diff DIR last",
        "health",
        "health DIR --max-age",
        "health DIR --max-age soon",
        "health DIR --max-age -30s",
        "list DIR --status playing",
        "list DIR --left quickly",
        "list DIR --field mission",
        "list DIR --since yesterday",
        "list DIR --played -1h",
        "list DIR --reverse",
        "list DIR --limit some",
        "list --game",
        "list --game hop",
        "list --game acme/hop DIR",
        "completions klingon",
        "frobnicate DIR",
        "list --yes DIR",
        "log",
        "log DIR last nobody",
        "log DIR --all last",
        "view DIR --all last -o x.html",
        "import",
        "archive DIR",
        "undelete DIR",
        "export DIR last --to",
        "view DIR last --checkpoints 0 -o x.html",
        "view DIR last --checkpoints many -o x.html",
        "repair DIR last",
        "repair DIR --to x",
        "prune",
        "doctor",
        "doctor DIR last",
    ] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{line}");
        assert!(!ran.error.is_empty(), "{line}");
    }
    Ok(())
}

#[test]
fn shells_can_complete_every_verb() -> Done {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(["completions".into(), shell.into()])?;
        assert_eq!((script.code, &*script.error), (Some(0), ""), "{shell}");
        assert!(VERBS.iter().all(|verb| script.text.contains(verb)), "{shell}");
    }
    Ok(())
}

#[test]
fn a_table_fits_into_any_terminal() -> Done {
    let game = Game::new()?;
    for columns in ["0", "1", "5", "40", "80", "65535"] {
        let ran = ran(tool().env("COLUMNS", columns).arg("list").arg(game.directory()))?;
        assert_eq!((ran.code, &*ran.error), (Some(0), ""), "{columns}");
    }
    let narrow = ran(tool().env("COLUMNS", "80").arg("list").arg(game.directory()))?;
    let widest = narrow.text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80) && narrow.text.lines().count() > 7, "{}", narrow.text);
    Ok(())
}

#[test]
fn output_to_a_pipe_has_no_colours() -> Done {
    let game = Game::new()?;
    for line in ["list DIR", "verify DIR", "diff DIR Relics 1"] {
        let ran = game.run(line)?;
        assert!(!ran.text.contains('\u{1b}'), "{line}: {}", ran.text);
    }
    Ok(())
}

#[test]
fn a_closed_output_pipe_is_not_an_error() -> Done {
    let game = Game::new()?;
    // More than a pipe holds, so that the tool meets its closed end.
    for verb in ["verify", "cat", "show", "log", "doctor", "export"] {
        let mut command = tool();
        command.arg(verb).arg(game.directory());
        match verb {
            "verify" | "doctor" => command.arg("--json"),
            "export" => command.args([RELICS, "--to", "json"]),
            _ => command.args([RELICS, "--json"]),
        };
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        let mut said = String::new();
        if let Some(mut errors) = child.stderr.take() {
            errors.read_to_string(&mut said)?;
        }
        assert_eq!((child.wait()?.code(), &*said), (Some(0), ""), "{verb}");
    }
    Ok(())
}
