//! One table under construction: objects go in, a record batch comes out.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;

use crate::model::UserId;
use crate::table::{Issue, IssueKind};

use super::cell::Misfit;
use super::cells::Cells;
use super::cursor::{Cursor, DecodeError, Escapes, Raw, Value};
use super::leftovers::Leftovers;
use super::plan::{Field, ObjectPlan, Spacing, TablePlan};
use super::template::{Found, Leaf, Target, Template};
use super::text::plain;

/// More rows than any page has: the API's own limit is 1,000.
const MAX_ROWS: usize = 100_000;

/// The rows of one table, as they are read.
#[derive(Debug)]
pub(super) struct Rows<'p> {
    plan: &'p TablePlan,
    cells: Cells<'p>,
    /// Rows begun; the last is under construction.
    count: usize,
    /// Rows that cannot be stored.
    without_key: Vec<usize>,
    /// The row in which each field was seen last, plus one.
    seen: Vec<u32>,
    /// The field that followed each field last time; place 0 is for the first key.
    follows: Vec<usize>,
    /// What rows have been alike in.
    template: Template<'p>,
    /// How many rows have fitted the template since the one that it was made of: their steady values are not written
    /// yet.
    fitted: usize,
    /// The values in the holes of the row under construction.
    found: Vec<Found>,
    /// The values of the row under construction, where it is read key by key to become the template.
    leaves: Vec<Leaf<'p>>,
    /// Where the row under construction begins in its text; `None` where it cannot become the template.
    row_start: Option<usize>,
    /// How the server spaces its JSON, as far as it was seen.
    spacing: Spacing,
    /// What no column took.
    left: Leftovers,
    scratch: String,
}

/// Where a row stands: whose it is, and the row around it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Surroundings {
    pub(super) user: Option<UserId>,
    pub(super) parent: Option<i64>,
}

/// What a table has become.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) rows: RecordBatch,
    pub(super) issues: Vec<Issue>,
    pub(super) unknown: BTreeMap<String, u64>,
    pub(super) without_key: u64,
}

impl<'p> Rows<'p> {
    pub(super) fn new(plan: &'p TablePlan, expected: usize) -> Self {
        Self {
            plan,
            cells: Cells::new(plan, expected),
            count: 0,
            without_key: Vec::new(),
            seen: vec![0; plan.slots],
            follows: vec![0; plan.slots + 1],
            template: Template::new(plan.slots),
            fitted: 0,
            found: Vec::new(),
            leaves: Vec::new(),
            row_start: None,
            spacing: Spacing::default(),
            left: Leftovers::default(),
            scratch: String::new(),
        }
    }

