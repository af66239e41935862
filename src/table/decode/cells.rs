//! The columns of a table under construction. Each is made when its first value comes: most pages are short, and fill
//! few of their columns.

use arrow::array::{Array, ArrayRef};

use super::cell::Cell;
use super::plan::TablePlan;

#[derive(Debug)]
pub(super) struct Cells<'p> {
    plan: &'p TablePlan,
    /// How many rows are expected: it only sizes the columns' first buffers.
    rows: usize,
    made: Vec<Option<Cell>>,
}

impl<'p> Cells<'p> {
    pub(super) fn new(plan: &'p TablePlan, rows: usize) -> Self {
        Self { plan, rows, made: plan.schema.columns.iter().map(|_| None).collect() }
    }

    #[inline]
    pub(super) fn column(&mut self, place: usize) -> &mut Cell {
        let (plan, rows) = (self.plan, self.rows);
        self.made[place].get_or_insert_with(|| Cell::new(&plan.schema.columns[place], plan.decimal, rows))
    }

    /// Whether a column has a value in this row, the last one begun.
    pub(super) fn has(&self, place: usize, row: usize) -> bool {
        self.made[place].as_ref().is_some_and(|cell| cell.len() > row)
    }

    /// The columns, of so many rows.
    pub(super) fn finish(self, rows: usize) -> Vec<ArrayRef> {
        let Self { plan, made, .. } = self;
        let column = |(place, cell): (usize, Option<Cell>)| match cell {
            None if rows <= plan.nulls[place].len() => plan.nulls[place].slice(0, rows),
            None => Cell::new(&plan.schema.columns[place], plan.decimal, 0).finish(rows),
            Some(cell) => cell.finish(rows),
        };
        made.into_iter().enumerate().map(column).collect()
    }
}
