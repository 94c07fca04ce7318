//! `cat`: the values of a checkpoint.

use std::collections::BTreeSet;

use bevy_session_journal::{CheckpointId, SaveId};
use clap::Args;
use serde::Serialize;

use crate::checkpoint_name::CheckpointName;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::{Output, some_of};
use crate::progress::Progress;
use crate::rows::{Content, Row, is_called};
use crate::value::Value;

/// The columns that say what people call an entity.
const NAMES: [&str; 2] = ["bevy_session::SaveKey", "bevy_ecs::name::Name"];

/// Which rows are wanted. What isn't set lets all of them through.
#[derive(Args, Debug)]
pub struct Wanted {
    /// Only this entity, by its number, its `SaveKey` or its `Name`
    #[arg(long, value_name = "KEY")]
    entity: Option<String>,
    /// Only this type, by its path or the end of that
    #[arg(long = "type", value_name = "NAME")]
    type_name: Option<String>,
    /// Only this resource or state, by its path or the end of that
    #[arg(long, value_name = "NAME", conflicts_with_all = ["entity", "type_name"])]
    resource: Option<String>,
}

#[derive(Serialize)]
struct ShownRow<'a> {
    /// The entity; `None` of a resource or state.
    entity: Option<u64>,
    #[serde(rename = "type")]
    type_path: &'a str,
    version: u32,
    value: &'a Content,
    /// Why the value isn't one that can be shown, but bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Writes the rows of a checkpoint that are wanted.
pub fn cat(
    mut session: OpenSession,
    checkpoint: &CheckpointName,
    wanted: &Wanted,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let checkpoint = session.checkpoint(checkpoint)?;
    let entities = match &wanted.entity {
        Some(entity) => Some(entities_called(&mut session, checkpoint, entity)?),
        None => None,
    };
    let mut is_empty = true;
    let _progress = Progress::begin_beside_output("reading values", 0);
    for row in session.rows(checkpoint)? {
        let row = row?;
        let is_of_entity = entities.as_ref().is_none_or(|entities| entities.contains(&row.id));
        if is_of_entity && wanted.is_of_type(&row) {
            is_empty = false;
            write(&row, output)?;
        }
    }
    match is_empty {
        true => wanted.explain_nothing(&session, checkpoint),
        false => Ok(()),
    }
}

fn write(row: &Row, output: &mut Output<'_>) -> Result<(), Failure> {
    let content = row.content();
    if output.is_json() {
        return output.object(&ShownRow {
            entity: row.entity().map(|id| id.0),
            type_path: &row.type_path,
            version: row.version,
            value: &content,
            error: content.error(),
        });
    }
    output.line(format_args!("{} {} {content}", row.owner(), row.type_path))
}

impl Wanted {
    fn is_of_type(&self, row: &Row) -> bool {
        let is_called = |name: &Option<String>| name.as_ref().is_none_or(|name| row.is_of(name));
        let is_resource = self.resource.is_none() || row.entity().is_none();
        is_called(&self.type_name) && is_called(&self.resource) && is_resource
    }

    /// Explains an empty result: it is an error unless the checkpoint could have had such a row.
    fn explain_nothing(
        &self,
        session: &OpenSession,
        checkpoint: CheckpointId,
    ) -> Result<(), Failure> {
        let Some(commit) = session.stored.index().commit(checkpoint) else { return Ok(()) };
        let is_saved = |name: &&String| commit.types.iter().any(|it| is_called(it.path, name));
        let what = match (&self.type_name, &self.resource) {
            (Some(name), _) if !is_saved(&name) => format!("type {name}"),
            (_, Some(name)) => format!("resource {name}"),
            _ => return Ok(()),
        };
        let with_rows = commit.types.iter().filter(|it| it.rows > 0);
        let there = some_of(with_rows.map(|it| it.path.to_owned()).collect());
        let there = format!("it has rows of {there}");
        Err(Failure::NotInCheckpoint { checkpoint, what, there })
    }
}

/// The entity of this number, or those with this key or name.
fn entities_called(
    session: &mut OpenSession,
    checkpoint: CheckpointId,
    entity: &str,
) -> Result<BTreeSet<SaveId>, Failure> {
    let number = entity.strip_prefix('#').unwrap_or(entity).parse().ok().map(SaveId);
    let (mut found, mut names) = (BTreeSet::new(), BTreeSet::new());
    for row in session.rows(checkpoint)? {
        let row = row?;
        let Some(id) = row.entity() else { continue };
        let name = name_in(&row);
        if Some(id) == number || name.as_deref() == Some(entity) {
            found.insert(id);
        }
        names.extend(name);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let there = match names.is_empty() {
        true => "its entities have neither keys nor names; use their numbers".to_owned(),
        false => format!("it has {}", some_of(names.into_iter().collect())),
    };
    let what = format!("entity {entity}");
    Err(Failure::NotInCheckpoint { checkpoint, what, there })
}

/// The name that this row gives its entity.
fn name_in(row: &Row) -> Option<String> {
    if !NAMES.contains(&&*row.type_path) {
        return None;
    }
    match row.content() {
        Content::Value(Value::Text(name)) => Some(name),
        _ => None,
    }
}
