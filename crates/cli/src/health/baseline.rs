//! The figures of an earlier release in a file, and those of today beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::internal::model::clock;
use clap::{Args, ValueHint};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::UNHEALTHY;
use super::figures::{Figures, floor};
use crate::failure::Failure;
use crate::output::{Output, moment};
use crate::place::{Place, read_only};
use crate::table::Table;
use crate::target::NewFile;
use crate::terminal::Tone;

/// The version of the files that are written, and the newest that is read.
const VERSION: u32 = 1;
/// The largest file that is read.
const MAX_BYTES: usize = 64 << 10;
/// Percent by which a figure may be worse if nothing else is said.
const USUAL_TOLERANCE: f64 = 25.0;
/// The options that are about processes.
const OF_PROCESSES: [&str; 6] =
    ["max_age", "max_checkpoint_age", "ignore_alerts", "playing", "max_deaths", "deaths_within"];

/// The baselines that are written and compared with.
#[derive(Args, Debug)]
pub struct Baselines {
    /// Write the figures of the release that played last to a new file, and look at no process
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with = "baseline", conflicts_with_all = OF_PROCESSES)]
    write_baseline: Option<PathBuf>,
    /// Compare the figures of the release that played last with those in a file, and look at no process
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = OF_PROCESSES)]
    baseline: Option<PathBuf>,
    /// By how many percent a figure may be worse [default: 25]
    #[arg(long, value_name = "PERCENT", requires = "baseline", value_parser = percent)]
    tolerance: Option<f64>,
}

/// A file with figures. Fields that a later version adds are passed over.
#[derive(Serialize, Deserialize)]
struct Baseline {
    /// The version of the file.
    baseline: u32,
    /// Studio and name of the game, if a session said so.
    #[serde(default)]
    game: Option<String>,
    game_version: String,
    written: Timestamp,
    figures: BTreeMap<String, f64>,
}

/// All that is read of a file before its version is known.
#[derive(Deserialize)]
struct Versioned {
    baseline: u32,
}

/// A baseline that was written, as JSON has it.
#[derive(Serialize)]
struct Written<'a> {
    written_to: &'a Path,
    #[serde(flatten)]
    baseline: &'a Baseline,
}

/// A figure then and now.
#[derive(Serialize)]
struct Compared {
    figure: String,
    then: Option<f64>,
    now: Option<f64>,
    /// `None` if it isn't in both, or was zero.
    ratio: Option<f64>,
    verdict: Verdict,
}

/// The change of a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Same,
    Better,
    Worse,
    /// It can't be had today.
    ThenOnly,
    /// The baseline doesn't have it.
    NowOnly,
    /// There was too little play, or too few samples, to say.
    TooFew,
    /// It is compared with itself: the release of the baseline played last.
    SameRelease,
}

impl Baselines {
    /// Writes or compares what was asked for; `None` if nothing was.
    pub fn answer(
        &self,
        place: &Place,
        output: &mut Output<'_>,
    ) -> Result<Option<ExitCode>, Failure> {
        if let Some(path) = &self.write_baseline {
            write(place, path, output)?;
            return Ok(Some(ExitCode::SUCCESS));
        }
        let Some(path) = &self.baseline else { return Ok(None) };
        let then = Baseline::read(path)?;
        let now = Figures::of(place)?;
        then.check_game(path, &now)?;
        let tolerance = self.tolerance.unwrap_or(USUAL_TOLERANCE);
        Ok(Some(then.compare(&now, tolerance, output)?))
    }
}

fn write(place: &Place, path: &Path, output: &mut Output<'_>) -> Result<(), Failure> {
    let target = NewFile::at(path)?;
    let Figures { game, game_version, of: figures, .. } = Figures::of(place)?;
    let written = clock::timestamp();
    let baseline = Baseline { baseline: VERSION, game, game_version, written, figures };
    target.write(|writer| {
        serde_json::to_writer_pretty(&mut *writer, &baseline)?;
        Ok(writeln!(writer)?)
    })?;
    if output.is_json() {
        return output.object(&Written { written_to: path, baseline: &baseline });
    }
    let (count, version) = (baseline.figures.len(), &baseline.game_version);
    output.line(format_args!("wrote {count} figures of version {version} to {}", path.display()))
}

