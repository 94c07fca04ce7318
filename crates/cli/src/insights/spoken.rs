//! The lessons of sessions, in lines for people.

use bevy_session_insights::{Comparison, Effect, Estimate, Figure, Hardness, Lessons, Outcome};

/// The lessons of sessions, the five questions one after the other.
pub fn lines(lessons: &Lessons) -> Vec<String> {
    let mut lines = vec![format!("{} sessions", lessons.sessions)];
    if lessons.withheld > 0 {
        lines.push(format!("{} more without consent, which aren't counted", lessons.withheld));
    }
    for it in &lessons.skills {
        let player = it.player.as_deref().unwrap_or("nobody named");
        let (skill, rate) = (&it.skill, rate(&it.rate));
        let better = match &it.better {
            Figure::Known { value, .. } if !value.matters => "no change is seen".to_owned(),
            figure => format!("later half {}", effect(figure, true)),
        };
        lines.push(format!("skill {skill}, {player}: {rate}; {better}"));
    }
    for it in &lessons.levels {
        let verdict = match it.hardness() {
            Hardness::Harder => "harder than the others".to_owned(),
            Hardness::Easier => "easier than the others".to_owned(),
            Hardness::TooFew { have, need } => format!("too few to compare: {have} of {need}"),
            _ => "no difference is seen".to_owned(),
        };
        lines.push(format!("level {}: completed {}; {verdict}", it.level, rate(&it.completion)));
    }
    lines.extend(lessons.what_matters().into_iter().map(|it| format!("matters: {}", compared(it))));
    if lessons.what_matters().is_empty() {
        lines.push(format!("of {} comparisons none is known to matter", lessons.works.len()));
    }
    lines.push(format!("left for good: {}", rate(&lessons.leaving.rate)));
    for (place, count) in &lessons.leaving.places {
        let place = if place.is_empty() { "no chapter" } else { place };
        lines.push(format!("left for good in {place}: {count}"));
    }
    for it in &lessons.trends {
        if it.slope.known().is_some_and(|slope| slope.matters) {
            let step = format!("{:?}", it.step).to_lowercase();
            lines.push(format!(
                "trend: {} {} with each {step}",
                it.figure,
                effect(&it.slope, false)
            ));
        }
    }
    lines
}

fn compared(it: &Comparison) -> String {
    let is_rate = !matches!(it.outcome, Outcome::Amount(_));
    format!("{} {}: {} {}", it.choice, it.chosen, it.outcome, effect(&it.difference, is_rate))
}

fn rate(figure: &Figure<Estimate>) -> String {
    match figure {
        Figure::Known { value, samples } => {
            let [value, low, high] = [value.value, value.low, value.high].map(|it| it * 100.0);
            format!("{value:.0} % ({low:.0} to {high:.0} %, of {samples})")
        }
        Figure::Insufficient { have, need } => format!("too few to say: {have} of {need}"),
    }
}

fn effect(figure: &Figure<Effect>, is_rate: bool) -> String {
    match figure {
        Figure::Known { value, samples } => {
            let scale = if is_rate { 100.0 } else { 1.0 };
            let sizes = [value.size.value, value.size.low, value.size.high];
            let [size, low, high] = sizes.map(|it| it * scale);
            format!("{size:+.2} ({low:+.2} to {high:+.2}, of {samples})")
        }
        Figure::Insufficient { have, need } => format!("too few to say: {have} of {need}"),
    }
}
