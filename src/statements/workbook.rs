//! Pages as sheets of an Excel workbook: real dates and numbers, everything else as text, never a formula.
//!
//! Rows go to scratch files as they are written (one for each sheet, without a name), so that memory does not grow with
//! them. The same pages give the same bytes.

use std::collections::HashMap;
use std::io::{Seek, Write};
use std::path::Path;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
};

use crate::encode::{DateForm, Dialect, SPREADSHEET_DIGITS};
use crate::model::write_decimal;

use super::StatementsError;
use super::currency::number_format;
use super::sheet::{Cell, Line, Sheet, Width};

/// Rows of a sheet.
pub(super) const SHEET_ROWS: u32 = 1_048_576;

/// UTF-16 units of a cell's text.
const CELL_UNITS: usize = 32_767;

/// The first day that every spreadsheet counts alike, 1900-03-01, and that of day 0 of their calendar.
const FIRST_DAY: i32 = -25_508;
const DAY_ZERO: i32 = -25_569;

/// What of a workbook is not as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Compromises {
    /// Amounts of more digits than a spreadsheet holds, written as text.
    pub(super) amounts_as_text: u64,
    /// Texts cut at the longest that a cell can hold.
    pub(super) cut_texts: u64,
    /// Characters that XML cannot hold, which became U+FFFD.
    pub(super) replaced_characters: u64,
}

impl std::ops::AddAssign for Compromises {
    fn add_assign(&mut self, other: Self) {
        self.amounts_as_text += other.amounts_as_text;
        self.cut_texts += other.cut_texts;
        self.replaced_characters += other.replaced_characters;
    }
}

/// A workbook under construction.
pub(super) struct Book {
    workbook: Workbook,
    /// Sheets that come first, and the others.
    front: Vec<Worksheet>,
    sheets: Vec<Worksheet>,
    scale: u8,
    rows: u32,
    formats: Formats,
    amounts: HashMap<(Option<String>, Look), Format>,
    compromises: Compromises,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Look {
    Plain,
    Muted,
    Total,
    Value,
}

struct Formats {
    title: Format,
    label: Format,
    warning: Format,
    note: Format,
    head: Format,
    text: HashMap<Look, Format>,
    date: HashMap<Look, Format>,
    datetime: HashMap<Look, Format>,
    number: HashMap<Look, Format>,
}

const LOOKS: [Look; 4] = [Look::Plain, Look::Muted, Look::Total, Look::Value];

/// The format of cells in one look.
fn look(look: Look) -> Format {
    match look {
        Look::Plain => Format::new(),
        Look::Muted => Format::new().set_font_color(Color::RGB(0x80_80_80)).set_italic(),
        Look::Total => Format::new().set_bold().set_border_top(FormatBorder::Thin),
        Look::Value => Format::new().set_align(FormatAlign::Left),
    }
}

fn looks(change: impl Fn(Format) -> Format) -> HashMap<Look, Format> {
    LOOKS.into_iter().map(|kind| (kind, change(look(kind)))).collect()
}

impl Formats {
    fn new(dates: DateForm) -> Self {
        let day = match dates {
            DateForm::Iso => "yyyy-mm-dd",
            DateForm::DayFirst(b'.') => "dd.mm.yyyy",
            DateForm::DayFirst(_) => "dd/mm/yyyy",
            DateForm::MonthFirst => "mm/dd/yyyy",
        };
        let clock = format!("{day} hh:mm");
        Self {
            title: Format::new().set_bold().set_font_size(14),
            label: Format::new().set_font_color(Color::RGB(0x59_59_59)),
            warning: Format::new().set_bold().set_font_color(Color::RGB(0xC0_00_00)),
            note: Format::new(),
            head: Format::new()
                .set_bold()
                .set_background_color(Color::RGB(0xDD_E6_F0))
                .set_border_bottom(FormatBorder::Thin)
                .set_align(FormatAlign::VerticalCenter)
                .set_text_wrap(),
            text: looks(|format| format),
            date: looks(|format| format.set_num_format(day)),
            datetime: looks(|format| format.set_num_format(&clock)),
            number: looks(|format| format.set_num_format("0")),
        }
    }
}

impl Book {
    /// An empty workbook. `created` (seconds since 1970) stands in its properties; scratch files lie in `scratch`.
    pub(super) fn new(
        title: &str,
        created: i64,
        dialect: &Dialect,
        scale: u8,
        scratch: &Path,
    ) -> Result<Self, StatementsError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(scratch)?;
        let created = ExcelDateTime::from_timestamp(created)?;
        workbook.set_properties(
            &DocProperties::new()
                .set_title(title)
                .set_author("powens-export")
                .set_creation_datetime(&created),
        );
        Ok(Self {
            workbook,
            front: Vec::new(),
            sheets: Vec::new(),
            scale,
            rows: SHEET_ROWS,
            formats: Formats::new(dialect.dates),
            amounts: HashMap::new(),
            compromises: Compromises::default(),
        })
    }

