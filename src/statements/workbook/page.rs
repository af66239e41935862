//! One sheet of a workbook, written from top to bottom.

use rust_xlsxwriter::{ExcelDateTime, IgnoreError, Workbook, Worksheet};

use crate::encode::SPREADSHEET_DIGITS;
use crate::model::{time, write_decimal};
use crate::statements::StatementsError;
use crate::statements::sheet::{Cell, Line, Sheet, Width};

use super::fit::{lines_needed, significant_digits};
use super::look::{Look, WARNING};
use super::{Book, Layout};

/// 1900-03-01, the first day that every spreadsheet counts alike, and 1899-12-30, which is their day 0.
const FIRST_DAY: i32 = -25_508;
const DAY_ZERO: i32 = -25_569;

/// Points of a row of one line and of each further line of text, and the most lines that a row can have.
const ROW_HEIGHT: u16 = 15;
const LINE_HEIGHT: u16 = 14;
const MOST_LINES: u16 = 29;

/// A head further down is not kept in sight: what stands above it would leave too little room to scroll.
const LOWEST_HEAD: u32 = 24;

/// Columns that a list can have.
const COLUMNS: usize = 32;

impl Width {
    /// In characters.
    const fn characters(self) -> u16 {
        match self {
            Self::Narrow => 11,
            Self::Amount => 14,
            Self::Short => 16,
            Self::Text => 24,
            Self::Code => 30,
            Self::Wide => 42,
        }
    }

    /// In letters of a text: they are narrower than the digits that a column's width is measured in.
    const fn letters(self) -> usize {
        self.characters() as usize * 9 / 8
    }

    /// Whether texts go on on the next line of their cell.
    const fn wraps(self) -> bool {
        matches!(self, Self::Short | Self::Text | Self::Wide)
    }
}

/// A sheet being written.
pub(in crate::statements) struct BookPage<'a> {
    book: &'a mut Book,
    worksheet: Worksheet,
    name: Box<dyn Fn(u32) -> String + 'a>,
    continued: &'a str,
    layout: Layout,
    part: u32,
    /// The next row.
    row: u32,
    currency: Option<String>,
    /// The list that stays in sight.
    head: Option<Head>,
    /// Columns of the list that hold ids.
    ids: Vec<u16>,
    /// Characters that numbers and dates of each column need: one that does not fit is shown as `###`.
    needed: [u16; COLUMNS],
    /// Lines that the row being written needs. Not every program works that out by itself.
    lines: u16,
}

#[derive(Clone, Debug)]
struct Head {
    row: u32,
    names: Vec<String>,
    widths: Vec<Width>,
    /// The last row of the list.
    last: u32,
}

fn new_worksheet(workbook: &mut Workbook, name: &str, layout: Layout) -> Result<Worksheet, StatementsError> {
    let mut worksheet = workbook.new_worksheet_with_constant_memory()?;
    worksheet.set_name(name)?;
    worksheet.set_landscape();
    // A4.
    worksheet.set_paper_size(9);
    worksheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
    worksheet.set_print_fit_to_pages(layout.pages_wide, 0);
    worksheet.set_footer("&L&A&R&P / &N");
    Ok(worksheet)
}

impl<'a> BookPage<'a> {
    pub(super) fn begin(
        book: &'a mut Book,
        layout: Layout,
        name: impl Fn(u32) -> String + 'a,
        continued: &'a str,
    ) -> Result<Self, StatementsError> {
        let worksheet = new_worksheet(&mut book.workbook, &name(1), layout)?;
        Ok(Self {
            book,
            worksheet,
            name: Box::new(name),
            continued,
            layout,
            part: 1,
            row: 0,
            currency: None,
            head: None,
            ids: Vec::new(),
            needed: [0; COLUMNS],
            lines: 1,
        })
    }

    /// Hands the sheet to its workbook.
    pub(in crate::statements) fn finish(mut self) -> Result<(), StatementsError> {
        self.finish_sheet()?;
        self.book.sheets.push(self.worksheet);
        Ok(())
    }

    /// The same, before all sheets that were finished before.
    pub(in crate::statements) fn finish_in_front(mut self) -> Result<(), StatementsError> {
        self.finish_sheet()?;
        self.book.front.push(self.worksheet);
        Ok(())
    }

