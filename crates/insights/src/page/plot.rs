//! Small plots as SVG, which stands in the page.

use std::fmt::Write;

use crate::skills::CurvePoint;
use crate::statistics::Estimate;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 110.0;
/// Room for labels.
const LEFT: f64 = 34.0;
const BELOW: f64 = 16.0;

/// A learning curve: the rate of each part of the attempts, with its interval.
pub(super) fn curve(curve: &[CurvePoint]) -> String {
    let Some(last) = curve.last() else { return String::new() };
    #[expect(clippy::cast_precision_loss, reason = "nobody tries 2^52 times")]
    let middle = |point: &CurvePoint| point.after as f64 + point.attempts.all as f64 / 2.0;
    #[expect(clippy::cast_precision_loss, reason = "nobody tries 2^52 times")]
    let all = (last.after + last.attempts.all) as f64;
    let x = |at: f64| LEFT + (WIDTH - LEFT - 6.0) * at / all;
    let y = |rate: f64| 6.0 + (HEIGHT - BELOW - 12.0) * (1.0 - rate);
    let mut svg = begin("a learning curve");
    for rate in [0.0, 0.5, 1.0] {
        grid(&mut svg, y(rate), &format!("{:.0} %", rate * 100.0));
    }
    let mut line = String::new();
    for point in curve {
        let (at, Estimate { value, low, high }) = (x(middle(point)), point.rate);
        _ = write!(
            svg,
            "<line class=\"around\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            y(low),
            y(high)
        );
        _ = write!(svg, "<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"3\"/>", y(value));
        _ = write!(line, "{at:.1},{:.1} ", y(value));
    }
    _ = write!(svg, "<polyline points=\"{line}\"/>");
    _ = write!(svg, "<text x=\"{LEFT}\" y=\"{}\">attempt 1</text>", HEIGHT - 3.0);
    _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{all:.0}</text>",
        WIDTH - 6.0,
        HEIGHT - 3.0
    );
    svg + "</svg>"
}

/// Values one after the other.
pub(super) fn points(points: &[(f64, f64)]) -> String {
    let bounds = |of: fn(&(f64, f64)) -> f64| {
        let values = points.iter().map(of);
        values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)))
    };
    let ((first, last), (low, high)) = (bounds(|it| it.0), bounds(|it| it.1));
    let share = |value: f64, (from, to): (f64, f64)| {
        if to > from { (value - from) / (to - from) } else { 0.5 }
    };
    let x = |at: f64| LEFT + (WIDTH - LEFT - 6.0) * share(at, (first, last));
    let y = |value: f64| 6.0 + (HEIGHT - 12.0) * (1.0 - share(value, (low, high)));
    let mut svg = begin("values over time");
    grid(&mut svg, y(low), &super::amount(low));
    if high > low {
        grid(&mut svg, y(high), &super::amount(high));
    }
    for (at, value) in points {
        _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2\"/>", x(*at), y(*value));
    }
    svg + "</svg>"
}

/// A rate as a bar, with its interval.
pub(super) fn bar(rate: &Estimate) -> String {
    let x = |share: f64| share * 100.0;
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" role=\"img\" aria-label=\"a bar\">\
         <rect class=\"ground\" width=\"100\" height=\"10\"/><rect width=\"{:.1}\" height=\"10\"/>\
         <line class=\"around\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"5\" y2=\"5\"/></svg>",
        x(rate.value),
        x(rate.low),
        x(rate.high)
    )
}

/// An interval beside 0.
pub(super) fn interval(size: &Estimate) -> String {
    let most = size.low.abs().max(size.high.abs()).max(f64::MIN_POSITIVE);
    let x = |value: f64| 50.0 + 46.0 * value / most;
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" role=\"img\" aria-label=\"an interval beside 0\">\
         <line class=\"grid\" x1=\"50\" x2=\"50\" y1=\"0\" y2=\"10\"/>\
         <line class=\"around\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"5\" y2=\"5\"/><circle cx=\"{:.1}\" cy=\"5\" r=\"3\"/></svg>",
        x(size.low),
        x(size.high),
        x(size.value)
    )
}

fn begin(label: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">")
}

fn grid(svg: &mut String, y: f64, label: &str) {
    _ = write!(
        svg,
        "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
         <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
        LEFT - 4.0,
        y + 4.0
    );
}