    /// Sheets of fewer rows, for tests.
    #[cfg(test)]
    pub(super) fn with_rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }

    /// A new sheet; `name` gives the name of its `part`th continuation, from 1.
    pub(super) fn page<'a>(
        &'a mut self,
        name: impl Fn(u32) -> String + 'a,
        continued: &'a str,
    ) -> Result<BookPage<'a>, StatementsError> {
        let worksheet = new_worksheet(&mut self.workbook, &name(1))?;
        let name = Box::new(name);
        Ok(BookPage {
            book: self,
            worksheet,
            name,
            continued,
            part: 1,
            row: 0,
            currency: None,
            head: None,
            ids: Vec::new(),
        })
    }

    /// What is not as it came, so far.
    pub(super) fn compromises(&self) -> Compromises {
        self.compromises
    }

    /// Writes the workbook to its file.
    pub(super) fn save(mut self, file: impl Write + Seek + Send) -> Result<Compromises, StatementsError> {
        for worksheet in self.front.drain(..).chain(self.sheets.drain(..)) {
            self.workbook.push_worksheet(worksheet);
        }
        self.workbook.save_to_writer(file)?;
        Ok(self.compromises)
    }

    fn amount_format(&mut self, currency: Option<&str>, kind: Look) -> Format {
        let key = (currency.map(str::to_owned), kind);
        let make = || look(kind).set_num_format(number_format(currency));
        self.amounts.entry(key).or_insert_with(make).clone()
    }
}

fn new_worksheet(workbook: &mut Workbook, name: &str) -> Result<Worksheet, StatementsError> {
    let mut worksheet = workbook.new_worksheet_with_constant_memory()?;
    worksheet.set_name(name)?;
    worksheet.set_landscape();
    worksheet.set_paper_size(9);
    worksheet.set_print_fit_to_pages(1, 0);
    worksheet.set_footer("&L&A&R&P / &N");
    Ok(worksheet)
}

/// A sheet being written.
pub(super) struct BookPage<'a> {
    book: &'a mut Book,
    worksheet: Worksheet,
    name: Box<dyn Fn(u32) -> String + 'a>,
    continued: &'a str,
    part: u32,
    /// The next row.
    row: u32,
    currency: Option<String>,
    /// The list that stays in sight: its row, names and widths, and the last row of it.
    head: Option<Head>,
    /// Columns of the list that hold ids.
    ids: Vec<u16>,
}

#[derive(Clone, Debug)]
struct Head {
    row: u32,
    names: Vec<String>,
    widths: Vec<Width>,
    last: u32,
}

/// Where the three pairs of a line stand: label and value.
const PAIRS: [(u16, u16); 3] = [(0, 2), (3, 4), (7, 8)];

