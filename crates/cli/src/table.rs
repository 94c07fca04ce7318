//! Rows of text below each other.

use comfy_table::{ContentArrangement, presets};

use crate::output::harmless;

/// Blanks between two columns.
const GAP: u16 = 2;

/// A table with a heading.
pub struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    numbers: Vec<usize>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(heading: [&'static str; N]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new(), numbers: Vec::new() }
    }

    /// Puts the columns at these positions to the right, as numbers are.
    pub fn numbers(mut self, columns: &[usize]) -> Self {
        self.numbers.extend(columns);
        self
    }

    /// Adds a row.
    pub fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Its lines. If `width` columns are too few, cells go on below.
    pub fn lines(&self, width: Option<u16>) -> Vec<String> {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(&self.heading);
        // What a terminal obeys has no width, so it goes before widths are counted.
        table.add_rows(self.rows.iter().map(|row| row.iter().map(|cell| harmless(cell))));
        match width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        let last = self.heading.len().saturating_sub(1);
        for (position, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if position == last { 0 } else { GAP }));
            if self.numbers.contains(&position) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
        }
        table.lines().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["SESSION", "NAME", "BYTES"]).numbers(&[2]);
        table.add(vec!["01a1".to_owned(), "Hundreds of evenings".to_owned(), "7".to_owned()]);
        table.add(vec!["01a2".to_owned(), "日本語 \u{1b}[2J".to_owned(), "160312".to_owned()]);
        table
    }

    #[test]
    fn table_columns_are_aligned() {
        let lines = table().lines(None);
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert_eq!(lines[1].trim_end(), "01a1     Hundreds of evenings       7");
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    }

    #[test]
    fn a_table_fits_any_width() {
        for width in [0, 1, 5, 12, 30, u16::MAX] {
            assert!(table().lines(Some(width)).len() >= 3, "{width}");
        }
        let lines = table().lines(Some(24));
        assert!(lines.iter().all(|line| line.chars().count() <= 24), "{lines:#?}");
    }
}
