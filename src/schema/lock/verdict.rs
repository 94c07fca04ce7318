//! Judges a build by the values that players may have.

use std::collections::BTreeSet;
use std::fmt;

use super::{BuildForms, Lock, Record, TypeForms};
use crate::schema::{ChangeKind, Comparison, Schema, SchemaChange};

/// The verdict about a build, given the values that players may have.
pub(crate) struct Verdict {
    /// Losses that were not accepted.
    pub problems: Vec<LockProblem>,
    /// Accepted losses that don't occur.
    pub needless: Vec<String>,
    /// The lock as it should be, once there are no problems.
    pub updated: Lock,
}

/// A loss of values that players may have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LockProblem {
    path: String,
    version: u32,
    kind: ProblemKind,
    /// The type that reads it today.
    reader: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum ProblemKind {
    /// No type of the game has or had its name.
    Gone,
    /// The type's migrations begin later.
    GivenUp,
    /// The type has fewer versions than once.
    Backwards { today: u32 },
    /// A form isn't read whole.
    Changed(SchemaChange),
}

/// The reader of a record today.
enum Reader<'a> {
    /// The current type, in the form that it writes.
    Today(&'a str, &'a Schema),
    /// A step of a migration, which reads the fields that it uses.
    Step(&'a str, &'a Schema),
    None(ProblemKind, Option<&'a str>),
}

impl Lock {
    /// Judges a build by the values that players may have.
    pub(crate) fn compare(&self, build: &BuildForms) -> Verdict {
        let mut verdict =
            Verdict { problems: Vec::new(), needless: Vec::new(), updated: self.clone() };
        let mut accepted = BTreeSet::new();
        for record in &self.records {
            let judged = record.judge(build);
            let (meant, problems): (Vec<_>, Vec<_>) = judged
                .problems
                .into_iter()
                .partition(|problem| self.accepted.contains(&problem.entry()));
            accepted.extend(meant.iter().map(LockProblem::entry));
            verdict.problems.extend(problems);
            if let Some(updated) = verdict.updated.record(&record.path, record.version) {
                *updated = judged.updated;
            }
        }
        for TypeForms { path, forms, .. } in &build.types {
            if let Some((version, schema)) = forms.last()
                && verdict.updated.record(path, *version).is_none()
            {
                verdict.updated.add(path, *version, schema.clone());
            }
        }
        verdict.needless = self.accepted.difference(&accepted).cloned().collect();
        verdict.updated.accepted.clear();
        verdict
    }
}

/// The losses of one record, and the updated record if they are intended.
struct Judged {
    problems: Vec<LockProblem>,
    updated: Record,
}

impl Record {
    fn judge(&self, build: &BuildForms) -> Judged {
        let mut updated = Self { given_up: false, ..self.clone() };
        let problem = |kind, reader: Option<&str>| LockProblem {
            path: self.path.clone(),
            version: self.version,
            kind,
            reader: reader.map(str::to_owned),
        };
        match self.reader(build) {
            Reader::None(kind, reader) => {
                updated.given_up = true;
                let problems = if self.given_up { Vec::new() } else { vec![problem(kind, reader)] };
                Judged { problems, updated }
            }
            Reader::Today(path, schema) => {
                let Comparison { changes, merged } = Comparison::of(&self.schema, schema);
                updated.schema = merged;
                let changes = changes.into_iter().map(ProblemKind::Changed);
                let problems = changes.map(|change| problem(change, Some(path))).collect();
                Judged { problems, updated }
            }
            Reader::Step(path, schema) => {
                // It says by what it reads what is of use still.
                let changes = Comparison::of(&self.schema, schema).changes.into_iter();
                let changes = changes.filter(|change| change.kind != ChangeKind::Dropped);
                let problems: Vec<LockProblem> = changes
                    .map(|change| problem(ProblemKind::Changed(change), Some(path)))
                    .collect();
                updated.given_up = !problems.is_empty();
                let problems = if self.given_up { Vec::new() } else { problems };
                Judged { problems, updated }
            }
        }
    }

    fn reader<'a>(&self, build: &'a BuildForms) -> Reader<'a> {
        let is_taken = |path: &str, version: u32| path == self.path && version == self.version;
        if let Some(taken) = build.taken.iter().find(|taken| is_taken(&taken.path, taken.version)) {
            return Reader::Step(&taken.path, &taken.schema);
        }
        let is_own = |it: &&TypeForms| it.path == self.path;
        let was_own = |it: &&TypeForms| it.former_names.contains(&self.path);
        let types = || build.types.iter();
        let Some(of_type) = types().find(is_own).or_else(|| types().find(was_own)) else {
            return Reader::None(ProblemKind::Gone, None);
        };
        let TypeForms { path, forms, .. } = of_type;
        let Some((today, _)) = forms.last() else {
            return Reader::None(ProblemKind::Gone, None);
        };
        match forms.iter().find(|(version, _)| *version == self.version) {
            Some((version, schema)) if version == today => Reader::Today(path, schema),
            Some((_, schema)) => Reader::Step(path, schema),
            None if self.version > *today => {
                Reader::None(ProblemKind::Backwards { today: *today }, Some(path))
            }
            None => Reader::None(ProblemKind::GivenUp, Some(path)),
        }
    }
}

impl LockProblem {
    /// The line of `accepted` that marks it as intended.
    pub(crate) fn entry(&self) -> String {
        let what = match &self.kind {
            ProblemKind::Gone => "gone".to_owned(),
            ProblemKind::GivenUp | ProblemKind::Backwards { .. } => "given up".to_owned(),
            ProblemKind::Changed(change) => change.to_string(),
        };
        format!("{} {}: {what}", self.path, self.version)
    }

    /// The code that leads out of it.
    fn way_out(&self) -> String {
        let Self { path, version, kind, reader } = self;
        let name = reader.as_deref().unwrap_or(path);
        let (name, since) = (name.rsplit("::").next().unwrap_or(name), version);
        let migrate = format!(
            ".migrate_saved(Migrations::since({since}).then(|old: Old{name}| -> {name} {{ … }}))"
        );
        match kind {
            ProblemKind::Gone => {
                format!(".rename_saved::<…>({path:?}) or .migrate_checkpoint({path:?}, {since}, …)")
            }
            ProblemKind::GivenUp => format!("Migrations::since({since}), as it was"),
            ProblemKind::Backwards { .. } => "the step that led there".to_owned(),
            ProblemKind::Changed(SchemaChange { kind: ChangeKind::Missing, .. }) => {
                format!("#[serde(default)], #[serde(alias = \"…\")], or {migrate}")
            }
            ProblemKind::Changed(SchemaChange { kind: ChangeKind::Dropped, .. }) => {
                format!("#[serde(alias = \"…\")] on what it is now, or {migrate}")
            }
            ProblemKind::Changed(_) => migrate,
        }
    }
}

/// Writes the loss, and each remedy.
impl fmt::Display for LockProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, version, kind, .. } = self;
        write!(formatter, "{path}, as saves have it in version {version}: ")?;
        match kind {
            ProblemKind::Gone => formatter.write_str("nothing saves it any more")?,
            ProblemKind::GivenUp => formatter.write_str("no migration begins there any more")?,
            ProblemKind::Backwards { today } => {
                write!(formatter, "this build writes version {today}")?;
            }
            ProblemKind::Changed(change) => write!(formatter, "{change}")?,
        }
        write!(formatter, "\n    in code: {}", self.way_out())?;
        write!(formatter, "\n    if that loss is meant, in `accepted`: {:?},", self.entry())
    }
}
