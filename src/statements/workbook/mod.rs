//! Pages as sheets of an Excel workbook: real dates and numbers, everything else as text, never a formula.
//!
//! Rows go to scratch files as they are written (one for each sheet, without a name), so that memory does not grow with
//! them. The same pages give the same bytes.
//!
//! | file | noun |
//! |---|---|
//! | `page` | a sheet being written |
//! | `look` | how cells look |
//! | `fit` | what a spreadsheet cannot hold |

mod fit;
mod look;
mod page;

use std::io::{Seek, Write};
use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet};

use crate::encode::Dialect;

use super::StatementsError;
pub(super) use fit::Compromises;
use look::Formats;
pub(super) use page::BookPage;

/// Rows of a sheet.
const SHEET_ROWS: u32 = 1_048_576;

/// How a sheet is shown and printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Sheets of paper side by side.
    pages_wide: u16,
    /// Columns that stay in sight, and stand on every sheet of paper.
    kept_columns: u16,
    /// Where labels and values stand above a list: two pairs a line.
    left: (u16, u16),
    right: (u16, u16),
}

/// The layout of a statement.
pub(super) const STATEMENT: Layout = Layout { pages_wide: 1, kept_columns: 0, left: (0, 2), right: (3, 5) };

/// The layout of a list of accounts. What stands above it begins beside the columns that are kept: those would cut it.
pub(super) const ACCOUNTS: Layout = Layout { pages_wide: 2, kept_columns: 3, left: (3, 4), right: (5, 7) };

/// A workbook under construction.
pub(super) struct Book {
    workbook: Workbook,
    /// Sheets that come first, and the others.
    front: Vec<Worksheet>,
    sheets: Vec<Worksheet>,
    scale: u8,
    rows: u32,
    formats: Formats,
    compromises: Compromises,
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
        layout: Layout,
        name: impl Fn(u32) -> String + 'a,
        continued: &'a str,
    ) -> Result<BookPage<'a>, StatementsError> {
        BookPage::begin(self, layout, name, continued)
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
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;
    use crate::encode::CsvProfile;
    use crate::statements::sheet::{Cell, Line, Sheet as _, Width};

    fn written(rows: u32, lines: u32) -> (Vec<u8>, Compromises) {
        let folder = tempfile::tempdir().unwrap();
        let dialect = CsvProfile::Fr.dialect();
        let mut book = Book::new("title", 1_764_000_000, dialect, 8, folder.path()).unwrap().with_rows(rows);
        let mut page = book.page(STATEMENT, |part| format!("page {part}"), "continued").unwrap();
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
}