impl Baseline {
    fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read_only()
            .read(path, MAX_BYTES)
            .map_err(|source| Failure::NoBaseline { path: path.to_owned(), source })?;
        let torn = |source: serde_json::Error| Failure::TornBaseline {
            path: path.to_owned(),
            line: source.line(),
            column: source.column(),
            source,
        };
        let Versioned { baseline: version } = serde_json::from_slice(&bytes).map_err(torn)?;
        if version > VERSION {
            return Err(Failure::NewerBaseline { path: path.to_owned(), version, known: VERSION });
        }
        serde_json::from_slice(&bytes).map_err(torn)
    }

    /// Refuses the figures of another game, as far as both say which they are of.
    fn check_game(&self, path: &Path, now: &Figures) -> Result<(), Failure> {
        match (&self.game, &now.game) {
            (Some(game), Some(here)) if game != here => Err(Failure::BaselineOfAnotherGame {
                path: path.to_owned(),
                game: game.clone(),
                here: here.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn compare(
        &self,
        now: &Figures,
        tolerance: f64,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let names: BTreeSet<&String> = self.figures.keys().chain(now.of.keys()).collect();
        let is_same_release = self.game_version == now.game_version;
        let of = |name: &String| {
            let (then, today) = (self.figures.get(name).copied(), now.of.get(name).copied());
            let mut compared = Compared::of(name, then, today, tolerance);
            compared.verdict = match compared.verdict {
                _ if is_same_release => Verdict::SameRelease,
                Verdict::Same | Verdict::Better | Verdict::Worse
                    if now.too_few.contains(name.as_str()) =>
                {
                    Verdict::TooFew
                }
                verdict => verdict,
            };
            compared
        };
        let compared: Vec<Compared> = names.into_iter().map(of).collect();
        let worse = compared.iter().filter(|it| it.verdict == Verdict::Worse).count();
        // A new release that dies before it begins a run leaves the old one as the last that played.
        let is_bad = worse > 0 || is_same_release;
        let code = ExitCode::from(if is_bad { UNHEALTHY } else { 0 });
        if output.is_json() {
            compared.iter().try_for_each(|it| output.object(it))?;
            return Ok(code);
        }
        let (before, written, after) =
            (&self.game_version, moment(self.written), &now.game_version);
        output.line(format_args!("then: version {before}, written {written}; now: {after}"))?;
        let heading = ["FIGURE", "THEN", "NOW", "RATIO", "VERDICT"];
        let mut table = Table::new(heading).numbers(&[1, 2, 3]);
        compared.iter().for_each(|it| table.add(it.row()));
        output.table(&table)?;
        if is_same_release {
            output
                .toned(Tone::Bad, format_args!("no other release than {after} has played since"))?;
            return Ok(code);
        }
        let tone = if worse > 0 { Tone::Bad } else { Tone::Plain };
        output.toned(tone, format_args!("worse by more than {tolerance} %: {worse}"))?;
        Ok(code)
    }
}

impl Compared {
    fn of(figure: &str, then: Option<f64>, now: Option<f64>, tolerance: f64) -> Self {
        let both = then.zip(now);
        let ratio = both.filter(|(then, _)| *then > 0.0).map(|(then, now)| now / then);
        let verdict = match (then, now) {
            (Some(then), Some(now)) => {
                let is_beyond = |less: f64, more: f64| {
                    let matters = floor(figure).is_none_or(|floor| more - less > floor);
                    matters && more > less * (1.0 + tolerance / 100.0)
                };
                match (is_beyond(then, now), is_beyond(now, then)) {
                    (true, _) => Verdict::Worse,
                    (_, true) => Verdict::Better,
                    _ => Verdict::Same,
                }
            }
            (None, _) => Verdict::NowOnly,
            (_, None) => Verdict::ThenOnly,
        };
        Self { figure: figure.to_owned(), then, now, ratio, verdict }
    }

    fn row(&self) -> Vec<String> {
        let number = |number: Option<f64>| number.map(|it| format!("{it:.2}")).unwrap_or_default();
        let (then, now, ratio) = (number(self.then), number(self.now), number(self.ratio));
        vec![self.figure.clone(), then, now, ratio, self.verdict.word().to_owned()]
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::ThenOnly => "then only",
            Self::NowOnly => "now only",
            Self::TooFew => "too few",
            Self::SameRelease => "same release",
        }
    }
}

/// Reads a number of percent, as `25` or `12.5`.
fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    let is_share = percent.is_finite() && percent >= 0.0;
    is_share.then_some(percent).ok_or_else(|| "expected a number from 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(figure: &str, then: f64, now: f64) -> Verdict {
        Compared::of(figure, Some(then), Some(now), 25.0).verdict
    }

    #[test]
    fn a_figure_is_worse_beyond_tolerance_and_floor() {
        assert_eq!(verdict("checkpoint_bytes_median", 10_000.0, 12_400.0), Verdict::Same);
        assert_eq!(verdict("checkpoint_bytes_median", 10_000.0, 12_600.0), Verdict::Worse);
        assert_eq!(verdict("checkpoint_bytes_median", 12_600.0, 10_000.0), Verdict::Better);
        // Twice as many, and nobody minds.
        assert_eq!(verdict("checkpoint_bytes_median", 500.0, 1_000.0), Verdict::Same);
        assert_eq!(verdict("deaths_per_hour", 0.0, 0.05), Verdict::Same);
        assert_eq!(verdict("deaths_per_hour", 0.0, 0.5), Verdict::Worse);
    }

    #[test]
    fn a_figure_missing_from_one_side_is_not_worse() {
        let only_then = Compared::of("deaths_per_hour", Some(1.0), None, 25.0);
        assert_eq!((only_then.verdict, only_then.ratio), (Verdict::ThenOnly, None));
        let only_now = Compared::of("deaths_per_hour", None, Some(9.0), 25.0);
        assert_eq!((only_now.verdict, only_now.ratio), (Verdict::NowOnly, None));
        let from_nothing = Compared::of("deaths_per_hour", Some(0.0), Some(9.0), 25.0);
        assert_eq!((from_nothing.verdict, from_nothing.ratio), (Verdict::Worse, None));
    }
}