    /// Filter, frozen head and widths.
    fn finish_sheet(&mut self) -> Result<(), StatementsError> {
        let Some(head) = &self.head else { return Ok(()) };
        let last_column = u16::try_from(head.names.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let kept = self.layout.kept_columns;
        if head.row <= LOWEST_HEAD {
            self.worksheet.set_freeze_panes(head.row + 1, kept)?;
        }
        self.worksheet.set_repeat_rows(head.row, head.row)?;
        if kept > 0 {
            self.worksheet.set_repeat_columns(0, kept - 1)?;
        }
        self.worksheet.autofilter(head.row, 0, head.last, last_column)?;
        for ((column, width), needed) in (0_u16..).zip(&head.widths).zip(self.needed) {
            self.worksheet.set_column_width(column, width.characters().max(needed))?;
        }
        for column in &self.ids {
            let kind = IgnoreError::NumberStoredAsText;
            let (first, last) = (head.row + 1, head.last.max(head.row + 1));
            self.worksheet.ignore_error_range(first, *column, last, *column, kind)?;
        }
        Ok(())
    }

    /// Starts the next sheet when this one is full: one row is left for the sum.
    fn make_room(&mut self) -> Result<(), StatementsError> {
        if self.row + 2 < self.book.rows {
            return Ok(());
        }
        let continued = self.continued;
        self.write(self.row, 0, Cell::Text(continued), Look::Value)?;
        self.finish_sheet()?;
        self.part += 1;
        let name = (self.name)(self.part);
        let next = new_worksheet(&mut self.book.workbook, &name, self.layout)?;
        let full = std::mem::replace(&mut self.worksheet, next);
        self.book.sheets.push(full);
        self.row = 0;
        self.ids.clear();
        match self.head.take() {
            Some(head) => {
                let names: Vec<&str> = head.names.iter().map(String::as_str).collect();
                self.columns(&names, &head.widths)
            }
            None => Ok(()),
        }
    }

    /// Widens the column for a number or date of that many characters.
    fn widen(&mut self, column: u16, characters: usize) {
        if let Some(needed) = self.needed.get_mut(usize::from(column)) {
            // One for the margins of the cell.
            *needed = (*needed).max(u16::try_from(characters + 1).unwrap_or(u16::MAX).min(60));
        }
    }

    /// The width of a column whose texts go on on the next line.
    fn wrapping(&self, column: u16, look: Look) -> Option<Width> {
        let in_list = !matches!(look, Look::Value | Look::Total);
        let head = self.head.as_ref().filter(|_| in_list)?;
        head.widths.get(usize::from(column)).copied().filter(|width| width.wraps())
    }

    fn write(&mut self, row: u32, column: u16, cell: Cell<'_>, look: Look) -> Result<(), StatementsError> {
        match cell {
            // A line of one colour or border has it in every cell.
            Cell::Empty if matches!(look, Look::Warned | Look::Total) => {
                self.worksheet.write_blank(row, column, &self.book.formats.text[&look])?;
            }
            Cell::Empty => {}
            Cell::Text(text) => {
                let text = self.book.compromises.fit(text);
                let formats = &self.book.formats;
                let format = match self.wrapping(column, look) {
                    Some(width) => {
                        let lines = lines_needed(&text, width.letters());
                        let lines = u16::try_from(lines).unwrap_or(MOST_LINES).min(MOST_LINES);
                        self.lines = self.lines.max(lines);
                        &formats.wrapped[&look]
                    }
                    None => &formats.text[&look],
                };
                self.worksheet.write_string_with_format(row, column, text, format)?;
            }
            Cell::Id(id) => {
                self.write_as_text(row, column, id.to_string(), look)?;
                if self.head.is_some() && !self.ids.contains(&column) {
                    self.ids.push(column);
                }
            }
            // Counts are far below 2^53, dates below 2^22: both are exact.
            Cell::Number(number) => match i32::try_from(number) {
                Ok(number) => {
                    let format = &self.book.formats.number[&look];
                    self.worksheet.write_number_with_format(row, column, f64::from(number), format)?;
                }
                Err(_) => self.write_as_text(row, column, number.to_string(), look)?,
            },
            Cell::Date(days) if days >= FIRST_DAY => {
                let serial = f64::from(days.saturating_sub(DAY_ZERO));
                let format = &self.book.formats.date[&look];
                self.worksheet.write_number_with_format(row, column, serial, format)?;
                self.widen(column, "31/12/2026".len());
            }
            Cell::Date(days) => self.write_as_text(row, column, time::date_text(days), look)?,
            Cell::Datetime(micros) => match ExcelDateTime::from_timestamp(micros.div_euclid(1_000_000)) {
                Ok(datetime) => {
                    let format = &self.book.formats.datetime[&look];
                    self.worksheet.write_datetime_with_format(row, column, datetime, format)?;
                    self.widen(column, "31/12/2026 23:59".len());
                }
                Err(_) => self.write_as_text(row, column, time::datetime_text(micros), look)?,
            },
            Cell::Amount(amount) => self.write_amount(row, column, amount, look)?,
        }
        Ok(())
    }

    fn write_as_text(
        &mut self,
        row: u32,
        column: u16,
        text: String,
        look: Look,
    ) -> Result<(), StatementsError> {
        self.worksheet.write_string_with_format(row, column, text, &self.book.formats.text[&look])?;
        Ok(())
    }

    fn write_amount(
        &mut self,
        row: u32,
        column: u16,
        amount: i128,
        look: Look,
    ) -> Result<(), StatementsError> {
        let mut text = String::new();
        write_decimal(&mut text, amount, self.book.scale);
        let code = self.currency.as_deref().map_or(0, |code| code.len() + 1);
        // Between thousands stands a mark.
        self.widen(column, text.len() + text.len().saturating_sub(4) / 3 + code);
        // The nearest number to a decimal text of up to 15 digits shows those digits again.
        match text.parse::<f64>().ok().filter(|_| significant_digits(&text) <= SPREADSHEET_DIGITS as usize) {
            Some(number) => {
                let whole = text.ends_with(".00");
                let format = self.book.formats.amount(self.currency.as_deref(), whole, look);
                self.worksheet.write_number_with_format(row, column, number, &format)?;
            }
            None => {
                self.book.compromises.amounts_as_text += 1;
                let format = &self.book.formats.digits[&look];
                self.worksheet.write_string_with_format(row, column, text, format)?;
            }
        }
        Ok(())
    }

    fn label(&mut self, column: u16, text: &str) -> Result<(), StatementsError> {
        self.worksheet.write_string_with_format(self.row, column, text, &self.book.formats.label)?;
        Ok(())
    }
}

impl Sheet for BookPage<'_> {
    fn currency(&mut self, currency: Option<&str>) {
        if self.currency.as_deref() != currency {
            self.currency = currency.map(str::to_owned);
        }
    }

