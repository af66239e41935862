//! What of a table's rows no column took: kept in `extra`, counted as issues.

use std::collections::BTreeMap;

use crate::model::UserId;
use crate::table::{Issue, IssueKind, TableSchema};

use super::text::write_object;

/// What did not fit, of the row under construction and of those before it.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// What the row keeps in `extra`: key, JSON text.
    extra: Vec<(String, String)>,
    /// What did not fit in the row: column, why.
    misfits: Vec<(usize, IssueKind)>,
    issues: Vec<Issue>,
    unknown: BTreeMap<String, u64>,
}

impl Leftovers {
    /// Keeps a value for `extra`.
    pub(super) fn keep(&mut self, key: &str, json: &str) {
        self.extra.push((key.to_owned(), json.to_owned()));
    }

    /// Keeps the value of a key that the schema does not know.
    pub(super) fn keep_unknown(&mut self, key: &str, json: &str) {
        match self.unknown.get_mut(key) {
            Some(known) => *known += 1,
            None => drop(self.unknown.insert(key.to_owned(), 1)),
        }
        self.keep(key, json);
    }

    /// Notes that a column could not take the row's value.
    pub(super) fn misfit(&mut self, column: usize, kind: IssueKind) {
        self.misfits.push((column, kind));
    }

    /// Whether the row had the key of one of these columns twice.
    pub(super) fn came_twice(&self, columns: &[usize]) -> bool {
        let twice = self.misfits.iter().filter(|(_, kind)| *kind == IssueKind::DuplicateKey);
        twice.into_iter().any(|(column, _)| columns.contains(column))
    }

    /// Forgets the row.
    pub(super) fn drop_row(&mut self) {
        self.extra.clear();
        self.misfits.clear();
    }

    /// The row's `extra`, its keys in order, so that the order in which they were served changes no byte.
    pub(super) fn take_extra(&mut self) -> Option<String> {
        if self.extra.is_empty() {
            return None;
        }
        self.extra.sort();
        let json = write_object(&self.extra);
        self.extra.clear();
        Some(json)
    }

    /// Makes issues of the row's misfits.
    pub(super) fn end_row(&mut self, schema: &TableSchema, user: Option<UserId>, id: Option<i64>) {
        self.issues.extend(self.misfits.drain(..).map(|(column, kind)| Issue {
            table: schema.table,
            user,
            id: id.unwrap_or_default(),
            column: schema.columns[column].name.clone(),
            kind,
            n: 1,
        }));
    }

    /// The issues, and in how many rows each unknown key came.
    pub(super) fn finish(self) -> (Vec<Issue>, BTreeMap<String, u64>) {
        (merge(self.issues), self.unknown)
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
