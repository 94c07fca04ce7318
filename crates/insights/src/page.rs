//! Lessons as one page of HTML that needs nothing else: no script, no file beside it, nothing from elsewhere.

mod plot;

use std::fmt::{self, Write};

use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{Comparison, FigureTrend, Hardness, Lessons, LevelReport, TrendStep};
use crate::measure::Outcome;
use crate::skills::SkillReport;
use crate::statistics::Estimate;
use plot::{bar, curve, interval, points};

const STYLE: &str = include_str!("page/page.css");
/// Rows of a table of what was looked at and doesn't matter.
const MOST_ROWS: usize = 200;

impl Lessons {
    /// The lessons as one page of HTML, in English: whether players get better, which levels are too hard, what works, who
    /// stops where, what changes over weeks. Each claim has its samples and its interval, and what has too few says how
    /// many it needs. Texts of players and games are never taken for markup.
    ///
    /// ```
    /// use bevy_session_insights::Lessons;
    ///
    /// let page = Lessons::default().page("Hop");
    /// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("0 sessions"));
    /// ```
    #[must_use]
    pub fn page(&self, title: &str) -> String {
        let mut page = String::new();
        // Writing to a text can't fail.
        _ = Page { lessons: self, title }.write(&mut page);
        page
    }
}

struct Page<'a> {
    lessons: &'a Lessons,
    title: &'a str,
}

