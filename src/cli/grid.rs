//! Rows of cells, aligned under each other: all the layout that reports need.

/// How a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Cells in rows. The last column is never padded and is wrapped at the given width.
#[derive(Debug)]
pub(crate) struct Grid {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(crate) fn new(aligns: &[Align]) -> Self {
        Self { aligns: aligns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as lines, each begun with `indent`, at most `width` wide where the last column can be wrapped so.
    pub(crate) fn render(&self, indent: &str, width: usize) -> String {
        let columns = self.aligns.len();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|c| length(c)).max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = indent.to_owned();
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                let padding =
                    " ".repeat(widths.get(column).copied().unwrap_or(0).saturating_sub(length(cell)));
                match self.aligns.get(column) {
                    Some(Align::Right) => line.extend([padding.as_str(), cell]),
                    _ if column + 1 < columns => line.extend([cell.as_str(), &padding]),
                    _ => {
                        let start = length(&line);
                        let room = width.saturating_sub(start).max(24);
                        line.push_str(&wrap(cell, room).join(&format!("\n{}", " ".repeat(start))));
                    }
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// The text in lines of at most `room` characters, cut between words.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if length(line) + 1 + length(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_the_last_column_wraps() {
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Left]);
        grid.row(["id", "1,000", "the id of the row as the bank gave it"]);
        grid.row(["é", "7", ""]);
        assert_eq!(
            grid.render("  ", 40),
            "  id  1,000  the id of the row as the\n             bank gave it\n  é       7\n"
        );
    }
}