impl BookPage<'_> {
    /// Hands the sheet to its workbook.
    pub(super) fn finish(mut self) -> Result<(), StatementsError> {
        self.finish_sheet()?;
        self.book.sheets.push(self.worksheet);
        Ok(())
    }

    /// The same, before all sheets that were finished before.
    pub(super) fn finish_in_front(mut self) -> Result<(), StatementsError> {
        self.finish_sheet()?;
        self.book.front.push(self.worksheet);
        Ok(())
    }

    /// Filter, frozen head and widths.
    fn finish_sheet(&mut self) -> Result<(), StatementsError> {
        let Some(head) = &self.head else { return Ok(()) };
        let last_column = u16::try_from(head.names.len().saturating_sub(1)).unwrap_or(u16::MAX);
        self.worksheet.set_freeze_panes(head.row + 1, 0)?;
        self.worksheet.set_repeat_rows(head.row, head.row)?;
        self.worksheet.autofilter(head.row, 0, head.last, last_column)?;
        for (column, width) in (0_u16..).zip(&head.widths) {
            let width: u16 = match width {
                Width::Narrow => 12,
                Width::Amount => 18,
                Width::Text => 24,
                Width::Wide => 46,
            };
            self.worksheet.set_column_width(column, width)?;
        }
        for column in &self.ids {
            let kind = IgnoreError::NumberStoredAsText;
            self.worksheet.ignore_error_range(
                head.row + 1,
                *column,
                head.last.max(head.row + 1),
                *column,
                kind,
            )?;
        }
        Ok(())
    }

    /// Starts the next sheet when this one is full: one row is left for the sum.
    fn make_room(&mut self) -> Result<(), StatementsError> {
        if self.row + 2 < self.book.rows {
            return Ok(());
        }
        let continued = self.continued;
        self.write(self.row, 0, Cell::Text(continued), Look::Muted)?;
        self.finish_sheet()?;
        self.part += 1;
        let name = (self.name)(self.part);
        let next = new_worksheet(&mut self.book.workbook, &name)?;
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

    fn write(&mut self, row: u32, column: u16, cell: Cell<'_>, kind: Look) -> Result<(), StatementsError> {
        let formats = &self.book.formats;
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                let text = self.book.compromises.fit(text);
                self.worksheet.write_string_with_format(row, column, text, &self.book.formats.text[&kind])?;
            }
            Cell::Id(id) => {
                self.worksheet.write_string_with_format(row, column, id.to_string(), &formats.text[&kind])?;
                if self.head.is_some() && !self.ids.contains(&column) {
                    self.ids.push(column);
                }
            }
            // Counts are far below 2^53, dates below 2^22: both are exact.
            Cell::Number(number) => match i32::try_from(number) {
                Ok(number) => {
                    let number = f64::from(number);
                    self.worksheet.write_number_with_format(row, column, number, &formats.number[&kind])?;
                }
                Err(_) => {
                    let text = number.to_string();
                    self.worksheet.write_string_with_format(row, column, text, &formats.text[&kind])?;
                }
            },
            Cell::Date(days) if days >= FIRST_DAY => {
                let serial = f64::from(days.saturating_sub(DAY_ZERO));
                self.worksheet.write_number_with_format(row, column, serial, &formats.date[&kind])?;
            }
            Cell::Date(days) => {
                let text = crate::model::time::date_text(days);
                self.worksheet.write_string_with_format(row, column, text, &formats.text[&kind])?;
            }
            Cell::Datetime(micros) => match ExcelDateTime::from_timestamp(micros.div_euclid(1_000_000)) {
                Ok(datetime) => {
                    self.worksheet.write_datetime_with_format(
                        row,
                        column,
                        datetime,
                        &formats.datetime[&kind],
                    )?;
                }
                Err(_) => {
                    let text = crate::model::time::datetime_text(micros);
                    self.worksheet.write_string_with_format(row, column, text, &formats.text[&kind])?;
                }
            },
            Cell::Amount(amount) => self.write_amount(row, column, amount, kind)?,
        }
        Ok(())
    }

    fn write_amount(
        &mut self,
        row: u32,
        column: u16,
        amount: i128,
        kind: Look,
    ) -> Result<(), StatementsError> {
        let mut text = String::new();
        write_decimal(&mut text, amount, self.book.scale);
        // The nearest number to a decimal text of up to 15 digits shows those digits again.
        match text.parse::<f64>().ok().filter(|_| significant_digits(&text) <= SPREADSHEET_DIGITS as usize) {
            Some(number) => {
                let currency = self.currency.clone();
                let format = self.book.amount_format(currency.as_deref(), kind);
                self.worksheet.write_number_with_format(row, column, number, &format)?;
            }
            None => {
                self.book.compromises.amounts_as_text += 1;
                let format = look(kind).set_align(FormatAlign::Right);
                self.worksheet.write_string_with_format(row, column, text, &format)?;
            }
        }
        Ok(())
    }
}

/// Digits of a decimal text between the first and the last that is not zero.
fn significant_digits(text: &str) -> usize {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').trim_end_matches('0').len()
}

