//! `prune`: the sessions that rules would remove, and their way into the trash.

// Feature: `prune` previews rules of retention, and applies them with `--apply`.
// Page: guide/cleanup.md#steps

use serde_json::Value;

use crate::common::{Done, Game, session_with};

#[test]
fn a_dry_run_names_the_sessions_and_removes_none() -> Done {
    let root = tempfile::tempdir()?;
    for name in ["first", "second", "third", "fourth"] {
        session_with(root.path(), name, |_| 1_u64)?;
    }
    let before = count(root.path())?;
    let run = |more: &str| {
        let words = ["prune", "--dry-run"].into_iter().map(Into::into);
        let words = words.chain([root.path().as_os_str().to_owned()]);
        crate::common::run(words.chain(more.split_whitespace().map(Into::into)))
    };
    let ran = run("--keep closed=newest:1 --json")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let gone = ran.objects()?;
    let names: Vec<&str> = gone.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["first", "second"], "the last one stays in any case, and one of the others");
    let is_by_rule = |it: &Value| it["reason"] == "rule" && it["rule"] == "closed";
    assert!(gone.iter().all(is_by_rule), "{gone:?}");

    let text = run("--keep closed=newest:1")?.text;
    assert!(text.contains("the rule for closed") && text.contains("2 sessions would go"), "{text}");
    let by_room = run("--total-bytes 1 --json")?.objects()?;
    assert_eq!(by_room.len(), 3, "all but the last one");
    assert!(by_room.iter().all(|it| it["reason"] == "total_bytes" && it["rule"].is_null()));
    assert_eq!(run("--keep failed=7d")?.text, "nothing would go\n");
    assert_eq!(count(root.path())?, before);
    Ok(())
}

#[test]
fn apply_moves_the_previewed_sessions_to_the_trash() -> Done {
    let root = tempfile::tempdir()?;
    for name in ["first", "second", "third"] {
        session_with(root.path(), name, |_| 1_u64)?;
    }
    let run = |words: &[&str]| {
        let place = root.path().as_os_str().to_owned();
        let words = words.iter().map(Into::into);
        crate::common::run([words.collect::<Vec<std::ffi::OsString>>(), vec![place]].concat())
    };
    let rules = ["prune", "--keep", "closed=newest:1", "--json"];
    let preview = run(&rules)?.objects()?;
    assert_eq!(preview.len(), 1, "the preview is what happens without --apply");
    assert_eq!(run(&rules)?.objects()?, preview, "nothing went");
    let gone = run(&[&rules[..], &["--apply"]].concat())?.objects()?;
    assert_eq!(gone, preview);
    assert_eq!(run(&rules)?.objects()?.len(), 0);
    let session = gone[0]["session"].as_str().unwrap_or_default().to_owned();
    let words = ["undelete".into(), root.path().as_os_str().to_owned(), session.into()];
    let back = crate::common::run(words)?;
    assert_eq!(back.code, Some(0), "it is in the trash: {}", back.error);
    // It has more bytes now, since its files say that it is back.
    let again = run(&rules)?.objects()?;
    assert_eq!((again.len(), &again[0]["session"]), (1, &preview[0]["session"]), "and back");
    Ok(())
}

/// One of two sessions can't be moved: its lock can't be taken. The other one goes, and is said to have gone.
#[test]
fn pruned_sessions_are_named_even_if_others_failed() -> Done {
    let root = tempfile::tempdir()?;
    for name in ["first", "second", "third", "fourth"] {
        session_with(root.path(), name, |_| 1_u64)?;
    }
    let run = |words: &[&str]| {
        let place = root.path().as_os_str().to_owned();
        let words = words.iter().map(Into::into);
        crate::common::run([words.collect::<Vec<std::ffi::OsString>>(), vec![place]].concat())
    };
    let rules = ["prune", "--keep", "closed=newest:1", "--json"];
    let chosen = run(&rules)?.objects()?;
    assert_eq!(chosen.len(), 2);
    let first = chosen[0]["session"].as_str().unwrap_or_default();
    std::fs::create_dir_all(root.path().join("state").join(format!("{first}.lock")))?;
    let ran = run(&[&rules[..], &["--apply"]].concat())?;
    assert_eq!(ran.code, Some(2), "{}", ran.error);
    assert!(ran.error.contains(first), "{}", ran.error);
    assert_eq!(ran.objects()?, chosen[1..], "the other one went, and is said to have gone");
    Ok(())
}

fn count(directory: &std::path::Path) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        count += 1;
        if entry.file_type()?.is_dir() {
            count += self::count(&entry.path())?;
        }
    }
    Ok(count)
}

#[test]
fn invalid_prune_commands_are_refused() -> Done {
    let game = Game::new()?;
    for line in [
        "prune DIR --apply",
        "prune DIR --dry-run",
        "prune DIR --dry-run --apply --keep closed=7d",
        "prune DIR --dry-run --keep lost=7d",
        "prune DIR --dry-run --keep closed=7d --keep closed=newest:1",
        "prune DIR --dry-run --total-bytes many",
        "prune nowhere --dry-run --keep closed=7d",
    ] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{line}: {}", ran.error);
    }
    Ok(())
}
