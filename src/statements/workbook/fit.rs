//! What a spreadsheet cannot hold as it came, and what is written instead.

/// UTF-16 units of a cell's text.
const CELL_UNITS: usize = 32_767;

/// What of a workbook is not as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::statements) struct Compromises {
    /// Amounts of more digits than a spreadsheet holds, written as text.
    pub(in crate::statements) amounts_as_text: u64,
    /// Texts cut at the longest that a cell can hold.
    pub(in crate::statements) cut_texts: u64,
    /// Characters that XML cannot hold, which became U+FFFD.
    pub(in crate::statements) replaced_characters: u64,
}

impl std::ops::AddAssign for Compromises {
    fn add_assign(&mut self, other: Self) {
        self.amounts_as_text += other.amounts_as_text;
        self.cut_texts += other.cut_texts;
        self.replaced_characters += other.replaced_characters;
    }
}

impl Compromises {
    /// The text as a cell can hold it.
    pub(super) fn fit(&mut self, text: &str) -> String {
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

/// Digits of a decimal text between the first and the last that is not zero.
pub(super) fn significant_digits(text: &str) -> usize {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').trim_end_matches('0').len()
}

/// Lines that a text takes in a cell of that many characters, or about that.
pub(super) fn lines_needed(text: &str, width: usize) -> usize {
    let of_paragraph = |paragraph: &str| {
        let (mut lines, mut used) = (1, 0);
        for word in paragraph.split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length <= width {
                used += 1 + length;
                continue;
            }
            lines += usize::from(used > 0) + length.saturating_sub(1) / width;
            used = length.min(width);
        }
        lines
    };
    text.split('\n').map(of_paragraph).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn long_texts_need_more_lines() {
        assert_eq!(lines_needed("", 10), 1);
        assert_eq!(lines_needed("0123456789", 10), 1);
        assert_eq!(lines_needed("0123456789 1", 10), 2);
        assert_eq!(lines_needed("one two three four", 10), 2);
        assert_eq!(lines_needed("one two three four", 9), 3);
        assert_eq!(lines_needed("01234567890123456789x", 10), 3);
        assert_eq!(lines_needed("a\nb", 10), 2);
    }
}