impl Page<'_> {
    fn write(&self, page: &mut String) -> fmt::Result {
        let title = escaped(self.title);
        let policy = "default-src 'none'; style-src 'unsafe-inline'";
        writeln!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\" data-ready=\"0\"><head><meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style></head>\n<body>\n<header><h1>{title}</h1>"
        )?;
        self.facts(page)?;
        page.write_str(
            "<nav><a href=\"#skills\">Do players get better?</a><a href=\"#levels\">Which levels are too hard?</a>\
             <a href=\"#works\">What works?</a><a href=\"#leaving\">Who stops, and where?</a>\
             <a href=\"#trends\">What changes?</a><a href=\"#suggestions\">Do suggestions help?</a></nav></header>\n<main>\n",
        )?;
        self.skills(page)?;
        self.levels(page)?;
        self.works(page)?;
        self.leaving(page)?;
        self.trends(page)?;
        self.suggestions(page)?;
        page.write_str("</main></body></html>\n")
    }

    fn facts(&self, page: &mut String) -> fmt::Result {
        let Lessons { sessions, withheld, incomplete, .. } = self.lessons;
        write!(page, "<p class=\"facts\">{sessions} sessions")?;
        if *withheld > 0 {
            write!(page, ", and {withheld} more without consent, which aren't counted")?;
        }
        if *incomplete > 0 {
            write!(page, "; {incomplete} are known in part only")?;
        }
        page.write_str(
            ". Intervals have the true value in them 19 times of 20. A difference is said to matter where it is no \
             likely chance, given all that is looked at here. What was chosen isn't what caused it, and each session \
             counts by itself, however many one player has.</p>\n",
        )
    }

    fn skills(&self, page: &mut String) -> fmt::Result {
        page.write_str("<section id=\"skills\"><h2>Do players get better?</h2>\n")?;
        if self.lessons.skills.is_empty() {
            page.write_str("<p>No attempt at a skill was recorded.</p>")?;
        }
        page.write_str("<div class=\"cards\">\n")?;
        for report in &self.lessons.skills {
            skill(page, report)?;
        }
        page.write_str("</div></section>\n")
    }

    fn levels(&self, page: &mut String) -> fmt::Result {
        page.write_str("<section id=\"levels\"><h2>Which levels are too hard?</h2>\n")?;
        if self.lessons.levels.is_empty() {
            return page.write_str("<p>No chapter has begun.</p></section>\n");
        }
        page.write_str(
            "<div class=\"wide\"><table><tr><th>Level</th><th>Verdict</th><th>Tries that complete it</th><th></th>\
             <th>Beside the others</th><th>Deaths</th><th>Left for good in it</th></tr>\n",
        )?;
        let mut levels: Vec<&LevelReport> = self.lessons.levels.iter().collect();
        let completed = |it: &LevelReport| it.completion.known().map_or(2.0, |rate| rate.value);
        levels.sort_by(|one, other| completed(one).total_cmp(&completed(other)));
        for level in levels {
            let (class, verdict) = match level.hardness() {
                Hardness::Harder => ("bad", "harder than the others".to_owned()),
                Hardness::Easier => ("good", "easier than the others".to_owned()),
                Hardness::LikeOthers => ("", "no difference seen".to_owned()),
                Hardness::TooFew { have, need } => ("faint", too_few(have, need)),
            };
            writeln!(
                page,
                "<tr><th class=\"name\">{}</th><td class=\"value {class}\">{verdict}</td><td class=\"value\">{}</td><td>{}</td>\
                 <td class=\"value\">{}</td>\
                 <td class=\"number\">{}</td><td class=\"value\">{}</td></tr>",
                escaped(&level.level),
                rate_of(&level.completion),
                level.completion.known().map(bar).unwrap_or_default(),
                effect(&level.beside_others, true),
                level.deaths,
                rate_of(&level.left_here),
            )?;
        }
        page.write_str("</table></div></section>\n")
    }

    fn works(&self, page: &mut String) -> fmt::Result {
        page.write_str("<section id=\"works\"><h2>What works?</h2>\n")?;
        comparisons(page, &self.lessons.works)?;
        page.write_str("<h3>How sessions are played</h3>\n")?;
        comparisons(page, &self.lessons.groups)?;
        page.write_str("</section>\n")
    }

    fn leaving(&self, page: &mut String) -> fmt::Result {
        let leaving = &self.lessons.leaving;
        write!(
            page,
            "<section id=\"leaving\"><h2>Who stops, and where?</h2>\n<p>Left for good: {}</p>\n",
            rate_of(&leaving.rate)
        )?;
        if !leaving.places.is_empty() {
            page.write_str(
                "<div class=\"wide\"><table><tr><th>Left in</th><th>Sessions</th></tr>\n",
            )?;
            let mut places: Vec<(&String, &usize)> = leaving.places.iter().collect();
            places.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            for (place, count) in places {
                let place = if place.is_empty() { "(no chapter)" } else { place };
                writeln!(
                    page,
                    "<tr><th class=\"name\">{}</th><td class=\"number\">{count}</td></tr>",
                    escaped(place)
                )?;
            }
            page.write_str("</table></div>\n")?;
        }
        page.write_str("<h3>What sets them apart</h3>\n")?;
        comparisons(page, &leaving.apart)?;
        page.write_str("</section>\n")
    }

    fn trends(&self, page: &mut String) -> fmt::Result {
        page.write_str("<section id=\"trends\"><h2>What changes?</h2>\n")?;
        let drawn = self.lessons.trends.iter().filter(|trend| trend.points.len() > 1);
        let (changes, rest): (Vec<_>, Vec<_>) = drawn.partition(|trend| matters(&trend.slope));
        writeln!(
            page,
            "<p>{} of {} figures change.</p>",
            changes.len(),
            changes.len() + rest.len()
        )?;
        trends(page, &changes)?;
        if !rest.is_empty() {
            writeln!(
                page,
                "<details><summary>Those that aren't seen to change ({})</summary>",
                rest.len()
            )?;
            trends(page, &rest)?;
            page.write_str("</details>\n")?;
        }
        page.write_str("<h3>What goes together</h3>\n")?;
        let pairs = self.lessons.correlations.iter();
        let mut pairs: Vec<_> = pairs.filter(|it| matters(&it.rho)).collect();
        pairs.sort_by(|one, other| chance(&one.rho).total_cmp(&chance(&other.rho)));
        let all = self.lessons.correlations.len();
        writeln!(page, "<p>{} of {all} pairs of figures go together.</p>", pairs.len())?;
        if !pairs.is_empty() {
            page.write_str(
                "<div class=\"wide\"><table><tr><th>One</th><th>Other</th><th>Spearman's correlation</th></tr>\n",
            )?;
            for pair in pairs.into_iter().take(MOST_ROWS) {
                let (one, other) =
                    (escaped(&pair.one.to_string()), escaped(&pair.other.to_string()));
                writeln!(
                    page,
                    "<tr><th class=\"name\">{one}</th><th class=\"name\">{other}</th><td class=\"value\">{}</td></tr>",
                    effect(&pair.rho, false)
                )?;
            }
            page.write_str("</table></div>\n")?;
        }
        page.write_str("</section>\n")
    }

    fn suggestions(&self, page: &mut String) -> fmt::Result {
        page.write_str("<section id=\"suggestions\"><h2>Do suggestions help?</h2>\n")?;
        if self.lessons.suggestions.is_empty() {
            return page.write_str("<p>None was shown.</p></section>\n");
        }
        page.write_str(
            "<div class=\"wide\"><table><tr><th>Kind</th><th>Shown</th><th>Taken</th><th>Not now</th>\
             <th>Attempts succeed more often afterwards by</th></tr>\n",
        )?;
        for it in &self.lessons.suggestions {
            writeln!(
                page,
                "<tr><th>{}</th><td class=\"number\">{}</td><td>{}</td><td class=\"number\">{}</td><td>{}</td></tr>",
                it.kind,
                it.shown,
                rate_of(&it.taken),
                it.not_now,
                effect(&it.helped, true),
            )?;
        }
        page.write_str("</table></div></section>\n")
    }
}