    /// Rows begun so far.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Reads one row. Returns its id, and the text of its list of children if it has one.
    pub(super) fn row<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        around: Surroundings,
    ) -> Result<(Option<i64>, Option<&'a str>), DecodeError> {
        if self.count >= MAX_ROWS {
            return Err(DecodeError::TooManyRows);
        }
        self.count += 1;
        let mut children = None;
        cursor.peek();
        if self.template.take(cursor, &mut self.found) {
            self.fitted += 1;
            self.fill_holes(cursor, &mut children)?;
        } else {
            self.key_by_key(cursor, &mut children)?;
        }
        let plan = self.plan;
        self.fill(&plan.user_columns, around.user.map(UserId::get));
        self.fill(&plan.parent_columns, around.parent);
        Ok((self.end_row(around.user), children))
    }

    /// Writes what a row that fits the template has in its holes.
    #[inline]
    fn fill_holes<'a>(
        &mut self,
        cursor: &Cursor<'a>,
        children: &mut Option<&'a str>,
    ) -> Result<(), DecodeError> {
        for hole in 0..self.found.len() {
            let found = self.found[hole];
            let (value, json) = found.value(cursor);
            match self.template.target(hole) {
                Some(Target::Field(field)) => {
                    let field = *field;
                    match &field.object {
                        Some(object) if json.starts_with('{') => {
                            self.object(&mut cursor.beginning_at(found.start()), object, children)?;
                        }
                        _ => {
                            self.take(field, value, json, children);
                        }
                    }
                }
                Some(Target::Unknown(name)) => self.left.keep_unknown(name, json),
                Some(Target::Nowhere) | None => {}
            }
        }
        Ok(())
    }

    /// Reads a row that does not fit the template, and makes it the template.
    fn key_by_key<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        children: &mut Option<&'a str>,
    ) -> Result<(), DecodeError> {
        self.write_steady(self.count - 1);
        let start = cursor.at();
        if cursor.peek() != Some(b'{') {
            // Not an object: nothing to store, but a row that was served all the same.
            return cursor.value().map(drop);
        }
        self.row_start = Some(start);
        self.object(cursor, &self.plan.object, children)?;
        match self.row_start.take() {
            Some(_) => self.template.learn(cursor.since(start), &mut self.leaves),
            None => self.template.clear(),
        }
        self.leaves.clear();
        Ok(())
    }

    /// Writes the steady values of the rows that fitted since the template's own: those right before `end`.
    fn write_steady(&mut self, end: usize) {
        let rows = std::mem::take(&mut self.fitted);
        if rows == 0 {
            return;
        }
        for (field, json) in self.template.steady().filter(|(_, json)| *json != "null") {
            for column in &field.columns {
                self.cells.column(*column).put_again(end - rows, rows, json);
            }
        }
    }

    fn object<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        plan: &'p ObjectPlan,
        children: &mut Option<&'a str>,
    ) -> Result<(), DecodeError> {
        cursor.expect(b'{')?;
        let mut first = true;
        let mut before = plan.entry;
        loop {
            // Servers repeat themselves: the key that followed last time follows again, spaced as it was.
            let guess = self.follows[before];
            let expected = plan.fields.get(guess).filter(|_| !first);
            let at = if expected.is_some_and(|field| cursor.take_bytes(field.token(self.spacing))) {
                guess
            } else {
                let Some(raw) = cursor.next_key(&mut first)? else { return Ok(()) };
                let found = match raw {
                    Raw { text, escapes: Escapes::None } => plan.find(text, guess),
                    Raw { .. } => plan.find(&plain(raw), guess),
                };
                let Some(at) = found else {
                    self.unknown(cursor, plan, raw)?;
                    continue;
                };
                if at == guess && expected.is_some() {
                    self.spacing = self.spacing.other();
                }
                self.follows[before] = at;
                at
            };
            let field = &plan.fields[at];
            before = field.slot + 1;
            let again = self.seen[field.slot] as usize == self.count;
            self.see(field.slot);
            cursor.peek();
            let start = cursor.at();
            if let (Some(object), Some(b'{'), false) = (&field.object, cursor.peek(), again) {
                let leaf = self.leaves.len();
                self.note(Target::Field(field), start..start, true);
                self.object(cursor, object, children)?;
                let inner = self.leaves.len().saturating_sub(leaf + 1);
                if let (Some(row), Some(leaf)) = (self.row_start, self.leaves.get_mut(leaf)) {
                    (leaf.text.end, leaf.inner) = (cursor.at() - row, inner);
                }
                continue;
            }
            let value = cursor.value()?;
            let json = cursor.since(start);
            if again {
                self.repeated(field, json);
                // A template has no place for it.
                self.row_start = None;
                continue;
            }
            let steady = self.take(field, value, json, children);
            self.note(Target::Field(field), start..cursor.at(), steady);
        }
    }

    /// Notes where a value of the row stands, if the row may become the template.
    #[inline]
    fn note(&mut self, target: Target<'p>, text: Range<usize>, steady: bool) {
        if let Some(row) = self.row_start {
            self.leaves.push(Leaf { target, text: text.start - row..text.end - row, inner: 0, steady });
        }
    }

    /// Handles a field's first value in the row as the plan says. Returns whether it is steady: written again for later
    /// rows without being read.
    #[inline]
    fn take<'a>(
        &mut self,
        field: &Field,
        value: Value<'a>,
        json: &'a str,
        children: &mut Option<&'a str>,
    ) -> bool {
        if field.children {
            *children = Some(json).filter(|_| value != Value::Null);
            return false;
        }
        if value == Value::Null || field.ignored {
            return true;
        }
        let fits = self.put(field, value, json);
        fits && field.repeats && !matches!(value, Value::Text(Raw { escapes: Escapes::Some, .. }))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a page has at most MAX_ROWS rows")]
    fn see(&mut self, slot: usize) {
        self.seen[slot] = self.count as u32;
    }

    /// Writes a value to its field's columns, or keeps it where there is none. One issue tells of a misfit, whichever
    /// column could not take the value. Returns whether every column took it.
    #[inline]
    fn put(&mut self, field: &Field, value: Value<'_>, json: &str) -> bool {
        if field.columns.is_empty() {
            self.left.keep(&field.path, json);
        }
        let row = self.count - 1;
        let mut misfit = None;
        for column in &field.columns {
            if let Err(Misfit(kind)) = self.cells.column(*column).put(row, value, json, &mut self.scratch) {
                misfit.get_or_insert((*column, kind));
            }
        }
        if let Some((column, kind)) = misfit {
            self.left.misfit(column, kind);
            self.left.keep(&self.plan.schema.columns[column].name, json);
        }
        misfit.is_none()
    }

    /// A key that the object had before: the first value stands, this one is kept beside it.
    fn repeated(&mut self, field: &Field, json: &str) {
        let column = field.columns.first().copied().or(self.plan.extra).unwrap_or(self.plan.id);
        self.left.misfit(column, IssueKind::DuplicateKey);
        self.left.keep(&field.path, json);
    }

    fn unknown(
        &mut self,
        cursor: &mut Cursor<'_>,
        plan: &ObjectPlan,
        raw: Raw<'_>,
    ) -> Result<(), DecodeError> {
        cursor.peek();
        let start = cursor.at();
        cursor.value()?;
        let mut target = Target::Nowhere;
        if !plan.ignore_rest {
            let name = format!("{}{}", plan.prefix, plain(raw));
            self.left.keep_unknown(&name, cursor.since(start));
            target = Target::Unknown(name.into());
        }
        self.note(target, start..cursor.at(), false);
        Ok(())
    }

    fn fill(&mut self, columns: &[usize], value: Option<i64>) {
        let row = self.count - 1;
        let Some(value) = value else { return };
        for column in columns {
            self.cells.column(*column).put_integer(row, value);
        }
    }

    fn end_row(&mut self, user: Option<UserId>) -> Option<i64> {
        let row = self.count - 1;
        // A row with two ids cannot be told from another: the first may be anybody's.
        let required = &self.plan.required;
        if self.left.came_twice(required) || !required.iter().all(|column| self.cells.has(*column, row)) {
            self.without_key.push(row);
            self.left.drop_row();
            return None;
        }
        let id = self.cells.column(self.plan.id).last_integer();
        if let Some(json) = self.left.take_extra()
            && let Some(column) = self.plan.extra
        {
            // A JSON column takes any value.
            let _ = self.cells.column(column).put(row, Value::Composite, &json, &mut self.scratch);
        }
        self.left.end_row(self.plan.schema, user, id);
        id
    }

    pub(super) fn finish(mut self) -> Result<Finished, DecodeError> {
        let count = self.count;
        self.write_steady(count);
        let columns = self.cells.finish(count);
        let mut rows =
            RecordBatch::try_new(self.plan.arrow.clone(), columns).map_err(|_| DecodeError::Columns)?;
        if !self.without_key.is_empty() {
            let keep: BooleanArray =
                (0..count).map(|row| Some(self.without_key.binary_search(&row).is_err())).collect();
            rows = filter_record_batch(&rows, &keep).map_err(|_| DecodeError::Columns)?;
        }
        let (issues, unknown) = self.left.finish();
        Ok(Finished { rows, issues, unknown, without_key: self.without_key.len() as u64 })
    }
}
