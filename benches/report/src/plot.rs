//! Plots, as SVG files.

use std::path::Path;

use bevy_session_benchmarks::Outcome;
use plotters::coord::ranged1d::{KeyPointHint, Ranged};
use plotters::prelude::*;

const SIZE: (u32, u32) = (840, 460);
const FONT: &str = "sans-serif";
/// From one line of text to the next.
const LINE: i32 = 19;
/// Colours that colour-blind readers can distinguish.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// A plot, not drawn yet.
pub struct Plot {
    /// The file, without its ending.
    pub name: &'static str,
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    pub content: Content,
}

/// The contents of a plot. Both axes are logarithmic.
pub enum Content {
    /// Lines of points, each with its name.
    Lines(Vec<(String, Vec<(f64, f64)>)>),
    /// Bars that lie, each with its name.
    Bars(Vec<(String, f64)>),
}

impl Plot {
    /// Draws it into a directory.
    pub fn draw(&self, directory: &Path) -> Outcome {
        let path = directory.join(format!("{}.svg", self.name));
        let area = SVGBackend::new(&path, SIZE).into_drawing_area();
        // An opaque background, since readers may have a dark page.
        area.fill(&WHITE)?;
        match &self.content {
            Content::Lines(lines) => self.draw_lines(&area, lines)?,
            Content::Bars(bars) => self.draw_bars(&area, bars)?,
        }
        area.present()?;
        Ok(())
    }

    fn draw_lines(&self, area: &Area<'_>, lines: &[(String, Vec<(f64, f64)>)]) -> Outcome {
        let points = || lines.iter().flat_map(|(_, points)| points);
        let (left, right) = span(points().map(|point| point.0));
        let (bottom, top) = span(points().map(|point| point.1));
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 25))
            .margin(14)
            .margin_right(210)
            .x_label_area_size(46)
            .y_label_area_size(84)
            .build_cartesian_2d(Decades(left, right), Decades(bottom, top))?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .axis_desc_style((FONT, 20))
            .label_style((FONT, 18))
            .bold_line_style(RGBColor(215, 215, 215))
            .light_line_style(WHITE)
            .x_label_formatter(&|value| plain(*value))
            .y_label_formatter(&|value| plain(*value))
            .draw()?;
        let mut names = Vec::new();
        for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
            let dots = points.iter().map(|point| Circle::new(*point, 4, colour.filled()));
            chart.draw_series(dots)?;
            if let Some(last) = points.last() {
                names.push((chart.backend_coord(last), name, colour));
            }
        }
        // Each name stands where its line ends, and below the one before.
        names.sort_by_key(|((_, y), ..)| *y);
        let mut lowest = i32::MIN;
        for ((x, y), name, colour) in names {
            lowest = y.max(lowest.saturating_add(LINE));
            let text = (FONT, 18).into_font().color(colour);
            area.draw_text(name, &text, (x + 12, lowest - 8))?;
        }
        Ok(())
    }

    fn draw_bars(&self, area: &Area<'_>, bars: &[(String, f64)]) -> Outcome {
        let (least, right) = span(bars.iter().map(|bar| bar.1));
        // The shortest bar is to be seen as well.
        let left = least / 10.0;
        let count = bars.len();
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 25))
            .margin(14)
            .margin_right(70)
            .x_label_area_size(46)
            .y_label_area_size(350)
            .build_cartesian_2d(Decades(left, right), 0.0..count as f64)?;
        chart
            .configure_mesh()
            .disable_y_axis()
            .disable_y_mesh()
            .x_desc(self.x)
            .axis_desc_style((FONT, 20))
            .label_style((FONT, 18))
            .bold_line_style(RGBColor(215, 215, 215))
            .light_line_style(WHITE)
            .x_label_formatter(&|value| plain(*value))
            .draw()?;
        for (rank, (name, value)) in bars.iter().enumerate() {
            let middle = (count - rank) as f64 - 0.5;
            // Ours come first and are of their own colour.
            let colour = if name.starts_with("bevy_session") { COLOURS[0] } else { COLOURS[5] };
            let corners = [(left, middle - 0.32), (*value, middle + 0.32)];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            let (x, y) = chart.backend_coord(&(*value, middle));
            let text = (FONT, 18).into_font().color(&BLACK);
            area.draw_text(&figure(*value), &text, (x + 6, y - 7))?;
            area.draw_text(name, &text, (14, y - 7))?;
        }
        Ok(())
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Whole decades around all values.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) = values.fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    (10_f64.powf(least.log10().floor()), 10_f64.powf(most.log10().ceil()))
}

/// A number without more digits than it needs.
fn plain(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        0.999.. => format!("{value:.0}"),
        _ => format!("{value:.6}").trim_end_matches('0').to_owned(),
    }
}

fn figure(value: f64) -> String {
    match value {
        10.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A logarithmic axis with a mark at each power of ten.
#[derive(Clone)]
struct Decades(f64, f64);

impl Ranged for Decades {
    type FormatOption = plotters::coord::ranged1d::NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value / self.0).ln() / (self.1 / self.0).ln();
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        let (first, last) = (self.0.log10().round() as i32, self.1.log10().round() as i32);
        (first..=last).map(|power| 10_f64.powi(power)).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.0..self.1
    }
}

impl plotters::coord::ranged1d::ValueFormatter<f64> for Decades {
    fn format(value: &f64) -> String {
        plain(*value)
    }
}