fn skill(page: &mut String, report: &SkillReport) -> fmt::Result {
    let player = report.player.as_deref().unwrap_or("(nobody named)");
    writeln!(
        page,
        "<article><h3>{}: {}</h3>\n<p>{}</p>",
        escaped(&report.skill),
        escaped(player),
        match &report.better {
            Figure::Known { value, .. } if value.matters && value.size.value > 0.0 =>
                "<b class=\"good\">Gets better.</b>".to_owned(),
            Figure::Known { value, .. } if value.matters =>
                "<b class=\"bad\">Gets worse.</b>".to_owned(),
            Figure::Known { .. } => "<b>No change is seen.</b>".to_owned(),
            Figure::Insufficient { have, need } =>
                format!("<b class=\"faint\">{}</b>", too_few(*have, *need)),
        },
    )?;
    page.write_str(&curve(&report.curve))?;
    let mastered = report
        .mastered_after
        .map_or_else(|| "not yet".to_owned(), |after| format!("after {after} attempts"));
    for (name, value) in [
        ("Succeeded", rate_of(&report.rate)),
        ("The newest", rate_of(&report.now)),
        ("Later half of all attempts", effect(&report.better, true)),
        ("Mastered", mastered),
        ("Later halves of sittings", effect(&report.within_sittings, true)),
        ("After breaks", effect(&report.over_breaks, true)),
        ("First attempts, beside other players", effect(&report.beside_others, true)),
    ] {
        writeln!(page, "<div class=\"row\"><span>{name}</span><span>{value}</span></div>")?;
    }
    page.write_str("</article>\n")
}

/// A table of what matters, and a folded one of what was looked at besides.
fn comparisons(page: &mut String, all: &[Comparison]) -> fmt::Result {
    let (mut found, mut rest): (Vec<&Comparison>, Vec<&Comparison>) =
        all.iter().partition(|it| matters(&it.difference));
    for part in [&mut found, &mut rest] {
        part.sort_by(|one, other| chance(&one.difference).total_cmp(&chance(&other.difference)));
    }
    if found.is_empty() {
        writeln!(page, "<p>Of {} comparisons none is known to matter.</p>", all.len())?;
    } else {
        writeln!(page, "<p>{} of {} comparisons matter.</p>", found.len(), all.len())?;
        comparison_table(page, &found)?;
    }
    if !rest.is_empty() {
        let shown = rest.len().min(MOST_ROWS);
        writeln!(
            page,
            "<details><summary>What was looked at besides ({shown} of {})</summary>",
            rest.len()
        )?;
        rest.truncate(MOST_ROWS);
        comparison_table(page, &rest)?;
        page.write_str("</details>\n")?;
    }
    Ok(())
}

