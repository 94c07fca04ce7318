use super::*;
use crate::schema::Field;

fn fields(names: &[&str]) -> Schema {
    let field = Field { schema: Schema::U8, optional: false, alias_of: None, dropped: false };
    Schema::Struct(names.iter().map(|name| ((*name).to_owned(), field.clone())).collect())
}

fn build(types: &[(&str, &[&str], &[(u32, Schema)])]) -> BuildForms {
    let types = types.iter().map(|(path, former, forms)| TypeForms {
        path: (*path).to_owned(),
        former_names: former.iter().map(|name| (*name).to_owned()).collect(),
        forms: forms.to_vec(),
    });
    BuildForms { types: types.collect(), taken: Vec::new() }
}

/// The lock of a game that was released with one type.
fn released() -> Lock {
    let verdict = Lock::empty().compare(&build(&[("Hp", &[], &[(0, fields(&["a", "b"]))])]));
    assert_eq!(verdict.problems, []);
    Lock::parse(&verdict.updated.to_text().unwrap()).unwrap()
}

fn entries(verdict: &Verdict) -> Vec<String> {
    verdict.problems.iter().map(LockProblem::entry).collect()
}

#[test]
fn a_lock_of_an_unchanged_build_is_unchanged() {
    let lock = released();
    let same = build(&[("Hp", &[], &[(0, fields(&["b", "a"]))])]);
    let verdict = lock.compare(&same);
    assert_eq!((entries(&verdict), verdict.updated), (vec![], lock));
}

#[test]
fn a_loss_is_accepted_once_and_remembered() {
    let mut lock = released();
    let smaller = build(&[("Hp", &[], &[(0, fields(&["a"]))])]);
    assert_eq!(entries(&lock.compare(&smaller)), ["Hp 0: b: dropped"]);
    lock.accepted.insert("Hp 0: b: dropped".to_owned());
    let verdict = lock.compare(&smaller);
    assert_eq!((entries(&verdict), verdict.needless), (vec![], vec![]));
    let lock = verdict.updated;
    assert_eq!(lock.accepted, BTreeSet::new());
    assert_eq!(entries(&lock.compare(&smaller)), [""; 0]);
    // It comes again, and old values have it still.
    let again = build(&[("Hp", &[], &[(0, fields(&["a", "b"]))])]);
    assert_eq!(entries(&lock.compare(&again)), ["Hp 0: b: added without a default"]);
}

#[test]
fn accepted_entries_that_are_no_loss_are_named() {
    let mut lock = released();
    lock.accepted.insert("Hp 0: c: dropped".to_owned());
    let verdict = lock.compare(&build(&[("Hp", &[], &[(0, fields(&["a", "b"]))])]));
    assert_eq!(verdict.needless, ["Hp 0: c: dropped"]);
}

#[test]
fn a_removed_type_needs_a_rename_a_migration_or_an_accepted_entry() {
    let lock = released();
    assert_eq!(entries(&lock.compare(&build(&[]))), ["Hp 0: gone"]);
    let renamed = build(&[("Health", &["Hp"], &[(0, fields(&["a", "b"]))])]);
    let verdict = lock.compare(&renamed);
    assert_eq!(entries(&verdict), [""; 0]);
    assert_eq!(verdict.updated.records.len(), 2, "old saves have the old name");
    let mut split = build(&[]);
    let taken = TakenForm { path: "Hp".to_owned(), version: 0, schema: fields(&["a"]) };
    split.taken.push(taken.clone());
    assert_eq!(entries(&lock.compare(&split)), [""; 0]);
    // The step reads what was never written.
    split.taken = vec![TakenForm { schema: fields(&["z"]), ..taken }];
    assert_eq!(entries(&lock.compare(&split)), ["Hp 0: z: added without a default"]);
}

#[test]
fn a_migration_is_held_against_what_was_really_written() {
    let lock = released();
    let forms = |old: &[&str]| build(&[("Hp", &[], &[(0, fields(old)), (1, fields(&["c"]))])]);
    let verdict = lock.compare(&forms(&["a"]));
    assert_eq!(entries(&verdict), [""; 0], "a step reads what it needs");
    assert_eq!(entries(&lock.compare(&forms(&["c"]))), ["Hp 0: c: added without a default"]);
    let newer = verdict.updated;
    let older = build(&[("Hp", &[], &[(0, fields(&["a", "b"]))])]);
    assert_eq!(entries(&newer.compare(&older)), ["Hp 1: given up"], "a step was taken away");
    let later = build(&[("Hp", &[], &[(1, fields(&["c"]))])]);
    assert_eq!(entries(&newer.compare(&later)), ["Hp 0: given up"]);
}

#[test]
fn a_lock_that_two_branches_changed_is_merged_or_refused() {
    let both = |one: Schema, other: Schema| {
        let mut lock = released();
        lock.add("Hp", 1, one);
        lock.add("Hp", 1, other);
        Lock::parse(&lock.to_text().unwrap())
    };
    assert!(both(fields(&["c"]), fields(&["c"])).is_ok(), "they did the same");
    let twice = LockError::Twice { path: "Hp".to_owned(), version: 1 };
    assert_eq!(both(fields(&["c"]), fields(&["d"])), Err(twice));
}

#[test]
fn a_lock_that_somebody_edited_is_refused_with_the_place() {
    let text = released().to_text().unwrap();
    let conflict = text.replace("types: [", "types: [\n<<<<<<< HEAD");
    let Err(LockError::NotRead(said)) = Lock::parse(&conflict) else { panic!() };
    assert!(said.contains("<<<<<<<") || said.starts_with(char::is_numeric), "{said}");
    assert!(Lock::parse(&text.replace("U8", "U9")).is_err());
    assert_eq!(Lock::parse(&text.replace("format: 1", "format: 2")), Err(LockError::Newer(2)));
    assert!(Lock::parse("").is_err());
}
