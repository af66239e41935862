//! One table under construction: objects go in, a record batch comes out.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;

use crate::model::UserId;
use crate::table::{Issue, IssueKind};

use super::cell::{Cell, Misfit};
use super::cursor::{Cursor, DecodeError, Escapes, Raw, Value};
use super::memo::{Conduct, Memo};
use super::plan::{Field, ObjectPlan, Spacing, TablePlan};
use super::text::plain;

/// More rows than any page has: the API's own limit is 1,000.
const MAX_ROWS: usize = 100_000;

/// The rows of one table, as they are read.
#[derive(Debug)]
pub(super) struct Rows<'p> {
    plan: &'p TablePlan,
    cells: Vec<Cell>,
    /// Rows begun; the last is under construction.
    count: usize,
    /// Rows that cannot be stored.
    without_key: Vec<usize>,
    /// The row in which each field was seen last, plus one.
    seen: Vec<u32>,
    /// The field that followed each field last time; place 0 is for the first key.
    follows: Vec<usize>,
    /// What each field held when it was seen last, in the text of [`Rows::previous`] if that was in the row before.
    memos: Vec<Memo>,
    /// The text of the row before.
    previous: Vec<u8>,
    /// Where the row under construction begins in its text.
    row_start: usize,
    /// How the server spaces its JSON, as far as it was seen.
    spacing: Spacing,
    /// What the row under construction keeps in `extra`: key, JSON text.
    extra: Vec<(String, String)>,
    /// What did not fit in the row under construction.
    misfits: Vec<(usize, IssueKind)>,
    scratch: String,
    issues: Vec<Issue>,
    unknown: BTreeMap<String, u64>,
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
        let cell = |column| Cell::new(column, plan.decimal, expected);
        Self {
            plan,
            cells: plan.schema.columns.iter().map(cell).collect(),
            count: 0,
            without_key: Vec::new(),
            seen: vec![0; plan.slots],
            follows: vec![0; plan.slots + 1],
            memos: vec![Memo::default(); plan.slots],
            previous: Vec::new(),
            row_start: 0,
            spacing: Spacing::default(),
            extra: Vec::new(),
            misfits: Vec::new(),
            scratch: String::new(),
            issues: Vec::new(),
            unknown: BTreeMap::new(),
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
        let plan = self.plan;
        let mut children = None;
        let is_object = cursor.peek() == Some(b'{');
        self.row_start = cursor.at();
        if is_object {
            self.object(cursor, &plan.object, &mut children)?;
        } else {
            // Not an object: nothing to store, but a row that was served all the same.
            cursor.value()?;
        }
        self.previous.clear();
        self.previous.extend_from_slice(cursor.since(self.row_start).as_bytes());
        self.fill(&plan.user_columns, around.user.map(UserId::get));
        self.fill(&plan.parent_columns, around.parent);
        Ok((self.end_row(around.user), children))
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
            // Servers repeat themselves: fields that come as they came in the row before are one comparison, and so is
            // the key that followed there, spaced as it was.
            let guess = self.follows[before];
            let expected = plan.fields.get(guess).filter(|_| !first);
            if expected.is_some()
                && let Some(last) = self.repeat(cursor, plan, guess)
            {
                before = last;
                continue;
            }
            let token = cursor.at();
            let mut known = true;
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
                known = false;
                at
            };
            let field = &plan.fields[at];
            before = field.slot + 1;
            let again = self.seen[field.slot] as usize == self.count;
            let before = self.in_row_before(field.slot);
            self.memos[field.slot] = Memo::default();
            self.see(field.slot);
            if !again && cursor.take_bytes(b"null") {
                if known {
                    self.note(field, before, Conduct::Null, (token, cursor.at() - 4), cursor);
                }
                continue;
            }
            cursor.peek();
            let start = cursor.at();
            if let (Some(object), Some(b'{'), false) = (&field.object, cursor.peek(), again) {
                self.object(cursor, object, children)?;
                continue;
            }
            let value = cursor.value()?;
            if again {
                self.repeated(field, cursor.since(start));
            } else if field.children {
                *children = Some(cursor.since(start)).filter(|_| value != Value::Null);
            } else if value != Value::Null {
                let fits = field.ignored || self.put(field, value, cursor.since(start));
                let plain = !matches!(value, Value::Text(Raw { escapes: Escapes::Some, .. }));
                if known && fits && plain && field.repeats {
                    self.note(field, before, Conduct::Repeats, (token, start), cursor);
                }
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a page has at most MAX_ROWS rows")]
    fn see(&mut self, slot: usize) {
        self.seen[slot] = self.count as u32;
    }

    /// What was noted of a field that was in the row before.
    #[inline]
    fn in_row_before(&self, slot: usize) -> Option<Memo> {
        (self.seen[slot] as usize + 1 == self.count).then_some(self.memos[slot])
    }

    /// Notes where a field's comma and value begin in this row, and whether all of it is as it was in the row before.
    #[inline]
    fn note(
        &mut self,
        field: &Field,
        before: Option<Memo>,
        conduct: Conduct,
        (token, value): (usize, usize),
        cursor: &Cursor<'_>,
    ) {
        let text = before.and_then(|before| self.previous.get(before.whole()));
        let conduct = match text {
            Some(text) if text == cursor.since(token).as_bytes() => conduct,
            _ => Conduct::Changes,
        };
        self.memos[field.slot] = Memo::new(self.row_start, (token, value, cursor.at()), conduct);
    }

    /// Takes the fields that come, byte for byte, as they came in the row before: of a whole stretch of such fields
    /// those before the first that differs. Returns the place of what follows the last of them; `None` when there is
    /// none.
    #[inline]
    fn repeat(&mut self, cursor: &mut Cursor<'_>, plan: &'p ObjectPlan, first: usize) -> Option<usize> {
        let steady = |rows: &Self, at: usize| {
            let slot = plan.fields.get(at)?.slot;
            let memo = rows.in_row_before(slot)?;
            (memo.conduct != Conduct::Changes).then_some((slot, memo))
        };
        let (mut slot, memo) = steady(self, first)?;
        let (start, mut end) = (memo.whole().start, memo.whole().end);
        while let Some((next, memo)) = steady(self, self.follows[slot + 1])
            && memo.whole().start == end
        {
            (slot, end) = (next, memo.whole().end);
        }
        let here = cursor.at();
        let equal = cursor.equal_bytes(self.previous.get(start..end)?);
        // From a place in the row before to the same in this one.
        let now = |at: usize| at - start + here;
        let (mut at, mut last, mut behind) = (first, None, start);
        while let Some((slot, memo)) = steady(self, at)
            && memo.whole().start == behind
        {
            behind = memo.whole().end;
            if behind - start > equal || !cursor.ends_at(now(behind)) {
                self.memos[slot].conduct = Conduct::Changes;
                break;
            }
            self.see(slot);
            let (token, value) = (now(memo.whole().start), now(memo.value().start));
            if memo.conduct == Conduct::Repeats {
                for column in &plan.fields[at].columns {
                    self.cells[*column].put_again(self.count - 1, cursor.between(value, now(behind)));
                }
            }
            self.memos[slot] = Memo::new(self.row_start, (token, value, now(behind)), memo.conduct);
            cursor.skip_to(now(behind));
            (last, at) = (Some(slot + 1), self.follows[slot + 1]);
        }
        last
    }

    /// Writes a value to its field's columns, or keeps it where there is none. One issue tells of a misfit, whichever
    /// column could not take the value. Whether all could.
    #[inline]
    fn put(&mut self, field: &Field, value: Value<'_>, json: &str) -> bool {
        if field.columns.is_empty() {
            self.keep(field.path.clone(), json);
        }
        let row = self.count - 1;
        let mut misfit = None;
        for column in &field.columns {
            if let Err(Misfit(kind)) = self.cells[*column].put(row, value, json, &mut self.scratch) {
                misfit.get_or_insert((*column, kind));
            }
        }
        if let Some((column, kind)) = misfit {
            self.misfits.push((column, kind));
            self.keep(self.plan.schema.columns[column].name.clone(), json);
        }
        misfit.is_none()
    }

    /// A key that the object had before: the first value stands, this one is kept beside it.
    fn repeated(&mut self, field: &Field, json: &str) {
        let column = field.columns.first().copied().or(self.plan.extra).unwrap_or(self.plan.id);
        self.misfits.push((column, IssueKind::DuplicateKey));
        self.keep(field.path.clone(), json);
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
        if !plan.ignore_rest {
            let name = format!("{}{}", plan.prefix, plain(raw));
            *self.unknown.entry(name.clone()).or_default() += 1;
            self.keep(name, cursor.since(start));
        }
        Ok(())
    }

    fn keep(&mut self, key: String, json: &str) {
        self.extra.push((key, json.to_owned()));
    }

    fn fill(&mut self, columns: &[usize], value: Option<i64>) {
        let row = self.count - 1;
        let Some(value) = value else { return };
        for column in columns {
            self.cells[*column].put_integer(row, value);
        }
    }

    fn end_row(&mut self, user: Option<UserId>) -> Option<i64> {
        let row = self.count - 1;
        let written = |cells: &[Cell], column: usize| cells[column].len() > row;
        // A row with two ids cannot be told from another: the first may be anybody's.
        let ambiguous = self
            .misfits
            .iter()
            .any(|(column, kind)| *kind == IssueKind::DuplicateKey && self.plan.required.contains(column));
        if ambiguous || !self.plan.required.iter().all(|column| written(&self.cells, *column)) {
            self.without_key.push(row);
            self.extra.clear();
            self.misfits.clear();
            return None;
        }
        let id = self.cells[self.plan.id].last_integer();
        if !self.extra.is_empty() {
            self.write_extra(row);
        }
        for (column, kind) in self.misfits.drain(..) {
            self.issues.push(Issue {
                table: self.plan.schema.table,
                user,
                id: id.unwrap_or_default(),
                column: self.plan.schema.columns[column].name.clone(),
                kind,
                n: 1,
            });
        }
        id
    }

    /// Writes `extra` with its keys in order, so that the order in which they were served changes no byte.
    fn write_extra(&mut self, row: usize) {
        let Some(column) = self.plan.extra else {
            self.extra.clear();
            return;
        };
        self.extra.sort();
        let json = write_object(&self.extra);
        self.extra.clear();
        // A JSON column takes any value.
        let _ = self.cells[column].put(row, Value::Composite, &json, &mut self.scratch);
    }

    pub(super) fn finish(self) -> Result<Finished, DecodeError> {
        let count = self.count;
        let column = |(cell, nulls): (Cell, &ArrayRef)| {
            if cell.is_empty() && count <= nulls.len() { nulls.slice(0, count) } else { cell.finish(count) }
        };
        let columns = self.cells.into_iter().zip(&self.plan.nulls).map(column).collect();
        let mut rows =
            RecordBatch::try_new(self.plan.arrow.clone(), columns).map_err(|_| DecodeError::Columns)?;
        if !self.without_key.is_empty() {
            let keep: BooleanArray =
                (0..count).map(|row| Some(self.without_key.binary_search(&row).is_err())).collect();
            rows = filter_record_batch(&rows, &keep).map_err(|_| DecodeError::Columns)?;
        }
        Ok(Finished {
            rows,
            issues: merge(self.issues),
            unknown: self.unknown,
            without_key: self.without_key.len() as u64,
        })
    }
}

/// One issue per row, column and kind, with its count.
fn merge(mut issues: Vec<Issue>) -> Vec<Issue> {
    issues.sort();
    issues.dedup_by(|later, earlier| {
        let same = (&later.id, &later.column, later.kind) == (&earlier.id, &earlier.column, earlier.kind);
        if same {
            earlier.n += later.n;
        }
        same
    });
    issues
}

/// A JSON object of these keys and JSON texts.
pub(super) fn write_object(entries: &[(String, impl AsRef<str>)]) -> String {
    let mut json = String::from("{");
    for (place, (key, value)) in entries.iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        push_json_text(&mut json, key);
        json.push(':');
        json.push_str(value.as_ref());
    }
    json.push('}');
    json
}

/// Appends a JSON string.
pub(super) fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => {
                use std::fmt::Write as _;
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}