fn comparison_table(page: &mut String, rows: &[&Comparison]) -> fmt::Result {
    page.write_str(
        "<div class=\"wide\"><table><tr><th>Sessions with</th><th>In respect of</th><th>They</th><th>Others</th>\
         <th>Difference</th><th></th></tr>\n",
    )?;
    for row in rows {
        let is_rate = !matches!(row.outcome, Outcome::Amount(_));
        let side = |value: Option<f64>, samples: usize| match value {
            Some(value) if is_rate => format!("{:.0} % of {samples}", value * 100.0),
            Some(value) => format!("{} (of {samples})", amount(value)),
            None => "none".to_owned(),
        };
        writeln!(
            page,
            "<tr><th class=\"name\">{}: {}</th><td class=\"value\">{}</td><td class=\"side\">{}</td>\
             <td class=\"side\">{}</td><td class=\"value\">{}</td><td>{}</td></tr>",
            escaped(&row.choice.to_string()),
            escaped(&row.chosen),
            escaped(&row.outcome.to_string()),
            side(row.with.value, row.with.samples),
            side(row.without.value, row.without.samples),
            effect(&row.difference, is_rate),
            row.difference.known().map(|effect| interval(&effect.size)).unwrap_or_default(),
        )?;
    }
    page.write_str("</table></div>\n")
}

fn trends(page: &mut String, trends: &[&FigureTrend]) -> fmt::Result {
    page.write_str("<div class=\"cards\">\n")?;
    for trend in trends.iter().take(MOST_ROWS) {
        one_trend(page, trend)?;
    }
    page.write_str("</div>\n")
}

fn one_trend(page: &mut String, trend: &FigureTrend) -> fmt::Result {
    let step = match trend.step {
        TrendStep::Week => "week",
        TrendStep::Session => "session",
    };
    let whose = trend.player.as_deref().map(|player| format!(", {}", escaped(player)));
    writeln!(
        page,
        "<article><h3>{}{}</h3>{}<p>{} with each {step}</p></article>",
        escaped(&trend.figure.to_string()),
        whose.unwrap_or_default(),
        points(&trend.points),
        effect(&trend.slope, false),
    )
}

fn matters(figure: &Figure<Effect>) -> bool {
    figure.known().is_some_and(|effect| effect.matters)
}

fn chance(figure: &Figure<Effect>) -> f64 {
    figure.known().map_or(2.0, |effect| effect.chance)
}

fn too_few(have: usize, need: usize) -> String {
    format!("too few to say: {have} of {need}")
}

fn rate_of(figure: &Figure<Estimate>) -> String {
    match figure {
        Figure::Known { value, samples } => format!(
            "{:.0} % <span class=\"faint\">({:.0} to {:.0} %, of {samples})</span>",
            value.value * 100.0,
            value.low * 100.0,
            value.high * 100.0
        ),
        Figure::Insufficient { have, need } => {
            format!("<span class=\"faint\">{}</span>", too_few(*have, *need))
        }
    }
}

/// A difference with its interval; of rates in points of a hundred.
fn effect(figure: &Figure<Effect>, is_rate: bool) -> String {
    let text = |value: f64| match is_rate {
        true if (value * 100.0).round() == 0.0 => "0".to_owned(),
        true => format!("{:+.0}", value * 100.0),
        false => format!("{}{}", if value > 0.0 { "+" } else { "" }, amount(value)),
    };
    match figure {
        Figure::Known { value, samples } => {
            let class = if value.matters { "known" } else { "unsure" };
            let Estimate { value: size, low, high } = value.size;
            let unit = if is_rate { " points" } else { "" };
            format!(
                "<span class=\"{class}\">{}{unit}</span> <span class=\"faint\">({} to {}, of {samples})</span>",
                text(size),
                text(low),
                text(high)
            )
        }
        Figure::Insufficient { have, need } => {
            format!("<span class=\"faint\">{}</span>", too_few(*have, *need))
        }
    }
}

/// A number with as many digits as say something.
fn amount(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 || value == value.trunc() => format!("{value:.1}"),
        small if small >= 0.1 => format!("{value:.2}"),
        smaller if smaller >= 0.001 => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            letter => escaped.push(letter),
        }
    }
    escaped
}
