//! How cells look: the formats of a workbook, in the few looks that its pages have.

use std::collections::HashMap;

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::encode::DateForm;
use crate::statements::currency::number_format;

/// What a cell is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Look {
    /// In a list.
    Plain,
    /// In a line that does not count.
    Muted,
    /// In a line of which something is missing.
    Warned,
    /// In a sum.
    Total,
    /// Beside its label.
    Value,
}

const LOOKS: [Look; 5] = [Look::Plain, Look::Muted, Look::Warned, Look::Total, Look::Value];

const GREY: Color = Color::RGB(0x59_59_59);
const RED: Color = Color::RGB(0xC0_00_00);
const PALE_BLUE: Color = Color::RGB(0xDD_E6_F0);
const PALE_RED: Color = Color::RGB(0xFD_EC_EA);

/// The colour of a sheet's tab where something is missing.
pub(super) const WARNING: Color = RED;

impl Look {
    fn format(self) -> Format {
        let top = Format::new().set_align(FormatAlign::Top);
        match self {
            Self::Plain => top,
            Self::Muted => top.set_font_color(Color::RGB(0x80_80_80)).set_italic(),
            Self::Warned => top.set_background_color(PALE_RED),
            // In the middle, so that it does not touch its rule.
            Self::Total => Format::new()
                .set_bold()
                .set_border_top(FormatBorder::Thin)
                .set_align(FormatAlign::VerticalCenter),
            Self::Value => Format::new().set_align(FormatAlign::Left),
        }
    }
}

/// As amounts stand: to the right, but not so far that they touch the next column.
fn to_the_right(format: Format) -> Format {
    format.set_align(FormatAlign::Right).set_indent(1)
}

/// Numbers of a list stand under each other; beside a label they stand with the other values.
fn right_in_lists(look: Look) -> Format {
    if look == Look::Value { look.format() } else { to_the_right(look.format()) }
}

/// Makes a format in every look.
fn looks(change: impl Fn(Format) -> Format) -> HashMap<Look, Format> {
    LOOKS.into_iter().map(|look| (look, change(look.format()))).collect()
}

/// The formats of a workbook. Amounts have one for each currency, made when it comes.
pub(super) struct Formats {
    pub(super) title: Format,
    pub(super) label: Format,
    pub(super) warning: Format,
    pub(super) note: Format,
    pub(super) head: Format,
    pub(super) amount_head: Format,
    pub(super) text: HashMap<Look, Format>,
    pub(super) wrapped: HashMap<Look, Format>,
    pub(super) date: HashMap<Look, Format>,
    pub(super) datetime: HashMap<Look, Format>,
    pub(super) number: HashMap<Look, Format>,
    /// Amounts as text, as a spreadsheet holds too few digits.
    pub(super) digits: HashMap<Look, Format>,
    amounts: HashMap<(String, Look), Format>,
}

impl Formats {
    pub(super) fn new(dates: DateForm) -> Self {
        let day = match dates {
            DateForm::Iso => "yyyy-mm-dd",
            DateForm::DayFirst(b'.') => "dd.mm.yyyy",
            DateForm::DayFirst(_) => "dd/mm/yyyy",
            DateForm::MonthFirst => "mm/dd/yyyy",
        };
        let clock = format!("{day} hh:mm");
        // Its colour sets it off: a rule below would touch the first line, which stands at the top of its row.
        let head = Format::new()
            .set_bold()
            .set_background_color(PALE_BLUE)
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap();
        Self {
            title: Format::new().set_bold().set_font_size(14),
            label: Format::new().set_font_color(GREY),
            warning: Format::new().set_bold().set_font_color(RED),
            note: Format::new(),
            amount_head: to_the_right(head.clone()),
            head,
            text: looks(|format| format),
            wrapped: looks(Format::set_text_wrap),
            date: looks(|format| format.set_num_format(day).set_align(FormatAlign::Left)),
            datetime: looks(|format| format.set_num_format(&clock).set_align(FormatAlign::Left)),
            number: LOOKS.into_iter().map(|look| (look, right_in_lists(look).set_num_format("0"))).collect(),
            digits: looks(to_the_right),
            amounts: HashMap::new(),
        }
    }

    /// The format of an amount of the currency, with cents or without.
    pub(super) fn amount(&mut self, currency: Option<&str>, whole: bool, look: Look) -> Format {
        let number = number_format(currency, whole);
        let make = |number: &str| right_in_lists(look).set_num_format(number);
        self.amounts.entry((number, look)).or_insert_with_key(|(number, _)| make(number)).clone()
    }
}
