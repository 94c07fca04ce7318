//! The losses in the report of a restore.

use std::collections::{BTreeMap, BTreeSet};

use crate::restore::RestoreReport;

/// The losses in the report of a restore, without values that can't be read: those are examined one
/// by one.
pub(super) fn of_report(report: &RestoreReport) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut references = BTreeMap::<(String, String), u64>::new();
    for reference in &report.dangling {
        let field = reference.field.clone().unwrap_or_default();
        *references.entry((reference.type_path.clone(), field)).or_default() += 1;
    }
    for ((type_path, field), count) in references {
        let field = in_field(&field);
        lines.insert(format!("{type_path}{field}: {count} references lead nowhere"));
    }
    let unlisted = report.dangling_total.saturating_sub(report.dangling.len() as u64);
    let keys = report.placed.unclaimed_total;
    let counted = [
        (unlisted, "more references lead nowhere"),
        (keys, "entities with keys aren't in the game any more"),
        (report.placed.mismatched.len() as u64, "keys are those of another sort of entity now"),
        (report.placed.duplicate_keys.len() as u64, "keys are those of several entities"),
        (report.despawned_again, "entities were despawned at once"),
        (report.not_spawned, "entities could not be spawned"),
    ];
    for (count, what) in counted {
        if count > 0 {
            lines.insert(format!("{count} {what}"));
        }
    }
    for extra in &report.extra {
        let of = extra.type_path.as_deref().unwrap_or("saved entities");
        lines.insert(format!("{of}: {} more than were saved", extra.entities));
    }
    for type_path in &report.not_as_saved {
        lines.insert(format!("{type_path}: hooks or observers change it"));
    }
    lines
}

/// A field, for a sentence about a type.
pub(super) fn in_field(field: &str) -> String {
    match field.trim_start_matches('.') {
        "" => String::new(),
        field => format!(", field `{field}`"),
    }
}
