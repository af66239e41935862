//! Whether a manifest agrees with itself: sums with their parts, counts with lists, status with gaps.

use std::collections::{BTreeMap, BTreeSet};

use crate::encode::CsvProfile;
use crate::lake::layout::Area;
use crate::table::Table;

use super::content::{FileFormat, table_entries};
use super::head::{Manifest, Status};
use super::lists::LIST_LIMIT;

impl Manifest {
    /// What in it contradicts itself, a sentence each; empty when nothing does.
    #[must_use]
    pub fn inconsistencies(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.check_head(&mut found);
        self.check_files(&mut found);
        self.check_tables(&mut found);
        self.check_lists(&mut found);
        found
    }

    fn check_head(&self, found: &mut Vec<String>) {
        if self.sequence == 0 {
            found.push("the first sequence is 1".to_owned());
        }
        if self.parent.is_some() != (self.sequence > 1) {
            found.push(format!(
                "sequence {} and {} do not go together",
                self.sequence,
                match self.parent {
                    Some(_) => "a parent",
                    None => "no parent",
                }
            ));
        }
        if self.decimal.column().is_none() {
            found.push("its decimal type is none that a lake can have".to_owned());
        }
        if self.window.filter != "date" || self.window.window().is_none() {
            found.push("its window is none on date".to_owned());
        }
        if self.finished_at < self.started_at {
            found.push("it ended before it began".to_owned());
        }
        let users = self.users;
        if users.complete + users.carried + users.kept + users.failed + users.skipped != users.listed {
            found.push("its counts of users do not add up to those listed".to_owned());
        }
        let missing = users.carried + users.failed > 0 || !self.incomplete.is_empty();
        if missing != (self.status == Status::Partial) {
            found.push(format!("its status is {} and its gaps say otherwise", self.status.as_str()));
        }
    }

    fn check_files(&self, found: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for file in &self.files {
            let path = &file.path;
            let parts = path.parts();
            if !seen.insert(path) {
                found.push(format!("{path} is named twice"));
            }
            let csv = parts.area == Area::Csv;
            if file.table != parts.table
                || file.partition != parts.month.map(|month| month.to_string())
                || (file.format == FileFormat::Csv) != csv
            {
                found.push(format!("the entry of {path} is not of the file that its path says"));
            }
            let profile = file.profile.as_deref();
            if profile.is_some() != csv || profile.is_some_and(|name| name.parse::<CsvProfile>().is_err()) {
                found.push(format!("the entry of {path} has no CSV profile that goes with it"));
            }
            if file.min_date > file.max_date || file.min_date.is_some() != file.max_date.is_some() {
                found.push(format!("the dates of {path} are no range"));
            }
        }
    }

    fn check_tables(&self, found: &mut Vec<String>) {
        let Some(decimal) = self.decimal.column() else { return };
        // Unknown fields and issues are in no file: they are not compared.
        let summed = table_entries(&self.files, decimal, BTreeMap::new(), BTreeMap::new());
        let names: Vec<_> = self.tables.iter().map(|entry| entry.name).collect();
        if names != Table::ALL {
            found.push("it does not list every table once, in order".to_owned());
            return;
        }
        for (table, sums) in self.tables.iter().zip(&summed) {
            let name = table.name.name();
            if (table.rows, table.files, table.bytes) != (sums.rows, sums.files, sums.bytes) {
                found.push(format!("the rows, files or bytes of {name} are not the sums over its files"));
            }
            if table.control_totals != sums.control_totals {
                found.push(format!("the control totals of {name} are not the sums over its files"));
            }
        }
        // CSV and Parquet are the same rows.
        for table in Table::ALL {
            let rows = |area| -> Option<u64> {
                let mut own =
                    self.files.iter().filter(|f| f.table == Some(table) && f.path.parts().area == area);
                own.next().map(|first| first.rows + own.map(|file| file.rows).sum::<u64>())
            };
            if let (Some(parquet), Some(csv)) = (rows(Area::Parquet), rows(Area::Csv))
                && parquet != csv
            {
                found.push(format!("{} has {parquet} rows in parquet and {csv} in csv", table.name()));
            }
        }
        if self.window.exported != self.exported() {
            found.push("its exported dates are not those of its files".to_owned());
        }
    }

    fn check_lists(&self, found: &mut Vec<String>) {
        let beyond = [Table::Connections, Table::Accounts, Table::Coverage]
            .iter()
            .any(|table| self.rows(*table) > LIST_LIMIT);
        if self.truncated != beyond {
            found.push("it is truncated and need not be, or the other way round".to_owned());
        }
        if self.connections.is_some() == self.truncated || self.accounts.is_some() == self.truncated {
            found.push("its lists and `truncated` do not go together".to_owned());
        }
        let listed = |list: Option<usize>, table| list.is_none_or(|count| count as u64 == self.rows(table));
        if !listed(self.connections.as_ref().map(Vec::len), Table::Connections) {
            found.push("it does not list as many connections as there are".to_owned());
        }
        if !listed(self.accounts.as_ref().map(Vec::len), Table::Coverage) {
            found.push("it does not list as many accounts as have coverage".to_owned());
        }
    }
}
