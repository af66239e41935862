//! One table under construction: objects go in, a record batch comes out.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;

use crate::model::UserId;
use crate::table::{Issue, IssueKind};

use super::cell::{Cell, Misfit};
use super::cursor::{Cursor, DecodeError, Raw, Value};
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
        if cursor.peek() == Some(b'{') {
            self.object(cursor, &plan.object, 0, &mut children)?;
        } else {
            // Not an object: nothing to store, but a row that was served all the same.
            cursor.value()?;
        }
        self.fill(&plan.user_columns, around.user.map(UserId::get));
        self.fill(&plan.parent_columns, around.parent);
        Ok((self.end_row(around.user), children))
    }

    fn object<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        plan: &'p ObjectPlan,
        entry: usize,
        children: &mut Option<&'a str>,
    ) -> Result<(), DecodeError> {
        cursor.expect(b'{')?;
        let mut first = true;
        let mut before = entry;
        loop {
            // Servers repeat themselves: the key that followed in the row before, spaced as it was, is one comparison.
            let guess = self.follows[before];
            let expected = plan.fields.get(guess).filter(|_| !first);
            let at = if expected.is_some_and(|field| cursor.take_bytes(field.token(self.spacing))) {
                guess
            } else {
                let Some(raw) = cursor.next_key(&mut first)? else { return Ok(()) };
                let found = match raw {
                    Raw { text, escaped: false } => plan.find(text, guess),
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
            #[expect(clippy::cast_possible_truncation, reason = "a page has at most MAX_ROWS rows")]
            {
                self.seen[field.slot] = self.count as u32;
            }
            if !again && cursor.take_bytes(b"null") {
                continue;
            }
            cursor.peek();
            let start = cursor.at();
            if let (Some(object), Some(b'{'), false) = (&field.object, cursor.peek(), again) {
                self.object(cursor, object, before, children)?;
                continue;
            }
            let value = cursor.value()?;
            if again {
                self.repeated(field, cursor.since(start));
            } else if field.children {
                *children = Some(cursor.since(start)).filter(|_| value != Value::Null);
            } else if value != Value::Null && !field.ignored {
                if field.columns.is_empty() {
                    self.keep(field.path.clone(), cursor.since(start));
                } else {
                    self.put(&field.columns, value, cursor.since(start));
                }
            }
        }
    }

    /// Writes a value to its columns. One issue tells of it, whichever of them could not take it.
    #[inline]
    fn put(&mut self, columns: &[usize], value: Value<'_>, json: &str) {
        let row = self.count - 1;
        let mut misfit = None;
        for column in columns {
            if let Err(Misfit(kind)) = self.cells[*column].put(row, value, json, &mut self.scratch) {
                misfit.get_or_insert((*column, kind));
            }
        }
        if let Some((column, kind)) = misfit {
            self.misfits.push((column, kind));
            self.keep(self.plan.schema.columns[column].name.clone(), json);
        }
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