    fn title(&mut self, text: &str) -> Result<(), StatementsError> {
        let text = self.book.compromises.fit(text);
        self.worksheet.write_string_with_format(self.row, 0, text, &self.book.formats.title)?;
        self.row += 1;
        Ok(())
    }

    fn sentence(&mut self, label: &str, text: &str, warning: bool) -> Result<(), StatementsError> {
        if warning {
            self.worksheet.set_tab_color(WARNING);
        }
        self.label(self.layout.left.0, label)?;
        let text = self.book.compromises.fit(text);
        let format = if warning { &self.book.formats.warning } else { &self.book.formats.note };
        self.worksheet.write_string_with_format(self.row, self.layout.left.1, text, format)?;
        self.row += 1;
        Ok(())
    }

    fn pairs(&mut self, pairs: &[(&str, Cell<'_>)]) -> Result<(), StatementsError> {
        let (left, right) = pairs.split_at(pairs.len().div_ceil(2));
        for at in 0..left.len() {
            for (side, (label_column, column)) in [(left, self.layout.left), (right, self.layout.right)] {
                if let Some((label, value)) = side.get(at) {
                    self.label(label_column, label)?;
                    self.write(self.row, column, *value, Look::Value)?;
                }
            }
            self.row += 1;
        }
        Ok(())
    }

    fn figures(&mut self, figures: &[(&str, Cell<'_>)]) -> Result<(), StatementsError> {
        for (label, value) in figures {
            self.write(self.row, 0, *value, Look::Value)?;
            self.label(1, label)?;
            self.row += 1;
        }
        Ok(())
    }

    fn columns(&mut self, names: &[&str], widths: &[Width]) -> Result<(), StatementsError> {
        let formats = &self.book.formats;
        for ((column, name), width) in (0_u16..).zip(names).zip(widths) {
            let format = if *width == Width::Amount { &formats.amount_head } else { &formats.head };
            self.worksheet.write_string_with_format(self.row, column, *name, format)?;
        }
        self.worksheet.set_row_height(self.row, 2 * ROW_HEIGHT)?;
        if self.head.is_none() {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            self.head = Some(Head { row: self.row, names, widths: widths.to_vec(), last: self.row });
        }
        self.row += 1;
        Ok(())
    }

    fn line(&mut self, kind: Line, cells: &[Cell<'_>]) -> Result<(), StatementsError> {
        let look = match kind {
            Line::Plain => Look::Plain,
            Line::Muted => Look::Muted,
            Line::Warned => Look::Warned,
            Line::Total => Look::Total,
        };
        if kind != Line::Total {
            self.make_room()?;
        }
        self.lines = 1;
        let columns = self.head.as_ref().filter(|_| look == Look::Total).map_or(0, |head| head.widths.len());
        let empty = std::iter::repeat_n(&Cell::Empty, columns.saturating_sub(cells.len()));
        for (column, cell) in (0_u16..).zip(cells.iter().chain(empty)) {
            self.write(self.row, column, *cell, look)?;
        }
        if self.lines > 1 {
            self.worksheet.set_row_height(self.row, ROW_HEIGHT + (self.lines - 1) * LINE_HEIGHT)?;
        }
        // The filter ends with the list's last line, above its sum.
        if let Some(head) = self.head.as_mut().filter(|head| kind != Line::Total && head.last + 1 == self.row)
        {
            head.last = self.row;
        }
        self.row += 1;
        Ok(())
    }

    fn gap(&mut self) -> Result<(), StatementsError> {
        self.row += 1;
        Ok(())
    }
}
