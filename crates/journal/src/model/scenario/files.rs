//! A scenario's file and those that it extends.

use super::checks::Text;
use super::written::{Written, line_of_extends};
use super::{Scenario, ScenarioError};
use crate::model::ids::limits;

/// Files that extend each other at the most.
const MOST_FILES: usize = 16;

/// A scenario that is read file by file: its own, then the one that this extends, and so on.
///
/// For programs that wait for their files; others use [`Scenario::read`].
///
/// ```
/// use bevy_session_journal::ScenarioFiles;
///
/// let mut files = ScenarioFiles::of("scenarios/siege.scenario.ron");
/// files.add(br#"(extends: "frontier.ron", difficulty: "deadly")"#)?;
/// assert_eq!(files.missing(), Some("scenarios/frontier.ron"));
/// files.add(br#"(name: "Frontier", settings: {"settlers": 6})"#)?;
/// assert_eq!(files.missing(), None);
/// let scenario = files.finish()?;
/// assert_eq!((&*scenario.key, &*scenario.name), ("siege", "Frontier"));
/// # Ok::<(), bevy_session_journal::ScenarioError>(())
/// ```
#[derive(Debug)]
pub struct ScenarioFiles {
    /// The scenario's own first, each with its path.
    read: Vec<(String, Written)>,
    missing: Option<String>,
    key: String,
}

impl ScenarioFiles {
    /// Begins to read the scenario whose own file has this path.
    #[must_use]
    pub fn of(file: &str) -> Self {
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let key = name.split('.').next().unwrap_or_default().to_owned();
        Self { read: Vec::new(), missing: Some(file.to_owned()), key }
    }

    /// The file that is to be read next, by its path from the root of the assets; `None` if all are there.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Takes the content of the file that was [`missing`](Self::missing).
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the file, the line and what was expected there.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), ScenarioError> {
        let Some(file) = self.missing.take() else { return Ok(()) };
        let written = Written::parse(&file, bytes)?;
        let next = match &written.extends {
            Some(Text(path)) => Some(self.follow(&file, path, bytes)?),
            None => None,
        };
        self.read.push((file, written));
        self.missing = next;
        Ok(())
    }

    /// The path of the file that another one extends, unless that leads round in a circle.
    fn follow(&self, file: &str, path: &str, bytes: &[u8]) -> Result<String, ScenarioError> {
        let next = beside(file, path);
        let mut chain: Vec<String> = self.read.iter().map(|(file, _)| file.clone()).collect();
        chain.push(file.to_owned());
        if let Some(begin) = chain.iter().position(|earlier| *earlier == next) {
            let (file, line) = (file.to_owned(), line_of_extends(bytes));
            let mut chain = chain.split_off(begin);
            chain.push(next);
            return Err(ScenarioError::Cycle { file, line, chain });
        }
        if chain.len() == MOST_FILES {
            return Err(ScenarioError::TooDeep { file: file.to_owned(), limit: MOST_FILES });
        }
        Ok(next)
    }

    /// The scenario, once no file is missing: of what several files say, the one counts that extends the
    /// others; settings, fields, tags and links of all count together.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::NoName`], [`ScenarioError::TooMuch`], or [`ScenarioError::Unreadable`] while a file is
    /// missing.
    pub fn finish(self) -> Result<Scenario, ScenarioError> {
        if let Some(file) = self.missing {
            return Err(ScenarioError::unreadable(&file, std::io::ErrorKind::NotFound.into()));
        }
        let own = self.read.first();
        let file = own.map(|(file, _)| file.clone()).unwrap_or_default();
        let version = own.and_then(|(_, written)| written.version).unwrap_or(1);
        let mut scenario = Scenario { key: self.key, version, ..Scenario::default() };
        let has_name = self.read.iter().any(|(_, written)| written.name.is_some());
        for (file, written) in self.read.into_iter().rev() {
            put(&mut scenario, &file, written);
        }
        if !has_name {
            return Err(ScenarioError::NoName { file });
        }
        check(&scenario).map_err(|message| ScenarioError::TooMuch { file, message })?;
        Ok(scenario)
    }
}

/// Adds a file's fields to the scenario; they override those of the files that it extends.
fn put(scenario: &mut Scenario, file: &str, written: Written) {
    let put = |place: &mut String, text: Option<Text>| {
        text.into_iter().for_each(|Text(text)| *place = text);
    };
    put(&mut scenario.name, written.name);
    put(&mut scenario.description, written.description);
    put(&mut scenario.difficulty, written.difficulty);
    let path = |text: Option<Text>| text.map(|Text(path)| beside(file, &path));
    scenario.picture = path(written.picture).or(scenario.picture.take());
    scenario.world = path(written.world).or(scenario.world.take());
    scenario.level = written.level.or(scenario.level);
    scenario.expected = written.expected.map(|time| time.0).or(scenario.expected);
    scenario.fields.extend(written.fields.0);
    scenario.settings.extend(written.settings.0);
    written.tags.0.iter().for_each(|tag| scenario.tags.insert(tag));
    scenario.links.extend(written.links.0);
}

/// Returns an error if a session can't have all of it.
fn check(scenario: &Scenario) -> Result<(), String> {
    scenario
        .tags
        .check()
        .and_then(|()| scenario.links.check())
        .map_err(|error| error.to_string())?;
    let (bytes, limit) = (scenario.session_fields().bytes(), limits::FRAME_BYTES);
    if bytes > limit {
        return Err(format!("fields and settings of {bytes} bytes are over the limit of {limit}"));
    }
    Ok(())
}

/// A path that a file names: beside itself, or from the root where it begins with a slash.
fn beside(file: &str, path: &str) -> String {
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let (start, rest) = match path.strip_prefix('/') {
        Some(rest) => ("", rest),
        None => (directory, path),
    };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