impl Compromises {
    /// The text as a cell can hold it.
    fn fit(&mut self, text: &str) -> String {
        let lacking = |c: char| matches!(c, '\u{FFFE}' | '\u{FFFF}');
        let mut fitting: String = text
            .chars()
            .map(|c| {
                self.replaced_characters += u64::from(lacking(c));
                if lacking(c) { char::REPLACEMENT_CHARACTER } else { c }
            })
            .collect();
        if fitting.encode_utf16().count() > CELL_UNITS {
            self.cut_texts += 1;
            let mut units = 0;
            let fits = |c: &char| {
                units += c.len_utf16();
                units < CELL_UNITS
            };
            fitting = fitting.chars().take_while(fits).collect();
            fitting.push('…');
        }
        fitting
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
        let format = if warning { &self.book.formats.warning } else { &self.book.formats.note };
        self.worksheet.write_string_with_format(self.row, 0, label, &self.book.formats.label)?;
        let text = self.book.compromises.fit(text);
        self.worksheet.write_string_with_format(self.row, 2, text, format)?;
        self.row += 1;
        Ok(())
    }

    fn pairs(&mut self, pairs: &[(&str, Cell<'_>)]) -> Result<(), StatementsError> {
        for line in pairs.chunks(PAIRS.len()) {
            for ((label, value), (at, beside)) in line.iter().zip(PAIRS) {
                self.worksheet.write_string_with_format(self.row, at, *label, &self.book.formats.label)?;
                self.write(self.row, beside, *value, Look::Value)?;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn columns(&mut self, names: &[&str], widths: &[Width]) -> Result<(), StatementsError> {
        for (column, name) in (0_u16..).zip(names) {
            self.worksheet.write_string_with_format(self.row, column, *name, &self.book.formats.head)?;
        }
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
            Line::Total => Look::Total,
        };
        if kind != Line::Total {
            self.make_room()?;
        }
        for (column, cell) in (0_u16..).zip(cells) {
            self.write(self.row, column, *cell, look)?;
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;
    use crate::encode::CsvProfile;

    fn written(rows: u32, lines: u32) -> (Vec<u8>, Compromises) {
        let folder = tempfile::tempdir().unwrap();
        let dialect = CsvProfile::Fr.dialect();
        let mut book = Book::new("title", 1_764_000_000, dialect, 8, folder.path()).unwrap().with_rows(rows);
        let mut page = book.page(|part| format!("page {part}"), "continued").unwrap();
        page.currency(Some("EUR"));
        page.title("title").unwrap();
        page.pairs(&[
            ("a", Cell::Date(0)),
            ("b", Cell::Amount(-1_250_000_000)),
            ("c", Cell::Datetime(0)),
            ("d", Cell::Empty),
        ])
        .unwrap();
        page.columns(&["one", "two", "three"], &[Width::Narrow, Width::Amount, Width::Wide]).unwrap();
        for _ in 0..lines {
            page.line(Line::Plain, &[Cell::Id(7), Cell::Amount(1), Cell::Text("=1+1")]).unwrap();
        }
        page.line(Line::Total, &[Cell::Text("\u{FFFE}"), Cell::Amount(10_i128.pow(24) + 1)]).unwrap();
        page.finish().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let compromises = book.save(&mut file).unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        (bytes, compromises)
    }

    #[test]
    fn the_same_pages_give_the_same_bytes() {
        let (bytes, compromises) = written(SHEET_ROWS, 50);
        assert_eq!(bytes, written(SHEET_ROWS, 50).0);
        assert_eq!(compromises, Compromises { amounts_as_text: 1, cut_texts: 0, replaced_characters: 1 });
        assert_ne!(bytes, written(SHEET_ROWS, 51).0);
    }

    #[test]
    fn a_long_list_goes_on_on_the_next_sheet() {
        let names = |bytes: &[u8]| {
            (1..9)
                .take_while(|n| {
                    let name = format!("xl/worksheets/sheet{n}.xml");
                    bytes.windows(name.len()).any(|window| window == name.as_bytes())
                })
                .count()
        };
        assert_eq!(names(&written(SHEET_ROWS, 50).0), 1);
        assert_eq!(names(&written(30, 50).0), 2);
    }

    #[test]
    fn texts_are_cut_where_cells_end() {
        let mut compromises = Compromises::default();
        assert_eq!(compromises.fit(&"é".repeat(CELL_UNITS)).encode_utf16().count(), CELL_UNITS);
        assert_eq!(compromises.cut_texts, 0);
        let cut = compromises.fit(&"😀".repeat(CELL_UNITS));
        assert!(cut.encode_utf16().count() <= CELL_UNITS && cut.ends_with('…'));
        assert_eq!(compromises.cut_texts, 1);
    }

    #[test]
    fn digits_that_count() {
        assert_eq!(significant_digits("-0.05"), 1);
        assert_eq!(significant_digits("1200.00"), 2);
        assert_eq!(significant_digits("90071992547409.93"), 16);
    }
}
