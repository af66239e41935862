//! A page as a CSV file.

use crate::encode::{CsvSheet, WrittenFile};

use super::StatementsError;
use super::sheet::{Cell, Line, Sheet, Width};

/// A page as a CSV file: a pair a line.
#[derive(Debug)]
pub(super) struct CsvPage {
    sheet: CsvSheet,
    scale: u8,
}

impl CsvPage {
    pub(super) fn new(sheet: CsvSheet, scale: u8) -> Self {
        Self { sheet, scale }
    }

    /// What had to be changed so far.
    pub(super) fn marks(&self) -> crate::encode::CsvMarks {
        self.sheet.marks()
    }

    pub(super) fn close(self) -> Result<WrittenFile, StatementsError> {
        Ok(self.sheet.close()?)
    }

    fn cell(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Empty => self.sheet.empty(),
            Cell::Text(text) => self.sheet.text(text),
            Cell::Amount(amount) => self.sheet.amount(amount, self.scale),
            Cell::Date(days) => self.sheet.date(days),
            Cell::Datetime(micros) => self.sheet.datetime(micros),
            Cell::Number(number) | Cell::Id(number) => self.sheet.number(number),
        }
    }

    fn record(&mut self, cells: &[Cell<'_>]) -> Result<(), StatementsError> {
        cells.iter().for_each(|cell| self.cell(*cell));
        Ok(self.sheet.end_record()?)
    }
}

impl Sheet for CsvPage {
    fn currency(&mut self, _currency: Option<&str>) {}

    fn title(&mut self, text: &str) -> Result<(), StatementsError> {
        self.record(&[Cell::Text(text)])
    }

    fn sentence(&mut self, label: &str, text: &str, _warning: bool) -> Result<(), StatementsError> {
        self.record(&[Cell::Text(label), Cell::Text(text)])
    }

    fn pairs(&mut self, pairs: &[(&str, Cell<'_>)]) -> Result<(), StatementsError> {
        pairs.iter().try_for_each(|(label, value)| self.record(&[Cell::Text(label), *value]))
    }

    fn figures(&mut self, figures: &[(&str, Cell<'_>)]) -> Result<(), StatementsError> {
        self.pairs(figures)
    }

    fn columns(&mut self, names: &[&str], _widths: &[Width]) -> Result<(), StatementsError> {
        names.iter().for_each(|name| self.sheet.text(name));
        Ok(self.sheet.end_record()?)
    }

    fn line(&mut self, _kind: Line, cells: &[Cell<'_>]) -> Result<(), StatementsError> {
        self.record(cells)
    }

    fn gap(&mut self) -> Result<(), StatementsError> {
        self.record(&[])
    }
}
