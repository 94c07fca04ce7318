//! The figures, and the document that is made of them.

use std::fmt::Write;

use crate::plot::Plot;

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    pub aims: Vec<Aim>,
    pub sections: Vec<Section>,
    /// Parts that could not be measured, and why.
    pub failures: Vec<String>,
}

/// A number to reach, and what became of it.
pub struct Aim {
    /// Its place in the table.
    pub place: u8,
    pub what: &'static str,
    pub aim: &'static str,
    pub figure: String,
    pub verdict: Verdict,
}

/// The verdict on an aim.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// The measurement says less than what it is held against.
    TooNoisy,
    /// A test holds it instead of this program.
    ByTest,
}

/// A chapter of the document.
#[derive(Default)]
pub struct Section {
    /// Its place in the document.
    pub place: u8,
    pub title: &'static str,
    pub intro: String,
    pub tables: Vec<Table>,
    pub plots: Vec<Plot>,
}

/// A table. The first column is text, the others are figures.
#[derive(Default)]
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Report {
    pub fn aim(
        &mut self,
        place: u8,
        what: &'static str,
        aim: &'static str,
        figure: impl Into<String>,
        verdict: impl Into<Verdict>,
    ) {
        let (figure, verdict) = (figure.into(), verdict.into());
        self.aims.push(Aim { place, what, aim, figure, verdict });
    }

    /// Everything, in order, as Markdown. Plots are looked for in `plots`.
    pub fn markdown(&mut self, plots: &str) -> String {
        self.aims.sort_by_key(|aim| aim.place);
        self.sections.sort_by_key(|section| section.place);
        let mut text = String::new();
        for failure in &self.failures {
            let _ = writeln!(text, "**Not measured**: {failure}\n");
        }
        if !self.aims.is_empty() {
            text += "## Numbers to reach\n\n";
            text += &self.table_of_aims().markdown();
        }
        for section in &self.sections {
            text += &section.markdown(plots);
        }
        text
    }

    fn table_of_aims(&self) -> Table {
        let mut table = Table::new(["what", "aim", "figure", "met"]);
        for aim in &self.aims {
            let verdict = match aim.verdict {
                Verdict::Met => "yes",
                Verdict::Missed => "**no**",
                Verdict::TooNoisy => "**too noisy to say**",
                Verdict::ByTest => "by a test",
            };
            table.row([aim.what, aim.aim, &aim.figure, verdict]);
        }
        table
    }
}

impl From<bool> for Verdict {
    fn from(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }
}

impl Section {
    pub fn new(place: u8, title: &'static str, intro: impl Into<String>) -> Self {
        Self { place, title, intro: intro.into(), ..Self::default() }
    }

    fn markdown(&self, plots: &str) -> String {
        let mut text = format!("\n## {}\n\n{}\n", self.title, self.intro);
        for plot in &self.plots {
            let _ = writeln!(text, "\n![{}]({plots}/{}.svg)", plot.title, plot.name);
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}", table.markdown());
        }
        text
    }
}

impl Table {
    pub fn new<const COLUMNS: usize>(head: [&str; COLUMNS]) -> Self {
        Self { head: head.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    pub fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        self.rows.push(cells.map(str::to_owned).to_vec());
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule: Vec<String> = (0..self.head.len())
            .map(|column| if column == 0 { "---" } else { "---:" }.to_owned())
            .collect();
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.head) + &line(&rule) + &rows
    }
}
